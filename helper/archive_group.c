/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive_group.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive_evidence.h"
#include "archive_sql.h"
#include "sign.h"

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

static void
bind_group(sqlite3_stmt *st, const struct archive_group *g)
{
	db_bind_int(st, 1, g->jail);
	db_bind_text(st, 2, g->ident);
	db_bind_int(st, 3, g->timeofban);
	db_bind_text(st, 4, g->host != NULL ? g->host : "");
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
keep_text(struct archive_group *g, char *text)
{
	char **texts = grow(g->texts, g->texts_n, sizeof(*texts));

	if (texts == NULL) {
		free(text);
		return -1;
	}
	g->texts = texts;
	texts[g->texts_n++] = text;
	return 0;
}

/* The signs of one ban, as the archive has them. */
static int
load_signs(struct archive_group *g, int64_t ban, const char *text,
    struct err *e)
{
	struct sign sign, *added;
	const char *at = text;
	char *ip;
	int rc;

	if (text == NULL || !sign_is_array(text))
		return err_set(e, EX_DATAERR,
		    "archive: the signs of a ban are no array");
	while ((rc = sign_take(&at, g->timeofban, &sign, &ip)) == 1) {
		if ((ip != NULL && keep_text(g, ip) != 0) ||
		    (added = archive_group_add(g)) == NULL)
			return no_memory(e);
		*added = sign;
		added->ip = ip;
		added->ban = ban;
	}
	if (rc < 0)
		return err_set(e, EX_DATAERR,
		    "archive: a sign of no known kind");
	return 0;
}

static int
load_ban(struct archive_group *g, sqlite3_stmt *st, struct err *e)
{
	const char *signs = db_text(st, 2);
	int64_t *bans;

	if (signs != NULL && strcmp(signs, "[]") == 0) {
		g->logged = db_int(st, 0);
		return 0;
	}
	if ((bans = grow(g->bans, g->bans_n, sizeof(*bans))) == NULL)
		return no_memory(e);
	g->bans = bans;
	if (g->bans_n == 0)
		g->present = db_int(st, 1);
	bans[g->bans_n++] = db_int(st, 0);
	return load_signs(g, db_int(st, 0), signs, e);
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

static int
load_bans(struct archive *a, struct archive_group *g, struct err *e)
{
	sqlite3_stmt *st;
	int rc;

	/* UNKNOWN is less than any second. */
	if (g->newest < g->timeofban)
		return 0;
	if ((st = db_statement(&a->db, SQL_GROUP, e)) == NULL)
		return -1;
	bind_group(st, g);
	while ((rc = db_step(&a->db, st, e)) == 1 && load_ban(g, st, e) == 0)
		continue;
	sqlite3_reset(st);
	return rc == 0 ? 0 : -1;
}

/* The group that fail2ban has under that second, where there is one. */
static int
find_known_as(struct archive *a, struct archive_group *g, struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_KNOWN_AS, e);
	int rc;

	if (st == NULL)
		return -1;
	bind_group(st, g);
	if ((rc = db_step(&a->db, st, e)) == 1) {
		g->known_as = g->timeofban;
		g->timeofban = db_int(st, 0);
	}
	sqlite3_reset(st);
	return rc;
}

int
archive_group_load(struct archive *a, struct archive_group *g, struct err *e)
{
	int rc;

	g->present = UNKNOWN;
	if (load_newest(a, g, e) != 0 || load_bans(a, g, e) != 0)
		return -1;
	if (g->noted_us == 0 || g->host != NULL || g->newest == UNKNOWN ||
	    g->bans_n > 0)
		return 0;
	rc = find_known_as(a, g, e);
	return rc == 1 ? load_bans(a, g, e) : rc;
}

int
archive_group_set_known_as(struct archive *a, struct archive_group *g,
    int64_t timeofban, struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_SET_KNOWN_AS, e);
	int64_t known_as = g->timeofban;

	if (st == NULL)
		return -1;
	g->timeofban = timeofban;
	g->known_as = known_as;
	bind_group(st, g);
	db_bind_int(st, 5, known_as);
	if (db_run(&a->db, st, e) != 0)
		return -1;
	return load_bans(a, g, e);
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

/* What match_bans made of a group, on its way into the archive. */
struct saving {
	struct archive *a;
	const struct archive_group *g;
	const struct ban *bans;
	size_t n, latest;
	const size_t *owner;
	struct archive_change *change;
};

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

/* The signs of ban number i; NULL when there is no memory. */
static char *
signs_of(const struct saving *s, size_t i)
{
	struct buffer out = { 0 };

	for (size_t k = 0; k < s->g->n; k++) {
		if (s->owner[k] == i)
			sign_put(&out, &s->g->signs[k], s->g->timeofban);
	}
	buffer_puts(&out, out.len == 0 ? "[]" : "]");
	return buffer_take(&out);
}

static int
add_ban(struct saving *s, size_t i, const char *signs, struct err *e)
{
	const struct ban *ban = &s->bans[i];
	sqlite3_stmt *st = db_statement(&s->a->db, SQL_BAN_ADD, e);

	if (st == NULL)
		return -1;
	bind_group(st, s->g);
	bind_ban(st, ban);
	db_bind_text(st, 17, signs);
	db_bind_int(st, 18, ban->life_us);
	db_bind_int(st, 19,
	    i == s->latest && s->change->source != 0 ? s->change->source :
						       UNKNOWN);
	db_bind_int(st, 20, s->change->now_us);
	db_bind_text(st, 21, s->g->host != NULL ? s->g->host : "");
	if (db_run(&s->a->db, st, e) != 0)
		return -1;
	s->change->added++;
	return 0;
}

static int
change_ban(struct saving *s, size_t i, const char *signs, struct err *e)
{
	const struct ban *ban = &s->bans[i];
	sqlite3_stmt *st = db_statement(&s->a->db, SQL_BAN_CHANGE, e);

	if (st == NULL)
		return -1;
	db_bind_int(st, 1, ban->id);
	bind_ban(st, ban);
	if (db_run(&s->a->db, st, e) != 0)
		return -1;
	s->change->changed += sqlite3_changes(s->a->db.handle);
	if ((st = db_statement(&s->a->db, SQL_BAN_SIGNS, e)) == NULL)
		return -1;
	db_bind_int(st, 1, ban->id);
	db_bind_text(st, 17, signs);
	db_bind_int(st, 18, ban->life_us);
	if (db_run(&s->a->db, st, e) != 0)
		return -1;
	if (i != s->latest || s->change->source == 0)
		return 0;
	return archive_group_set_present(s->a, ban->id, s->change->source, e);
}

static int
save_ban(struct saving *s, size_t i, struct err *e)
{
	char *signs = signs_of(s, i);
	int rc;

	if (signs == NULL)
		return no_memory(e);
	rc = s->bans[i].id == 0 ? add_ban(s, i, signs, e) :
				  change_ban(s, i, signs, e);
	free(signs);
	return rc;
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

/*
 * What stays has a later rev than what goes, so that none comes again: one that
 * was added has, another gets it.
 */
static int
remove_others(struct archive *a, const struct archive_group *g,
    const struct ban *bans, size_t n, struct archive_change *change,
    struct err *e)
{
	for (size_t i = 0; i < g->bans_n; i++) {
		if (goes_on(g->bans[i], bans, n))
			continue;
		if (db_run_numbers(&a->db, SQL_BAN_TOUCH, bans[0].id, UNKNOWN,
			e) != 0 ||
		    db_run_numbers(&a->db, SQL_BAN_REMOVE, g->bans[i], UNKNOWN,
			e) != 0)
			return -1;
		change->changed++;
	}
	return 0;
}

/* The ban that a row of fail2ban's database is of: SQL_GROUP has it first. */
static size_t
find_latest(const struct ban *bans, size_t n)
{
	size_t latest = 0;

	for (size_t i = 1; i < n; i++) {
		const struct ban *a = &bans[latest], *b = &bans[i];
		bool a_lives = a->end == BAN_LIVES,
		     b_lives = b->end == BAN_LIVES;

		if (a_lives != b_lives		   ? b_lives :
			a->since_us != b->since_us ? b->since_us > a->since_us :
						     b->nth > a->nth)
			latest = i;
	}
	return latest;
}

int
archive_group_save(struct archive *a, const struct archive_group *g,
    const struct ban *bans, size_t n, const size_t *owner,
    struct archive_change *change, struct err *e)
{
	struct saving s = {
		.a = a,
		.g = g,
		.bans = bans,
		.n = n,
		.latest = find_latest(bans, n),
		.owner = owner,
		.change = change,
	};

	if (make_room(a, g, bans, n, e) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (bans[i].id != 0 && save_ban(&s, i, e) != 0)
			return -1;
	}
	for (size_t i = 0; i < n; i++) {
		if (bans[i].id == 0 && save_ban(&s, i, e) != 0)
			return -1;
	}
	return remove_others(a, g, bans, n, change, e);
}

int
archive_group_set_present(struct archive *a, int64_t ban, int64_t source,
    struct err *e)
{
	return db_run_numbers(&a->db, SQL_PRESENT, ban, source, e);
}

int
archive_group_has_evidence(struct archive *a, const struct sign *archived,
    const struct sign *sign, struct err *e)
{
	if (archived->evidence == 0)
		return sign->lines == NULL && sign->captures == NULL;
	return archive_evidence_is(a, archived->evidence, sign->lines,
	    sign->captures, e);
}

int
archive_group_has_row(struct archive *a, const struct archive_group *g,
    const struct sign *row, struct err *e)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct sign *sign = &g->signs[i];
		int rc;

		if (sign->kind != SIGN_ROW || sign->seconds != row->seconds ||
		    sign->bancount != row->bancount ||
		    sign->failures != row->failures)
			continue;
		rc = archive_group_has_evidence(a, sign, row, e);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* 1 with the row of g's evidence that says the same, 0 or -1. */
static int
find_evidence(struct archive *a, const struct archive_group *g,
    const char *matches, const char *captures, int64_t *id, struct err *e)
{
	int64_t last = 0;

	for (size_t i = 0; i < g->n; i++) {
		int rc;

		*id = g->signs[i].evidence;
		if (*id == 0 || *id == last)
			continue;
		if ((rc = archive_evidence_is(a, *id, matches, captures, e)) !=
		    0)
			return rc;
		last = *id;
	}
	*id = 0;
	return 0;
}

int
archive_group_add_evidence(struct archive *a, const struct archive_group *g,
    const char *matches, const char *captures, int64_t *id, struct err *e)
{
	int rc;

	*id = 0;
	if (matches == NULL && captures == NULL)
		return 0;
	if ((rc = find_evidence(a, g, matches, captures, id, e)) != 0)
		return rc < 0 ? -1 : 0;
	return archive_evidence_add(a, matches, captures, id, e);
}
