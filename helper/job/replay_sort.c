/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/replay_sort.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/list.h"

enum { SQL_PUT, SQL_NEXT, SQL_COUNT };

/*
 * The jail and the id are one text, with the NUL after the jail between them:
 * SQLite compares one text faster than two.
 */
static const char *const sql[SQL_COUNT] = {
	[SQL_PUT] = "INSERT INTO line VALUES (?1, ?2)",
	[SQL_NEXT] = "SELECT of, line FROM line ORDER BY of, rowid",
};

enum { OF, LINE };

/* The file is of no use after the process, so nothing is made safe. */
static const char begin[] =
    "PRAGMA temp_store = FILE; PRAGMA journal_mode = OFF;"
    "PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;"
    "CREATE TABLE line (of, line);"
    "BEGIN";

/* The numbers of a line, as the file has them. */
struct stored {
	int64_t at_us, verb, found, seconds, bancount;
};

int
replay_sort_open(struct replay_sort *s, struct err *e)
{
	*s = (struct replay_sort){ .next = NULL };
	/* No name: no other process finds it (sqlite.org/inmemorydb.html). */
	if (db_open(&s->db, "", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
		NULL, 0, sql, SQL_COUNT, e) != 0)
		return err_wrap(e, "temporary file");
	if (db_exec(&s->db, begin, e) != 0)
		return err_wrap(e, "temporary file");
	return 0;
}

void
replay_sort_close(struct replay_sort *s)
{
	db_close(&s->db);
	buffer_free(&s->of);
}

int
replay_sort_put(struct replay_sort *s, const char *jail, const char *ident,
    const struct logged_line *line, struct err *e)
{
	const struct stored stored = { line->at_us, (int64_t)line->verb,
		line->found, line->seconds, line->bancount };
	sqlite3_stmt *st = db_statement(&s->db, SQL_PUT, e);

	buffer_cut(&s->of, 0);
	buffer_put(&s->of, jail, strlen(jail) + 1);
	buffer_puts(&s->of, ident);
	if (s->of.failed)
		return err_no_memory(e);
	if (st == NULL)
		return err_wrap(e, "temporary file");
	sqlite3_bind_text(st, OF + 1, s->of.s, (int)s->of.len, SQLITE_STATIC);
	sqlite3_bind_blob(st, LINE + 1, &stored, sizeof(stored), SQLITE_STATIC);
	s->lines++;
	return db_run(&s->db, st, e) == 0 ? 0 : err_wrap(e, "temporary file");
}

static int
step(struct replay_sort *s, struct err *e)
{
	int rc = db_step(&s->db, s->next, e);

	s->more = rc == 1;
	if (rc < 0)
		return err_wrap(e, "temporary file");
	/* A value that was put in is NULL only for want of memory. */
	return s->more &&
		(db_text(s->next, OF) == NULL ||
		    sqlite3_column_blob(s->next, LINE) == NULL) ?
	    err_no_memory(e) :
	    0;
}

int
replay_sort_begin(struct replay_sort *s, struct err *e)
{
	if ((s->next = db_statement(&s->db, SQL_NEXT, e)) == NULL)
		return err_wrap(e, "temporary file");
	return step(s, e);
}

/* Let s->of be that of the row on which s->next stands. */
static int
take_of(struct replay_sort *s, struct err *e)
{
	const char *text = db_text(s->next, OF);

	buffer_cut(&s->of, 0);
	buffer_put(&s->of, text, (size_t)sqlite3_column_bytes(s->next, OF));
	return s->of.failed ? err_no_memory(e) : 0;
}

static bool
is_of(const struct replay_sort *s)
{
	const char *text = db_text(s->next, OF);

	return s->of.len == (size_t)sqlite3_column_bytes(s->next, OF) &&
	    memcmp(s->of.s, text, s->of.len) == 0;
}

static int
add_line(struct replay_sort *s, struct replay_sort_lines *of, struct err *e)
{
	struct logged_line *grown =
	    list_grow(of->lines, &of->room, of->n + 1, sizeof(*grown));
	struct stored stored;

	if (grown == NULL)
		return err_no_memory(e);
	of->lines = grown;
	memcpy(&stored, sqlite3_column_blob(s->next, LINE), sizeof(stored));
	of->lines[of->n++] = (struct logged_line){
		.at_us = stored.at_us,
		.verb = (enum logged_verb)stored.verb,
		.found = stored.found,
		.seconds = stored.seconds,
		.bancount = stored.bancount,
	};
	return step(s, e);
}

int
replay_sort_next(struct replay_sort *s, struct replay_sort_lines *of,
    struct err *e)
{
	of->n = 0;
	if (!s->more)
		return 0;
	if (take_of(s, e) != 0)
		return -1;
	of->jail = s->of.s;
	of->ident = of->jail + strlen(of->jail) + 1;
	while (s->more && is_of(s)) {
		if (add_line(s, of, e) != 0)
			return -1;
	}
	return 1;
}

void
replay_sort_free(struct replay_sort_lines *of)
{
	free(of->lines);
	*of = (struct replay_sort_lines){ 0 };
}
