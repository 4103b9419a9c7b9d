/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The third step of a reconcile: find the live bans that have ended without an
 * unban. This file gathers the facts about each live ban, and archives the
 * verdict of ban/end.h, which has the rules.
 *
 * A chunk of bans is loaded. Their rows are looked up in fail2ban's database,
 * and then the server is asked about those in doubt: fail2ban's database is
 * never held while it is asked. Then the verdicts are written, each only if its
 * ban has not changed meanwhile: an event may have come.
 *
 * When fail2ban's database could not be read, the clock alone judges.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/history/live_bans.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "job/reconcile/answers.h"
#include "job/reconcile/steps.h"
#include "os/clock.h"

/* The key of a number in the archive: the live ban that was judged last by a
 * run that was cut off; 0: none was. */
#define JUDGED "judged"
#define CHUNK 250

struct judging {
	struct reconcile *r;
	struct reconcile_answers answers;
	bool look_up;	/* absence in the database proves an end */
	bool as_noted;	/* the database is as it was in the last run */
	bool missed;	/* the bans have ended; a server may have them again */
	int64_t due_us; /* when the next ban must be judged again */
};

/* A live ban, the facts about it, and the verdict. */
struct candidate {
	const struct live_ban *ban;
	struct ban_end_facts facts;
	struct ban_end_judgement judgement;
};

static bool
is_here(const struct live_ban *ban)
{
	return ban->host[0] == '\0';
}

/* A moment that was noted by a clock that ran ahead counts as never. */
static int64_t
known(const struct judging *j, int64_t at_us)
{
	return at_us > run_latest_us(&j->r->run) ? 0 : at_us;
}

static struct ban_end_facts
known_facts(struct judging *j, const struct live_ban *ban)
{
	/* A note from before the present database was there proves nothing. */
	bool gone = ban->gone_us != 0 && ban->gone_us >= j->r->source.begun_us;

	return (struct ban_end_facts){
		.now_us = clock_wall_us(),
		.trusted_us = run_trusted_us(&j->r->run),
		.interval_s = j->r->run.config->interval,
		.since_us = ban->since_us,
		.seconds = ban->seconds,
		.life_us = known(j, ban->life_us),
		.unbanned_us = known(j, ban->pending_us),
		.confirmed_us = known(j, ban->server_had_us),
		.missed_us = known(j, ban->missed_us),
		.here = is_here(ban),
		.row_seen = ban->source == j->r->source.id,
		.rows_were_gone = gone,
		.flushed_us = ban->flushed_us,
		.restored_us = ban->restored_us,
		.started_us = reconcile_answers_start_us(&j->answers, ban),
		.rows = j->as_noted && gone ? BAN_END_ROWS_GONE :
					      BAN_END_ROWS_UNKNOWN,
	};
}

/* Ask the server about a ban that is in doubt. */
static void
ask_server(struct judging *j, const struct live_ban *ban,
    struct ban_end_facts *facts)
{
	if (!(j->missed ? ban_end_may_be_back(facts) :
			  ban_end_needs_server(facts)))
		return;
	facts->server =
	    reconcile_answers_about(&j->answers, ban, &facts->answered_us);
	/* Now it is known whether the server and the jail run. */
	facts->started_us = reconcile_answers_start_us(&j->answers, ban);
}

/* Look a ban's row up in fail2ban's database. */
static int
look_up_rows(struct judging *j, struct candidate *c, struct err *e)
{
	struct fail2ban_row row = { 0 };
	int rc;

	/* Two idents that are not UTF-8 may look alike here. */
	if (!ban_end_needs_rows(&c->facts) ||
	    strstr(c->ban->ident, "\xef\xbf\xbd") != NULL)
		return 0;
	rc = fail2ban_database_find(&j->r->db, c->ban->jail, c->ban->ident,
	    c->ban->known_as, 0, &row, e);
	fail2ban_row_free(&row);
	if (rc < 0)
		return -1;
	c->facts.rows = rc == 0 ? BAN_END_ROWS_GONE : BAN_END_ROWS_THERE;
	if (rc == 0 && c->facts.row_seen &&
	    fail2ban_database_find_last(&j->r->db, c->ban->jail, c->ban->ident,
		&c->facts.replaced_by, e) < 0)
		return -1;
	c->facts.now_us = clock_wall_us();
	c->facts.trusted_us = run_trusted_us(&j->r->run);
	return 0;
}

static int
look_up_all(struct judging *j, struct candidate *chunk, size_t n, struct err *e)
{
	int rc = 0;

	if (!j->look_up || j->missed)
		return 0;
	if (fail2ban_database_hold(&j->r->db, e) != 0)
		return -1;
	/* Bans were archived about in the order of their times. */
	j->r->db.in_order = true;
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = look_up_rows(j, &chunk[i], e);
	j->r->db.in_order = false;
	fail2ban_database_release(&j->r->db);
	return rc;
}

static int
judge(struct judging *j, struct candidate *chunk, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		chunk[i].facts = known_facts(j, chunk[i].ban);
	if (look_up_all(j, chunk, n, e) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		ask_server(j, chunk[i].ban, &chunk[i].facts);
		chunk[i].judgement = j->missed ?
		    ban_end_judge_missed(&chunk[i].facts) :
		    ban_end_judge(&chunk[i].facts);
	}
	return 0;
}

/* End a ban that only logs show: the judgement is one more line of the log. */
static int
write_logged_end(struct merge *merge, const struct live_ban *ban,
    const struct ban_end_verdict *verdict, struct err *e)
{
	struct logged_line judged = {
		.verb = LOGGED_OVER,
		.at_us = verdict->ended_us,
		.found = UNKNOWN,
		.seconds = UNKNOWN,
		.bancount = UNKNOWN,
	};
	struct archive_jail jail;
	int64_t known = 0;

	if (archive_jail_get(merge->archive, ban->jail, &jail, e) != 0)
		return -1;
	return merge_log_lines(merge, &jail, ban->ident, &judged, 1, &known, e);
}

/* Archive that a ban has ended, or that it lives again. */
static int
write_verdict(struct merge *merge, const struct candidate *c, struct err *e)
{
	const struct live_ban *ban = c->ban;
	const struct ban_end_verdict *verdict = &c->judgement.verdict;
	struct sighting judged = {
		.kind = SIGHTING_JUDGED,
		/* After what it judges, even when the clock was set back. */
		.at_us = number_max(merge->change.now_us,
		    number_max(ban->life_us, ban->pending_us) + 1),
		.timeofban = ban->timeofban,
		.made_us = ban->made_us,
		.held_us = ban->server_had_us,
		.other_timeofban = c->facts.replaced_by,
		.since_us = timestamp_from_seconds(ban->timeofban),
		.seconds = UNKNOWN,
		.bancount = UNKNOWN,
		.failures = UNKNOWN,
		.end = verdict->end,
		.ended_us = verdict->ended_us,
	};

	merge->host = is_here(ban) ? NULL : ban->host;
	if (ban->logged)
		return write_logged_end(merge, ban, verdict, e);
	return merge_sightings(merge, ban->jail, ban->ident, &judged, 1, 0, e);
}

/* Return true when the rows are known to be gone, or there, for the first time.
 */
static bool
rows_changed(const struct candidate *c)
{
	return c->facts.rows != BAN_END_ROWS_UNKNOWN &&
	    (c->facts.rows == BAN_END_ROWS_GONE) != c->facts.rows_were_gone;
}

static int
write_verdict_or_note(struct merge *merge, const struct candidate *c,
    struct err *e)
{
	switch (c->judgement.what) {
	case BAN_END_ENDED:
		return write_verdict(merge, c, e);
	case BAN_END_BACK:
		if (write_verdict(merge, c, e) != 0)
			return -1;
		/* FALLTHROUGH */
	case BAN_END_CONFIRMED:
		return live_bans_set_server_has(merge->archive, c->ban->id,
		    c->facts.answered_us, e);
	case BAN_END_MISSED:
		return live_bans_set_missed(merge->archive, c->ban->id,
		    c->facts.answered_us, e);
	case BAN_END_UNDECIDED:
		break;
	}
	return 0;
}

/* Archive the judgement of a ban, unless an event has changed it meanwhile. */
static int
write_judgement(struct merge *merge, const struct candidate *c, struct err *e)
{
	bool gone = c->facts.rows == BAN_END_ROWS_GONE;
	int rc = live_bans_is_unchanged(merge->archive, c->ban, e);

	if (rc <= 0)
		return rc;
	if (rows_changed(c) &&
	    live_bans_set_gone(merge->archive, c->ban->id,
		gone ? c->facts.now_us : 0, e) != 0)
		return -1;
	return write_verdict_or_note(merge, c, e);
}

static bool
is_to_be_written(const struct candidate *c)
{
	return c->judgement.what != BAN_END_UNDECIDED || rows_changed(c);
}

static int
write_judgements(struct judging *j, const struct candidate *chunk, size_t n,
    struct err *e)
{
	struct merge merge;
	bool any = false;

	for (size_t i = 0; i < n; i++)
		any = any || is_to_be_written(&chunk[i]);
	if (!any)
		return 0;
	if (run_begin(&j->r->run, &merge, e) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (is_to_be_written(&chunk[i]) &&
		    write_judgement(&merge, &chunk[i], e) != 0) {
			run_rollback(&j->r->run);
			return -1;
		}
	}
	return run_commit(&j->r->run, &merge, e);
}

/* Note when the ban must be judged again though nothing has changed. */
static void
note_due(struct judging *j, const struct candidate *c)
{
	int64_t due_us = j->missed ?
	    ban_end_missed_due_us(&c->facts, &c->judgement) :
	    ban_end_due_us(&c->facts, &c->judgement);

	if (j->r->silent)
		due_us = 0;
	if (due_us < j->due_us)
		j->due_us = due_us;
}

/* Judge the bans after *after, a rev or, of bans that have ended, an id; *n is
 * how many there were. */
static int
judge_chunk(struct judging *j, int64_t *after, size_t *n, struct err *e)
{
	struct archive *archive = &j->r->run.archive;
	struct candidate chunk[CHUNK];
	struct live_ban *list;
	int rc = j->missed ?
	    live_bans_load_missed(archive, *after, CHUNK, clock_wall_us(),
		&list, n, e) :
	    live_bans_load(archive, *after, CHUNK, &list, n, e);

	if (rc != 0)
		return -1;
	for (size_t i = 0; i < *n; i++)
		chunk[i].ban = &list[i];
	rc = judge(j, chunk, *n, e);
	for (size_t i = 0; i < *n && rc == 0; i++)
		note_due(j, &chunk[i]);
	if (rc == 0)
		rc = write_judgements(j, chunk, *n, e);
	if (*n > 0)
		*after = j->missed ? list[*n - 1].id : list[*n - 1].rev;
	live_bans_free(list, *n);
	return rc;
}

/* Judge the bans that have ended, and that a server may have again. */
static int
judge_missed(struct judging *j, struct err *e)
{
	int64_t after = 0;
	size_t n = 1;
	int rc = 0;

	j->missed = true;
	while (rc == 0 && n > 0 && !run_is_over(&j->r->run))
		rc = judge_chunk(j, &after, &n, e);
	return rc;
}

/*
 * Judge all live bans, those after *after first: a run that is cut off leaves
 * in *after where the next one goes on. Whoever judges all leaves 0.
 */
static int
judge_all(struct judging *j, int64_t *after, struct err *e)
{
	int64_t start = *after;
	bool around = start == 0;
	size_t n;

	while (!run_is_over(&j->r->run)) {
		if (judge_chunk(j, after, &n, e) != 0)
			return -1;
		if (around && (n == 0 || (start > 0 && *after >= start))) {
			*after = 0;
			return 0;
		}
		if (n == 0) {
			*after = 0;
			around = true;
		}
	}
	return 0;
}

/* Judge all live bans, from where the last run was cut off. */
static int
judge_on(struct judging *j, struct err *e)
{
	struct run *run = &j->r->run;
	int64_t noted, after;
	struct merge merge;

	if (archive_get_number(&run->archive, JUDGED, &noted, e) != 0)
		return -1;
	after = noted == UNKNOWN ? 0 : noted;
	noted = after;
	if (judge_all(j, &after, e) != 0)
		return -1;
	if (after == noted)
		return 0;
	if (run_begin(run, &merge, e) != 0)
		return -1;
	if (archive_set_number(&run->archive, JUDGED, after, e) != 0) {
		run_rollback(run);
		return -1;
	}
	return run_commit(run, &merge, e);
}

/*
 * Return true when nothing has changed since the last judging and no ban is
 * due.
 */
static bool
is_settled(const struct reconcile *r, const struct archive_source *now)
{
	const struct archive_source *then = &r->source;

	return r->unchanged && r->run.row.spooled == 0 &&
	    then->settled.rev == now->settled.rev &&
	    then->settled.flushed_us == now->settled.flushed_us &&
	    then->server_us == now->server_us &&
	    clock_wall_us() <=
	    ban_end_overdue_us(then->due_us, 0, r->run.config->interval);
}

int
reconcile_ends(struct reconcile *r, bool clock_only, struct err *e)
{
	struct judging j = {
		.r = r,
		.answers = { .r = r,
		    .started_us =
			clock_only ? 0 : run_server_start_us(&r->run) },
		.look_up = !clock_only && r->has_db && r->db.version >= 4 &&
		    !r->unchanged,
		.as_noted = !clock_only && r->unchanged,
		.due_us = INT64_MAX,
	};
	struct archive_source now = { .server_us = j.answers.started_us };
	int rc = archive_state(&r->run.archive, &now.settled, e);

	if (rc == 0 && !clock_only && is_settled(r, &now)) {
		r->settled_before = true;
		return 0;
	}
	if (rc == 0)
		rc = judge_on(&j, e);
	if (rc == 0)
		rc = judge_missed(&j, e);
	if (rc == 0)
		rc = reconcile_answers_save(&j.answers, e);
	r->source.settled = now.settled;
	r->source.server_us = now.server_us;
	r->source.due_us = j.due_us;
	reconcile_answers_free(&j.answers);
	return rc;
}
