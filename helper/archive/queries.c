/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/queries.h"

#include <string.h>
#include <sysexits.h>

#include "archive/statements.h"
#include "base/json.h"

/* Find the column of each field by its name. */
static void
find_columns(struct archive_cursor *c)
{
	int n = sqlite3_column_count(c->statement);

	for (enum ban_field field = 0; field < BAN_FIELDS; field++) {
		const char *name = ban_field_name(field);
		int i = n - 1;

		while (i >= 0 &&
		    strcmp(sqlite3_column_name(c->statement, i), name) != 0)
			i--;
		c->columns[field] = i;
	}
}

static int
open_cursor(struct archive_cursor *c, struct archive *a, int which,
    struct err *e)
{
	*c = (struct archive_cursor){ .archive = a };
	if ((c->statement = db_statement(&a->db, which, e)) == NULL)
		return -1;
	find_columns(c);
	return 0;
}

static void
bind_filter(const struct archive_cursor *c, const struct archive_filter *filter)
{
	db_bind_text(c->statement, 1, filter->jail);
	db_bind_text(c->statement, 2, filter->ident);
	db_bind_int(c->statement, 3, filter->since_us);
	db_bind_int(c->statement, 4, filter->until_us);
	db_bind_int(c->statement, 5, filter->active);
}

int
archive_cursor_open_newest(struct archive_cursor *c, struct archive *a,
    const struct archive_filter *filter, struct err *e)
{
	if (open_cursor(c, a, SQL_LIST, e) != 0)
		return -1;
	bind_filter(c, filter);
	db_bind_int(c->statement, 6, filter->limit);
	return 0;
}

int
archive_cursor_open_oldest(struct archive_cursor *c, struct archive *a,
    const struct archive_filter *filter, struct err *e)
{
	if (open_cursor(c, a, SQL_EXPORT, e) != 0)
		return -1;
	bind_filter(c, filter);
	return 0;
}

int
archive_cursor_open_ident(struct archive_cursor *c, struct archive *a,
    const char *ident, struct err *e)
{
	if (open_cursor(c, a, SQL_SHOW, e) != 0)
		return -1;
	db_bind_text(c->statement, 1, ident);
	return 0;
}

void
archive_cursor_close(struct archive_cursor *c)
{
	if (c->statement != NULL)
		sqlite3_reset(c->statement);
	buffer_free(&c->matches);
	buffer_free(&c->line);
	c->statement = NULL;
}

int
archive_cursor_next(struct archive_cursor *c, struct err *e)
{
	c->at = NULL;
	return db_step(&c->archive->db, c->statement, e);
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
