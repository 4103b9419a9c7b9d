/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/queries.h"

#include <stddef.h>

#include "archive/statements.h"

const struct archive_column archive_columns[ARCHIVE_COLUMNS] = {
	{ "jail", ARCHIVE_TEXT },
	{ "ident", ARCHIVE_TEXT },
	{ "ip", ARCHIVE_TEXT },
	{ "host", ARCHIVE_TEXT },
	{ "since_us", ARCHIVE_NUMBER },
	{ "timeofban", ARCHIVE_NUMBER },
	{ "nth", ARCHIVE_NUMBER },
	{ "seconds", ARCHIVE_NUMBER },
	{ "bancount", ARCHIVE_NUMBER },
	{ "failures", ARCHIVE_NUMBER },
	{ "matches", ARCHIVE_JSON },
	{ "captures", ARCHIVE_JSON },
	{ "origin", ARCHIVE_TEXT },
	{ "seen", ARCHIVE_JSON },
	{ "ended_us", ARCHIVE_NUMBER },
	{ "ended_why", ARCHIVE_TEXT },
	{ "restored", ARCHIVE_NUMBER },
	{ "rev", ARCHIVE_NUMBER },
};

static sqlite3_stmt *
wanted_statement(struct archive *a, int which,
    const struct archive_wanted *wanted, struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, which, e);

	if (st == NULL)
		return NULL;
	db_bind_text(st, 1, wanted->jail);
	db_bind_text(st, 2, wanted->ident);
	db_bind_int(st, 3, wanted->since_us);
	db_bind_int(st, 4, wanted->until_us);
	db_bind_int(st, 5, wanted->active);
	return st;
}

static struct archive_row
take_row(sqlite3_stmt *st)
{
	return (struct archive_row){
		.jail = db_text(st, 0),
		.ident = db_text(st, 1),
		.ip = db_text(st, 2),
		.host = db_text(st, 3),
		.since_us = db_int(st, 4),
		.seconds = db_int(st, 5),
		.bancount = db_int(st, 6),
		.failures = db_int(st, 7),
		.origin = db_text(st, 8),
		.seen = db_text(st, 9),
		.ended_us = db_int(st, 10),
		.ended_why = db_text(st, 11),
		.restored = db_int(st, 12),
		.captures = db_text(st, 13),
	};
}

int
archive_list(struct archive *a, const struct archive_wanted *wanted,
    archive_row_fn *fn, void *to, struct err *e)
{
	sqlite3_stmt *st = wanted_statement(a, SQL_LIST, wanted, e);
	struct archive_row row;
	int rc;

	if (st == NULL)
		return -1;
	db_bind_int(st, 6, wanted->limit);
	while ((rc = db_step(&a->db, st, e)) == 1) {
		row = take_row(st);
		if (fn(to, &row) != 0)
			break;
	}
	sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}

/* The texts of a JSON array, one by one. */
static int
each_line(struct archive *a, const char *array, archive_text_fn *line, void *to,
    struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_LINES, e);
	int rc;

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, array);
	while ((rc = db_step(&a->db, st, e)) == 1) {
		if (line(to, db_text(st, 0)) != 0)
			break;
	}
	sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}

int
archive_show(struct archive *a, const char *ident, archive_row_fn *fn,
    archive_text_fn *line, void *to, struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_SHOW, e);
	struct archive_row row;
	int rc;

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, ident);
	while ((rc = db_step(&a->db, st, e)) == 1) {
		row = take_row(st);
		if (fn(to, &row) != 0 ||
		    (db_text(st, 14) != NULL &&
			each_line(a, db_text(st, 14), line, to, e) != 0))
			break;
	}
	sqlite3_reset(st);
	return rc == 0 ? 0 : -1;
}

int
archive_export(struct archive *a, const struct archive_wanted *wanted,
    archive_text_fn *fn, void *to, struct err *e)
{
	sqlite3_stmt *st = wanted_statement(a, SQL_EXPORT, wanted, e);
	int rc;

	if (st == NULL)
		return -1;
	while ((rc = db_step(&a->db, st, e)) == 1) {
		if (fn(to, db_text(st, 0)) != 0)
			break;
	}
	sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}

int
archive_export_columns(struct archive *a, const struct archive_wanted *wanted,
    archive_values_fn *fn, void *to, struct err *e)
{
	sqlite3_stmt *st = wanted_statement(a, SQL_EXPORT_COLUMNS, wanted, e);
	struct archive_value values[ARCHIVE_COLUMNS];
	int rc;

	if (st == NULL)
		return -1;
	while ((rc = db_step(&a->db, st, e)) == 1) {
		for (int i = 0; i < ARCHIVE_COLUMNS; i++) {
			bool number = archive_columns[i].type == ARCHIVE_NUMBER;

			values[i].number = number ? db_int(st, i) : UNKNOWN;
			values[i].text = number ? NULL : db_text(st, i);
		}
		if (fn(to, values) != 0)
			break;
	}
	sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}
