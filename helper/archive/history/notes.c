/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/history/notes.h"

#include "archive/statements.h"

int
notes_add(struct archive *a, int64_t jail, const char *ident,
    const struct note *note, struct err *e)
{
	if (db_query(&a->db, SQL_NOTE_ADD, e, "itii", jail, ident,
		note->noted_us, note->timeofban) != 0)
		return -1;
	return db_query(&a->db, SQL_JAIL_NOTED, e, "ii", jail, note->noted_us);
}

int
notes_get(struct archive *a, int64_t jail, const char *ident, struct note *note,
    struct err *e)
{
	sqlite3_stmt *st = db_bind(&a->db, SQL_NOTE_GET, e, "it", jail, ident);
	int rc;

	if (st == NULL)
		return -1;
	if ((rc = db_step(&a->db, st, e)) == 1)
		*note = (struct note){
			.noted_us = db_int(st, 0),
			.timeofban = db_int(st, 1),
		};
	sqlite3_reset(st);
	return rc;
}

int
notes_remove(struct archive *a, int64_t jail, const char *ident, struct err *e)
{
	return db_query(&a->db, SQL_NOTE_REMOVE, e, "it", jail, ident);
}

int
notes_prune(struct archive *a, int64_t before_us, struct err *e)
{
	return db_query(&a->db, SQL_NOTES_PRUNE, e, "i", before_us);
}
