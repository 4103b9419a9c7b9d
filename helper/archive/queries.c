/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/queries.h"

#include <string.h>
#include <sysexits.h>

#include "archive/spelling.h"
#include "archive/statements.h"
#include "base/json.h"

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

static void
find_columns(struct archive_cursor *c)
{
	for (enum ban_field field = 0; field < BAN_FIELDS; field++)
		c->columns[field] =
		    find_column(c->statement, ban_field_name(field));
	for (size_t i = 0; i < ARCHIVE_FACTS; i++)
		c->facts[i] = find_column(c->statement, fact_names[i]);
}

/* Begin with the bans of a second. */
static void
go_on_from(struct archive_cursor *c, int64_t second)
{
	int64_t limit = c->filter.limit;

	/* SQLite cannot tell which bans are active. */
	if (c->newest)
		db_bind_int(c->statement, 6,
		    c->filter.active || limit < 0 ? -1 : limit - c->given);
	db_bind_int(c->statement, 7, second);
	c->second = UNKNOWN;
}

/*
 * Open a cursor with the statement which, or, when ids has a JSON array, with
 * the one after it, which takes only these ids.
 */
static int
open_cursor(struct archive_cursor *c, int which, struct err *e)
{
	const struct archive_filter *filter = &c->filter;

	if (c->ids.failed)
		return err_set(e, EX_OSERR, "out of memory");
	if (c->ids.len > 0)
		which++;
	if ((c->statement = db_statement(&c->archive->db, which, e)) == NULL)
		return -1;
	find_columns(c);
	db_bind_text(c->statement, 1, filter->jail);
	db_bind_int(c->statement, 2, filter->since_us);
	db_bind_int(c->statement, 3, filter->until_us);
	db_bind_int(c->statement, 4, filter->active);
	if (c->ids.len > 0)
		db_bind_text(c->statement, 5, c->ids.s);
	go_on_from(c, c->newest ? INT64_MAX : -INT64_MAX);
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

int
archive_cursor_open_newest(struct archive_cursor *c, struct archive *a,
    const struct archive_filter *filter, struct err *e)
{
	*c = begin(a, filter);
	c->newest = true;
	if (filter->ident != NULL)
		archive_spell_id(&c->ids, filter->ident);
	return open_cursor(c, SQL_LIST, e);
}

int
archive_cursor_open_oldest(struct archive_cursor *c, struct archive *a,
    const struct archive_filter *filter, struct err *e)
{
	*c = begin(a, filter);
	c->filter.limit = -1;
	if (filter->ident != NULL)
		archive_spell_id(&c->ids, filter->ident);
	return open_cursor(c, SQL_EXPORT, e);
}

int
archive_cursor_open_networks(struct archive_cursor *c, struct archive *a,
    const struct archive_filter *filter, struct err *e)
{
	*c = begin(a, filter);
	c->filter.limit = -1;
	archive_spell_networks(&c->ids, filter->ident);
	if (open_cursor(c, SQL_EXPORT, e) != 0)
		return -1;
	db_bind_int(c->statement, 4, true);
	return 0;
}

void
archive_cursor_close(struct archive_cursor *c)
{
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
	struct ban_state_facts facts = {
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

int
archive_cursor_next(struct archive_cursor *c, struct err *e)
{
	int rc;

	c->at = NULL;
	if (c->filter.limit == c->given)
		return 0;
	if (c->rests)
		go_on_from(c, c->second);
	c->rests = false;
	do
		rc = db_step(&c->archive->db, c->statement, e);
	while (rc == 1 && c->filter.active &&
	    archive_cursor_state(c) != BAN_STATE_ACTIVE);
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
	sqlite3_reset(c->statement);
	c->given--;
	c->rests = true;
	return true;
}

const char *
archive_cursor_text(const struct archive_cursor *c, enum ban_field field)
{
	int i = c->columns[field];

	return i < 0 ? NULL : db_text(c->statement, i);
}

int64_t
archive_cursor_number(const struct archive_cursor *c, enum ban_field field)
{
	int i = c->columns[field];

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
		return err_set(e, EX_OSERR, "out of memory");
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
		return err_set(e, EX_OSERR, "out of memory");
	*line = c->line.s;
	return 1;
}
