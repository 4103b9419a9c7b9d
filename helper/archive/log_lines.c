/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/log_lines.h"

#include <stdlib.h>
#include <sysexits.h>

#include "archive/statements.h"

static int
no_memory(struct err *e)
{
	return err_set(e, EX_OSERR, "archive: out of memory");
}

static sqlite3_stmt *
statement_of(struct archive *a, int which, const struct archive_ident *of,
    struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, which, e);

	if (st == NULL)
		return NULL;
	db_bind_int(st, 1, of->jail);
	db_bind_text(st, 2, of->ident);
	db_bind_text(st, 3, of->host != NULL ? of->host : "");
	return st;
}

int
log_lines_any(struct archive *a, struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_LINE_ANY, e);
	int rc;

	if (st == NULL)
		return -1;
	rc = db_step(&a->db, st, e);
	sqlite3_reset(st);
	return rc;
}

/* Room for one more element of size bytes behind n of them, and for more. */
static void *
grow(void *list, size_t n, size_t more, size_t size)
{
	if (list != NULL && (n & (n - 1)) != 0)
		return list;
	return realloc(list, ((n == 0 ? 1 : 2 * n) + more) * size);
}

int
log_lines_load(struct archive *a, const struct archive_ident *of, size_t room,
    struct logged_line **lines, size_t *n, struct err *e)
{
	sqlite3_stmt *st = statement_of(a, SQL_LINES_OF, of, e);
	struct logged_line *list = NULL, *grown;
	int rc = st == NULL ? -1 : 1;

	*n = 0;
	while (rc == 1) {
		if ((grown = grow(list, *n, room, sizeof(*list))) == NULL) {
			rc = no_memory(e);
			break;
		}
		list = grown;
		if ((rc = db_step(&a->db, st, e)) != 1)
			break;
		list[(*n)++] = (struct logged_line){
			.at_us = db_int(st, 0),
			.verb = (enum logged_verb)db_int(st, 1),
			.found = db_int(st, 2),
			.seconds = db_int(st, 3),
			.bancount = db_int(st, 4),
		};
	}
	if (st != NULL)
		sqlite3_reset(st);
	*lines = rc == 0 ? list : NULL;
	if (rc != 0)
		free(list);
	return rc == 0 ? 0 : -1;
}

static int
put_line(struct archive *a, int which, const struct archive_ident *of,
    const struct logged_line *line, struct err *e)
{
	sqlite3_stmt *st = statement_of(a, which, of, e);

	if (st == NULL)
		return -1;
	db_bind_int(st, 4, line->at_us);
	db_bind_int(st, 5, line->verb);
	db_bind_int(st, 6, line->found);
	db_bind_int(st, 7, line->seconds);
	db_bind_int(st, 8, line->bancount);
	return db_run(&a->db, st, e);
}

int
log_lines_add(struct archive *a, const struct archive_ident *of,
    const struct logged_line *line, struct err *e)
{
	return put_line(a, SQL_LINE_ADD, of, line, e);
}

int
log_lines_set(struct archive *a, const struct archive_ident *of,
    const struct logged_line *line, struct err *e)
{
	return put_line(a, SQL_LINE_SET, of, line, e);
}

static int
take_seen(struct archive_bans *bans, sqlite3_stmt *st)
{
	struct witnessed_ban *seen =
	    grow(bans->seen, bans->seen_n, 0, sizeof(*seen));

	if (seen == NULL)
		return -1;
	bans->seen = seen;
	seen[bans->seen_n++] = (struct witnessed_ban){
		.since_us = db_int(st, 1),
		.timeofban = db_int(st, 2),
		.ended_us = db_int(st, 4),
		.inferred = ban_end_from_name(db_text(st, 5)) == BAN_INFERRED,
		.known_as = db_int(st, 10),
	};
	return 0;
}

static int
take_logged(struct archive_bans *bans, sqlite3_stmt *st)
{
	struct ban *logged =
	    grow(bans->logged, bans->logged_n, 0, sizeof(*logged));
	const char *origin = db_text(st, 8);
	int end = ban_end_from_name(db_text(st, 5));

	if (logged == NULL)
		return -1;
	bans->logged = logged;
	logged[bans->logged_n++] = (struct ban){
		.id = db_int(st, 0),
		.since_us = db_int(st, 1),
		.nth = (int)db_int(st, 3),
		.ended_us = db_int(st, 4),
		.end = end < 0 ? BAN_LIVES : (enum ban_end)end,
		.seconds = db_int(st, 6),
		.bancount = db_int(st, 7),
		.origin = origin != NULL &&
			ban_origin_from_name(origin) == BAN_FROM_LOG ?
		    BAN_FROM_LOG :
		    BAN_FROM_UNKNOWN,
		.restored = db_int(st, 9),
		.failures = UNKNOWN,
		.seen = BAN_SEEN_LOG,
	};
	return 0;
}

/*
 * A ban that ended because one of the logs' own began lives on as far as others
 * know.
 */
static void
forget_ends(struct archive_bans *bans)
{
	size_t at = 0;

	for (size_t i = 0; i < bans->seen_n; i++) {
		struct witnessed_ban *ban = &bans->seen[i];

		while (at < bans->logged_n &&
		    bans->logged[at].since_us < ban->ended_us)
			at++;
		if (at < bans->logged_n &&
		    bans->logged[at].since_us == ban->ended_us)
			ban->ended_us = UNKNOWN;
	}
}

int
log_lines_bans(struct archive *a, const struct archive_ident *of,
    struct archive_bans *bans, struct err *e)
{
	sqlite3_stmt *st = statement_of(a, SQL_BANS_OF, of, e);
	int rc;

	*bans = (struct archive_bans){ 0 };
	if (st == NULL)
		return -1;
	while ((rc = db_step(&a->db, st, e)) == 1) {
		bool logged = db_int(st, 11) == 1;

		if ((logged ? take_logged(bans, st) : take_seen(bans, st)) !=
		    0) {
			rc = no_memory(e);
			break;
		}
		if (!logged)
			bans->newest = db_int(st, 0);
	}
	sqlite3_reset(st);
	if (rc == 0)
		forget_ends(bans);
	return rc;
}

void
log_lines_free(struct archive_bans *bans)
{
	free(bans->seen);
	free(bans->logged);
	*bans = (struct archive_bans){ 0 };
}

static bool
is_same(const struct ban *a, const struct ban *b)
{
	return a->since_us == b->since_us && a->nth == b->nth &&
	    a->seconds == b->seconds && a->bancount == b->bancount &&
	    a->origin == b->origin && a->end == b->end &&
	    a->ended_us == b->ended_us && a->restored == b->restored;
}

static int
add_ban(struct archive *a, const struct archive_ident *of,
    const struct ban *ban, int64_t now_us, struct err *e)
{
	sqlite3_stmt *st = statement_of(a, SQL_BAN_ADD, of, e);

	if (st == NULL)
		return -1;
	db_bind_int(st, 3, ban_timeofban(ban->since_us));
	archive_ticket_save_bind(st, ban);
	db_bind_text(st, 17, "[]");
	db_bind_int(st, 18, 0);
	db_bind_int(st, 20, now_us);
	db_bind_text(st, 21, of->host != NULL ? of->host : "");
	return db_run(&a->db, st, e);
}

static int
change_ban(struct archive *a, int64_t id, const struct ban *ban, struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_BAN_CHANGE, e);

	if (st == NULL)
		return -1;
	db_bind_int(st, 1, id);
	archive_ticket_save_bind(st, ban);
	return db_run(&a->db, st, e);
}

/* Remove a row that is no ban any more; what stays tells of it by its rev. */
static int
remove_ban(struct archive *a, int64_t id, int64_t stays, struct err *e)
{
	if (stays != 0 &&
	    db_run_numbers(&a->db, SQL_BAN_TOUCH, stays, UNKNOWN, e) != 0)
		return -1;
	return db_run_numbers(&a->db, SQL_BAN_REMOVE, id, UNKNOWN, e);
}

/* Pair the bans with the rows of the same beginning; row[i]: index, or -1. */
static bool
pair(const struct archive_bans *before, const struct ban *bans, size_t n,
    int *row, bool *taken)
{
	bool same = n == before->logged_n;
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		while (at < before->logged_n &&
		    (before->logged[at].since_us < bans[i].since_us ||
			(before->logged[at].since_us == bans[i].since_us &&
			    before->logged[at].nth < bans[i].nth)))
			at++;
		row[i] = -1;
		if (at < before->logged_n &&
		    before->logged[at].since_us == bans[i].since_us &&
		    before->logged[at].nth == bans[i].nth) {
			row[i] = (int)at;
			taken[at] = true;
		}
		same = same && row[i] >= 0 &&
		    is_same(&bans[i], &before->logged[row[i]]);
	}
	return same;
}

static int
save(struct archive *a, const struct archive_ident *of,
    const struct archive_bans *before, const struct ban *bans, size_t n,
    const int *row, const bool *taken, struct archive_change *change,
    struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (row[i] < 0) {
			if (add_ban(a, of, &bans[i], change->now_us, e) != 0)
				return -1;
			change->added++;
		} else if (!is_same(&bans[i], &before->logged[row[i]])) {
			if (change_ban(a, before->logged[row[i]].id, &bans[i],
				e) != 0)
				return -1;
			change->changed++;
		}
	}
	/* Last: so what stays has a later rev than what goes. */
	for (size_t i = 0; i < before->logged_n; i++) {
		if (taken[i])
			continue;
		if (remove_ban(a, before->logged[i].id, before->newest, e) != 0)
			return -1;
		change->changed++;
		change->replaced++;
	}
	return 0;
}

int
log_lines_save(struct archive *a, const struct archive_ident *of,
    const struct archive_bans *before, const struct ban *bans, size_t n,
    struct archive_change *change, struct err *e)
{
	int *row = calloc(n + 1, sizeof(*row)), rc = 0;
	bool *taken = calloc(before->logged_n + 1, sizeof(*taken));

	if (row == NULL || taken == NULL)
		rc = no_memory(e);
	else if (!pair(before, bans, n, row, taken))
		rc = save(a, of, before, bans, n, row, taken, change, e);
	free(row);
	free(taken);
	return rc;
}
