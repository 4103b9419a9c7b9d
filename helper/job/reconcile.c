/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/reconcile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "archive/backup.h"
#include "archive/file.h"
#include "archive/prune.h"
#include "os/log.h"
#include "os/clock.h"
#include "job/reconcile_steps.h"
#include "base/number.h"
#include "base/timestamp.h"

#define PRUNE_CHUNK 200
#define DAY INT64_C(86400)

/* A gap: longer than two intervals without a completed run. */
static int
find_gap(struct reconcile *r, struct err *e)
{
	int64_t last_us, gap, purgeage = DAY;
	struct fail2ban_server *server;
	struct err ignored;
	char text[160];

	if (archive_run_last(&r->run.archive, r->run.row.kind, &last_us, e) !=
	    0)
		return -1;
	if (last_us == UNKNOWN)
		return 0;
	gap = number_add_sat(r->run.row.started_us, -last_us) / TIMESTAMP_US;
	if (gap <= 2 * r->run.config->interval)
		return 0;
	if ((server = reconcile_server(r)) != NULL &&
	    fail2ban_server_get_dbpurgeage(server, &purgeage, &ignored) != 0)
		r->silent = true;
	r->run.row.gap_seconds = gap;
	r->run.row.lossy = gap > purgeage;
	snprintf(text, sizeof(text),
	    "no reconcile was completed for %" PRId64 " s%s", gap,
	    r->run.row.lossy ?
		", longer than fail2ban remembers: bans that no event "
		"archived are lost" :
		"");
	run_say(&r->run, r->run.row.lossy ? LOG_WARNING : LOG_NOTICE, text);
	return 0;
}

/*
 * Somebody has met damage: is there any? Else the mark goes. It stays where
 * there was no time to look at all.
 */
static int
examine_suspect(struct reconcile *r, struct err *e)
{
	const char *path = r->run.config->archive;

	if (!archive_file_is_suspect(path) || run_is_over(&r->run))
		return 0;
	if (archive_examine(&r->run.archive, false, run_left_ms(&r->run), e) ==
	    0) {
		archive_file_clear(path);
		return 0;
	}
	if (e->code != EX_TEMPFAIL)
		return -1;
	run_say(&r->run, LOG_WARNING,
	    "somebody met damage in the archive, and the run is too short to "
	    "look at all of it: run fail2ban-archive verify");
	return 0;
}

static int
begin_run(struct reconcile *r, struct err *e)
{
	if (archive_open(&r->run.archive, r->run.config->archive,
		run_lock_ms(&r->run), false, e) != 0)
		return -1;
	/* Nothing is asked of fail2ban while an event waits for the lock. */
	archive_unlock(&r->run.archive);
	return find_gap(r, e);
}

/* Whether the WAL has nothing but runs; noted: this one has written before. */
static bool
is_wal_empty(const struct reconcile *r, bool noted)
{
	return r->settled_before && !noted &&
	    archive_file_has_wal(r->run.config->archive, ARCHIVE_WAL_EVENT);
}

static int
end_run(struct reconcile *r, bool failed, struct err *e)
{
	struct merge merge;
	bool whole = !failed && !r->run.cut_off, noted = r->run.run_noted;

	r->run.row.state = failed ? RUN_FAILED :
	    r->run.cut_off	  ? RUN_INTERRUPTED :
				    RUN_COMPLETED;
	r->run.row.message = r->run.message[0] != '\0' ? r->run.message : NULL;
	r->run.row.finished_us = clock_wall_us();
	r->run.ending = true;
	if (archive_set_durable(&r->run.archive, true, e) != 0 ||
	    run_begin(&r->run, &merge, e) != 0)
		return -1;
	/* Read to this point; not before all of it is judged as well. */
	if (whole && r->has_db && !r->settled_before) {
		r->source.counter = r->db.counter;
		if (archive_source_save(&r->run.archive, &r->source, e) != 0)
			return -1;
	}
	if ((noted && archive_run_save(&r->run.archive, &r->run.row, e) != 0) ||
	    run_commit(&r->run, &merge, e) != 0)
		return -1;
	return is_wal_empty(r, noted) ? 0 :
					archive_empty_wal(&r->run.archive, e);
}

/* Some of what ended before before_us; run is the removal's own. */
static int
prune_some(struct reconcile *r, struct archive_run *removal, int64_t before_us,
    int64_t *n, struct err *e)
{
	struct merge merge;

	if (run_begin(&r->run, &merge, e) != 0)
		return -1;
	if (archive_prune_ended(&r->run.archive, before_us, PRUNE_CHUNK, n,
		e) == 0) {
		removal->rows += *n;
		removal->finished_us = clock_wall_us();
		if ((removal->rows == 0 ||
			archive_run_save(&r->run.archive, removal, e) == 0) &&
		    run_commit(&r->run, &merge, e) == 0)
			return 0;
	}
	run_rollback(&r->run);
	return -1;
}

/*
 * Remove what retention does not keep, against the lesser of the clock and
 * the newest ban: a clock that runs ahead must not empty the archive.
 */
static int
prune(struct reconcile *r, struct err *e)
{
	struct archive_run removal = {
		.kind = RUN_PRUNE,
		.state = RUN_COMPLETED,
		.started_us = clock_wall_us(),
		.gap_seconds = UNKNOWN,
		.message = "rows: bans that retention_days does not keep",
	};
	int64_t before_us, newest_us, n = 1;

	if (r->run.config->retention_days == 0)
		return 0;
	if (archive_newest(&r->run.archive, &newest_us, e) != 0)
		return -1;
	if (newest_us == UNKNOWN)
		return 0;
	before_us = clock_wall_us();
	if (newest_us < before_us)
		before_us = newest_us;
	before_us -=
	    timestamp_from_seconds(r->run.config->retention_days * DAY);
	while (n > 0 && !run_is_over(&r->run)) {
		if (prune_some(r, &removal, before_us, &n, e) != 0)
			return -1;
	}
	return 0;
}

static int
read_fail2ban(struct reconcile *r, struct err *e)
{
	if (reconcile_database_find(r, e) != 0)
		return -1;
	if (r->db_path[0] != '\0')
		return reconcile_database(r, e);
	run_say(&r->run, LOG_NOTICE,
	    "fail2ban has no database (dbfile is None or :memory:): the "
	    "archive has what the events tell");
	return 0;
}

/*
 * The first failure is the run's; a further one is only told of. It is none to
 * be cut off at the deadline, though that was in the middle of a reading.
 */
static void
fail_run(struct reconcile *r, bool *failed, struct err *first,
    const struct err *e)
{
	if (r->db.late && e->code == EX_TEMPFAIL && run_is_over(&r->run))
		return;
	if (*failed)
		log_line(LOG_ERR, "%s", e->text);
	else
		*first = *e;
	*failed = true;
}

/*
 * What can be done without the spool, or without fail2ban's database, is done
 * all the same.
 */
static int
work(struct reconcile *r, struct err *first)
{
	bool failed = false, drained, readable;
	struct err e;

	drained = reconcile_spool(&r->run, &e) == 0;
	if (!drained)
		fail_run(r, &failed, first, &e);
	run_rollback(&r->run);
	readable = read_fail2ban(r, &e) == 0;
	if (!readable)
		fail_run(r, &failed, first, &e);
	run_rollback(&r->run);
	/* What still waits may tell how a ban ended, better than its absence.
	 */
	if (reconcile_ends(r, !readable || !drained, &e) != 0 ||
	    prune(r, &e) != 0)
		fail_run(r, &failed, first, &e);
	run_rollback(&r->run);
	if (examine_suspect(r, &e) != 0)
		fail_run(r, &failed, first, &e);
	return failed ? -1 : 0;
}

static void
print_summary(struct reconcile *r)
{
	char text[200];

	if (r->run.cut_off) {
		snprintf(text, sizeof(text), "stopped %s; the next run goes on",
		    *r->run.stop ? "by a signal" : "at the run's deadline");
		run_say(&r->run, LOG_NOTICE, text);
	}
	printf("reconcile: %" PRId64 " rows read, %" PRId64
	       " events from the spool, %" PRId64 " bans added, %" PRId64
	       " changed, %" PRId64 " bad\n",
	    r->run.row.rows, r->run.row.spooled, r->run.row.added,
	    r->run.row.changed, r->run.row.bad);
}

/*
 * Damage that one run met may be a fault of the moment. What a second one
 * meets too, with the file opened anew, is moved aside.
 */
static bool
try_again(struct reconcile *r, int damaged, const struct err *why)
{
	char message[ARCHIVE_ABANDONED];
	struct err e;
	int rc;

	if (damaged < 2)
		return true;
	log_to_syslog();
	rc = archive_abandon(&r->run.archive, why->text, message, &e);
	if (rc != 0)
		log_line(LOG_CRIT, "%s", e.text);
	else if (message[0] != '\0')
		log_line(LOG_CRIT, "%s", message);
	log_leave_syslog();
	return rc == 0;
}

/* *damaged counts the runs that met damage; *again: there is one more. */
static int
run_once(struct reconcile *r, int *damaged, bool *again, struct err *e)
{
	struct err also;
	int rc = begin_run(r, e);

	if (rc == 0) {
		rc = work(r, e);
		if (rc != 0)
			snprintf(r->run.message, sizeof(r->run.message), "%s",
			    e->text);
		else
			print_summary(r);
		if (end_run(r, rc != 0, rc != 0 ? &also : e) != 0)
			rc = -1;
	}
	fail2ban_database_close(&r->db);
	reconcile_hang_up(r);
	*again = rc != 0 && r->run.archive.db.corrupt && *damaged < 2;
	if (*again)
		*again = try_again(r, ++*damaged, e);
	archive_close(&r->run.archive);
	return rc;
}

int
reconcile(const struct config *config, const volatile sig_atomic_t *stop,
    struct err *e)
{
	int64_t deadline = clock_steady_ms() + config->run_deadline * 1000;
	bool again = true;
	int turn = run_take_turn(config, RUN_RECONCILE, e), rc = -1,
	    damaged = 0;

	if (turn < 0 && e->code == EX_TEMPFAIL) {
		puts("reconcile: another one is running");
		return 0;
	}
	if (turn < 0)
		return -1;
	while (again) {
		struct reconcile r = {
			.run = {
				.config = config,
				.stop = stop,
				.deadline_ms = deadline,
				.row = { .kind = RUN_RECONCILE,
				    .state = RUN_RUNNING,
				    .started_us = clock_wall_us(),
				    .finished_us = UNKNOWN,
				    .gap_seconds = UNKNOWN },
			},
		};

		rc = run_once(&r, &damaged, &again, e);
	}
	close(turn);
	return rc;
}
