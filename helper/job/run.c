/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/run.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>

#include "archive/file.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "fail2ban/server.h"
#include "os/clock.h"

/* The deadline of a run that needs none, in milliseconds: 12 days. */
#define NO_DEADLINE_MS (INT_MAX / 2)

/* The longest and the shortest wait for the lock, in milliseconds. */
#define LOCK_MS 5000
#define LOCK_MS_LEAST 500

/*
 * A transaction lasts no longer than this, in milliseconds. An event waits for
 * the transaction, for the checkpoint that follows it, and for both to be
 * flushed to disk. So for GENTLE_MS after an event had to wait, transactions
 * are short.
 */
#define WRITING_MS 20
#define WRITING_MS_GENTLE 4
#define WRITING_MS_BULK 250
#define GENTLE_MS 10000

/* Memory for the pages of run_keep_pages. */
#define PAGES_KIB 16384

/* A clock that is set back by so much was not wrong. */
#define SET_BACK_US (60 * TIMESTAMP_US)

/* A clock that is further ahead of the proven time is not trusted. */
#define AHEAD_US (3600 * TIMESTAMP_US)

/* Nanoseconds between two looks at another run's lock. */
#define TURN_NAP_NS 50000000

/* The longest text of a warning; os/log.c takes as much. */
#define SAY_BYTES 1024

int64_t
run_find_gap(int64_t last_us, int64_t started_us, int64_t interval)
{
	int64_t gap;

	if (last_us == UNKNOWN)
		return UNKNOWN;
	gap = number_add_sat(started_us, -last_us) / TIMESTAMP_US;
	return gap > 2 * interval ? gap : UNKNOWN;
}

int
run_lock_ms(int left_ms)
{
	if (left_ms < LOCK_MS_LEAST)
		return LOCK_MS_LEAST;
	return left_ms < LOCK_MS ? left_ms : LOCK_MS;
}

static bool
is_gentle(int64_t wanted_ms, int64_t now_ms)
{
	return wanted_ms != 0 && now_ms - wanted_ms < GENTLE_MS;
}

int64_t
run_stretch_ms(bool bulk, int64_t wanted_ms, int64_t now_ms)
{
	if (is_gentle(wanted_ms, now_ms))
		return WRITING_MS_GENTLE;
	return bulk ? WRITING_MS_BULK : WRITING_MS;
}

void
run_init(struct run *run, const struct run_caller *caller, enum run_kind kind)
{
	*run = (struct run){
		.config = caller->config,
		.stop = caller->stop,
		.say = caller->say,
		.watch = caller->watch,
		.deadline_ms = clock_steady_ms() + NO_DEADLINE_MS,
		.archive = { .lock = LOCK_INIT },
		.row = {
			.kind = kind,
			.state = RUN_RUNNING,
			.started_us = clock_wall_us(),
			.finished_us = UNKNOWN,
			.gap_seconds = UNKNOWN,
		},
	};
}

/* The lock file lies beside the archive, so make the folder first. */
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
run_wait_turn(const struct run_caller *caller, enum run_kind kind,
    struct err *e)
{
	static const struct timespec nap = { .tv_nsec = TURN_NAP_NS };
	int turn = run_take_turn(caller->config, kind, e);

	if (turn < 0 && e->code == EX_TEMPFAIL)
		caller->say(LOG_NOTICE,
		    "%s: waiting for the run at work to end",
		    archive_run_kind_name(kind));
	while (turn < 0 && e->code == EX_TEMPFAIL && *caller->stop == 0) {
		nanosleep(&nap, NULL);
		turn = run_take_turn(caller->config, kind, e);
	}
	return turn;
}

int
run_reopen(struct run *run, struct err *e)
{
	const char *path = run->config->archive;

	if ((run->read_only ?
		    archive_open_read(&run->archive, path, e) :
		    archive_open(&run->archive, path,
			run_lock_ms(run_left_ms(run)), false, e)) != 0)
		return -1;
	/* An event must not wait while the run reads or asks fail2ban. */
	archive_unlock(&run->archive);
	return 0;
}

int
run_open(struct run *run, struct err *e)
{
	if (run_reopen(run, e) != 0)
		return -1;
	if (proven_time_load(&run->archive, &run->proven, e) != 0 ||
	    closed_past_load(&run->closed, &run->archive, e) != 0)
		return -1;
	run->opened_ms = clock_steady_ms();
	proven_time_advance(&run->proven, clock_wall_us(), clock_uptime_s());
	return 0;
}

void
run_close(struct run *run)
{
	closed_past_free(&run->closed);
	archive_close(&run->archive);
}

void
run_sum_up(const struct run *run, struct run_summary *summary)
{
	const struct archive_run *row = &run->row;

	summary->cut_off = run->cut_off;
	summary->rows = row->rows;
	summary->spooled = row->spooled;
	summary->added = row->added;
	summary->changed = row->changed;
	summary->skipped = row->skipped;
	summary->bad = row->bad;
	summary->events = run->events;
}

int
run_find_known(struct run *run, struct run_summary *summary, struct err *e)
{
	if (archive_run_find(&run->archive, &run->row, &summary->known_id,
		&summary->known_us, e) != 0)
		return -1;
	return summary->known_id != 0;
}

/*
 * Return true when the WAL holds only what runs noted, and need not be emptied.
 */
static bool
is_wal_empty(const struct run *run, bool noted_before)
{
	return run->idle && !noted_before &&
	    archive_file_has_wal(run->config->archive, ARCHIVE_WAL_EVENT);
}

/*
 * Return true when the run has written something, and not so much that its WAL
 * is long: then the WAL is emptied once, after the run's end is noted.
 */
static bool
empties_wal(const struct run *run)
{
	return run->noted && !run->bulk;
}

static int
end_run(struct run *run, run_end_fn *end, void *job, struct err *e)
{
	bool completed = run->row.state == RUN_COMPLETED, noted = run->noted;
	struct merge merge;

	run->row.message = run->message[0] != '\0' ? run->message : NULL;
	run->row.finished_us = clock_wall_us();
	run->ending = true;
	/*
	 * The WAL is emptied after the run's end, and not before that as well,
	 * which would be four more flushes. It is flushed before the lock is
	 * taken, so that an event waits for the flush of the run's end only.
	 */
	if (empties_wal(run) &&
	    archive_file_has_wal(run->config->archive, ARCHIVE_WAL_EVENT + 1))
		archive_file_sync_wal(run->config->archive);
	if (archive_set_durable(&run->archive, true, e) != 0 ||
	    run_begin(run, &merge, e) != 0)
		return -1;
	if ((end != NULL && end(job, completed, e) != 0) ||
	    (noted && archive_run_save(&run->archive, &run->row, e) != 0)) {
		run_rollback(run);
		return -1;
	}
	if (run_commit(run, &merge, e) != 0)
		return -1;
	return is_wal_empty(run, noted) ? 0 :
					  archive_empty_wal(&run->archive, e);
}

int
run_main(struct run *run, run_work_fn *work, run_end_fn *end, void *job,
    struct err *e)
{
	struct err also;
	int rc = work(job, e);

	if (run->read_only)
		return rc;
	run_rollback(run);
	run->row.state = rc != 0 ? RUN_FAILED :
	    run->cut_off	 ? RUN_INTERRUPTED :
				   RUN_COMPLETED;
	if (rc != 0)
		snprintf(run->message, sizeof(run->message), "%s", e->text);
	if (end_run(run, end, job, rc != 0 ? &also : e) != 0)
		rc = -1;
	return rc;
}

void
run_say(const struct run *run, int level, const char *fmt, ...)
{
	char text[SAY_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	run->say(level, "%s", text);
}

void
run_report(struct run *run, int level, const char *text)
{
	run->say(level, "%s", text);
	if (run->message[0] == '\0')
		snprintf(run->message, sizeof(run->message), "%s", text);
}

bool
run_is_over(struct run *run)
{
	if (*run->stop || clock_steady_ms() >= run->deadline_ms)
		run->cut_off = true;
	return run->cut_off;
}

int
run_left_ms(const struct run *run)
{
	int64_t left = run->deadline_ms - clock_steady_ms();

	return left < 1 ? 1 : (int)left;
}

/* Return true when another process waits, and remember the time. */
static bool
is_wanted(struct run *run)
{
	if (!archive_is_wanted(&run->archive))
		return false;
	run->wanted_ms = clock_steady_ms();
	return true;
}

/*
 * When the transaction that noted the run is rolled back, the run is not noted.
 */
static void
forget_row(struct run *run)
{
	if (!run->noted)
		run->row.id = 0;
}

/* Return 1 for a ban that the run does not add. A merge_refuse_fn. */
static int
refuses(void *context, const struct archive_ident *of, const char *ip,
    int64_t at_us, struct err *e)
{
	struct run *run = context;

	if (closed_past_is_forgotten(&run->closed, of->ident, ip, at_us))
		return 1;
	if (run->refuse != REFUSE_PAST)
		return 0;
	return closed_past_is_pruned(&run->closed, archive_ident_host(of),
	    at_us, e);
}

void
run_prepare(struct run *run, struct archive *archive, struct merge *merge)
{
	*merge = (struct merge){
		.archive = archive,
		.change = { .now_us = clock_wall_us() },
		.trusted_us = run_trusted_us(run),
		.host = run->host,
		.only_lines = run->only_lines,
		.refuse = run->refuse == REFUSE_NONE ? NULL : refuses,
		.refuse_context = run,
	};
}

int
run_begin(struct run *run, struct merge *merge, struct err *e)
{
	run->archive.lock_ms = run_lock_ms(run_left_ms(run));
	run_prepare(run, &run->archive, merge);
	run->archive.wal_limit = (run->ending && !empties_wal(run)) ||
		is_gentle(run->wanted_ms, clock_steady_ms()) ?
	    ARCHIVE_WAL_EVENT :
	    ARCHIVE_WAL_BULK;
	if (archive_begin(&run->archive, e) != 0)
		return -1;
	run->writing_ms = clock_steady_ms();
	if (run->row.id == 0 &&
	    (proven_time_save(&run->archive, &run->proven, e) != 0 ||
		archive_run_save(&run->archive, &run->row, e) != 0)) {
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
		forget_row(run);
		return -1;
	}
	run->noted = true;
	run->row.added += merge->change.added;
	run->row.changed += merge->change.changed;
	run->refused += merge->refused;
	return 0;
}

void
run_rollback(struct run *run)
{
	archive_rollback(&run->archive);
	forget_row(run);
}

int
run_give_way(struct run *run, struct merge *merge, struct err *e)
{
	int64_t now_us = merge->change.now_us, now_ms = clock_steady_ms();

	if (now_ms - run->writing_ms <
		run_stretch_ms(run->bulk, run->wanted_ms, now_ms) &&
	    !is_wanted(run))
		return 0;
	if (run_commit(run, merge, e) != 0 || run_begin(run, merge, e) != 0)
		return -1;
	/* Each sighting has a moment of its own. */
	if (merge->change.now_us < now_us)
		merge->change.now_us = now_us;
	return 0;
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
run_keep_pages(struct run *run, struct err *e)
{
	return archive_set_cache(&run->archive, PAGES_KIB, e);
}

int
run_be_bulk(struct run *run, struct err *e)
{
	run->bulk = true;
	return run_keep_pages(run, e);
}

int64_t
run_latest_us(const struct run *run)
{
	return number_add_sat(proven_time_latest(&run->proven, clock_wall_us()),
	    SET_BACK_US);
}

int64_t
run_trusted_us(const struct run *run)
{
	int64_t wall_us = clock_wall_us();
	int64_t proven_us = number_add_sat(run->proven.us,
	    (clock_steady_ms() - run->opened_ms) * 1000);

	return wall_us > number_add_sat(proven_us, AHEAD_US) ? proven_us :
							       wall_us;
}

int64_t
run_server_start_us(const struct run *run)
{
	return fail2ban_server_start_us(run->config->fail2ban_socket);
}
