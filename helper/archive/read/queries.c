/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/read/queries.h"

#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "archive/elsewhere.h"
#include "archive/history/spelling.h"
#include "archive/statements.h"
#include "ban/anonymous.h"
#include "base/json.h"
#include "base/timestamp.h"

/* The columns that tell the state of a ban. */
static const char *const fact_names[ARCHIVE_FACTS] = {
	[ARCHIVE_FACT_LIFE] = "life_us",
	[ARCHIVE_FACT_HELD] = "held_us",
	[ARCHIVE_FACT_PENDING] = "pending_us",
	[ARCHIVE_FACT_FLUSHED] = "flushed_us",
};

/* Return the column of that name, -1: there is none. */
static int
find_column(sqlite3_stmt *st, const char *name)
{
	int i = sqlite3_column_count(st) - 1;

	while (i >= 0 && strcmp(sqlite3_column_name(st, i), name) != 0)
		i--;
	return i;
}

/* Find the columns, and bind what the filter asks SQLite for. */
static void
bind_filter(struct archive_cursor *c)
{
	const struct archive_filter *filter = &c->filter;

	for (enum ban_field field = 0; field < BAN_FIELDS; field++)
		c->columns[field] =
		    find_column(c->statement, ban_field_name(field));
	for (size_t i = 0; i < ARCHIVE_FACTS; i++)
		c->facts[i] = find_column(c->statement, fact_names[i]);
	db_bind_text(c->statement, 1, filter->jail);
	db_bind_int(c->statement, 2, filter->since_us);
	db_bind_int(c->statement, 3, filter->until_us);
	db_bind_int(c->statement, 4, filter->active);
	db_bind_text(c->statement, 8, filter->origin);
	db_bind_text(c->statement, 9, filter->why);
	db_bind_text(c->statement, 10, filter->host);
}

/* Bind the seconds in which the wanted bans began. */
static void
bind_seconds(struct archive_cursor *c, int64_t first, int64_t last)
{
	const struct archive_filter *filter = &c->filter;

	if (filter->since_us / TIMESTAMP_US - 1 > first)
		first = filter->since_us / TIMESTAMP_US - 1;
	if (filter->until_us != UNKNOWN &&
	    filter->until_us / TIMESTAMP_US + 1 < last)
		last = filter->until_us / TIMESTAMP_US + 1;
	db_bind_int(c->statement, 11, first);
	db_bind_int(c->statement, 12, last);
}

/* Begin with the bans of a second; UNKNOWN: with the first ones. */
static void
go_on_from(struct archive_cursor *c, int64_t second)
{
	int64_t limit = c->filter.limit;
	bool first = second == UNKNOWN;

	/* SQLite cannot tell which bans are active. */
	if (c->newest)
		db_bind_int(c->statement, 6,
		    c->filter.active || archive_filter_is_deep(&c->filter) ||
			    limit < 0 ?
			-1 :
			limit - c->given);
	bind_seconds(c, c->newest || first ? -INT64_MAX : second,
	    c->newest && !first ? second : INT64_MAX);
	c->second = UNKNOWN;
}

/*
 * Open a cursor with the statement `which`; or, when ids has a JSON array, with
 * the one after it, which takes only these ids; or, when only active bans are
 * wanted, with the one after that, which finds them by an index.
 */
static int
open_cursor(struct archive_cursor *c, int which, struct err *e)
{
	const struct archive_filter *filter = &c->filter;

	if (c->ids.failed)
		return err_no_memory(e);
	if (c->ids.len > 0)
		which++;
	else if (filter->active)
		which += 2;
	if ((c->statement = db_statement(&c->archive->db, which, e)) == NULL)
		return -1;
	c->sorts = c->ids.len > 0 || filter->active;
	bind_filter(c);
	c->row = find_column(c->statement, "id");
	if (c->ids.len > 0) {
		db_bind_text(c->statement, 5, c->ids.s);
		db_bind_text(c->statement, 7, c->inside ? "~" : "");
	}
	go_on_from(c, UNKNOWN);
	return 0;
}

static struct archive_cursor
begin(struct archive *a, const struct archive_filter *filter)
{
	return (struct archive_cursor){
		.archive = a,
		.filter = *filter,
	};
}

/* Set the texts by which the bans are found, if an index can find them. */
static void
spell(struct archive_cursor *c)
{
	if (c->filter.ident != NULL)
		archive_spell_id(&c->ids, c->filter.ident);
	else if (c->filter.net != NULL)
		c->inside = archive_spell_inside(&c->ids, c->filter.net);
}

/* Open a cursor for bans that lie elsewhere, where there is no seconds' order
 * to be kept: any ban can be given again. */
static int
open_elsewhere(struct archive_cursor *c, enum elsewhere_order order, bool whole,
    struct err *e)
{
	c->elsewhere = c->archive->elsewhere;
	c->begins = true;
	return c->elsewhere->calls->open(c->elsewhere, &c->filter, order, whole,
	    e);
}

int
archive_cursor_open_newest(struct archive_cursor *c, struct archive *a,
    const struct archive_filter *filter, bool whole, struct err *e)
{
	*c = begin(a, filter);
	c->newest = true;
	if (a->elsewhere != NULL)
		return open_elsewhere(c, ELSEWHERE_NEWEST, whole, e);
	spell(c);
	/* The user names are in the captures. */
	whole = whole || filter->user != NULL;
	return open_cursor(c, whole ? SQL_LIST_WHOLE : SQL_LIST, e);
}

int
archive_cursor_open_oldest(struct archive_cursor *c, struct archive *a,
    const struct archive_filter *filter, struct err *e)
{
	*c = begin(a, filter);
	c->filter.limit = -1;
	if (a->elsewhere != NULL)
		return open_elsewhere(c, ELSEWHERE_OLDEST, true, e);
	spell(c);
	return open_cursor(c, SQL_EXPORT, e);
}

int
archive_cursor_open_networks(struct archive_cursor *c, struct archive *a,
    const struct archive_filter *filter, struct err *e)
{
	*c = begin(a, filter);
	c->filter.limit = -1;
	if (a->elsewhere != NULL)
		return open_elsewhere(c, ELSEWHERE_NETWORKS, true, e);
	archive_spell_networks(&c->ids, filter->ident);
	if (open_cursor(c, SQL_EXPORT, e) != 0)
		return -1;
	db_bind_int(c->statement, 4, true);
	return 0;
}

int
archive_cursor_open_after(struct archive_cursor *c, struct archive *a,
    const struct archive_filter *filter, int64_t after, struct err *e)
{
	*c = begin(a, filter);
	c->filter.limit = -1;
	if (filter->ident != NULL)
		archive_spell_id(&c->ids, filter->ident);
	if (c->ids.failed)
		return err_no_memory(e);
	c->statement = db_statement(&a->db, SQL_AFTER, e);
	if (c->statement == NULL)
		return -1;
	bind_filter(c);
	db_bind_int(c->statement, 5, after);
	db_bind_text(c->statement, 6, c->ids.s);
	bind_seconds(c, -INT64_MAX, INT64_MAX);
	c->row = find_column(c->statement, "id");
	return 0;
}

int
archive_cursor_open_changes(struct archive_cursor *c, struct archive *a,
    const struct archive_filter *filter, int64_t after, int64_t upto,
    struct err *e)
{
	*c = begin(a, filter);
	c->filter.limit = -1;
	if ((c->statement = db_statement(&a->db, SQL_CHANGES, e)) == NULL)
		return -1;
	bind_filter(c);
	db_bind_int(c->statement, 5, after);
	db_bind_int(c->statement, 6, upto);
	c->row = find_column(c->statement, "id");
	return 0;
}

int64_t
archive_cursor_row(const struct archive_cursor *c)
{
	return db_int(c->statement, c->row);
}

int
archive_row_before(struct archive *a, int64_t n, int64_t before_us,
    int64_t *row, struct err *e)
{
	sqlite3_stmt *st =
	    db_bind(&a->db, SQL_ROW_BEFORE, e, "ii", n, before_us);
	int rc;

	if (st == NULL || (rc = db_step(&a->db, st, e)) < 0)
		return -1;
	*row = rc == 1 ? db_int(st, 0) : 0;
	sqlite3_reset(st);
	return 0;
}

int
archive_net_has_more(struct archive *a, const struct address *net, int64_t n,
    bool *more, struct err *e)
{
	struct buffer ids = { 0 };
	int rc = 0;

	*more = false;
	if (a->elsewhere != NULL)
		return a->elsewhere->calls->net_has_more(a->elsewhere, net, n,
		    more, e);
	if (archive_spell_inside(&ids, net))
		rc = ids.failed ?
		    err_no_memory(e) :
		    db_has_row(&a->db, SQL_NET_MORE, e, "ti", ids.s, n);
	*more = rc == 1;
	buffer_free(&ids);
	return rc < 0 ? -1 : 0;
}

int
archive_cursor_may_be_anonymous(const struct archive_cursor *c, struct err *e)
{
	const char *ident = archive_cursor_text(c, BAN_FIELD_IDENT);
	struct address net;

	if (ident == NULL || !address_parse(ident, strlen(ident), &net) ||
	    net.bits !=
		(net.family == AF_INET ? ANONYMOUS_BITS_4 : ANONYMOUS_BITS_6))
		return 0;
	return db_has_row(&c->archive->db, SQL_MAY_BE_ANONYMOUS, e, "i",
	    archive_cursor_row(c));
}

void
archive_cursor_close(struct archive_cursor *c)
{
	if (c->elsewhere != NULL)
		c->elsewhere->calls->close(c->elsewhere);
	c->elsewhere = NULL;
	if (c->statement != NULL)
		sqlite3_reset(c->statement);
	buffer_free(&c->ids);
	buffer_free(&c->matches);
	buffer_free(&c->line);
	c->statement = NULL;
}

/* Return a fact of the present ban, 0: it never happened. */
static int64_t
fact(const struct archive_cursor *c, enum archive_fact which)
{
	int64_t v = db_int(c->statement, c->facts[which]);

	return v == UNKNOWN ? 0 : v;
}

enum ban_state
archive_cursor_state(const struct archive_cursor *c)
{
	struct ban_state_facts facts;

	if (c->elsewhere != NULL)
		return c->elsewhere->calls->state(c->elsewhere,
		    c->filter.now_us);
	facts = (struct ban_state_facts){
		.since_us = archive_cursor_number(c, BAN_FIELD_SINCE),
		.seconds = archive_cursor_number(c, BAN_FIELD_SECONDS),
		.ended_us = archive_cursor_number(c, BAN_FIELD_ENDED),
		.life_us = fact(c, ARCHIVE_FACT_LIFE),
		.confirmed_us = fact(c, ARCHIVE_FACT_HELD),
		.unbanned_us = fact(c, ARCHIVE_FACT_PENDING),
		.flushed_us = fact(c, ARCHIVE_FACT_FLUSHED),
		.here = archive_cursor_text(c, BAN_FIELD_HOST) == NULL,
	};

	return ban_state_at(&facts, c->filter.now_us);
}

/* Return true when the filter takes the present ban. */
static bool
takes(const struct archive_cursor *c)
{
	if (c->filter.active && archive_cursor_state(c) != BAN_STATE_ACTIVE)
		return false;
	return !archive_filter_is_deep(&c->filter) ||
	    archive_filter_takes(&c->filter,
		archive_cursor_text(c, BAN_FIELD_IDENT),
		archive_cursor_text(c, BAN_FIELD_IP),
		archive_cursor_text(c, BAN_FIELD_CAPTURES));
}

/* Go to the next ban that lies elsewhere, unless the present one is to be given
 * again. */
static int
next_elsewhere(struct archive_cursor *c, struct err *e)
{
	int rc = c->rests ? 1 : 0;

	if (!c->rests) {
		do
			rc = c->elsewhere->calls->next(c->elsewhere, e);
		while (rc == 1 && !takes(c));
	}
	c->rests = false;
	c->given += rc == 1;
	return rc;
}

int
archive_cursor_next(struct archive_cursor *c, struct err *e)
{
	int rc;

	c->at = NULL;
	if (c->filter.limit == c->given)
		return 0;
	if (c->elsewhere != NULL)
		return next_elsewhere(c, e);
	if (c->rests)
		go_on_from(c, c->second);
	c->rests = false;
	do
		rc = db_step(&c->archive->db, c->statement, e);
	while (rc == 1 && !takes(c));
	if (rc == 1) {
		int64_t second = archive_cursor_number(c, BAN_FIELD_TIMEOFBAN);

		c->begins = second != c->second;
		c->second = second;
		c->given++;
	}
	return rc;
}

bool
archive_cursor_rest(struct archive_cursor *c)
{
	if (!c->begins)
		return false;
	if (c->elsewhere == NULL)
		sqlite3_reset(c->statement);
	c->given--;
	c->rests = true;
	return true;
}

const char *
archive_cursor_text(const struct archive_cursor *c, enum ban_field field)
{
	int i = c->columns[field];

	if (c->elsewhere != NULL)
		return c->elsewhere->calls->text(c->elsewhere, field);
	return i < 0 ? NULL : db_text(c->statement, i);
}

int64_t
archive_cursor_number(const struct archive_cursor *c, enum ban_field field)
{
	int i = c->columns[field];

	if (c->elsewhere != NULL)
		return c->elsewhere->calls->number(c->elsewhere, field);
	return i < 0 ? UNKNOWN : db_int(c->statement, i);
}

/* Copy the matches of the present ban, and check that they are JSON. */
static int
begin_lines(struct archive_cursor *c, struct err *e)
{
	const char *matches = archive_cursor_text(c, BAN_FIELD_MATCHES);

	buffer_cut(&c->matches, 0);
	buffer_puts(&c->matches, matches != NULL ? matches : "[]");
	if (c->matches.failed)
		return err_no_memory(e);
	json_mend(c->matches.s);
	if (!json_is(c->matches.s, '['))
		return err_set(e, EX_DATAERR,
		    "%s: the matches of a ban are not a JSON array",
		    c->archive->db.name);
	c->at = c->matches.s;
	return 0;
}

int
archive_cursor_next_line(struct archive_cursor *c, const char **line,
    struct err *e)
{
	struct json value;

	if (c->at == NULL && begin_lines(c, e) != 0)
		return -1;
	if (!json_next(&c->at, NULL, &value))
		return 0;
	buffer_cut(&c->line, 0);
	buffer_puts(&c->line, "");
	json_put_said(&c->line, &value);
	if (c->line.failed)
		return err_no_memory(e);
	*line = c->line.s;
	return 1;
}
