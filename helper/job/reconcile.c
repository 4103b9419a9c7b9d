/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/reconcile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "archive/backup.h"
#include "archive/file.h"
#include "os/log.h"
#include "os/clock.h"
#include "job/pass.h"
#include "base/text.h"

#define PRUNE_CHUNK 200
#define DAY INT64_C(86400)

/* A gap: longer than two intervals without a completed run. */
static int
find_gap(struct pass *pass, struct err *e)
{
	int64_t last_us, gap, purgeage = DAY;
	struct fail2ban_server *server;
	struct err ignored;
	char text[160];

	if (archive_run_last(&pass->archive, pass->run.kind, &last_us, e) != 0)
		return -1;
	if (last_us == UNKNOWN)
		return 0;
	gap = text_add_sat(pass->run.started_us, -last_us) / TEXT_US;
	if (gap <= 2 * pass->config->interval)
		return 0;
	if ((server = pass_server(pass)) != NULL &&
	    fail2ban_server_get_dbpurgeage(server, &purgeage, &ignored) != 0)
		pass->silent = true;
	pass->run.gap_seconds = gap;
	pass->run.lossy = gap > purgeage;
	snprintf(text, sizeof(text),
	    "no reconcile was completed for %" PRId64 " s%s", gap,
	    pass->run.lossy ?
		", longer than fail2ban remembers: bans that no event "
		"archived are lost" :
		"");
	pass_say(pass, pass->run.lossy ? LOG_WARNING : LOG_NOTICE, text);
	return 0;
}

/*
 * Somebody has met damage: is there any? Else the mark goes. It stays where
 * there was no time to look at all.
 */
static int
examine_suspect(struct pass *pass, struct err *e)
{
	const char *path = pass->config->archive;

	if (!archive_file_is_suspect(path) || pass_is_over(pass))
		return 0;
	if (archive_examine(&pass->archive, false, pass_left_ms(pass), e) ==
	    0) {
		archive_file_clear(path);
		return 0;
	}
	if (e->code != EX_TEMPFAIL)
		return -1;
	pass_say(pass, LOG_WARNING,
	    "somebody met damage in the archive, and the run is too short to "
	    "look at all of it: run fail2ban-archive verify");
	return 0;
}

static int
begin_run(struct pass *pass, struct err *e)
{
	if (archive_open(&pass->archive, pass->config->archive,
		pass_lock_ms(pass), false, e) != 0)
		return -1;
	/* Nothing is asked of fail2ban while an event waits for the lock. */
	archive_rollback(&pass->archive);
	return find_gap(pass, e);
}

/* Whether the WAL has nothing but runs; noted: this one has written before. */
static bool
is_wal_empty(const struct pass *pass, bool noted)
{
	return pass->settled_before && !noted &&
	    archive_file_has_wal(pass->config->archive, ARCHIVE_WAL_EVENT);
}

static int
end_run(struct pass *pass, bool failed, struct err *e)
{
	struct merge merge;
	bool whole = !failed && !pass->cut_off, noted = pass->run_noted;

	pass->run.state = failed ? "failed" :
	    pass->cut_off	 ? "interrupted" :
				   "completed";
	pass->run.message = pass->message[0] != '\0' ? pass->message : NULL;
	pass->run.finished_us = clock_wall_us();
	pass->ending = true;
	if (archive_set_durable(&pass->archive, true, e) != 0 ||
	    pass_begin(pass, &merge, e) != 0)
		return -1;
	/* Read to this point; not before all of it is judged as well. */
	if (whole && pass->has_db && !pass->settled_before) {
		pass->source.counter = pass->db.counter;
		if (archive_source_save(&pass->archive, &pass->source, e) != 0)
			return -1;
	}
	if ((noted && archive_run_save(&pass->archive, &pass->run, e) != 0) ||
	    pass_commit(pass, &merge, e) != 0)
		return -1;
	return is_wal_empty(pass, noted) ? 0 :
					   archive_empty_wal(&pass->archive, e);
}

/* Some of what ended before before_us; run is the removal's own. */
static int
prune_some(struct pass *pass, struct archive_run *run, int64_t before_us,
    int64_t *n, struct err *e)
{
	struct merge merge;

	if (pass_begin(pass, &merge, e) != 0)
		return -1;
	if (archive_prune(&pass->archive, before_us, PRUNE_CHUNK, n, e) == 0) {
		run->rows += *n;
		run->finished_us = clock_wall_us();
		if ((run->rows == 0 ||
			archive_run_save(&pass->archive, run, e) == 0) &&
		    pass_commit(pass, &merge, e) == 0)
			return 0;
	}
	pass_rollback(pass);
	return -1;
}

/*
 * Remove what retention does not keep, against the lesser of the clock and
 * the newest ban: a clock that runs ahead must not empty the archive.
 */
static int
prune(struct pass *pass, struct err *e)
{
	struct archive_run run = {
		.kind = "prune",
		.state = "completed",
		.started_us = clock_wall_us(),
		.gap_seconds = UNKNOWN,
		.message = "rows: bans that retention_days does not keep",
	};
	int64_t before_us, newest_us, n = 1;

	if (pass->config->retention_days == 0)
		return 0;
	if (archive_newest(&pass->archive, &newest_us, e) != 0)
		return -1;
	if (newest_us == UNKNOWN)
		return 0;
	before_us = clock_wall_us();
	if (newest_us < before_us)
		before_us = newest_us;
	before_us -= text_seconds_to_us(pass->config->retention_days * DAY);
	while (n > 0 && !pass_is_over(pass)) {
		if (prune_some(pass, &run, before_us, &n, e) != 0)
			return -1;
	}
	return 0;
}

static int
read_fail2ban(struct pass *pass, struct err *e)
{
	if (scan_find(pass, e) != 0)
		return -1;
	if (pass->db_path[0] != '\0')
		return scan(pass, e);
	pass_say(pass, LOG_NOTICE,
	    "fail2ban has no database (dbfile is None or :memory:): the "
	    "archive has what the events tell");
	return 0;
}

/*
 * The first failure is the run's; a further one is only told of. It is none to
 * be cut off at the deadline, though that was in the middle of a reading.
 */
static void
fail_run(struct pass *pass, bool *failed, struct err *first,
    const struct err *e)
{
	if (pass->db.late && e->code == EX_TEMPFAIL && pass_is_over(pass))
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
work(struct pass *pass, struct err *first)
{
	bool failed = false, drained, readable;
	struct err e;

	drained = drain(pass, &e) == 0;
	if (!drained)
		fail_run(pass, &failed, first, &e);
	pass_rollback(pass);
	readable = read_fail2ban(pass, &e) == 0;
	if (!readable)
		fail_run(pass, &failed, first, &e);
	pass_rollback(pass);
	/* What still waits may tell how a ban ended, better than its absence.
	 */
	if (settle(pass, !readable || !drained, &e) != 0 ||
	    prune(pass, &e) != 0)
		fail_run(pass, &failed, first, &e);
	pass_rollback(pass);
	if (examine_suspect(pass, &e) != 0)
		fail_run(pass, &failed, first, &e);
	return failed ? -1 : 0;
}

static void
print_summary(struct pass *pass)
{
	char text[200];

	if (pass->cut_off) {
		snprintf(text, sizeof(text), "stopped %s; the next run goes on",
		    *pass->stop ? "by a signal" : "at the run's deadline");
		pass_say(pass, LOG_NOTICE, text);
	}
	printf("reconcile: %" PRId64 " rows read, %" PRId64
	       " events from the spool, %" PRId64 " bans added, %" PRId64
	       " changed, %" PRId64 " bad\n",
	    pass->run.rows, pass->run.spooled, pass->run.added,
	    pass->run.changed, pass->run.bad);
}

/*
 * Damage that one pass met may be a fault of the moment. What a second one
 * meets too, with the file opened anew, is moved aside.
 */
static bool
try_again(struct pass *pass, int damaged, const struct err *why)
{
	struct err e;
	int rc;

	if (damaged < 2)
		return true;
	log_to_syslog();
	rc = archive_abandon(&pass->archive, why->text, &e);
	if (rc != 0)
		log_line(LOG_CRIT, "%s", e.text);
	log_leave_syslog();
	return rc == 0;
}

/* *damaged counts the passes that met damage; *again: there is one more. */
static int
run_pass(struct pass *pass, int *damaged, bool *again, struct err *e)
{
	struct err also;
	int rc = begin_run(pass, e);

	if (rc == 0) {
		rc = work(pass, e);
		if (rc != 0)
			snprintf(pass->message, sizeof(pass->message), "%s",
			    e->text);
		else
			print_summary(pass);
		if (end_run(pass, rc != 0, rc != 0 ? &also : e) != 0)
			rc = -1;
	}
	fail2ban_database_close(&pass->db);
	pass_hang_up(pass);
	*again = rc != 0 && pass->archive.db.corrupt && *damaged < 2;
	if (*again)
		*again = try_again(pass, ++*damaged, e);
	archive_close(&pass->archive);
	return rc;
}

int
reconcile(const struct config *config, const volatile sig_atomic_t *stop,
    struct err *e)
{
	int64_t deadline = clock_steady_ms() + config->run_deadline * 1000;
	bool again = true;
	int turn = pass_take_turn(config, "reconcile", e), rc = -1, damaged = 0;

	if (turn < 0 && e->code == EX_TEMPFAIL) {
		puts("reconcile: another one is running");
		return 0;
	}
	if (turn < 0)
		return -1;
	while (again) {
		struct pass pass = {
			.config = config,
			.stop = stop,
			.deadline_ms = deadline,
			.run = { .kind = "reconcile",
			    .state = "running",
			    .started_us = clock_wall_us(),
			    .finished_us = UNKNOWN,
			    .gap_seconds = UNKNOWN },
		};

		rc = run_pass(&pass, &damaged, &again, e);
	}
	close(turn);
	return rc;
}
