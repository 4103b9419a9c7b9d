/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/ticket_save.h"

#include <stdlib.h>
#include <sysexits.h>

#include "archive/sightings_column.h"
#include "archive/statements.h"

static int
no_memory(struct err *e)
{
	return err_set(e, EX_OSERR, "archive: out of memory");
}

/* The bans of a ticket on their way into the archive. */
struct saving {
	struct archive *a;
	const struct archive_ticket *t;
	const struct ticket_bans *made;
	size_t latest; /* the ban that fail2ban's row of the ticket is of */
	struct archive_change *change;
};

/* Return a row's id, or UNKNOWN for 0, no row. */
static int64_t
unknown_if_none(int64_t id)
{
	return id != 0 ? id : UNKNOWN;
}

/* The letters of the values that both statements bind to ?4 to ?16. */
#define BAN_TYPES "idiiititiitii"

int
archive_ticket_add_row(struct archive *a, const struct archive_ban_row *row,
    struct err *e)
{
	const struct ban *ban = row->ban;

	return db_query(&a->db, SQL_BAN_ADD, e, "iti" BAN_TYPES "tiiit",
	    row->jail, row->ident, row->timeofban, ban->since_us, ban->nth,
	    ban->seconds, ban->bancount, ban->failures, ban->ip,
	    unknown_if_none(ban->evidence), ban_origin_name(ban->origin),
	    (int64_t)ban->seen, ban->ended_us, ban_end_name(ban->end),
	    ban->restored, ban->pending_us, row->sightings, ban->life_us,
	    unknown_if_none(row->source), row->added_us,
	    row->host != NULL ? row->host : "");
}

int
archive_ticket_change_row(struct archive *a, const struct ban *ban,
    struct err *e)
{
	return db_query(&a->db, SQL_BAN_CHANGE, e, "inn" BAN_TYPES, ban->id,
	    ban->since_us, ban->nth, ban->seconds, ban->bancount, ban->failures,
	    ban->ip, unknown_if_none(ban->evidence),
	    ban_origin_name(ban->origin), (int64_t)ban->seen, ban->ended_us,
	    ban_end_name(ban->end), ban->restored, ban->pending_us);
}

/* Return the sightings of ban number i as text; NULL when memory is short. */
static char *
sightings_of(const struct saving *s, size_t i)
{
	struct buffer out = { 0 };

	for (size_t k = 0; k < s->t->n; k++) {
		if (s->made->owner[k] == i)
			sightings_column_put(&out, &s->t->sightings[k],
			    s->t->timeofban);
	}
	buffer_puts(&out, out.len == 0 ? "[]" : "]");
	return buffer_take(&out);
}

static int
add_ban(struct saving *s, size_t i, const char *sightings, struct err *e)
{
	const struct archive_ban_row row = {
		.ban = &s->made->bans[i],
		.jail = s->t->jail,
		.ident = s->t->ident,
		.host = s->t->host,
		.timeofban = s->t->timeofban,
		.sightings = sightings,
		.source = i == s->latest ? s->change->source : 0,
		.added_us = s->change->now_us,
	};

	if (archive_ticket_add_row(s->a, &row, e) != 0)
		return -1;
	s->change->added++;
	return 0;
}

static int
change_ban(struct saving *s, size_t i, const char *sightings, struct err *e)
{
	const struct ban *ban = &s->made->bans[i];

	if (archive_ticket_change_row(s->a, ban, e) != 0)
		return -1;
	s->change->changed += sqlite3_changes(s->a->db.handle);
	if (db_query(&s->a->db, SQL_BAN_SIGHTINGS, e, "iti", ban->id, sightings,
		ban->life_us) != 0)
		return -1;
	if (i != s->latest || s->change->source == 0)
		return 0;
	return archive_ticket_set_source(s->a, ban->id, s->change->source, e);
}

static int
save_ban(struct saving *s, size_t i, struct err *e)
{
	char *sightings = sightings_of(s, i);
	int rc;

	if (sightings == NULL)
		return no_memory(e);
	rc = s->made->bans[i].id == 0 ? add_ban(s, i, sightings, e) :
					change_ban(s, i, sightings, e);
	free(sightings);
	return rc;
}

/*
 * Move a row out of the way of a ban that may take its place. A row that stays
 * at since_us and nth is in no ban's way.
 */
static int
park_ban(struct archive *a, int64_t id, int64_t since_us, int64_t nth,
    struct err *e)
{
	return db_query(&a->db, SQL_BAN_PARK, e, "iii", id, since_us, nth);
}

/* Return true when one of the bans continues the row of that id. */
static bool
is_continued(const struct ticket_bans *made, int64_t id)
{
	for (size_t i = 0; i < made->n; i++) {
		if (made->bans[i].id == id)
			return true;
	}
	return false;
}

/* Park the rows that are no ban any more, and those that change places. */
static int
make_room(const struct saving *s, struct err *e)
{
	for (size_t i = 0; i < s->t->bans_n; i++) {
		if (!is_continued(s->made, s->t->bans[i]) &&
		    park_ban(s->a, s->t->bans[i], UNKNOWN, UNKNOWN, e) != 0)
			return -1;
	}
	for (size_t i = 0; i < s->made->n; i++) {
		const struct ban *ban = &s->made->bans[i];

		if (ban->id != 0 &&
		    park_ban(s->a, ban->id, ban->since_us, ban->nth, e) != 0)
			return -1;
	}
	return 0;
}

/*
 * Remove the rows that are no ban any more. A ban that stays gets a later rev
 * than the row that goes had, so that no rev is given out twice.
 */
static int
remove_others(const struct saving *s, struct err *e)
{
	for (size_t i = 0; i < s->t->bans_n; i++) {
		if (is_continued(s->made, s->t->bans[i]))
			continue;
		if (db_query(&s->a->db, SQL_BAN_TOUCH, e, "i",
			s->made->bans[0].id) != 0 ||
		    db_query(&s->a->db, SQL_BAN_REMOVE, e, "i",
			s->t->bans[i]) != 0)
			return -1;
		s->change->changed++;
	}
	return 0;
}

/*
 * Find the ban that the row of fail2ban's database is of: the one that lives,
 * or the last one. SQL_TICKET returns the archive's rows in this order.
 */
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
archive_ticket_save(struct archive *a, const struct archive_ticket *t,
    const struct ticket_bans *made, struct archive_change *change,
    struct err *e)
{
	struct saving s = {
		.a = a,
		.t = t,
		.made = made,
		.latest = find_latest(made->bans, made->n),
		.change = change,
	};

	if (make_room(&s, e) != 0)
		return -1;
	for (size_t i = 0; i < made->n; i++) {
		if (made->bans[i].id != 0 && save_ban(&s, i, e) != 0)
			return -1;
	}
	for (size_t i = 0; i < made->n; i++) {
		if (made->bans[i].id == 0 && save_ban(&s, i, e) != 0)
			return -1;
	}
	return remove_others(&s, e);
}
