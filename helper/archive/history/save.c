/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/history/save.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/history/sightings_column.h"
#include "archive/statements.h"
#include "ban/same_ban_fold.h"
#include "base/address.h"

/* The bans of a stretch on their way into the archive. */
struct saving {
	struct archive *a;
	const struct archive_history *h;
	const struct archive_made *made;
	struct archive_change *change;
	bool *moved; /* bans[i] has other sightings than its row */
	struct sighting *sightings; /* by their bans, and in their order */
	size_t *first; /* of each ban, among these; and the end of them */
};

/* Return the row that the ban continues, NULL when it is a new one. */
static const struct archive_history_row *
row_of(const struct archive_history *h, const struct ban *ban)
{
	return ban->row == 0 ? NULL : &h->rows[ban->row - 1];
}

/* Return the ban that continues a row, NULL when none does. */
static const struct ban *
ban_of(const struct archive_made *made, size_t row)
{
	return made->of_row[row] == 0 ? NULL :
					&made->bans[made->of_row[row] - 1];
}

/* Return true when a row's ban was made when the archive has it. */
static bool
is_kept(const struct archive_history *h, const struct archive_made *made,
    size_t row)
{
	const struct ban *ban = ban_of(made, row), *was = &h->rows[row].ban;

	return ban != NULL && ban->made_us == was->made_us &&
	    ban->since_us == was->since_us;
}

/* Return true when the ban has the time and the number that its row has. */
static bool
is_at(const struct ban *ban, const struct ban *row)
{
	return ban->timeofban == row->timeofban &&
	    ban->since_us == row->since_us && ban->nth == row->nth;
}

/* Return true when the ban is what its row says. */
static bool
is_same(const struct ban *a, const struct ban *b)
{
	return a->made_us == b->made_us && a->timeofban == b->timeofban &&
	    a->since_us == b->since_us && a->nth == b->nth &&
	    a->seconds == b->seconds && a->bancount == b->bancount &&
	    a->origin == b->origin && a->end == b->end &&
	    a->ended_us == b->ended_us && a->restored == b->restored &&
	    a->life_us == b->life_us && a->pending_us == b->pending_us;
}

/* Return true when a ban that is not new gains a sighting, or loses one. */
static bool
is_moved(const struct archive_history *h, const struct archive_made *made,
    size_t row)
{
	for (size_t i = 0; i < h->n; i++) {
		size_t was = h->sightings[i].row,
		       is = made->bans[made->owner[i]].row;

		if ((was == row + 1) != (is == row + 1))
			return true;
	}
	return false;
}

/* Return true when the row at an edge is not what the stretch makes of it. */
static bool
is_anchor_moved(const struct archive_history *h,
    const struct archive_made *made, size_t row)
{
	const struct ban *ban = ban_of(made, row), *was = &h->rows[row].ban;

	return ban == NULL || ban->since_us != was->since_us ||
	    is_moved(h, made, row) ||
	    (row == 0 &&
		(ban->end != was->end || ban->ended_us != was->ended_us));
}

/* Return true when a ban's end in the stretch is that of its row. */
static bool
has_end(const struct archive_history *h, const struct archive_made *made,
    size_t row)
{
	const struct ban *ban = ban_of(made, row), *was = &h->rows[row].ban;

	return ban != NULL && ban->end == was->end &&
	    ban->ended_us == was->ended_us;
}

/*
 * Return true when a ban was made beyond the anchors of the stretch, or when
 * one within lived until then, so that a ban beyond may have ended it.
 */
static bool
is_beyond(const struct archive_history *h, const struct archive_made *made)
{
	int64_t from_us = h->begins ? INT64_MIN : h->rows[0].ban.made_us;
	int64_t to_us =
	    h->ends ? INT64_MAX : h->rows[h->rows_n - 1].ban.made_us;

	for (size_t i = 0; i < made->n; i++) {
		const struct ban *ban = &made->bans[i];

		if (ban->made_us < from_us || ban->made_us > to_us ||
		    (ban->made_us < to_us && ban->end == BAN_LIVES &&
			ban->life_us > to_us))
			return true;
	}
	return false;
}

/*
 * Before the stretch stand an anchor and a ban that a new one may end; after it
 * an anchor and a ban that only the bans after it end.
 */
bool
archive_history_is_short(const struct archive_history *h,
    const struct archive_made *made)
{
	size_t n = h->rows_n;

	if (is_beyond(h, made))
		return true;
	if (!h->begins &&
	    (is_anchor_moved(h, made, 0) ||
		(!h->rows[1].inner && !is_kept(h, made, 1))))
		return true;
	return !h->ends &&
	    (is_anchor_moved(h, made, n - 1) ||
		(!h->rows[n - 2].inner &&
		    (!is_kept(h, made, n - 2) || !has_end(h, made, n - 2))));
}

bool
archive_history_has_number(const struct archive_history *h,
    const struct ban *ban)
{
	const struct archive_history_row *row = row_of(h, ban);

	return row != NULL && row->ban.since_us == ban->since_us &&
	    row->ban.nth == ban->nth;
}

/* The letters of the values that both statements bind from the ban on. */
#define BAN_TYPES "iidiiititiitii"

static int64_t
unknown_if_none(int64_t id)
{
	return id != 0 ? id : UNKNOWN;
}

/* Return the database that has the row of a ban, UNKNOWN: none is known. */
static int64_t
source_of(const struct saving *s, const struct ban *ban)
{
	return ban == &s->made->bans[s->made->sourced] ?
	    unknown_if_none(s->made->source) :
	    UNKNOWN;
}

/*
 * Return the address of a ban as fail2ban writes it, NULL where it is the
 * ident. An ident may be an address in another spelling: see
 * archive/history/spelling.h. An index finds it by its address.
 */
static const char *
address_of(const struct saving *s, const struct ban *ban,
    char address[ADDRESS_TEXT])
{
	const char *ident = s->h->of.ident;
	const char *ip = ban->ip != NULL ? ban->ip : ident;
	struct address a;

	if (!address_parse(ip, strlen(ip), &a))
		return ban->ip;
	address_print(&a, address);
	return strcmp(address, ident) == 0 ? NULL : address;
}

static int
add_row(struct saving *s, struct ban *ban, const char *sightings, struct err *e)
{
	const struct archive_ident *of = &s->h->of;
	bool has_rev = s->change->next_rev != 0;
	char address[ADDRESS_TEXT];

	if (db_query(&s->a->db, has_rev ? SQL_BAN_ADD_NEXT : SQL_BAN_ADD, e,
		has_rev ? "it" BAN_TYPES "tiiiiti" : "it" BAN_TYPES "tiiiit",
		of->jail, of->ident, ban->timeofban, ban->since_us, ban->nth,
		ban->seconds, ban->bancount, ban->failures,
		address_of(s, ban, address), unknown_if_none(ban->evidence),
		ban_origin_name(ban->origin), (int64_t)ban->seen, ban->ended_us,
		ban_end_name(ban->end), ban->restored, ban->pending_us,
		sightings, ban->life_us, ban->made_us, source_of(s, ban),
		s->change->now_us, archive_ident_host(of),
		s->change->next_rev) != 0)
		return -1;
	s->change->next_rev += has_rev;
	ban->id = sqlite3_last_insert_rowid(s->a->db.handle);
	s->change->added++;
	return 0;
}

static int
change_row(struct saving *s, const struct ban *ban, const char *sightings,
    struct err *e)
{
	const struct ban *was = &row_of(s->h, ban)->ban;
	bool moves = !is_at(ban, was), is_made = ban->made_us != was->made_us;
	char address[ADDRESS_TEXT];

	if (db_query(&s->a->db, moves ? SQL_BAN_CHANGE : SQL_BAN_CHANGE_KEPT, e,
		"in" BAN_TYPES, ban->id, ban->timeofban, ban->since_us,
		ban->nth, ban->seconds, ban->bancount, ban->failures,
		address_of(s, ban, address), unknown_if_none(ban->evidence),
		ban_origin_name(ban->origin), (int64_t)ban->seen, ban->ended_us,
		ban_end_name(ban->end), ban->restored, ban->pending_us) != 0)
		return -1;
	s->change->changed += sqlite3_changes(s->a->db.handle);
	return db_query(&s->a->db,
	    is_made ? SQL_BAN_SIGHTINGS : SQL_BAN_SIGHTINGS_KEPT, e,
	    is_made ? "itii" : "iti", ban->id, sightings, ban->life_us,
	    ban->made_us);
}

/* Sort the sightings by their bans. */
static void
gather(struct saving *s)
{
	const struct archive_made *made = s->made;

	for (size_t i = 0; i < s->h->n; i++)
		s->first[made->owner[i] + 2]++;
	for (size_t i = 2; i <= made->n; i++)
		s->first[i] += s->first[i - 1];
	/* Each place moves on to that of the next ban. */
	for (size_t i = 0; i < s->h->n; i++)
		s->sightings[s->first[made->owner[i] + 1]++] =
		    s->h->sightings[i];
}

/* Return the sightings of ban number i as text; NULL when memory is short. */
static char *
sightings_of(const struct saving *s, size_t i)
{
	struct sighting *list = &s->sightings[s->first[i]];
	size_t n = s->first[i + 1] - s->first[i];
	struct buffer out = { 0 };

	if (n > 0)
		n = same_ban_fold(list, n, s->made->bans[i].made_us);
	for (size_t k = 0; k < n; k++)
		sightings_column_put(&out, &list[k],
		    s->made->bans[i].timeofban);
	buffer_puts(&out, out.len == 0 ? "[]" : "]");
	return buffer_take(&out);
}

static int
save_ban(struct saving *s, size_t i, struct err *e)
{
	struct ban *ban = &s->made->bans[i];
	char *sightings = sightings_of(s, i);
	int rc;

	if (sightings == NULL)
		return err_no_memory(e);
	rc = ban->row == 0 ? add_row(s, ban, sightings, e) :
			     change_row(s, ban, sightings, e);
	free(sightings);
	return rc;
}

/* Return true when ban number i must be written. */
static bool
is_changed(const struct saving *s, size_t i)
{
	const struct ban *ban = &s->made->bans[i];
	const struct archive_history_row *row = row_of(s->h, ban);

	return row == NULL ||
	    (!archive_history_is_anchor(s->h, (size_t)(row - s->h->rows)) &&
		(s->moved[i] || !is_same(ban, &row->ban)));
}

/* Find the bans that have gained a sighting, or lost one. */
static void
find_moved(struct saving *s)
{
	const struct archive_made *made = s->made;

	for (size_t i = 0; i < s->h->n; i++) {
		size_t now = made->owner[i], row = s->h->sightings[i].row;

		if (made->bans[now].row == row && row != 0)
			continue;
		s->moved[now] = true;
		if (row != 0 && made->of_row[row - 1] != 0)
			s->moved[made->of_row[row - 1] - 1] = true;
	}
}

/*
 * Move the rows out of the way whose bans go, or get another number or time: a
 * number is free before another ban takes it.
 */
static int
make_room(const struct saving *s, struct err *e)
{
	for (size_t i = 0; i < s->h->rows_n; i++) {
		const struct ban *row = &s->h->rows[i].ban,
				 *ban = ban_of(s->made, i);

		if (archive_history_is_anchor(s->h, i))
			continue;
		if (ban != NULL && is_at(ban, row))
			continue;
		if (db_query(&s->a->db, SQL_BAN_PARK, e, "i", row->id) != 0)
			return -1;
	}
	return 0;
}

/* Remove the row of a ban that became another one; leave a tombstone. */
static int
remove_row(const struct saving *s, int64_t id, struct err *e)
{
	s->change->changed++;
	if (db_query(&s->a->db, SQL_BAN_MERGED, e, "ii", id,
		s->change->now_us) != 0)
		return -1;
	return db_query(&s->a->db, SQL_BAN_REMOVE, e, "i", id);
}

/*
 * After the row with the greatest id has gone, give a ban that stays an id of
 * its own beyond that: so the next new ban does not get an id that was given
 * before.
 */
static int
renumber(const struct saving *s, struct ban *stays, int64_t removed,
    struct err *e)
{
	if (db_query(&s->a->db, SQL_BAN_RENUMBER, e, "ii", stays->id,
		removed) != 0)
		return -1;
	if (sqlite3_changes(s->a->db.handle) == 0)
		return 0;
	if (db_query(&s->a->db, SQL_BAN_MERGED, e, "ii", stays->id,
		s->change->now_us) != 0)
		return -1;
	stays->id = removed + 1;
	return 0;
}

/* Remove the rows that are no ban any more. One that stays gets a new rev. */
static int
remove_others(const struct saving *s, struct err *e)
{
	struct ban *stays = s->made->n > 0 ? &s->made->bans[0] : NULL;

	for (size_t i = 0; i < s->h->rows_n; i++) {
		int64_t id = s->h->rows[i].ban.id;

		if (archive_history_is_anchor(s->h, i) ||
		    ban_of(s->made, i) != NULL)
			continue;
		if (remove_row(s, id, e) != 0)
			return -1;
		if (stays != NULL &&
		    (renumber(s, stays, id, e) != 0 ||
			db_query(&s->a->db, SQL_BAN_TOUCH, e, "i", stays->id) !=
			    0))
			return -1;
	}
	return 0;
}

/* Note the database that has the row of one of the bans. */
static int
save_source(const struct saving *s, struct err *e)
{
	const struct ban *ban = &s->made->bans[s->made->sourced];
	const struct archive_history_row *row = row_of(s->h, ban);

	/* A new row has it already. */
	if (s->made->source == 0 || row == NULL ||
	    row->source == s->made->source)
		return 0;
	return archive_history_set_source(s->a, ban->id, s->made->source, e);
}

/* Rows come first: a new ban may take the number of one that changes. */
static int
save_all(struct saving *s, struct err *e)
{
	find_moved(s);
	if (make_room(s, e) != 0)
		return -1;
	for (size_t i = 0; i < s->made->n; i++) {
		if (s->made->bans[i].row != 0 && is_changed(s, i) &&
		    save_ban(s, i, e) != 0)
			return -1;
	}
	for (size_t i = 0; i < s->made->n; i++) {
		if (s->made->bans[i].row == 0 && save_ban(s, i, e) != 0)
			return -1;
	}
	return save_source(s, e) != 0 ? -1 : remove_others(s, e);
}

int
archive_history_save(struct archive *a, const struct archive_history *h,
    const struct archive_made *made, struct archive_change *change,
    struct err *e)
{
	struct saving s = {
		.a = a,
		.h = h,
		.made = made,
		.change = change,
		.moved = calloc(made->n + 1, sizeof(*s.moved)),
		.sightings = calloc(h->n + 1, sizeof(*s.sightings)),
		.first = calloc(made->n + 2, sizeof(*s.first)),
	};
	bool has_memory =
	    s.moved != NULL && s.sightings != NULL && s.first != NULL;
	int rc = -1;

	if (has_memory) {
		gather(&s);
		rc = save_all(&s, e);
	}
	free(s.moved);
	free(s.sightings);
	free(s.first);
	return has_memory ? rc : err_no_memory(e);
}

int
archive_history_next_rev(struct archive *a, int64_t *rev, struct err *e)
{
	return db_number(&a->db, SQL_NEXT_REV, rev, e, "");
}

int
archive_history_set_source(struct archive *a, int64_t ban, int64_t source,
    struct err *e)
{
	return db_query(&a->db, SQL_BAN_SOURCE, e, "ii", ban, source);
}

int
archive_history_remove(struct archive *a, int64_t ban, struct err *e)
{
	return db_query(&a->db, SQL_BAN_REMOVE, e, "i", ban);
}
