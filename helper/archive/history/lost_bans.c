/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/history/lost_bans.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/fail2ban_source.h"
#include "archive/statements.h"
#include "base/list.h"

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
lost_bans_find(struct archive *a, const char *jail, int64_t now_us,
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
			rc = err_no_memory(e);
			break;
		}
	}
	sqlite3_reset(st);
	if (rc < 0)
		lost_bans_free(lost);
	return rc;
}

void
lost_bans_free(struct lost_bans *lost)
{
	for (size_t i = 0; i < lost->n; i++) {
		free(lost->list[i].jail);
		free(lost->list[i].ident);
	}
	free(lost->list);
	*lost = (struct lost_bans){ 0 };
}
