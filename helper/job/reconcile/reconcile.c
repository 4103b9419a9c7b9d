/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/reconcile/reconcile.h"

#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "archive/copy/backup.h"
#include "archive/copy/new_file.h"
#include "archive/file.h"
#include "base/timestamp.h"
#include "job/reconcile/steps.h"
#include "os/clock.h"

/* fail2ban's default, in seconds (fail2ban 1.0.2, fail2ban.conf). */
#define DBPURGEAGE TIMESTAMP_DAY

/*
 * Note in the run's row how long no reconcile was completed, if that is a gap.
 */
static int
find_gap(struct reconcile *r, struct err *e)
{
	struct archive_run *row = &r->run.row;
	int64_t last_us, purgeage = DBPURGEAGE;
	struct fail2ban_server *server;
	struct err ignored;
	char text[160];

	if (archive_run_last(&r->run.archive, row->kind, row->started_us,
		&last_us, e) != 0)
		return -1;
	row->gap_seconds =
	    run_find_gap(last_us, row->started_us, r->run.config->interval);
	if (row->gap_seconds == UNKNOWN)
		return 0;
	if ((server = reconcile_server(r)) != NULL &&
	    fail2ban_server_get_dbpurgeage(server, &purgeage, &ignored) != 0)
		r->silent = true;
	row->lossy = row->gap_seconds > purgeage;
	snprintf(text, sizeof(text),
	    "no reconcile was completed for %" PRId64 " s%s", row->gap_seconds,
	    row->lossy ? ", longer than fail2ban remembers: bans that no event "
			 "archived are lost" :
			 "");
	run_report(&r->run, row->lossy ? LOG_WARNING : LOG_NOTICE, text);
	return 0;
}

/*
 * When another process met damage and left a mark, examine the whole archive,
 * and fail where it is damaged. The mark is removed when the archive is sound;
 * it stays when the time was too short.
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
	run_report(&r->run, LOG_WARNING,
	    "another process met damage in the archive, and this run is too "
	    "short to look at all of it: run fail2ban-archive verify");
	return 0;
}

/* Save that the database is read to its end, once all live bans are judged. */
static int
note_source(void *job, bool completed, struct err *e)
{
	struct reconcile *r = job;

	if (!completed || !r->has_db || r->settled_before)
		return 0;
	r->source.counter = r->db.counter;
	return archive_source_save(&r->run.archive, &r->source, e);
}

/*
 * Forget what was noted by a clock that ran ahead. Nothing was as a rule, and
 * then nothing is written.
 */
static int
forget_later(struct reconcile *r, struct err *e)
{
	struct merge merge;
	int rc =
	    proven_time_has_later(&r->run.archive, run_latest_us(&r->run), e);

	if (rc <= 0)
		return rc;
	run_report(&r->run, LOG_WARNING,
	    "the clock has run ahead: the times that were noted meanwhile "
	    "count as unknown");
	if (run_begin(&r->run, &merge, e) != 0)
		return -1;
	/* An event may have noted its time since: look at the clock again. */
	if (proven_time_forget_later(&r->run.archive, run_latest_us(&r->run),
		e) != 0) {
		run_rollback(&r->run);
		return -1;
	}
	return run_commit(&r->run, &merge, e);
}

static int
read_fail2ban(struct reconcile *r, struct err *e)
{
	if (reconcile_database_find(r, e) != 0)
		return -1;
	if (r->db_path[0] != '\0')
		return reconcile_database(r, e);
	run_report(&r->run, LOG_NOTICE,
	    "fail2ban has no database (dbfile is None or :memory:): the "
	    "archive has only what the events say");
	return 0;
}

/*
 * Keep the first failure, which becomes the run's; only log a further one. It
 * is no failure when the deadline cut off a reading of fail2ban's database.
 */
static void
take_failure(struct reconcile *r, bool *failed, struct err *first,
    const struct err *e)
{
	if (r->db.late && e->code == EX_TEMPFAIL && run_is_over(&r->run))
		return;
	if (*failed)
		run_say(&r->run, LOG_ERR, "%s", e->text);
	else
		*first = *e;
	*failed = true;
}

/*
 * Do all steps, also after one of them failed: each does what it can without
 * the spool, or without fail2ban's database.
 */
static int
do_steps(struct reconcile *r, struct err *first)
{
	bool failed = false, drained, readable;
	struct err e;

	if (forget_later(r, &e) != 0)
		take_failure(r, &failed, first, &e);
	drained = reconcile_spool(&r->run, &e) == 0;
	if (!drained)
		take_failure(r, &failed, first, &e);
	run_rollback(&r->run);
	readable = read_fail2ban(r, &e) == 0;
	if (!readable)
		take_failure(r, &failed, first, &e);
	run_rollback(&r->run);
	/* An event that waits in the spool may say better how a ban ended. */
	if (reconcile_ends(r, !readable || !drained, &e) != 0 ||
	    reconcile_retention(r, &e) != 0)
		take_failure(r, &failed, first, &e);
	run_rollback(&r->run);
	if (examine_suspect(r, &e) != 0)
		take_failure(r, &failed, first, &e);
	return failed ? -1 : 0;
}

static int
work(void *job, struct err *e)
{
	struct reconcile *r = job;
	char text[80];

	if (do_steps(r, e) != 0)
		return -1;
	r->run.idle = r->settled_before;
	if (r->run.cut_off) {
		snprintf(text, sizeof(text), "stopped %s; the next run goes on",
		    *r->run.stop ? "by a signal" : "at the run's deadline");
		run_report(&r->run, LOG_NOTICE, text);
	}
	run_sum_up(&r->run, r->summary);
	r->summary->done = true;
	return 0;
}

/*
 * Return true when the run may be made once more. The first damage may have
 * been a single failed read. When a second run, which opens the file anew,
 * meets damage too, the archive is moved aside.
 */
static bool
try_again(struct reconcile *r, int damaged, const struct err *why)
{
	char message[ARCHIVE_ABANDONED];
	struct err e;
	int rc;

	if (damaged < 2)
		return true;
	rc = archive_abandon(&r->run.archive, why->text, message, &e);
	if (rc != 0)
		run_say(&r->run, LOG_CRIT, "%s", e.text);
	else if (message[0] != '\0')
		run_say(&r->run, LOG_CRIT, "%s", message);
	return rc == 0;
}

/* *damaged counts the runs that met damage; *again: make one more run. */
static int
run_once(struct reconcile *r, int *damaged, bool *again, struct err *e)
{
	int rc = run_open(&r->run, e);

	if (rc == 0)
		rc = find_gap(r, e);
	if (rc == 0)
		rc = run_main(&r->run, work, note_source, r, e);
	fail2ban_database_close(&r->db);
	reconcile_hang_up(r);
	*again = rc != 0 && r->run.archive.db.corrupt && *damaged < 2;
	if (*again)
		*again = try_again(r, ++*damaged, e);
	run_close(&r->run);
	return rc;
}

int
reconcile(const struct run_caller *caller, struct run_summary *summary,
    struct err *e)
{
	int64_t deadline_ms =
	    clock_steady_ms() + caller->config->run_deadline * 1000;
	bool again = true;
	int turn = run_take_turn(caller->config, RUN_RECONCILE, e), rc = -1,
	    damaged = 0;

	*summary = (struct run_summary){ .busy = false };
	if (turn < 0 && e->code == EX_TEMPFAIL) {
		summary->busy = true;
		return 0;
	}
	if (turn < 0)
		return -1;
	new_file_remove(caller->config->archive);
	while (again) {
		struct reconcile r = { .summary = summary };

		run_init(&r.run, caller, RUN_RECONCILE);
		r.run.deadline_ms = deadline_ms;
		r.run.refuse = REFUSE_FORGOTTEN;
		rc = run_once(&r, &damaged, &again, e);
	}
	close(turn);
	return rc;
}
