/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/replay_sort.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/list.h"

enum { SQL_PUT, SQL_NEXT, SQL_COUNT };

static const char *const sql[SQL_COUNT] = {
	[SQL_PUT] = "INSERT INTO line VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[SQL_NEXT] = "SELECT * FROM line ORDER BY jail, ident, rowid",
};

/* The file is of no use after the process, so nothing is made safe. */
static const char begin[] =
    "PRAGMA temp_store = FILE; PRAGMA journal_mode = OFF;"
    "PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;"
    "CREATE TABLE line (jail, ident, at_us, verb, found, seconds, bancount);"
    "BEGIN";

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
}

int
replay_sort_put(struct replay_sort *s, const char *jail, const char *ident,
    const struct logged_line *line, struct err *e)
{
	s->lines++;
	return db_query(&s->db, SQL_PUT, e, "ttiiiii", jail, ident, line->at_us,
		   (int64_t)line->verb, line->found, line->seconds,
		   line->bancount) == 0 ?
	    0 :
	    err_wrap(e, "temporary file");
}

static int
step(struct replay_sort *s, struct err *e)
{
	int rc = db_step(&s->db, s->next, e);

	s->more = rc == 1;
	return rc < 0 ? err_wrap(e, "temporary file") : 0;
}

int
replay_sort_begin(struct replay_sort *s, struct err *e)
{
	if ((s->next = db_statement(&s->db, SQL_NEXT, e)) == NULL)
		return err_wrap(e, "temporary file");
	return step(s, e);
}

static int
add_line(struct replay_sort *s, struct replay_sort_lines *of, struct err *e)
{
	struct logged_line *grown =
	    list_grow(of->lines, &of->room, of->n + 1, sizeof(*grown));

	if (grown == NULL)
		return err_no_memory(e);
	of->lines = grown;
	of->lines[of->n++] = (struct logged_line){
		.at_us = db_int(s->next, 2),
		.verb = (enum logged_verb)db_int(s->next, 3),
		.found = db_int(s->next, 4),
		.seconds = db_int(s->next, 5),
		.bancount = db_int(s->next, 6),
	};
	return step(s, e);
}

int
replay_sort_next(struct replay_sort *s, struct replay_sort_lines *of,
    struct err *e)
{
	free(of->jail);
	free(of->ident);
	of->jail = of->ident = NULL;
	of->n = 0;
	if (!s->more)
		return 0;
	of->jail = strdup(db_text(s->next, 0));
	of->ident = strdup(db_text(s->next, 1));
	if (of->jail == NULL || of->ident == NULL)
		return err_no_memory(e);
	while (s->more && strcmp(of->jail, db_text(s->next, 0)) == 0 &&
	    strcmp(of->ident, db_text(s->next, 1)) == 0) {
		if (add_line(s, of, e) != 0)
			return -1;
	}
	return 1;
}

void
replay_sort_free(struct replay_sort_lines *of)
{
	free(of->jail);
	free(of->ident);
	free(of->lines);
	*of = (struct replay_sort_lines){ 0 };
}
