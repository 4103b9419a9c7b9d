/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive_ban.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive_sql.h"
#include "text.h"

static int
no_memory(struct err *e)
{
	return err_set(e, EX_OSERR, "archive: out of memory");
}

/* Make room for one more element of size bytes behind n of them. */
static void *
grow(void *list, size_t n, size_t size)
{
	if ((n & (n - 1)) != 0)
		return list;
	return realloc(list, (n == 0 ? 1 : 2 * n) * size);
}

int
archive_jail(struct archive *a, const char *name, int64_t *id, struct err *e)
{
	sqlite3_stmt *st;
	int rc;

	if ((st = db_statement(&a->db, SQL_JAIL_GET, e)) == NULL)
		return -1;
	db_bind_text(st, 1, name);
	if ((rc = db_step(&a->db, st, e)) == 1) {
		*id = db_int(st, 0);
		sqlite3_reset(st);
		return 0;
	}
	if (rc < 0 || (st = db_statement(&a->db, SQL_JAIL_ADD, e)) == NULL)
		return -1;
	db_bind_text(st, 1, name);
	if (db_run(&a->db, st, e) != 0)
		return -1;
	*id = sqlite3_last_insert_rowid(a->db.handle);
	return 0;
}

int
archive_jail_flushed(struct archive *a, int64_t jail, int64_t at_us,
    struct err *e)
{
	return db_run_numbers(&a->db, SQL_JAIL_FLUSHED, jail, at_us, e);
}

int
archive_jail_restored(struct archive *a, int64_t jail, int64_t at_us,
    struct err *e)
{
	return db_run_numbers(&a->db, SQL_JAIL_RESTORED, jail, at_us, e);
}

static void
bind_group(sqlite3_stmt *st, const struct archive_group *g)
{
	db_bind_int(st, 1, g->jail);
	db_bind_text(st, 2, g->ident);
	db_bind_int(st, 3, g->timeofban);
}

struct sign *
archive_group_add(struct archive_group *g)
{
	struct sign *signs = grow(g->signs, g->n, sizeof(*signs));

	if (signs == NULL)
		return NULL;
	g->signs = signs;
	signs[g->n] = (struct sign){ 0 };
	return &signs[g->n++];
}

static int
keep_text(struct archive_group *g, const char *text, const char **kept)
{
	char **texts = grow(g->texts, g->texts_n, sizeof(*texts));

	*kept = NULL;
	if (texts == NULL)
		return -1;
	g->texts = texts;
	if (text == NULL)
		return 0;
	if ((texts[g->texts_n] = strdup(text)) == NULL)
		return -1;
	*kept = texts[g->texts_n++];
	return 0;
}

static int
load_sign(struct archive_group *g, sqlite3_stmt *st, struct err *e)
{
	struct sign *sign = archive_group_add(g);
	int64_t kind = db_int(st, 0), end = db_int(st, 10);
	int64_t second_us = text_seconds_to_us(g->timeofban);

	if (kind < SIGN_BAN || kind > SIGN_JUDGED || end > BAN_INFERRED)
		return err_set(e, EX_DATAERR,
		    "archive: a sign of no known kind");
	if (sign == NULL || keep_text(g, db_text(st, 7), &sign->ip) != 0)
		return no_memory(e);
	sign->kind = (enum sign_kind)kind;
	sign->at_us = text_add_sat(second_us, db_int(st, 1));
	sign->since_us = text_add_sat(second_us, db_int(st, 2));
	sign->exact = db_int(st, 3) == 1;
	sign->seconds = db_int(st, 4);
	sign->bancount = db_int(st, 5);
	sign->failures = db_int(st, 6);
	sign->evidence = sqlite3_column_int64(st, 8);
	sign->matches = db_int(st, 9) == 1;
	sign->end = end > BAN_LIVES ? (enum ban_end)end : BAN_LIVES;
	sign->ended_us = db_int(st, 11);
	sign->ban = db_int(st, 12);
	sign->held = true;
	return 0;
}

/* When the newest ban of g's jail and ident is of; UNKNOWN: there is none. */
static int
load_newest(struct archive *a, struct archive_group *g, struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_NEWEST_OF, e);
	int rc;

	if (st == NULL)
		return -1;
	db_bind_int(st, 1, g->jail);
	db_bind_text(st, 2, g->ident);
	rc = db_step(&a->db, st, e);
	g->newest = rc == 1 ? db_int(st, 0) : UNKNOWN;
	sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}

/* UNKNOWN is less than any second. */
static bool
is_newer_than_all(const struct archive_group *g)
{
	return g->newest < g->timeofban;
}

int
archive_group_load(struct archive *a, struct archive_group *g, struct err *e)
{
	sqlite3_stmt *st;
	int64_t *bans;
	int rc;

	if (load_newest(a, g, e) != 0)
		return -1;
	if (is_newer_than_all(g))
		return 0;
	if ((st = db_statement(&a->db, SQL_SIGNS, e)) == NULL)
		return -1;
	bind_group(st, g);
	while ((rc = db_step(&a->db, st, e)) == 1) {
		if (load_sign(g, st, e) != 0) {
			sqlite3_reset(st);
			return -1;
		}
	}
	if (rc < 0 || (st = db_statement(&a->db, SQL_BAN_IDS, e)) == NULL)
		return -1;
	bind_group(st, g);
	while ((rc = db_step(&a->db, st, e)) == 1) {
		if ((bans = grow(g->bans, g->bans_n, sizeof(*bans))) == NULL) {
			sqlite3_reset(st);
			return no_memory(e);
		}
		g->bans = bans;
		bans[g->bans_n++] = db_int(st, 0);
	}
	return rc;
}

void
archive_group_free(struct archive_group *g)
{
	for (size_t i = 0; i < g->texts_n; i++)
		free(g->texts[i]);
	free(g->texts);
	free(g->signs);
	free(g->bans);
	g->texts = NULL;
	g->signs = NULL;
	g->bans = NULL;
	g->n = g->texts_n = g->bans_n = 0;
}

/* Parameters 4 to 16 are alike in SQL_BAN_ADD and SQL_BAN_CHANGE. */
static void
bind_ban(sqlite3_stmt *st, const struct ban *ban)
{
	db_bind_int(st, 4, ban->since_us);
	db_bind_int(st, 5, ban->nth);
	db_bind_int(st, 6, ban->seconds);
	db_bind_int(st, 7, ban->bancount);
	db_bind_int(st, 8, ban->failures);
	db_bind_text(st, 9, ban->ip);
	db_bind_int(st, 10, ban->evidence != 0 ? ban->evidence : UNKNOWN);
	db_bind_text(st, 11, ban_origin_name(ban->origin));
	db_bind_int(st, 12, ban->seen);
	db_bind_int(st, 13, ban->ended_us);
	db_bind_text(st, 14, ban_end_name(ban->end));
	db_bind_int(st, 15, ban->restored);
	db_bind_int(st, 16, ban->pending_us);
}

static int
add_ban(struct archive *a, const struct archive_group *g, const struct ban *ban,
    const struct archive_change *change, int64_t *id, struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_BAN_ADD, e);

	if (st == NULL)
		return -1;
	bind_group(st, g);
	bind_ban(st, ban);
	db_bind_int(st, 17, ban->life_us);
	db_bind_int(st, 18, change->source != 0 ? change->source : UNKNOWN);
	db_bind_int(st, 19, change->now_us);
	if (db_run(&a->db, st, e) != 0)
		return -1;
	*id = sqlite3_last_insert_rowid(a->db.handle);
	return 0;
}

static int
change_ban(struct archive *a, const struct ban *ban, int64_t *changed,
    struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_BAN_CHANGE, e);

	if (st == NULL)
		return -1;
	db_bind_int(st, 1, ban->id);
	bind_ban(st, ban);
	if (db_run(&a->db, st, e) != 0)
		return -1;
	*changed += sqlite3_changes(a->db.handle);
	return db_run_numbers(&a->db, SQL_BAN_LIFE, ban->id, ban->life_us, e);
}

/*
 * Out of the way of a ban that may take its place; one that stays where it is,
 * at since_us and nth, is in nobody's way.
 */
static int
park_ban(struct archive *a, int64_t id, int64_t since_us, int64_t nth,
    struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_BAN_PARK, e);

	if (st == NULL)
		return -1;
	db_bind_int(st, 1, id);
	db_bind_int(st, 2, since_us);
	db_bind_int(st, 3, nth);
	return db_run(&a->db, st, e);
}

/* What a time of a sign is in the archive: counted from the group's second. */
static int64_t
from_second(const struct archive_group *g, int64_t us)
{
	return text_add_sat(us, -text_seconds_to_us(g->timeofban));
}

static int
add_sign(struct archive *a, const struct archive_group *g,
    const struct sign *sign, int64_t ban, struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_SIGN_ADD, e);

	if (st == NULL)
		return -1;
	db_bind_int(st, 1, ban);
	db_bind_int(st, 2, from_second(g, sign->at_us));
	db_bind_int(st, 3, sign->kind);
	db_bind_int(st, 4, from_second(g, sign->since_us));
	db_bind_int(st, 5, sign->exact);
	db_bind_int(st, 6, sign->seconds);
	db_bind_int(st, 7, sign->bancount);
	db_bind_int(st, 8, sign->failures);
	db_bind_text(st, 9, sign->ip);
	db_bind_int(st, 10, sign->evidence != 0 ? sign->evidence : UNKNOWN);
	db_bind_int(st, 11, sign->end != BAN_LIVES ? (int)sign->end : UNKNOWN);
	db_bind_int(st, 12, sign->end != BAN_LIVES ? sign->ended_us : UNKNOWN);
	return db_run(&a->db, st, e);
}

static int
move_sign(struct archive *a, const struct archive_group *g,
    const struct sign *sign, int64_t ban, struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_SIGN_MOVE, e);

	if (st == NULL)
		return -1;
	db_bind_int(st, 1, ban);
	db_bind_int(st, 2, from_second(g, sign->at_us));
	db_bind_int(st, 3, sign->kind);
	db_bind_int(st, 4, from_second(g, sign->since_us));
	db_bind_int(st, 5, sign->ban);
	return db_run(&a->db, st, e);
}

/* Whether one of bans continues the archive's row of that id. */
static bool
goes_on(int64_t id, const struct ban *bans, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bans[i].id == id)
			return true;
	}
	return false;
}

/* Rows of g that are no ban any more, and those that change places. */
static int
make_room(struct archive *a, const struct archive_group *g,
    const struct ban *bans, size_t n, struct err *e)
{
	for (size_t i = 0; i < g->bans_n; i++) {
		if (!goes_on(g->bans[i], bans, n) &&
		    park_ban(a, g->bans[i], UNKNOWN, UNKNOWN, e) != 0)
			return -1;
	}
	for (size_t i = 0; i < n; i++) {
		if (bans[i].id != 0 &&
		    park_ban(a, bans[i].id, bans[i].since_us, bans[i].nth, e) !=
			0)
			return -1;
	}
	return 0;
}

/* The first that stays gets a later rev than any that goes: none comes again.
 */
static int
remove_others(struct archive *a, const struct archive_group *g,
    const struct ban *bans, size_t n, int64_t stays,
    struct archive_change *change, struct err *e)
{
	for (size_t i = 0; i < g->bans_n; i++) {
		if (goes_on(g->bans[i], bans, n))
			continue;
		if (db_run_numbers(&a->db, SQL_BAN_TOUCH, stays, UNKNOWN, e) !=
			0 ||
		    db_run_numbers(&a->db, SQL_BAN_REMOVE, g->bans[i], UNKNOWN,
			e) != 0)
			return -1;
		change->changed++;
	}
	return 0;
}

/* Each ban is added or changed; ids[i] is its row. */
static int
save_bans(struct archive *a, const struct archive_group *g,
    const struct ban *bans, size_t n, int64_t *ids,
    struct archive_change *change, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		ids[i] = bans[i].id;
		if (ids[i] != 0 &&
		    change_ban(a, &bans[i], &change->changed, e) != 0)
			return -1;
	}
	for (size_t i = 0; i < n; i++) {
		if (ids[i] != 0)
			continue;
		if (add_ban(a, g, &bans[i], change, &ids[i], e) != 0)
			return -1;
		change->added++;
	}
	return 0;
}

static int
save_signs(struct archive *a, const struct archive_group *g, const int64_t *ids,
    const size_t *owner, struct err *e)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct sign *sign = &g->signs[i];
		int64_t ban = ids[owner[i]];

		if (!sign->held ?
			add_sign(a, g, sign, ban, e) != 0 :
			sign->ban != ban && move_sign(a, g, sign, ban, e) != 0)
			return -1;
	}
	return 0;
}

int
archive_group_save(struct archive *a, const struct archive_group *g,
    const struct ban *bans, size_t n, const size_t *owner,
    struct archive_change *change, struct err *e)
{
	int64_t *ids = calloc(n, sizeof(*ids));
	int rc = -1;

	if (ids == NULL)
		return no_memory(e);
	if (make_room(a, g, bans, n, e) == 0 &&
	    save_bans(a, g, bans, n, ids, change, e) == 0 &&
	    save_signs(a, g, ids, owner, e) == 0 &&
	    remove_others(a, g, bans, n, ids[0], change, e) == 0)
		rc = 0;
	free(ids);
	return rc;
}

/* 1 with the row of g's evidence that says the same, 0 or -1. */
static int
find_evidence(struct archive *a, const struct archive_group *g,
    const char *matches, const char *captures, int64_t *id, struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_EVIDENCE_FIND, e);
	int rc;

	if (st == NULL)
		return -1;
	bind_group(st, g);
	db_bind_text(st, 4, matches);
	db_bind_text(st, 5, captures);
	if ((rc = db_step(&a->db, st, e)) == 1)
		*id = db_int(st, 0);
	sqlite3_reset(st);
	return rc;
}

int
archive_add_evidence(struct archive *a, const struct archive_group *g,
    const char *matches, const char *captures, int64_t *id, struct err *e)
{
	sqlite3_stmt *st;
	int rc;

	*id = 0;
	if (matches == NULL && captures == NULL)
		return 0;
	if (g->bans_n > 0) {
		rc = find_evidence(a, g, matches, captures, id, e);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
	if ((st = db_statement(&a->db, SQL_EVIDENCE_ADD, e)) == NULL)
		return -1;
	db_bind_text(st, 1, matches);
	db_bind_text(st, 2, captures);
	if (db_run(&a->db, st, e) != 0)
		return -1;
	*id = sqlite3_last_insert_rowid(a->db.handle);
	return 0;
}

int
archive_next_start(struct archive *a, const struct archive_group *g,
    int64_t life_us, int64_t *next_us, struct err *e)
{
	sqlite3_stmt *st;
	int rc;

	*next_us = INT64_MAX;
	if (g->newest <= g->timeofban)
		return 0;
	if ((st = db_statement(&a->db, SQL_NEXT_START, e)) == NULL)
		return -1;
	bind_group(st, g);
	db_bind_int(st, 4, life_us);
	rc = db_step(&a->db, st, e);
	if (rc == 1)
		*next_us = db_int(st, 0);
	sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}

int
archive_previous(struct archive *a, const struct archive_group *g,
    int64_t since_us, int64_t *timeofban, struct err *e)
{
	sqlite3_stmt *st;
	int rc;

	if (g->newest == UNKNOWN) {
		*timeofban = UNKNOWN;
		return 0;
	}
	if ((st = db_statement(&a->db, SQL_PREVIOUS, e)) == NULL)
		return -1;
	bind_group(st, g);
	db_bind_int(st, 4, since_us);
	rc = db_step(&a->db, st, e);
	*timeofban = rc == 1 ? db_int(st, 0) : UNKNOWN;
	sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}

int
archive_known_row(struct archive *a, struct archive_group *g,
    const struct sign *row, struct archive_known *known, struct err *e)
{
	sqlite3_stmt *st;
	int rc;

	*known = (struct archive_known){ .present = UNKNOWN };
	if (load_newest(a, g, e) != 0)
		return -1;
	if (is_newer_than_all(g))
		return 0;
	if ((st = db_statement(&a->db, SQL_ROW_KNOWN, e)) == NULL)
		return -1;
	bind_group(st, g);
	db_bind_int(st, 4, row->seconds);
	db_bind_int(st, 5, row->bancount);
	db_bind_int(st, 6, row->failures);
	db_bind_text(st, 7, row->lines);
	db_bind_text(st, 8, row->captures);
	if ((rc = db_step(&a->db, st, e)) == 1) {
		known->id = db_int(st, 0);
		known->present = db_int(st, 1);
		known->same = db_int(st, 2) == 1;
		sqlite3_reset(st);
	}
	return rc < 0 ? -1 : 0;
}

int
archive_set_present(struct archive *a, int64_t ban, int64_t source,
    struct err *e)
{
	return db_run_numbers(&a->db, SQL_PRESENT, ban, source, e);
}

int
archive_set_present_latest(struct archive *a, const struct archive_group *g,
    int64_t source, struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_PRESENT_LATEST, e);

	if (st == NULL)
		return -1;
	bind_group(st, g);
	db_bind_int(st, 4, source);
	return db_run(&a->db, st, e);
}
