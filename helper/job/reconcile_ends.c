/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The third step of a reconcile: find the live bans that have ended without an
 * unban. This file gathers the facts about each live ban, and archives the
 * verdict of ban/end.h, which has the rules.
 *
 * A chunk of bans is loaded. The server is asked about those in doubt, a
 * question a jail. Then the rows are looked up in fail2ban's database, which is
 * never held while the server is asked. Then the verdicts are written, each
 * only if its ban has not changed meanwhile: an event may have come.
 *
 * When fail2ban's database could not be read, the clock alone judges.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/live_bans.h"
#include "base/timestamp.h"
#include "job/reconcile_steps.h"
#include "os/clock.h"

#define CHUNK 250

/* The running server, and the ids that it has of the jail asked for last. */
struct answers {
	int64_t started_us; /* 0: it is not asked, or does not answer */
	struct fail2ban_list jails;
	int64_t at_us; /* when it answered */
	char *jail;
	struct fail2ban_list ids;
};

struct judging {
	struct reconcile *r;
	struct answers server;
	bool look_up;	/* absence in the database proves an end */
	int64_t due_us; /* when the next ban must be judged again */
};

/* A live ban, the facts about it, and the verdict. */
struct candidate {
	const struct live_ban *ban;
	struct ban_end_facts facts;
	struct ban_end_judgement judgement;
};

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static bool
is_here(const struct live_ban *ban)
{
	return ban->host[0] == '\0';
}

/*
 * Ask the server which ids a jail has; a jail that it lacks has none. It is
 * asked for its jails first: a question for a missing jail is an error in
 * fail2ban's log.
 */
static int
ask_server(struct judging *j, const char *jail)
{
	struct answers *server = &j->server;
	struct fail2ban_server *connection;
	bool exists;

	if (server->jail != NULL && strcmp(server->jail, jail) == 0)
		return 0;
	free(server->jail);
	server->jail = NULL;
	fail2ban_list_free(&server->ids);
	server->at_us = clock_wall_us();
	if ((connection = reconcile_server(j->r)) == NULL ||
	    (server->jails.n == 0 &&
		fail2ban_server_get_jails(connection, &server->jails,
		    &j->r->why) != 0) ||
	    (fail2ban_list_has(&server->jails, jail) &&
		fail2ban_server_get_banned(connection, jail, &exists,
		    &server->ids, &j->r->why) != 0)) {
		j->r->silent = true;
		server->started_us = 0;
		return -1;
	}
	server->jail = strdup(jail);
	return server->jail != NULL ? 0 : -1;
}

/* A moment that was noted by a clock that ran ahead counts as never. */
static int64_t
known(const struct judging *j, int64_t at_us)
{
	return at_us > run_latest_us(&j->r->run) ? 0 : at_us;
}

/* Gather the facts about a ban, and ask the server where they are in doubt. */
static void
gather_facts(struct judging *j, const struct live_ban *ban,
    struct ban_end_facts *facts)
{
	*facts = (struct ban_end_facts){
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
		.flushed_us = ban->flushed_us,
		.restored_us = ban->restored_us,
		.started_us = j->server.started_us,
	};
	if (!ban_end_needs_server(facts))
		return;
	if (ask_server(j, ban->jail) == 0)
		facts->server = fail2ban_list_has(&j->server.ids, ban->ident) ?
		    BAN_END_SERVER_HAS :
		    BAN_END_SERVER_LACKS;
	facts->started_us = j->server.started_us;
	facts->answered_us = j->server.at_us;
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
	c->facts.now_us = clock_wall_us();
	c->facts.trusted_us = run_trusted_us(&j->r->run);
	return 0;
}

static int
look_up_all(struct judging *j, struct candidate *chunk, size_t n, struct err *e)
{
	int rc = 0;

	if (!j->look_up)
		return 0;
	if (fail2ban_database_hold(&j->r->db, e) != 0)
		return -1;
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = look_up_rows(j, &chunk[i], e);
	fail2ban_database_release(&j->r->db);
	return rc;
}

/* The server comes first: it is not asked while its database is held. */
static int
judge(struct judging *j, struct candidate *chunk, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		gather_facts(j, chunk[i].ban, &chunk[i].facts);
	if (look_up_all(j, chunk, n, e) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		chunk[i].judgement = ban_end_judge(&chunk[i].facts);
	return 0;
}

/* End a ban that only logs show: the judgement is one more line of the log. */
static int
write_logged_end(struct merge *merge, const struct live_ban *ban,
    const struct ban_end_verdict *verdict, struct err *e)
{
	struct logged_line judged = {
		.verb = LOGGED_JUDGED,
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

static int
write_end(struct merge *merge, const struct live_ban *ban,
    const struct ban_end_verdict *verdict, struct err *e)
{
	struct sighting judged = {
		.kind = SIGHTING_JUDGED,
		/* After what it judges, even when the clock was set back. */
		.at_us = later(merge->change.now_us,
		    later(ban->life_us, ban->pending_us) + 1),
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
	return merge_sightings(merge, ban->jail, ban->ident, ban->timeofban,
	    &judged, 1, 0, e);
}

/* Archive the verdict on a ban, unless an event has changed it meanwhile. */
static int
write_judgement(struct merge *merge, const struct candidate *c, struct err *e)
{
	int rc = live_bans_is_unchanged(merge->archive, c->ban, e);

	if (rc <= 0)
		return rc;
	switch (c->judgement.what) {
	case BAN_END_CONFIRMED:
		return live_bans_set_server_has(merge->archive, c->ban->id,
		    c->facts.answered_us, e);
	case BAN_END_MISSED:
		return live_bans_set_missed(merge->archive, c->ban->id,
		    c->facts.answered_us, e);
	case BAN_END_ENDED:
		return write_end(merge, c->ban, &c->judgement.verdict, e);
	case BAN_END_UNDECIDED:
		break;
	}
	return 0;
}

static int
write_judgements(struct judging *j, const struct candidate *chunk, size_t n,
    struct err *e)
{
	struct merge merge;
	bool any = false;

	for (size_t i = 0; i < n; i++)
		any = any || chunk[i].judgement.what != BAN_END_UNDECIDED;
	if (!any)
		return 0;
	if (run_begin(&j->r->run, &merge, e) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (chunk[i].judgement.what != BAN_END_UNDECIDED &&
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
	int64_t due_us =
	    j->r->silent ? 0 : ban_end_due_us(&c->facts, &c->judgement);

	if (due_us < j->due_us)
		j->due_us = due_us;
}

/* Judge the live bans after *after; *n is how many there were. */
static int
judge_chunk(struct judging *j, int64_t *after, size_t *n, struct err *e)
{
	struct candidate chunk[CHUNK];
	struct live_ban *list;
	int rc;

	if (live_bans_load(&j->r->run.archive, *after, CHUNK, &list, n, e) != 0)
		return -1;
	for (size_t i = 0; i < *n; i++)
		chunk[i].ban = &list[i];
	rc = judge(j, chunk, *n, e);
	for (size_t i = 0; i < *n && rc == 0; i++)
		note_due(j, &chunk[i]);
	if (rc == 0)
		rc = write_judgements(j, chunk, *n, e);
	if (*n > 0)
		*after = list[*n - 1].id;
	live_bans_free(list, *n);
	return rc;
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
		.server = { .started_us =
				clock_only ? 0 : run_server_start_us(&r->run) },
		.look_up = !clock_only && r->has_db && r->db.version >= 4 &&
		    r->source.counter != r->db.counter,
		.due_us = INT64_MAX,
	};
	struct archive_source now = { .server_us = j.server.started_us };
	int64_t after = 0;
	size_t n = 1;
	int rc = archive_state(&r->run.archive, &now.settled, e);

	if (rc == 0 && !clock_only && is_settled(r, &now)) {
		r->settled_before = true;
		return 0;
	}
	while (rc == 0 && n > 0 && !run_is_over(&r->run))
		rc = judge_chunk(&j, &after, &n, e);
	r->source.settled = now.settled;
	r->source.server_us = now.server_us;
	r->source.due_us = j.due_us;
	fail2ban_list_free(&j.server.jails);
	fail2ban_list_free(&j.server.ids);
	free(j.server.jail);
	return rc;
}
