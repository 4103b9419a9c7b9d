/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The figures of a fleet. PostgreSQL groups the bans for each part of the
 * figures (figures/figures.h), so that a few rows stand for many bans; where a
 * filter has a condition that it cannot decide, each ban comes by itself.
 */
#include <string.h>
#include <sysexits.h>

#include "archive/read/tally.h"
#include "ban/user_names.h"
#include "fleet/questions_inside.h"

struct counting {
	struct questions *q;
	const struct archive_tally *tally;
	struct figures *figures;
	struct wanted wanted;
	struct buffer users;
};

/* The columns of QUESTION_ROWS, after the jail and the beginning. */
enum {
	JAIL,
	SINCE,
	IDENT,
	IP,
	HOST,
	SECONDS,
	FAILURES,
	ENDED,
	WHY,
	BY_HAND,
	ROW_PRUNED,
	ROW_USERS,
};

static const char *
text_or(const struct questions *q, int column, const char *other)
{
	const char *text = ask_text(q, column);

	return text != NULL && text[0] != '\0' ? text : other;
}

/* Find the jail of column 0. */
static int
find_jail(struct counting *c, size_t *jail, struct err *e)
{
	return figures_jail(c->figures, text_or(c->q, JAIL, ""), jail, e);
}

static enum ban_end
end_of(const char *why)
{
	int end = why != NULL ? ban_end_from_name(why) : -1;

	return end < 0 ? BAN_LIVES : (enum ban_end)end;
}

/* Take the sums of a group: its bans, failures and seconds. */
static void
take_sums(const struct questions *q, int column, struct figures_ban *group)
{
	int64_t lasted = ask_number(q, column + 2);
	int64_t bans = ask_number(q, column);

	group->bans = bans > 0 ? bans : 0;
	group->failures = ask_number(q, column + 1);
	group->lasted = lasted > 0 ? lasted : 0;
}

static int
take_moments(struct counting *c, struct err *e)
{
	struct figures_ban group = { .part = FIGURES_MOMENTS };

	take_sums(c->q, 3, &group);
	if (ask_moment(c->q, 1, &group.since_us, e) != 0 ||
	    ask_moment(c->q, 2, &group.last_us, e) != 0 ||
	    find_jail(c, &group.jail, e) != 0)
		return -1;
	return figures_take(c->figures, &group, e);
}

static int
take_kind(struct counting *c, struct err *e)
{
	struct figures_ban group = {
		.part = FIGURES_KINDS,
		.seconds = ask_number(c->q, 1),
		.why = end_of(ask_text(c->q, 2)),
		.state = ask_true(c->q, 3) ? BAN_STATE_ACTIVE : BAN_STATE_ENDED,
		.by_hand = ask_true(c->q, 4),
		.bans = ask_number(c->q, 5),
	};

	if (group.bans < 0)
		group.bans = 0;
	if (find_jail(c, &group.jail, e) != 0)
		return -1;
	return figures_take(c->figures, &group, e);
}

static int
take_host(struct counting *c, struct err *e)
{
	struct figures_ban group = {
		.part = FIGURES_HOSTS,
		.host = text_or(c->q, 0, "unknown"),
	};

	take_sums(c->q, 1, &group);
	return figures_take(c->figures, &group, e);
}

static int
take_id(struct counting *c, struct err *e)
{
	struct figures_ban group = {
		.part = FIGURES_KEYS,
		.ident = text_or(c->q, IDENT, ""),
		.ip = ask_text(c->q, IP),
		.asn = UNKNOWN,
	};

	take_sums(c->q, IP + 1, &group);
	if (ask_moment(c->q, SINCE, &group.since_us, e) != 0 ||
	    find_jail(c, &group.jail, e) != 0)
		return -1;
	if (c->tally->locate != NULL)
		c->tally->locate(c->tally->context, &group);
	return figures_take(c->figures, &group, e);
}

/* Let a ban have the user names of a column. */
static int
set_users(struct counting *c, int column, struct figures_ban *ban,
    struct err *e)
{
	buffer_cut(&c->users, 0);
	ban->users_n = user_names(&c->users, ask_text(c->q, column));
	ban->users = c->users.s;
	return c->users.failed ? err_no_memory(e) : 0;
}

static int
take_users(struct counting *c, struct err *e)
{
	struct figures_ban group = { .part = FIGURES_KEYS, .asn = UNKNOWN };

	take_sums(c->q, 1, &group);
	if (set_users(c, 0, &group, e) != 0)
		return -1;
	return figures_take(c->figures, &group, e);
}

static enum ban_state
state_of(const struct questions *q, const struct figures_ban *ban,
    int64_t now_us)
{
	const struct ban_state_facts facts = {
		.since_us = ban->since_us,
		.seconds = ban->seconds,
		.ended_us = ban->ended_us,
	};

	return ask_number(q, ROW_PRUNED) == UNKNOWN ?
	    ban_state_at(&facts, now_us) :
	    BAN_STATE_UNKNOWN;
}

/* Take a single ban, if the filter wants it. */
static int
take_row(struct counting *c, struct err *e)
{
	const struct archive_filter *filter = c->tally->filter;
	const struct questions *q = c->q;
	struct figures_ban ban = {
		.ident = text_or(q, IDENT, ""),
		.ip = ask_text(q, IP),
		.host = text_or(q, HOST, "unknown"),
		.seconds = ask_number(q, SECONDS),
		.failures = ask_number(q, FAILURES),
		.ended_us = ask_number(q, ENDED),
		.why = end_of(ask_text(q, WHY)),
		.by_hand = ask_true(q, BY_HAND),
		.asn = UNKNOWN,
	};

	if (ask_moment(q, SINCE, &ban.since_us, e) != 0)
		return -1;
	ban.state = state_of(q, &ban, filter->now_us);
	if (!archive_filter_takes(filter, ban.ident, ban.ip,
		ask_text(q, ROW_USERS)))
		return 0;
	if (c->tally->users && set_users(c, ROW_USERS, &ban, e) != 0)
		return -1;
	if (c->tally->locate != NULL)
		c->tally->locate(c->tally->context, &ban);
	if (find_jail(c, &ban.jail, e) != 0)
		return -1;
	return figures_take(c->figures, &ban, e);
}

/* Ask, and take each row of the answer. */
static int
take_all(struct counting *c, enum question which,
    int (*take)(struct counting *c, struct err *e), struct err *e)
{
	int rc = ask_begin(c->q, which, c->wanted.values, e);

	while (rc == 0 && (rc = ask_next(c->q, e)) == 1)
		rc = take(c, e);
	ask_end(c->q);
	return rc;
}

/* Take an id of all jails: all that is counted of its jail counts for nothing.
 */
static int
take_most(struct counting *c, struct err *e)
{
	struct figures_ban group = {
		.part = FIGURES_KEYS,
		.ident = text_or(c->q, 0, ""),
		.asn = UNKNOWN,
	};

	take_sums(c->q, 2, &group);
	if (ask_moment(c->q, 1, &group.since_us, e) != 0)
		return -1;
	return figures_take(c->figures, &group, e);
}

/* Take the ids, or only those with most of a count. */
static int
take_ids(struct counting *c, struct err *e)
{
	static const enum question most[FIGURES_COUNTS] = {
		[FIGURES_BANS] = QUESTION_MOST_BANS,
		[FIGURES_FAILURES] = QUESTION_MOST_FAILURES,
		[FIGURES_SECONDS] = QUESTION_MOST_SECONDS,
	};
	const struct archive_tally *tally = c->tally;

	if (tally->most < 0 || tally->by_address || !tally->only_sums ||
	    figures_jails(c->figures) == 0)
		return take_all(c, QUESTION_IDS, take_id, e);
	wanted_number(&c->wanted, WANTED_MORE, tally->most);
	return take_all(c, most[tally->count], take_most, e);
}

static int
take_parts(struct counting *c, struct err *e)
{
	const struct archive_tally *tally = c->tally;
	int rc;

	if (archive_filter_is_deep(tally->filter)) {
		c->wanted.values[WANTED_MORE] =
		    tally->users || tally->filter->user != NULL ? "t" : "f";
		return take_all(c, QUESTION_ROWS, take_row, e);
	}
	rc = take_all(c, tally->only_sums ? QUESTION_SUMS : QUESTION_MOMENTS,
	    take_moments, e);
	if (rc != 0 ||
	    (!tally->only_sums &&
		take_all(c, QUESTION_KINDS, take_kind, e) != 0) ||
	    (tally->hosts &&
		take_all(c, QUESTION_PER_HOST, take_host, e) != 0) ||
	    (tally->users && take_all(c, QUESTION_USERS, take_users, e) != 0))
		return -1;
	return tally->ids ? take_ids(c, e) : 0;
}

int
questions_tally(struct elsewhere *of, const struct archive_tally *tally,
    struct figures *f, struct err *e)
{
	struct counting c = { .q = (struct questions *)of,
		.tally = tally,
		.figures = f };
	struct err ignored;
	int rc;

	if (wanted_set(&c.wanted, tally->filter, NULL, e) != 0)
		return -1;
	/*
	 * All parts are of one moment. PostgreSQL takes groups by expressions
	 * for many, and would sort all bans for them, on disk.
	 */
	rc = ask_command(c.q,
	    "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; "
	    "SET LOCAL enable_sort = off; SET LOCAL work_mem = '64MB'; "
	    "SET LOCAL jit = off",
	    e);
	if (rc == 0)
		rc = take_parts(&c, e);
	ask_command(c.q, "ROLLBACK", &ignored);
	wanted_free(&c.wanted);
	buffer_free(&c.users);
	return rc;
}
