/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/history/live_bans.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/statements.h"

static int
load_live(sqlite3_stmt *st, struct live_ban *live)
{
	*live = (struct live_ban){
		.id = db_int(st, 0),
		.jail = strdup(db_text(st, 1)),
		.ident = strdup(db_text(st, 2)),
		.timeofban = db_int(st, 3),
		.since_us = db_int(st, 4),
		.seconds = db_int(st, 5),
		.life_us = db_int(st, 6),
		.pending_us = db_int(st, 7),
		.source = db_int(st, 8),
		.server_had_us = db_int(st, 9),
		.missed_us = db_int(st, 10),
		.flushed_us = db_int(st, 11),
		.restored_us = db_int(st, 12),
		.rev = db_int(st, 13),
		.host = strdup(db_text(st, 14)),
		.known_as = db_int(st, 15),
		.logged = db_int(st, 16) == 1,
		.jail_id = db_int(st, 17),
		.jail_absent_us = db_int(st, 18),
		.jail_started_us = db_int(st, 19),
		.gone_us = db_int(st, 20),
		.made_us = db_int(st, 21),
	};
	return live->jail == NULL || live->ident == NULL || live->host == NULL ?
	    -1 :
	    0;
}

/* Load the bans of st, at most max, and reset it. */
static int
load_all(struct archive *a, sqlite3_stmt *st, size_t max,
    struct live_ban **list, size_t *n, struct err *e)
{
	int rc;

	*n = 0;
	if (st == NULL)
		return -1;
	if ((*list = calloc(max, sizeof(**list))) == NULL) {
		sqlite3_reset(st);
		return err_no_memory(e);
	}
	while ((rc = db_step(&a->db, st, e)) == 1) {
		if (load_live(st, &(*list)[(*n)++]) != 0) {
			rc = err_no_memory(e);
			break;
		}
	}
	sqlite3_reset(st);
	if (rc < 0)
		live_bans_free(*list, *n);
	return rc;
}

int
live_bans_load(struct archive *a, int64_t after, size_t max,
    struct live_ban **list, size_t *n, struct err *e)
{
	return load_all(a,
	    db_bind(&a->db, SQL_LIVE, e, "ii", after, (int64_t)max), max, list,
	    n, e);
}

int
live_bans_load_missed(struct archive *a, int64_t after, size_t max,
    int64_t now_us, struct live_ban **list, size_t *n, struct err *e)
{
	return load_all(a,
	    db_bind(&a->db, SQL_MISSED_BANS, e, "iii", after, (int64_t)max,
		now_us),
	    max, list, n, e);
}

void
live_bans_free(struct live_ban *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(list[i].jail);
		free(list[i].ident);
		free(list[i].host);
	}
	free(list);
}

int
live_bans_is_unchanged(struct archive *a, const struct live_ban *live,
    struct err *e)
{
	return db_has_row(&a->db, SQL_UNCHANGED, e, "iiii", live->id, live->rev,
	    live->life_us, live->pending_us);
}

int
live_bans_set_server_has(struct archive *a, int64_t ban, int64_t at_us,
    struct err *e)
{
	return db_query(&a->db, SQL_SERVER_HAS, e, "ii", ban, at_us);
}

int
live_bans_set_missed(struct archive *a, int64_t ban, int64_t at_us,
    struct err *e)
{
	return db_query(&a->db, SQL_MISSED, e, "ii", ban, at_us);
}

int
live_bans_set_gone(struct archive *a, int64_t ban, int64_t at_us, struct err *e)
{
	return db_query(&a->db, SQL_ROWS_GONE, e, "ii", ban, at_us);
}

int
live_bans_set_jail(struct archive *a, int64_t jail, int64_t absent_us,
    int64_t started_us, struct err *e)
{
	return db_query(&a->db, SQL_JAIL_RUNS, e, "iii", jail, absent_us,
	    started_us);
}
