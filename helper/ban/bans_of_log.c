/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ban/bans_of_log.h"

#include <stdlib.h>

#include "base/number.h"
#include "base/timestamp.h"

/* A line's time is cut to the millisecond. */
#define LINE_US INT64_C(1000)
/* fail2ban takes a failure from so far ahead (1.0.2, server/filter.py). */
#define AHEAD_US (60 * TIMESTAMP_US)
/* A ban is logged at most so long after its ticket's time, unless a failure
 * shows more: fail2ban reads old lines. */
#define LAG_S 600
/* A failure that a line shows is at most so old. */
#define LATE_MAX_US TIMESTAMP_DAY_US
/* A ban by hand is logged so soon. */
#define PROMPT_US (2 * TIMESTAMP_US)

/* The clock is set back by at most a day. */
#define BACK_MAX_US TIMESTAMP_DAY_US

/* No draft, or no line. */
#define NONE SIZE_MAX

struct giving {
	const struct history_lines *log;
	struct draft *drafts;
	size_t n;
	size_t *owner;		   /* the draft of each line, or NONE */
	struct draft_place *order; /* the witnessed drafts, as they were made */
	size_t order_n;
};

/* The position in the lines when they are taken one by one. */
struct reading {
	struct giving *g;
	size_t next;	     /* of order: the first draft that is made later */
	size_t last;	     /* the draft that was made last, or NONE */
	bool lifted;	     /* an Unban line stands after its Ban line */
	int64_t found;	     /* the failure of the Ban line before */
	int64_t restored_us; /* the restore of the last ban that was counted */
};

void
bans_of_log_order(struct logged_line *lines, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		int64_t back_us =
		    number_sub_sat(lines[i - 1].at_us, lines[i].at_us);

		if (back_us > 0 ?
			back_us <= BACK_MAX_US :
			back_us == 0 && lines[i].verb != lines[i - 1].verb)
			lines[i].at_us = number_add_sat(lines[i - 1].at_us, 1);
	}
}

static int64_t
latest_us(const struct logged_line *line)
{
	return number_add_sat(line->at_us, LINE_US);
}

/*
 * Give a line to a draft. Its first Ban line may show when it was made, unless
 * it was seen before: a server that was killed read its log again.
 */
static void
give(struct giving *g, size_t line, size_t draft)
{
	struct draft *d = &g->drafts[draft];

	g->owner[line] = draft;
	if (g->log->lines[line].verb != LOGGED_BAN || d->lined ||
	    g->log->lines[line].at_us > d->first_us)
		return;
	d->lined = true;
	d->line_us = g->log->lines[line].at_us;
	/* It was made when it was logged, if its ticket is older. */
	if (d->begun_us == 0 &&
	    number_sub_sat(d->line_us, d->ban.made_us) > PROMPT_US)
		d->ban.made_us = d->line_us;
}

/*
 * The lines that wait for the event that follows them (rule 1): the last Ban
 * line, with those before it of the same failure, and the Restore Ban line
 * after it.
 */
struct waiting {
	size_t first, ban, restore; /* or NONE */
};

static const struct waiting nothing = { NONE, NONE, NONE };

/* Return true for a line after which a Ban line is of another ban. */
static bool
is_end(const struct logged_line *line)
{
	return line->verb == LOGGED_UNBAN || line->verb == LOGGED_OVER;
}

static bool
is_read_again(const struct logged_line *line, const struct logged_line *before)
{
	return line->found != UNKNOWN && line->found == before->found;
}

static void
wait_for_event(struct waiting *w, const struct logged_line *lines, size_t i)
{
	if (lines[i].verb == LOGGED_BAN) {
		if (w->ban == NONE || !is_read_again(&lines[i], &lines[w->ban]))
			w->first = i;
		w->ban = i;
		w->restore = NONE;
	} else if (lines[i].verb == LOGGED_RESTORE) {
		w->restore = i;
	} else if (is_end(&lines[i])) {
		*w = nothing;
	}
}

/* Return true when the failure of a line is of that second, rounded. */
static bool
is_found(const struct logged_line *line, int64_t timeofban)
{
	return line->found != UNKNOWN &&
	    (line->found == timeofban || line->found == timeofban - 1);
}

/*
 * Return true when an event is not of the Ban line before it: its ticket is
 * later than the line, and the line's failure is not the ticket's.
 */
static bool
is_too_late(const struct sighting *sighting, const struct logged_line *line)
{
	int64_t late_us = number_sub_sat(sighting->since_us, line->at_us);

	return sighting->kind == SIGHTING_BAN &&
	    late_us >
	    (line->found == UNKNOWN || is_found(line, sighting->timeofban) ?
		    AHEAD_US :
		    PROMPT_US);
}

static void
give_waiting(struct giving *g, struct waiting *w,
    const struct sighting *sighting, size_t draft)
{
	const struct logged_line *lines = g->log->lines;

	if (sighting->kind != SIGHTING_BAN &&
	    sighting->kind != SIGHTING_RESTORED)
		return;
	/* reban banned a ban again: it is one that was restored. */
	if (sighting->kind == SIGHTING_RESTORED && w->restore != NONE) {
		give(g, w->restore, draft);
		if (w->ban != NONE &&
		    !is_found(&lines[w->ban], sighting->timeofban))
			w->ban = NONE;
	} else if (w->ban == NONE || is_too_late(sighting, &lines[w->ban])) {
		return;
	}
	for (size_t i = w->ban == NONE ? NONE : w->first;
	     i != NONE && i <= w->ban; i++) {
		if (lines[i].verb == LOGGED_BAN)
			give(g, i, draft);
	}
	*w = nothing;
}

/* Rule 1: read lines and events side by side. */
static void
give_by_events(struct giving *g)
{
	const struct history_lines *log = g->log;
	struct waiting w = nothing;
	size_t line = 0;

	for (size_t i = 0; i < log->sightings_n; i++) {
		const struct sighting *sighting = &log->sightings[i];

		if (!sighting_is_own(sighting))
			break;
		while (line < log->n &&
		    log->lines[line].at_us <= sighting->at_us) {
			wait_for_event(&w, log->lines, line);
			line++;
		}
		give_waiting(g, &w, sighting, log->owner[i]);
	}
}

/*
 * Return when a draft was over at the latest. Of a row only its second is
 * known, so that an expiry which follows from it may be half a second later.
 */
static int64_t
over_by_us(const struct draft *d)
{
	bool rounded = !d->logged && !d->ban.exact &&
	    d->ban.end == BAN_INFERRED &&
	    d->gone_us == ban_end_expiry_us(d->ban.since_us, d->ban.seconds);

	return rounded ? number_add_sat(d->gone_us, TIMESTAMP_US / 2) :
			 d->gone_us;
}

static bool
lived(const struct draft *d, const struct logged_line *line)
{
	return latest_us(line) < over_by_us(d);
}

/* Return the first line at or after that moment. */
static size_t
first_line(const struct giving *g, int64_t at_us)
{
	size_t low = 0, high = g->log->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (g->log->lines[middle].at_us < at_us)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * Return true when the line may be of a ban of that second (rule 2). The second
 * may have been rounded up. The times of some logs are cut to the second.
 */
static bool
may_be_of(const struct logged_line *line, int64_t timeofban)
{
	int64_t lag_us =
	    number_sub_sat(line->at_us, timestamp_from_seconds(timeofban));
	int64_t cut_us =
	    line->at_us % TIMESTAMP_US == 0 ? TIMESTAMP_US : LINE_US;

	if (lag_us < -TIMESTAMP_US / 2 - cut_us)
		return false;
	return lag_us <= PROMPT_US ||
	    (lag_us <= LAG_S * TIMESTAMP_US &&
		(line->found == UNKNOWN ||
		    (line->found >= timeofban - 1 &&
			line->found <= timeofban + LAG_S)));
}

/*
 * Find the Ban line of a draft whose failure is of that second. Of several such
 * lines it is the last one before the ban was known and before it ended; and an
 * earlier one as well when no Unban line stands between.
 */
static size_t
find_own_line(const struct giving *g, const struct draft *d, int64_t timeofban)
{
	const struct logged_line *lines = g->log->lines;
	int64_t ticket_us = timestamp_from_seconds(timeofban);
	int64_t to_us = number_add_sat(ticket_us, LATE_MAX_US);
	size_t found = NONE;
	bool lifted = false;

	if (to_us > d->first_us)
		to_us = d->first_us;
	if (to_us > over_by_us(d))
		to_us = over_by_us(d);
	for (size_t i = first_line(g, number_sub_sat(ticket_us, TIMESTAMP_US));
	     i < g->log->n && lines[i].at_us <= to_us; i++) {
		if (is_end(&lines[i]))
			lifted = true;
		else if (lines[i].verb == LOGGED_RESTORE)
			lifted = false;
		else if (lines[i].verb == LOGGED_BAN && g->owner[i] == NONE &&
		    is_found(&lines[i], timeofban) &&
		    (found == NONE || lifted)) {
			found = i;
			lifted = false;
		}
	}
	return found;
}

/*
 * Find the first Ban line after that second that may be of a draft, although it
 * does not have its failure.
 */
static size_t
find_near_line(const struct giving *g, const struct draft *d, int64_t timeofban)
{
	const struct logged_line *lines = g->log->lines;
	int64_t ticket_us = timestamp_from_seconds(timeofban);
	int64_t to_us = number_add_sat(ticket_us, LAG_S * TIMESTAMP_US);

	if (to_us > d->first_us && timeofban == d->ban.timeofban)
		to_us = d->first_us;
	for (size_t i =
		 first_line(g, number_sub_sat(ticket_us, 2 * TIMESTAMP_US));
	     i < g->log->n && lines[i].at_us <= to_us; i++) {
		if (lines[i].verb == LOGGED_BAN && g->owner[i] == NONE &&
		    may_be_of(&lines[i], timeofban) && lived(d, &lines[i]))
			return i;
	}
	return NONE;
}

typedef size_t find_fn(const struct giving *g, const struct draft *d,
    int64_t timeofban);

static void
give_found(struct giving *g, find_fn *find)
{
	for (size_t i = 0; i < g->order_n; i++) {
		size_t draft = g->order[i].draft, line = NONE;
		const struct draft *d = &g->drafts[draft];

		if (!d->lined)
			line = find(g, d, d->ban.timeofban);
		if (line != NONE)
			give(g, line, draft);
	}
}

/* Rule 2. */
static void
give_by_tickets(struct giving *g)
{
	give_found(g, find_own_line);
	give_found(g, find_near_line);
	/* reban banned it again, by hand. */
	for (size_t i = 0; i < g->order_n; i++) {
		size_t draft = g->order[i].draft, line = NONE;
		const struct draft *d = &g->drafts[draft];

		if (d->known_as != UNKNOWN)
			line = find_near_line(g, d, d->known_as);
		if (line != NONE)
			give(g, line, draft);
	}
}

/*
 * Return true when a failure was too old for the ban of a line: the ban time
 * was up, even if it began a second after the failure.
 */
static bool
is_up(const struct logged_line *line, int64_t found)
{
	return ban_end_expiry_us(
		   timestamp_from_seconds(number_add_sat(found, 1)),
		   line->seconds) <= line->at_us;
}

/* Add a ban of the log's own, whose first line this is. */
static struct draft *
add_draft(struct reading *r, const struct logged_line *line, int64_t found)
{
	struct giving *g = r->g;
	const struct draft *before =
	    r->last == NONE ? NULL : &g->drafts[r->last];
	int64_t since_us = timestamp_from_seconds(found);
	struct draft *d = &g->drafts[g->n];

	bool taken =
	    found != UNKNOWN && since_us <= line->at_us && !is_up(line, found);

	/* The last failure found may be that of the ban before. */
	if (before != NULL && since_us < before->ban.since_us &&
	    found == r->found)
		taken = false;
	if (!taken)
		since_us = line->at_us;
	*d = (struct draft){
		.ban = {
			.made_us = line->at_us,
			.timeofban = ban_timeofban(since_us),
			.since_us = since_us,
			.seconds = line->seconds,
			.bancount = UNKNOWN,
			.failures = UNKNOWN,
			.origin = taken ? BAN_FROM_LOG : BAN_FROM_UNKNOWN,
			.seen = BAN_SEEN_LOG,
			.ended_us = UNKNOWN,
		},
		.gone_us = INT64_MAX,
		.first_us = line->at_us,
		.known_as = UNKNOWN,
		.logged = true,
		.lined = true,
		.line_us = line->at_us,
	};
	r->restored_us = INT64_MIN;
	r->last = g->n++;
	r->lifted = false;
	return d;
}

/* Rule 3. */
static void
take_ban(struct reading *r, const struct logged_line *line)
{
	const struct draft *last =
	    r->last == NONE ? NULL : &r->g->drafts[r->last];

	if (last != NULL && !r->lifted && lived(last, line) &&
	    (last->logged ? line->found != UNKNOWN &&
			last->ban.since_us ==
			    timestamp_from_seconds(line->found) :
			    is_found(line, last->ban.timeofban)))
		return;
	add_draft(r, line, line->found);
}

/*
 * Take a Restore Ban line. It does not show when the ban began, so its ban time
 * shows no end either.
 */
static void
take_restore(struct reading *r, const struct logged_line *line)
{
	struct draft *d = r->last == NONE ? NULL : &r->g->drafts[r->last];
	struct logged_line unknown = *line;

	if (d != NULL && !d->logged && (lived(d, line) || !d->end_seen)) {
		r->lifted = false;
		return;
	}
	if (d == NULL || !d->logged) {
		unknown.seconds = UNKNOWN;
		d = add_draft(r, &unknown, UNKNOWN);
	}
	draft_reopen(d);
	d->ban.life_us = line->at_us;
	r->lifted = false;
	if (r->restored_us == INT64_MIN ||
	    number_sub_sat(line->at_us, r->restored_us) > BAN_RETRY_US) {
		d->ban.restored++;
		r->restored_us = line->at_us;
	}
}

static void
take_unban(struct draft *d, const struct logged_line *line)
{
	const struct ban_end_verdict verdict = ban_end_by_logged_unban(
	    d->ban.since_us, d->ban.seconds, line->at_us);

	draft_end_by(d, BAN_END_BY_LOG, &verdict);
}

/* End a ban at a judgement of a run, or at the stop of its server. */
static void
take_over(struct draft *d, const struct logged_line *line)
{
	const struct ban_end_verdict verdict = { BAN_INFERRED, line->at_us };

	draft_end_by(d, BAN_END_BY_RUN, &verdict);
}

/* Rule 4: take a line that speaks of the ban that was made last. */
static void
take_other(struct reading *r, const struct logged_line *line)
{
	struct draft *d = r->last == NONE ? NULL : &r->g->drafts[r->last];

	if (is_end(line))
		r->lifted = true;
	if (d == NULL || !d->logged)
		return;
	if (line->verb == LOGGED_UNBAN) {
		take_unban(d, line);
	} else if (line->verb == LOGGED_OVER) {
		take_over(d, line);
	} else {
		d->ban.seconds = line->seconds;
		d->ban.bancount = line->bancount;
	}
}

/* Let last be the draft that was made last before the line. */
static void
move_to(struct reading *r, size_t line)
{
	struct giving *g = r->g;
	const struct logged_line *at = &g->log->lines[line];

	while (r->next < g->order_n &&
	    g->drafts[g->order[r->next].draft].ban.made_us <= latest_us(at)) {
		if (r->last != g->order[r->next].draft)
			r->lifted = false;
		r->last = g->order[r->next++].draft;
	}
	if (g->owner[line] == NONE)
		return;
	r->last = g->owner[line];
	r->lifted = false;
}

/* Rules 3 and 4: take the lines in their order. */
static void
take_lines(struct giving *g)
{
	struct reading r = { .g = g, .last = NONE, .found = UNKNOWN };

	for (size_t i = 0; i < g->log->n; i++) {
		const struct logged_line *line = &g->log->lines[i];
		bool given = g->owner[i] != NONE;

		move_to(&r, i);
		if (line->verb == LOGGED_BAN && !given)
			take_ban(&r, line);
		else if (line->verb == LOGGED_RESTORE && !given)
			take_restore(&r, line);
		else if (!given)
			take_other(&r, line);
		if (line->verb == LOGGED_BAN)
			r.found = line->found;
	}
}

int
bans_of_log(const struct history_lines *log, struct draft *drafts, size_t *n)
{
	struct giving g = {
		.log = log,
		.drafts = drafts,
		.n = *n,
		.owner = calloc(log->n + 1, sizeof(*g.owner)),
		.order = calloc(*n + 1, sizeof(*g.order)),
		.order_n = *n,
	};
	int rc = g.owner != NULL && g.order != NULL ? 0 : -1;

	if (rc == 0) {
		for (size_t i = 0; i < log->n; i++)
			g.owner[i] = NONE;
		give_by_events(&g);
		draft_order(drafts, g.order_n, g.order);
		give_by_tickets(&g);
		draft_order(drafts, g.order_n, g.order);
		take_lines(&g);
		*n = g.n;
	}
	free(g.owner);
	free(g.order);
	return rc;
}
