/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/prune.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/statements.h"

static char *
copy(const char *s)
{
	return s != NULL ? strdup(s) : NULL;
}

/* Make a ticket of a row: jail, ident, timeofban, host, the jail's name. */
static int
take_ticket(sqlite3_stmt *st, struct prune_ticket *t)
{
	*t = (struct prune_ticket){
		.jail = db_int(st, 0),
		.ident = copy(db_text(st, 1)),
		.timeofban = db_int(st, 2),
		.host = copy(db_text(st, 3)),
		.jail_name = copy(db_text(st, 4)),
	};
	return t->ident != NULL && t->host != NULL && t->jail_name != NULL ? 0 :
									     -1;
}

/* Load the rows of a statement with bound values, at most max. */
static int
load(struct archive *a, sqlite3_stmt *st, size_t max,
    struct prune_ticket **list, size_t *n, struct err *e)
{
	int rc;

	*n = 0;
	*list = NULL;
	if (st == NULL)
		return -1;
	if ((*list = calloc(max, sizeof(**list))) == NULL)
		return err_no_memory(e);
	while ((rc = db_step(&a->db, st, e)) == 1) {
		if (take_ticket(st, &(*list)[(*n)++]) != 0) {
			rc = err_no_memory(e);
			break;
		}
	}
	sqlite3_reset(st);
	if (rc < 0)
		prune_free(*list, *n);
	return rc;
}

int
prune_find(struct archive *a, int64_t before_us, size_t max,
    struct prune_ticket **list, size_t *n, struct err *e)
{
	return load(a,
	    db_bind(&a->db, SQL_PRUNABLE, e, "ii", before_us, (int64_t)max),
	    max, list, n, e);
}

void
prune_free(struct prune_ticket *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(list[i].ident);
		free(list[i].host);
		free(list[i].jail_name);
	}
	free(list);
}

int
prune_remove(struct archive *a, const struct prune_ticket *t, int64_t before_us,
    int64_t now_us, int64_t *n, struct err *e)
{
	/* The bans go last: the others are found by them. */
	static const int statements[] = { SQL_PRUNE_REMEMBER,
		SQL_PRUNE_EVIDENCE, SQL_PRUNE_LINES, SQL_PRUNE_TOTAL };
	int kept = db_has_row(&a->db, SQL_PRUNE_KEPT, e, "ititi", t->jail,
	    t->ident, t->timeofban, t->host, before_us);

	*n = 0;
	if (kept != 0)
		return kept < 0 ? -1 : 0;
	for (size_t i = 0; i < ARRAY_LEN(statements); i++) {
		if (db_query(&a->db, statements[i], e, "itit", t->jail,
			t->ident, t->timeofban, t->host) != 0)
			return -1;
	}
	if (db_query(&a->db, SQL_PRUNE_GONE, e, "ititi", t->jail, t->ident,
		t->timeofban, t->host, now_us) != 0 ||
	    db_query(&a->db, SQL_PRUNE_BANS, e, "itit", t->jail, t->ident,
		t->timeofban, t->host) != 0)
		return -1;
	*n = sqlite3_changes(a->db.handle);
	return 0;
}

int
prune_find_gone(struct archive *a, int64_t before_us, int64_t *rev,
    struct err *e)
{
	return db_number(&a->db, SQL_GONE_PRUNABLE, rev, e, "i", before_us);
}

int
prune_gone(struct archive *a, int64_t rev, struct err *e)
{
	if (archive_set_number(a, ARCHIVE_FORGOTTEN, rev, e) != 0)
		return -1;
	return db_query(&a->db, SQL_GONE_PRUNE, e, "i", rev);
}

int
prune_is_removed(struct archive *a, int64_t jail, const char *ident,
    int64_t timeofban, struct err *e)
{
	return db_has_row(&a->db, SQL_REMOVED_HAS, e, "iti", jail, ident,
	    timeofban);
}

int
prune_load_removed(struct archive *a, const struct prune_ticket *after,
    size_t max, struct prune_ticket **list, size_t *n, struct err *e)
{
	return load(a,
	    db_bind(&a->db, SQL_REMOVED, e, "itii",
		after != NULL ? after->jail : 0,
		after != NULL ? after->ident : "",
		after != NULL ? after->timeofban : 0, (int64_t)max),
	    max, list, n, e);
}

int
prune_forget(struct archive *a, const struct prune_ticket *t, struct err *e)
{
	return db_query(&a->db, SQL_REMOVED_FORGET, e, "iti", t->jail, t->ident,
	    t->timeofban);
}
