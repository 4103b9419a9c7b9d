/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/pass.h"

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
#include "base/text.h"

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

/* How long an answer of fail2ban's is waited for. */
#define ANSWER_MS 5000

int
pass_left_ms(const struct pass *pass)
{
	int64_t left = pass->deadline_ms - clock_steady_ms();

	return left < 1 ? 1 : (int)left;
}

bool
pass_is_over(struct pass *pass)
{
	if (*pass->stop || clock_steady_ms() >= pass->deadline_ms)
		pass->cut_off = true;
	return pass->cut_off;
}

void
pass_say(struct pass *pass, int level, const char *text)
{
	log_line(level, "%s", text);
	if (pass->message[0] == '\0')
		snprintf(pass->message, sizeof(pass->message), "%s", text);
}

int
pass_lock_ms(const struct pass *pass)
{
	int left = pass_left_ms(pass);

	/* At the deadline there is still the run's end to be noted. */
	if (left < LOCK_MS_LEAST)
		return LOCK_MS_LEAST;
	return left < LOCK_MS ? left : LOCK_MS;
}

static bool
is_gentle(const struct pass *pass)
{
	return pass->wanted_ms != 0 &&
	    clock_steady_ms() - pass->wanted_ms < GENTLE_MS;
}

/* Whether an event waits, which is remembered for a while. */
static bool
is_wanted(struct pass *pass)
{
	if (!archive_is_wanted(&pass->archive))
		return false;
	pass->wanted_ms = clock_steady_ms();
	return true;
}

/* What is rolled back is not noted. */
static void
forget_run(struct pass *pass)
{
	if (!pass->run_noted)
		pass->run.id = 0;
}

int
pass_begin(struct pass *pass, struct merge *merge, struct err *e)
{
	pass->archive.lock_ms = pass_lock_ms(pass);
	*merge = (struct merge){
		.archive = &pass->archive,
		.change = { .now_us = clock_wall_us() },
		.host = pass->host,
		.thorough = true,
	};
	pass->archive.wal_limit = pass->ending || is_gentle(pass) ?
	    ARCHIVE_WAL_EVENT :
	    ARCHIVE_WAL_BULK;
	if (archive_begin(&pass->archive, e) != 0)
		return -1;
	pass->writing_ms = clock_steady_ms();
	if (pass->run.id == 0 &&
	    archive_run_save(&pass->archive, &pass->run, e) != 0) {
		pass_rollback(pass);
		return -1;
	}
	return 0;
}

int
pass_commit(struct pass *pass, const struct merge *merge, struct err *e)
{
	is_wanted(pass);
	if (archive_commit(&pass->archive, e) != 0) {
		forget_run(pass);
		return -1;
	}
	pass->run_noted = true;
	pass->run.added += merge->change.added;
	pass->run.changed += merge->change.changed;
	return 0;
}

int
pass_give_way(struct pass *pass, struct merge *merge, struct err *e)
{
	int64_t now_us = merge->change.now_us;
	int64_t last_ms = is_gentle(pass) ? WRITING_MS_GENTLE :
	    pass->bulk			  ? WRITING_MS_BULK :
					    WRITING_MS;

	if (clock_steady_ms() - pass->writing_ms < last_ms && !is_wanted(pass))
		return 0;
	if (pass_commit(pass, merge, e) != 0 || pass_begin(pass, merge, e) != 0)
		return -1;
	/* Each sighting has a moment of its own. */
	if (merge->change.now_us < now_us)
		merge->change.now_us = now_us;
	return 0;
}

void
pass_rollback(struct pass *pass)
{
	archive_rollback(&pass->archive);
	forget_run(pass);
}

int
pass_be_bulk(struct pass *pass, struct err *e)
{
	pass->bulk = true;
	return archive_set_cache(&pass->archive, BULK_CACHE_KIB, e);
}

int
pass_note(struct pass *pass, struct err *e)
{
	struct merge merge;

	if (pass_begin(pass, &merge, e) != 0)
		return -1;
	return pass_commit(pass, &merge, e);
}

int
pass_end(struct pass *pass, const char *state, const char *message,
    struct err *e)
{
	struct merge merge;

	pass->run.state = state;
	pass->run.message = message;
	pass->run.finished_us = clock_wall_us();
	pass->ending = true;
	if (archive_set_durable(&pass->archive, true, e) != 0 ||
	    pass_begin(pass, &merge, e) != 0)
		return -1;
	if (archive_run_save(&pass->archive, &pass->run, e) != 0) {
		pass_rollback(pass);
		return -1;
	}
	if (pass_commit(pass, &merge, e) != 0)
		return -1;
	return archive_empty_wal(&pass->archive, e);
}

int
pass_is_known(struct pass *pass, const char *source, struct err *e)
{
	const struct archive_run *run = &pass->run;
	char when[32], escaped[PATH_MAX];
	int64_t id, finished_us;

	if (archive_run_find(&pass->archive, run, &id, &finished_us, e) != 0)
		return -1;
	if (id == 0)
		return 0;
	escape_text(escaped, sizeof(escaped), source, strlen(source));
	printf("%s: %s: completed already by run %" PRId64
	       " (%s); --force does it again\n",
	    run->kind, escaped, id, text_format_time(finished_us, when));
	return 1;
}

/* The lock lies beside the archive, so its folder must be there. */
int
pass_take_turn(const struct config *config, const char *kind, struct err *e)
{
	char path[PATH_MAX + 16];
	struct stat st;

	if (archive_file_make_folder(config->archive, e) != 0 ||
	    archive_file_check(config->archive, &st, e) != 0)
		return err_wrap(e, "archive");
	snprintf(path, sizeof(path), "%s.%s", config->archive, kind);
	return lock_alone(path, e);
}

int
pass_wait_turn(const struct config *config, const char *kind,
    const volatile sig_atomic_t *stop, struct err *e)
{
	static const struct timespec nap = { .tv_nsec = TURN_NAP_NS };
	int turn = pass_take_turn(config, kind, e);

	if (turn < 0 && e->code == EX_TEMPFAIL)
		log_line(LOG_NOTICE, "%s: another one is running: waiting",
		    kind);
	while (turn < 0 && e->code == EX_TEMPFAIL && *stop == 0) {
		nanosleep(&nap, NULL);
		turn = pass_take_turn(config, kind, e);
	}
	return turn;
}

/* The server's socket is made when it starts. */
int64_t
pass_server_start_us(const struct pass *pass)
{
	struct stat st;

	if (stat(pass->config->fail2ban_socket, &st) != 0)
		return 0;
	return st.st_ctim.tv_sec * TEXT_US + st.st_ctim.tv_nsec / 1000;
}

struct fail2ban_server *
pass_server(struct pass *pass)
{
	int left = pass_left_ms(pass);

	pass_hang_up(pass);
	if (pass->silent)
		return NULL;
	pass->connected = true;
	if (fail2ban_server_open(&pass->socket, pass->config->fail2ban_socket,
		left < ANSWER_MS ? left : ANSWER_MS, &pass->why) == 0)
		return &pass->socket;
	pass->silent = true;
	return NULL;
}

void
pass_hang_up(struct pass *pass)
{
	if (pass->connected)
		fail2ban_server_close(&pass->socket);
	pass->connected = false;
}
