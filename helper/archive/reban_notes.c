/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/reban_notes.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/fail2ban_source.h"
#include "archive/statements.h"
#include "base/list.h"

int
reban_notes_add(struct archive *a, int64_t jail, const char *ident,
    const struct reban_note *note, struct err *e)
{
	if (db_query(&a->db, SQL_NOTE_ADD, e, "itii", jail, ident,
		note->noted_us, note->timeofban) != 0)
		return -1;
	return db_query(&a->db, SQL_JAIL_NOTED, e, "ii", jail, note->noted_us);
}

int
reban_notes_get(struct archive *a, int64_t jail, const char *ident,
    struct reban_note *note, struct err *e)
{
	sqlite3_stmt *st = db_bind(&a->db, SQL_NOTE_GET, e, "it", jail, ident);
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
	return db_query(&a->db, SQL_NOTE_REMOVE, e, "it", jail, ident);
}

int
reban_notes_prune(struct archive *a, int64_t before_us, struct err *e)
{
	return db_query(&a->db, SQL_NOTES_PRUNE, e, "i", before_us);
}

/* Add a row of SQL_REBAN to a list. */
static int
add_lost(struct lost_bans *lost, sqlite3_stmt *st)
{
	struct lost_ban *list =
	    list_grow(lost->list, &lost->room, lost->n + 1, sizeof(*list));
	struct lost_ban *ban;

	if (list == NULL)
		return -1;
	lost->list = list;
	ban = &list[lost->n++];
	*ban = (struct lost_ban){
		.jail = strdup(db_text(st, 0)),
		.ident = strdup(db_text(st, 1)),
		.timeofban = db_int(st, 2),
		.since_us = db_int(st, 3),
		.seconds = db_int(st, 4),
	};
	return ban->jail == NULL || ban->ident == NULL ? -1 : 0;
}

int
reban_notes_find_lost(struct archive *a, const char *jail, int64_t now_us,
    int64_t start_us, struct lost_bans *lost, struct err *e)
{
	struct archive_source source;
	sqlite3_stmt *st;
	int rc;

	*lost = (struct lost_bans){ 0 };
	if (archive_source_last(a, &source, e) != 0 ||
	    (st = db_bind(&a->db, SQL_REBAN, e, "tiiii", jail, now_us,
		 source.id != 0 ? source.begun_us : UNKNOWN, source.id,
		 start_us)) == NULL)
		return -1;
	while ((rc = db_step(&a->db, st, e)) == 1) {
		if (add_lost(lost, st) != 0) {
			rc = err_set(e, EX_OSERR, "archive: out of memory");
			break;
		}
	}
	sqlite3_reset(st);
	if (rc < 0)
		reban_notes_free_lost(lost);
	return rc;
}

void
reban_notes_free_lost(struct lost_bans *lost)
{
	for (size_t i = 0; i < lost->n; i++) {
		free(lost->list[i].jail);
		free(lost->list[i].ident);
	}
	free(lost->list);
	*lost = (struct lost_bans){ 0 };
}
