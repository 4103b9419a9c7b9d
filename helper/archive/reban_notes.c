/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/reban_notes.h"

#include <stddef.h>

#include "archive/statements.h"

static sqlite3_stmt *
statement_of(struct archive *a, int which, int64_t jail, const char *ident,
    struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, which, e);

	if (st == NULL)
		return NULL;
	db_bind_int(st, 1, jail);
	db_bind_text(st, 2, ident);
	return st;
}

int
reban_notes_add(struct archive *a, int64_t jail, const char *ident,
    const struct reban_note *note, struct err *e)
{
	sqlite3_stmt *st = statement_of(a, SQL_NOTE_ADD, jail, ident, e);

	if (st == NULL)
		return -1;
	db_bind_int(st, 3, note->noted_us);
	db_bind_int(st, 4, note->timeofban);
	if (db_run(&a->db, st, e) != 0)
		return -1;
	return db_run_numbers(&a->db, SQL_JAIL_NOTED, jail, note->noted_us, e);
}

int
reban_notes_get(struct archive *a, int64_t jail, const char *ident,
    struct reban_note *note, struct err *e)
{
	sqlite3_stmt *st = statement_of(a, SQL_NOTE_GET, jail, ident, e);
	int rc;

	if (st == NULL)
		return -1;
	if ((rc = db_step(&a->db, st, e)) == 1)
		*note = (struct reban_note){
			.noted_us = db_int(st, 0),
			.timeofban = db_int(st, 1),
		};
	sqlite3_reset(st);
	return rc;
}

int
reban_notes_remove(struct archive *a, int64_t jail, const char *ident,
    struct err *e)
{
	sqlite3_stmt *st = statement_of(a, SQL_NOTE_REMOVE, jail, ident, e);

	return st == NULL ? -1 : db_run(&a->db, st, e);
}

int
reban_notes_prune(struct archive *a, int64_t before_us, struct err *e)
{
	return db_run_numbers(&a->db, SQL_NOTES_PRUNE, before_us, UNKNOWN, e);
}
