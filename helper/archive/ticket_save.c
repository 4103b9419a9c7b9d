/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/ticket_save.h"

#include <stdlib.h>
#include <sysexits.h>

#include "archive/statements.h"
#include "archive/sightings_column.h"

static int
no_memory(struct err *e)
{
	return err_set(e, EX_OSERR, "archive: out of memory");
}

/* What same_ban_make_bans made of a group, on its way into the archive. */
struct saving {
	struct archive *a;
	const struct archive_ticket *g;
	const struct ban *bans;
	size_t n, latest;
	const size_t *owner;
	struct archive_change *change;
};

void
archive_ticket_save_bind(sqlite3_stmt *st, const struct ban *ban)
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

/* The sightings of ban number i; NULL when there is no memory. */
static char *
signs_of(const struct saving *s, size_t i)
{
	struct buffer out = { 0 };

	for (size_t k = 0; k < s->g->n; k++) {
		if (s->owner[k] == i)
			sightings_column_put(&out, &s->g->sightings[k],
			    s->g->timeofban);
	}
	buffer_puts(&out, out.len == 0 ? "[]" : "]");
	return buffer_take(&out);
}

static int
add_ban(struct saving *s, size_t i, const char *sightings, struct err *e)
{
	const struct ban *ban = &s->bans[i];
	sqlite3_stmt *st = db_statement(&s->a->db, SQL_BAN_ADD, e);

	if (st == NULL)
		return -1;
	archive_ticket_bind(st, s->g);
	archive_ticket_save_bind(st, ban);
	db_bind_text(st, 17, sightings);
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
change_ban(struct saving *s, size_t i, const char *sightings, struct err *e)
{
	const struct ban *ban = &s->bans[i];
	sqlite3_stmt *st = db_statement(&s->a->db, SQL_BAN_CHANGE, e);

	if (st == NULL)
		return -1;
	db_bind_int(st, 1, ban->id);
	archive_ticket_save_bind(st, ban);
	if (db_run(&s->a->db, st, e) != 0)
		return -1;
	s->change->changed += sqlite3_changes(s->a->db.handle);
	if ((st = db_statement(&s->a->db, SQL_BAN_SIGNS, e)) == NULL)
		return -1;
	db_bind_int(st, 1, ban->id);
	db_bind_text(st, 17, sightings);
	db_bind_int(st, 18, ban->life_us);
	if (db_run(&s->a->db, st, e) != 0)
		return -1;
	if (i != s->latest || s->change->source == 0)
		return 0;
	return archive_ticket_set_source(s->a, ban->id, s->change->source, e);
}

static int
save_ban(struct saving *s, size_t i, struct err *e)
{
	char *sightings = signs_of(s, i);
	int rc;

	if (sightings == NULL)
		return no_memory(e);
	rc = s->bans[i].id == 0 ? add_ban(s, i, sightings, e) :
				  change_ban(s, i, sightings, e);
	free(sightings);
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
make_room(struct archive *a, const struct archive_ticket *g,
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
remove_others(struct archive *a, const struct archive_ticket *g,
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
archive_ticket_save(struct archive *a, const struct archive_ticket *g,
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
