/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/jails.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/elsewhere.h"
#include "archive/statements.h"
#include "base/list.h"

const char *
archive_ident_host(const struct archive_ident *of)
{
	return of->host != NULL ? of->host : "";
}

int
archive_jail_get(struct archive *a, const char *name, struct archive_jail *jail,
    struct err *e)
{
	sqlite3_stmt *st;
	int rc;

	if ((st = db_bind(&a->db, SQL_JAIL_GET, e, "t", name)) == NULL)
		return -1;
	if ((rc = db_step(&a->db, st, e)) == 1) {
		jail->id = db_int(st, 0);
		jail->noted_us = db_int(st, 1);
		sqlite3_reset(st);
		return 0;
	}
	if (rc < 0 || db_query(&a->db, SQL_JAIL_ADD, e, "t", name) != 0)
		return -1;
	jail->id = sqlite3_last_insert_rowid(a->db.handle);
	jail->noted_us = 0;
	return 0;
}

int
archive_has_jail(struct archive *a, const char *name, struct err *e)
{
	if (a->elsewhere != NULL)
		return a->elsewhere->calls->has_jail(a->elsewhere, name, e);
	return db_has_row(&a->db, SQL_JAIL_GET, e, "t", name);
}

int
archive_jail_names(struct archive *a, int64_t limit, archive_jail_fn *fn,
    void *to, struct err *e)
{
	sqlite3_stmt *st = db_bind(&a->db, SQL_JAIL_NAMES, e, "i", limit);
	int rc = -1;

	while (st != NULL && (rc = db_step(&a->db, st, e)) == 1)
		fn(to, db_text(st, 0));
	sqlite3_reset(st);
	return rc;
}

int
archive_jail_flushed(struct archive *a, int64_t jail, int64_t at_us,
    struct err *e)
{
	if (db_query(&a->db, SQL_JAIL_FLUSHED, e, "ii", jail, at_us) != 0)
		return -1;
	return db_query(&a->db, SQL_FLUSH_ADD, e, "ii", jail, at_us);
}

int
archive_jail_restored(struct archive *a, int64_t jail, int64_t at_us,
    struct err *e)
{
	return db_query(&a->db, SQL_JAIL_RESTORED, e, "ii", jail, at_us);
}

static int
add_flushed(struct flushed_bans *bans, sqlite3_stmt *st)
{
	struct flushed_ban *list =
	    list_grow(bans->list, &bans->room, bans->n + 1, sizeof(*list));

	if (list == NULL)
		return -1;
	bans->list = list;
	list[bans->n] = (struct flushed_ban){
		.ident = strdup(db_text(st, 0)),
		.made_us = db_int(st, 1),
		.last_us = db_int(st, 2),
	};
	return list[bans->n++].ident != NULL ? 0 : -1;
}

int
archive_jail_find_flushed(struct archive *a, int64_t jail, int64_t at_us,
    struct flushed_bans *bans, struct err *e)
{
	sqlite3_stmt *st =
	    db_bind(&a->db, SQL_FLUSH_TOUCHES, e, "ii", jail, at_us);
	int rc;

	*bans = (struct flushed_bans){ .n = 0 };
	if (st == NULL)
		return -1;
	while ((rc = db_step(&a->db, st, e)) == 1) {
		if (add_flushed(bans, st) != 0) {
			rc = err_no_memory(e);
			break;
		}
	}
	sqlite3_reset(st);
	return rc;
}

void
archive_jail_free_flushed(struct flushed_bans *bans)
{
	for (size_t i = 0; i < bans->n; i++)
		free(bans->list[i].ident);
	free(bans->list);
}
