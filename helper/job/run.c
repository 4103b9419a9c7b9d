/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>

#include "archive/file.h"
#include "base/escape.h"
#include "os/log.h"
#include "os/clock.h"
#include "base/timestamp.h"

/* How long the lock is waited for, and at least, in milliseconds. */
#define LOCK_MS 5000
#define LOCK_MS_LEAST 500

/*
 * How long to write at a stretch; and how long to be gentle, when an event has
 * waited: it waits for what is written on the way, for the checkpoint of it
 * all, and for both to be flushed to disk.
 */
#define WRITING_MS 20
#define WRITING_MS_GENTLE 4
#define WRITING_MS_BULK 250
#define GENTLE_MS 10000

/* Pages that are written again and again until a transaction ends. */
#define BULK_CACHE_KIB 16384

/* How often it is looked whether another run is over. */
#define TURN_NAP_NS 50000000

int
run_left_ms(const struct run *run)
{
	int64_t left = run->deadline_ms - clock_steady_ms();

	return left < 1 ? 1 : (int)left;
}

bool
run_is_over(struct run *run)
{
	if (*run->stop || clock_steady_ms() >= run->deadline_ms)
		run->cut_off = true;
	return run->cut_off;
}

void
run_say(struct run *run, int level, const char *text)
{
	log_line(level, "%s", text);
	if (run->message[0] == '\0')
		snprintf(run->message, sizeof(run->message), "%s", text);
}

int
run_lock_ms(const struct run *run)
{
	int left = run_left_ms(run);

	/* At the deadline there is still the run's end to be noted. */
	if (left < LOCK_MS_LEAST)
		return LOCK_MS_LEAST;
	return left < LOCK_MS ? left : LOCK_MS;
}

static bool
is_gentle(const struct run *run)
{
	return run->wanted_ms != 0 &&
	    clock_steady_ms() - run->wanted_ms < GENTLE_MS;
}

/* Whether an event waits, which is remembered for a while. */
static bool
is_wanted(struct run *run)
{
	if (!archive_is_wanted(&run->archive))
		return false;
	run->wanted_ms = clock_steady_ms();
	return true;
}

/* What is rolled back is not noted. */
static void
forget_run(struct run *run)
{
	if (!run->run_noted)
		run->row.id = 0;
}

int
run_begin(struct run *run, struct merge *merge, struct err *e)
{
	run->archive.lock_ms = run_lock_ms(run);
	*merge = (struct merge){
		.archive = &run->archive,
		.change = { .now_us = clock_wall_us() },
		.host = run->host,
		.thorough = true,
	};
	run->archive.wal_limit = run->ending || is_gentle(run) ?
	    ARCHIVE_WAL_EVENT :
	    ARCHIVE_WAL_BULK;
	if (archive_begin(&run->archive, e) != 0)
		return -1;
	run->writing_ms = clock_steady_ms();
	if (run->row.id == 0 &&
	    archive_run_save(&run->archive, &run->row, e) != 0) {
		run_rollback(run);
		return -1;
	}
	return 0;
}

int
run_commit(struct run *run, const struct merge *merge, struct err *e)
{
	is_wanted(run);
	if (archive_commit(&run->archive, e) != 0) {
		forget_run(run);
		return -1;
	}
	run->run_noted = true;
	run->row.added += merge->change.added;
	run->row.changed += merge->change.changed;
	return 0;
}

int
run_give_way(struct run *run, struct merge *merge, struct err *e)
{
	int64_t now_us = merge->change.now_us;
	int64_t last_ms = is_gentle(run) ? WRITING_MS_GENTLE :
	    run->bulk			 ? WRITING_MS_BULK :
					   WRITING_MS;

	if (clock_steady_ms() - run->writing_ms < last_ms && !is_wanted(run))
		return 0;
	if (run_commit(run, merge, e) != 0 || run_begin(run, merge, e) != 0)
		return -1;
	/* Each sighting has a moment of its own. */
	if (merge->change.now_us < now_us)
		merge->change.now_us = now_us;
	return 0;
}

void
run_rollback(struct run *run)
{
	archive_rollback(&run->archive);
	forget_run(run);
}

int
run_be_bulk(struct run *run, struct err *e)
{
	run->bulk = true;
	return archive_set_cache(&run->archive, BULK_CACHE_KIB, e);
}

int
run_note(struct run *run, struct err *e)
{
	struct merge merge;

	if (run_begin(run, &merge, e) != 0)
		return -1;
	return run_commit(run, &merge, e);
}

int
run_end(struct run *run, enum run_state state, const char *message,
    struct err *e)
{
	struct merge merge;

	run->row.state = state;
	run->row.message = message;
	run->row.finished_us = clock_wall_us();
	run->ending = true;
	if (archive_set_durable(&run->archive, true, e) != 0 ||
	    run_begin(run, &merge, e) != 0)
		return -1;
	if (archive_run_save(&run->archive, &run->row, e) != 0) {
		run_rollback(run);
		return -1;
	}
	if (run_commit(run, &merge, e) != 0)
		return -1;
	return archive_empty_wal(&run->archive, e);
}

int
run_is_known(struct run *run, const char *source, struct err *e)
{
	const struct archive_run *row = &run->row;
	char when[32], escaped[PATH_MAX];
	int64_t id, finished_us;

	if (archive_run_find(&run->archive, row, &id, &finished_us, e) != 0)
		return -1;
	if (id == 0)
		return 0;
	escape_text(escaped, sizeof(escaped), source, strlen(source));
	printf("%s: %s: completed already by run %" PRId64
	       " (%s); --force does it again\n",
	    archive_run_kind_name(row->kind), escaped, id,
	    timestamp_format(finished_us, when));
	return 1;
}

/* The lock lies beside the archive, so its folder must be there. */
int
run_take_turn(const struct config *config, enum run_kind kind, struct err *e)
{
	char path[ARCHIVE_RUN_LOCK_PATH];
	struct stat st;

	if (archive_file_make_folder(config->archive, e) != 0 ||
	    archive_file_check(config->archive, &st, e) != 0)
		return err_wrap(e, "archive");
	archive_run_lock_path(config->archive, kind, path);
	return lock_alone(path, e);
}

int
run_wait_turn(const struct config *config, enum run_kind kind,
    const volatile sig_atomic_t *stop, struct err *e)
{
	static const struct timespec nap = { .tv_nsec = TURN_NAP_NS };
	int turn = run_take_turn(config, kind, e);

	if (turn < 0 && e->code == EX_TEMPFAIL)
		log_line(LOG_NOTICE, "%s: another one is running: waiting",
		    archive_run_kind_name(kind));
	while (turn < 0 && e->code == EX_TEMPFAIL && *stop == 0) {
		nanosleep(&nap, NULL);
		turn = run_take_turn(config, kind, e);
	}
	return turn;
}

/* The server's socket is made when it starts. */
int64_t
run_server_start_us(const struct run *run)
{
	struct stat st;

	if (stat(run->config->fail2ban_socket, &st) != 0)
		return 0;
	return st.st_ctim.tv_sec * TIMESTAMP_US + st.st_ctim.tv_nsec / 1000;
}
