/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which of the live bans have ended, though no unban said so?
 *
 * - Its time is up, and no event came for two intervals: inferred, at that
 *   time.
 * - Its rows are gone from the database in which they were: flushed, where
 *   the jail was flushed since its last sign of life; else lifted by hand.
 * - The server was started, the jail flushed or the ban unbanned since its
 *   last sign of life, and the running server does not have it, in two runs
 *   at least an interval apart with no restored ban of that jail between
 *   them: inferred. Bans come back one by one after a start.
 *
 * Where fail2ban's database could not be read, the clock alone judges.
 *
 * Rows that are there settle nothing. The server is asked before the rows are
 * looked up. What is judged is written only if the ban is then still as it
 * was: an event may have come meanwhile.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "ingest/sightings.h"
#include "os/clock.h"
#include "archive/live_bans.h"
#include "job/reconcile_steps.h"
#include "base/timestamp.h"

#define CHUNK 250

struct verdict {
	enum { NOTHING, HELD, MISSED, ENDED } what;
	enum ban_end end;
	int64_t ended_us;
};

/* What the server holds, of the jail asked for last. */
struct holdings {
	int64_t started_us; /* 0: it does not answer */
	struct fail2ban_list jails;
	int64_t at_us; /* when it answered */
	char *jail;
	struct fail2ban_list ids;
};

struct settling {
	struct reconcile *r;
	struct holdings server;
	bool look;	/* absence in the database proves an end */
	int64_t due_us; /* when the next ban is up */
};

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The last that was heard of it as a live ban. */
static int64_t
last_life(const struct live_ban *live)
{
	return later(later(live->life_us, live->server_had_us), live->since_us);
}

/* When the jail was flushed while it lived, 0: it was not. */
static int64_t
flushed_since(const struct live_ban *live)
{
	return live->flushed_us > last_life(live) ? live->flushed_us : 0;
}

static bool
is_here(const struct live_ban *live)
{
	return live->host[0] == '\0';
}

/* Whether its last sign of life may be of a ban that is no more. */
static bool
is_doubtful(const struct settling *s, const struct live_ban *live)
{
	int64_t life = last_life(live);

	return is_here(live) && s->server.started_us != 0 &&
	    (life < s->server.started_us || life < live->flushed_us ||
		life < live->pending_us);
}

/*
 * Ask what a jail holds; a server that has no such jail holds nothing. It is
 * asked for its jails first: a question for a missing one is an error in
 * fail2ban's log.
 */
static int
ask_server(struct settling *s, const char *jail)
{
	struct holdings *server = &s->server;
	struct fail2ban_server *socket;
	bool exists;

	if (server->jail != NULL && strcmp(server->jail, jail) == 0)
		return 0;
	free(server->jail);
	server->jail = NULL;
	fail2ban_list_free(&server->ids);
	server->at_us = clock_wall_us();
	if ((socket = reconcile_server(s->r)) == NULL ||
	    (server->jails.n == 0 &&
		fail2ban_server_get_jails(socket, &server->jails, &s->r->why) !=
		    0) ||
	    (fail2ban_list_has(&server->jails, jail) &&
		fail2ban_server_get_banned(socket, jail, &exists, &server->ids,
		    &s->r->why) != 0)) {
		s->r->silent = true;
		server->started_us = 0;
		return -1;
	}
	server->jail = strdup(jail);
	return server->jail != NULL ? 0 : -1;
}

static struct verdict
ended(enum ban_end end, int64_t ended_us)
{
	return (struct verdict){ ENDED, end, ended_us };
}

/* What follows from the server's having it or not. */
static struct verdict
judge_by_server(struct settling *s, const struct live_ban *live)
{
	struct verdict verdict = { .what = NOTHING };
	int64_t flushed = flushed_since(live),
		interval_us =
		    timestamp_from_seconds(s->r->run.config->interval);

	if (fail2ban_list_has(&s->server.ids, live->ident)) {
		verdict.what = HELD;
	} else if (live->missed_us <=
	    later(live->restored_us,
		later(last_life(live), s->server.started_us))) {
		verdict.what = MISSED;
	} else if (s->server.at_us - live->missed_us >= interval_us) {
		verdict = ended(BAN_INFERRED,
		    flushed != 0	      ? flushed :
			live->pending_us != 0 ? live->pending_us :
						live->missed_us);
	}
	return verdict;
}

/*
 * Whether this database has had its rows: they were seen there; or the server
 * that runs made the ban, and has flushed or unbanned it since.
 */
static bool
had_rows(const struct settling *s, const struct live_ban *live)
{
	bool undone =
	    flushed_since(live) != 0 || live->pending_us > live->life_us;

	return live->source == s->r->source.id ||
	    (undone && s->server.started_us != 0 &&
		live->life_us >= s->server.started_us);
}

/* Its rows were in this database, and are there no more. 1, 0 or -1. */
static int
rows_are_gone(struct settling *s, const struct live_ban *live, struct err *e)
{
	struct fail2ban_row row = { 0 };
	int rc;

	/* Two idents that are no UTF-8 may look alike here. */
	if (!is_here(live) || !had_rows(s, live) ||
	    strstr(live->ident, "\xef\xbf\xbd") != NULL)
		return 0;
	rc = fail2ban_database_find(&s->r->db, live->jail, live->ident,
	    live->known_as, 0, &row, e);
	fail2ban_row_free(&row);
	return rc < 0 ? -1 : rc == 0;
}

/* By the clock and by the server; whether the rows have the last word. */
static bool
judge_first(struct settling *s, const struct live_ban *live,
    struct verdict *verdict)
{
	const struct config *config = s->r->run.config;
	int64_t now = clock_wall_us();

	*verdict = (struct verdict){ .what = NOTHING };
	if (now > sightings_overdue_us(config, live->since_us, live->seconds) &&
	    now > sightings_overdue_us(config, live->life_us, 0)) {
		*verdict = ended(BAN_INFERRED,
		    ban_end_expiry_us(live->since_us, live->seconds));
		return false;
	}
	if (is_doubtful(s, live) && ask_server(s, live->jail) == 0)
		*verdict = judge_by_server(s, live);
	return verdict->what != HELD;
}

static int
judge_by_rows(struct settling *s, const struct live_ban *live,
    struct verdict *verdict, struct err *e)
{
	int64_t now = clock_wall_us(), flushed = flushed_since(live);
	int gone = rows_are_gone(s, live, e);

	if (gone <= 0)
		return gone;
	/* Of unknown length, it may have been purged for its age alone. */
	if (flushed != 0)
		*verdict = ended(BAN_FLUSHED, flushed);
	else if (live->seconds == UNKNOWN)
		*verdict = ended(BAN_INFERRED, now);
	else
		*verdict = ended(BAN_MANUAL,
		    live->pending_us != 0 ? live->pending_us : now);
	return 0;
}

/* The server first: nothing is asked of it while its database is held. */
static int
judge(struct settling *s, const struct live_ban *list, struct verdict *verdicts,
    size_t n, struct err *e)
{
	bool by_rows[CHUNK];
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		by_rows[i] = judge_first(s, &list[i], &verdicts[i]);
	if (s->look && fail2ban_database_hold(&s->r->db, e) != 0)
		return -1;
	for (size_t i = 0; i < n && rc == 0; i++) {
		if (s->look && by_rows[i])
			rc = judge_by_rows(s, &list[i], &verdicts[i], e);
	}
	if (s->look)
		fail2ban_database_release(&s->r->db);
	return rc;
}

/* A ban that only logs tell of: one more line, as it were. */
static int
write_gone(struct merge *merge, const struct live_ban *live,
    const struct verdict *verdict, struct err *e)
{
	struct logged_line gone = {
		.verb = LOGGED_JUDGED,
		.at_us = verdict->ended_us,
		.found = UNKNOWN,
		.seconds = UNKNOWN,
		.bancount = UNKNOWN,
	};
	struct archive_jail jail;
	int64_t known = 0;

	if (archive_jail_get(merge->archive, live->jail, &jail, e) != 0)
		return -1;
	return merge_log_lines(merge, &jail, live->ident, &gone, 1, &known, e);
}

static int
write_end(struct merge *merge, const struct live_ban *live,
    const struct verdict *verdict, struct err *e)
{
	struct sighting sighting = {
		.kind = SIGHTING_JUDGED,
		/* After what it judges, though the clock was set back. */
		.at_us = later(merge->change.now_us,
		    later(live->life_us, live->pending_us) + 1),
		.since_us = timestamp_from_seconds(live->timeofban),
		.seconds = UNKNOWN,
		.bancount = UNKNOWN,
		.failures = UNKNOWN,
		.end = verdict->end,
		.ended_us = verdict->ended_us,
	};

	merge->host = is_here(live) ? NULL : live->host;
	if (live->logged)
		return write_gone(merge, live, verdict, e);
	return merge_sightings(merge, live->jail, live->ident, live->timeofban,
	    &sighting, 1, 0, e);
}

static int
write_verdict(struct settling *s, struct merge *merge,
    const struct live_ban *live, const struct verdict *verdict, struct err *e)
{
	int rc = live_bans_is_unchanged(merge->archive, live, e);

	if (rc <= 0)
		return rc;
	switch (verdict->what) {
	case HELD:
		return live_bans_set_server_has(merge->archive, live->id,
		    s->server.at_us, e);
	case MISSED:
		return live_bans_set_missed(merge->archive, live->id,
		    s->server.at_us, e);
	case ENDED:
		return write_end(merge, live, verdict, e);
	case NOTHING:
		break;
	}
	return 0;
}

static int
write_verdicts(struct settling *s, const struct live_ban *list,
    const struct verdict *verdicts, size_t n, struct err *e)
{
	struct merge merge;
	bool any = false;

	for (size_t i = 0; i < n; i++)
		any = any || verdicts[i].what != NOTHING;
	if (!any)
		return 0;
	if (run_begin(&s->r->run, &merge, e) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (verdicts[i].what != NOTHING &&
		    write_verdict(s, &merge, &list[i], &verdicts[i], e) != 0) {
			run_rollback(&s->r->run);
			return -1;
		}
	}
	return run_commit(&s->r->run, &merge, e);
}

/*
 * When a ban that lives on is up, to be judged again though nothing has
 * changed: at once where there is a doubt, or no answer.
 */
static void
note_due(struct settling *s, const struct live_ban *live,
    const struct verdict *verdict)
{
	int64_t due = later(ban_end_expiry_us(live->since_us, live->seconds),
	    live->life_us);

	if (s->r->silent || verdict->what == MISSED || verdict->what == ENDED ||
	    (verdict->what == NOTHING && is_doubtful(s, live)))
		due = 0;
	if (due < s->due_us)
		s->due_us = due;
}

/* Settle the live bans behind *after; *n: how many there were. */
static int
settle_chunk(struct settling *s, int64_t *after, size_t *n, struct err *e)
{
	struct verdict verdicts[CHUNK];
	struct live_ban *list;
	int rc;

	if (live_bans_load(&s->r->run.archive, *after, CHUNK, &list, n, e) != 0)
		return -1;
	rc = judge(s, list, verdicts, *n, e);
	for (size_t i = 0; i < *n && rc == 0; i++)
		note_due(s, &list[i], &verdicts[i]);
	if (rc == 0)
		rc = write_verdicts(s, list, verdicts, *n, e);
	if (*n > 0)
		*after = list[*n - 1].id;
	live_bans_free(list, *n);
	return rc;
}

/* All is as it was when the bans were judged last, and none is due. */
static bool
is_settled(const struct reconcile *r, const struct archive_source *now)
{
	const struct archive_source *then = &r->source;

	return r->unchanged && r->run.row.spooled == 0 &&
	    then->settled.rev == now->settled.rev &&
	    then->settled.flushed_us == now->settled.flushed_us &&
	    then->server_us == now->server_us &&
	    clock_wall_us() <=
	    sightings_overdue_us(r->run.config, then->due_us, 0);
}

int
reconcile_ends(struct reconcile *r, bool clock_only, struct err *e)
{
	struct settling s = {
		.r = r,
		.server = { .started_us =
				clock_only ? 0 : run_server_start_us(&r->run) },
		.look = !clock_only && r->has_db && r->db.version >= 4 &&
		    r->source.counter != r->db.counter,
		.due_us = INT64_MAX,
	};
	struct archive_source now = { .server_us = s.server.started_us };
	int64_t after = 0;
	size_t n = 1;
	int rc = archive_state(&r->run.archive, &now.settled, e);

	if (rc == 0 && !clock_only && is_settled(r, &now)) {
		r->settled_before = true;
		return 0;
	}
	while (rc == 0 && n > 0 && !run_is_over(&r->run))
		rc = settle_chunk(&s, &after, &n, e);
	r->source.settled = now.settled;
	r->source.server_us = now.server_us;
	r->source.due_us = s.due_us;
	fail2ban_list_free(&s.server.jails);
	fail2ban_list_free(&s.server.ids);
	free(s.server.jail);
	return rc;
}
