/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/history/prune.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/history/sightings_column.h"
#include "archive/statements.h"
#include "ban/anonymous.h"
#include "base/timestamp.h"

static char *
copy(const char *s)
{
	return s != NULL ? strdup(s) : NULL;
}

/* Make a ticket of a row: jail, ident, timeofban, host, the jail's name,
 * traces.
 */
static int
take_ticket(sqlite3_stmt *st, struct prune_ticket *t)
{
	*t = (struct prune_ticket){
		.jail = db_int(st, 0),
		.ident = copy(db_text(st, 1)),
		.timeofban = db_int(st, 2),
		.host = copy(db_text(st, 3)),
		.jail_name = copy(db_text(st, 4)),
		.traces = db_int(st, 5) == 1,
	};
	return t->ident != NULL && t->host != NULL && t->jail_name != NULL ? 0 :
									     -1;
}

/* Make a list of the rows of a statement, at most max. */
static int
load(struct archive *a, sqlite3_stmt *st, size_t max,
    struct prune_ticket **list, size_t *n, struct err *e)
{
	int rc = 0;

	*n = 0;
	*list = NULL;
	if (st == NULL)
		return -1;
	if ((*list = calloc(max, sizeof(**list))) == NULL)
		return err_no_memory(e);
	while (*n < max && (rc = db_step(&a->db, st, e)) == 1) {
		if (take_ticket(st, &(*list)[(*n)++]) != 0) {
			rc = err_no_memory(e);
			break;
		}
	}
	sqlite3_reset(st);
	if (rc >= 0)
		return 0;
	prune_free(*list, *n);
	*list = NULL;
	return -1;
}

/* Return 1 when a ban of the ticket is to be kept, 0 when none is, or -1. */
static int
is_kept(struct archive *a, const struct ticket_key *t, int64_t before_us,
    struct err *e)
{
	if (before_us == UNKNOWN)
		return 0;
	return db_has_row(&a->db, SQL_PRUNE_KEPT, e, "ititi", t->jail, t->ident,
	    t->timeofban, t->host, before_us);
}

static struct ticket_key
key_of(const struct prune_ticket *t)
{
	return (struct ticket_key){ t->jail, t->ident, t->timeofban, t->host };
}

/* The search for the bans from before a time. */
struct search {
	struct archive *a;
	int64_t before_us;
	struct prune_place *place;
	struct ticket_memo *memo;
	struct prune_ticket *list;
	size_t max, n;
};

/*
 * Return 1 when the bans of the ticket in a row of the search are kept, 0 when
 * they are not, or -1. The row's own ban is not to be kept.
 */
static int
row_is_kept(struct search *s, sqlite3_stmt *st, struct err *e)
{
	const char *ident = db_text(st, 1), *host = db_text(st, 3);
	const struct ticket_key key = { db_int(st, 0),
		ident != NULL ? ident : "", db_int(st, 2),
		host != NULL ? host : "" };
	bool kept;
	int rc;

	if (db_int(st, 8) != 1)
		return 0;
	if (ticket_memo_get(s->memo, &key, &kept))
		return kept;
	if ((rc = is_kept(s->a, &key, s->before_us, e)) >= 0)
		ticket_memo_put(s->memo, &key, rc == 1);
	return rc;
}

/*
 * Append the rows of a statement whose tickets are not kept to the list. *more:
 * the statement may have more rows than it is asked for at a time.
 */
static int
search_by(struct search *s, int statement, bool *more, struct err *e)
{
	sqlite3_stmt *st = db_bind(&s->a->db, statement, e, "iiii",
	    s->before_us, s->place->kept_us, s->place->id, (int64_t)s->max);
	size_t rows = 0;
	int rc = 0;

	if (st == NULL)
		return -1;
	for (; s->n < s->max && (rc = db_step(&s->a->db, st, e)) == 1; rows++) {
		int kept = row_is_kept(s, st, e);

		if (kept < 0 ||
		    (kept == 0 && take_ticket(st, &s->list[s->n++]) != 0)) {
			rc = kept < 0 ? -1 : err_no_memory(e);
			break;
		}
		*s->place =
		    (struct prune_place){ db_int(st, 6), db_int(st, 7) };
	}
	sqlite3_reset(st);
	*more = rows == s->max;
	return rc < 0 ? -1 : 0;
}

/* Search by a statement, and then by another one unless that is -1. */
static int
search(struct search *s, int first, int second, struct prune_ticket **list,
    size_t *n, struct err *e)
{
	bool more;
	int rc;

	*n = 0;
	*list = NULL;
	if ((s->list = calloc(s->max, sizeof(*s->list))) == NULL)
		return err_no_memory(e);
	do {
		rc = search_by(s, first, &more, e);
		if (rc == 0 && !more && s->n < s->max && second != -1)
			rc = search_by(s, second, &more, e);
	} while (rc == 0 && more && s->n < s->max);
	if (rc != 0) {
		prune_free(s->list, s->n);
		return -1;
	}
	*list = s->list;
	*n = s->n;
	return 0;
}

/* Thousands of bans may have one time, so the place is a seek. */
int
prune_find(struct archive *a, int64_t before_us, struct prune_place *place,
    struct ticket_memo *memo, size_t max, struct prune_ticket **list, size_t *n,
    struct err *e)
{
	struct search s = { a, before_us, place, memo, NULL, max, 0 };

	return search(&s, SQL_PRUNABLE_SAME, SQL_PRUNABLE, list, n, e);
}

int
prune_find_changed(struct archive *a, int64_t before_us,
    struct prune_place *place, struct ticket_memo *memo, size_t max,
    struct prune_ticket **list, size_t *n, struct err *e)
{
	struct search s = { a, before_us, place, memo, NULL, max, 0 };

	return search(&s, SQL_PRUNABLE_CHANGED, -1, list, n, e);
}

int
prune_find_id(struct archive *a, const char *ids, size_t max,
    struct prune_ticket **list, size_t *n, struct err *e)
{
	return load(a,
	    db_bind(&a->db, SQL_TICKETS_OF_ID, e, "ti", ids, (int64_t)max), max,
	    list, n, e);
}

int
prune_count_id(struct archive *a, const char *ids, int64_t *n, struct err *e)
{
	return db_number(&a->db, SQL_BANS_OF_ID, n, e, "t", ids);
}

int
prune_find_live(struct archive *a, const char *ids, char **jail, struct err *e)
{
	sqlite3_stmt *st = db_bind(&a->db, SQL_LIVE_OF_ID, e, "t", ids);
	int rc = st != NULL ? db_step(&a->db, st, e) : -1;

	*jail = NULL;
	if (rc == 1 && (*jail = copy(db_text(st, 0))) == NULL)
		rc = err_no_memory(e);
	if (st != NULL)
		sqlite3_reset(st);
	return rc;
}

int
prune_version(struct archive *a, int64_t *version, struct err *e)
{
	return db_number(&a->db, SQL_DATA_VERSION, version, e, "");
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

/* Run a statement about the bans of a ticket. */
static int
query(struct archive *a, int statement, const struct prune_ticket *t,
    struct err *e)
{
	return db_query(&a->db, statement, e, "itit", t->jail, t->ident,
	    t->timeofban, t->host);
}

int
prune_keep_numbers(struct archive *a, int64_t greatest, int64_t now_us,
    struct err *e)
{
	int64_t id;

	if (db_number(&a->db, SQL_BAN_GREATEST, &id, e, "") != 0)
		return -1;
	if (id == UNKNOWN)
		return db_query(&a->db, SQL_META_FORMER, e, "") != 0 ?
		    -1 :
		    db_query(&a->db, SQL_META_NEW_ID, e, "");
	if (id >= greatest)
		return 0;
	if (db_query(&a->db, SQL_BAN_MERGED, e, "ii", id, now_us) != 0 ||
	    db_query(&a->db, SQL_BAN_RENUMBER, e, "ii", id, greatest) != 0)
		return -1;
	return db_query(&a->db, SQL_BAN_TOUCH, e, "i", greatest + 1);
}

int
prune_remove(struct archive *a, const struct prune_ticket *t, int64_t before_us,
    int64_t now_us, enum prune_why why, int64_t *n, struct err *e)
{
	/* The bans go last: the others are found by them. */
	static const int statements[] = { SQL_PRUNE_REMEMBER,
		SQL_PRUNE_EVIDENCE, SQL_PRUNE_LINES, SQL_PRUNE_TOTAL };
	const struct ticket_key key = key_of(t);
	int kept = is_kept(a, &key, before_us, e);
	int64_t greatest;

	*n = 0;
	if (kept != 0)
		return kept < 0 ? -1 : 0;
	if (db_number(&a->db, SQL_BAN_GREATEST, &greatest, e, "") != 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(statements); i++) {
		if (query(a, statements[i], t, e) != 0)
			return -1;
	}
	if ((why == PRUNE_OLD && query(a, SQL_PRUNE_CLOSE, t, e) != 0) ||
	    db_query(&a->db, SQL_PRUNE_GONE, e, "ititit", t->jail, t->ident,
		t->timeofban, t->host, now_us,
		why == PRUNE_OLD ? "pruned" : "forgotten") != 0 ||
	    query(a, SQL_PRUNE_BANS, t, e) != 0)
		return -1;
	*n = sqlite3_changes(a->db.handle);
	return *n == 0 ? 0 : prune_keep_numbers(a, greatest, now_us, e);
}

bool
prune_is_personal(const struct prune_ticket *t)
{
	char text[ADDRESS_TEXT];

	return t->traces ||
	    strcmp(anonymous_id(t->ident, NULL, text), t->ident) != 0;
}

/* A ban on its way to be anonymous, and its new id. */
struct anonymous {
	int64_t id, timeofban;
	struct sighting sighting; /* all that is still known of it */
	char ident[ADDRESS_TEXT];
};

static struct anonymous
take_ban(sqlite3_stmt *st)
{
	const char *ident = db_text(st, 2), *ip = db_text(st, 3);
	int origin = ban_origin_from_name(db_text(st, 8));
	int end = ban_end_from_name(db_text(st, 11));
	struct anonymous ban = {
		.id = db_int(st, 0),
		.timeofban = db_int(st, 1),
		.sighting = {
			.kind = SIGHTING_IMPORT,
			.at_us = db_int(st, 4),
			.since_us = db_int(st, 4),
			.seconds = db_int(st, 5),
			.bancount = db_int(st, 6),
			.failures = db_int(st, 7),
			.origin = origin < 0 ? BAN_FROM_UNKNOWN :
					       (enum ban_origin)origin,
			.seen = (unsigned)db_int(st, 9),
			.ended_us = db_int(st, 10),
			.end = end < 0 ? BAN_INFERRED : (enum ban_end)end,
			.restored = db_int(st, 12),
		},
	};

	ban.sighting.exact =
	    ban.sighting.since_us != timestamp_from_seconds(ban.timeofban);
	anonymous_id(ident != NULL ? ident : "", ip, ban.ident);
	return ban;
}

/* Load the first ban of a ticket; return 1, 0 when it has none, or -1. */
static int
load_ban(struct archive *a, const struct prune_ticket *t, struct anonymous *ban,
    struct err *e)
{
	sqlite3_stmt *st = db_bind(&a->db, SQL_ANONYMIZABLE, e, "itit", t->jail,
	    t->ident, t->timeofban, t->host);
	int rc = st != NULL ? db_step(&a->db, st, e) : -1;

	if (rc == 1)
		*ban = take_ban(st);
	if (st != NULL)
		sqlite3_reset(st);
	return rc;
}

/* Write an anonymous ban in the place of the one that says more. */
static int
save_ban(struct archive *a, const struct prune_ticket *t, struct anonymous *ban,
    int64_t now_us, struct err *e)
{
	struct buffer sightings = { 0 };
	int rc;

	if (db_number(&a->db, SQL_ANONYMOUS_NTH, &ban->sighting.nth, e,
		"ititii", t->jail, ban->ident, t->timeofban, t->host,
		ban->sighting.since_us, (int64_t)ANONYMOUS_NTH) != 0)
		return -1;
	sightings_column_put(&sightings, &ban->sighting, ban->timeofban);
	buffer_putc(&sightings, ']');
	rc = sightings.failed ?
	    err_no_memory(e) :
	    db_query(&a->db, SQL_ANONYMIZE_GONE, e, "ii", ban->id, now_us);
	if (rc == 0)
		rc = db_query(&a->db, SQL_ANONYMIZE, e, "ittii", ban->id,
		    ban->ident, sightings.s, ban->sighting.nth,
		    sighting_import_us(&ban->sighting));
	buffer_free(&sightings);
	return rc;
}

/*
 * Make the bans of a ticket anonymous. A ban whose id is an anonymous one keeps
 * its ticket, and stands there behind the others: so each is taken once.
 */
static int
save_bans(struct archive *a, const struct prune_ticket *t, int64_t bans,
    int64_t now_us, struct err *e)
{
	struct anonymous ban;
	int rc = 1;

	for (int64_t i = 0; i < bans && rc == 1; i++) {
		rc = load_ban(a, t, &ban, e);
		if (rc == 1 && save_ban(a, t, &ban, now_us, e) != 0)
			rc = -1;
	}
	return rc < 0 ? -1 : 0;
}

int
prune_anonymize(struct archive *a, const struct prune_ticket *t,
    int64_t before_us, int64_t now_us, int64_t *n, struct err *e)
{
	static const int statements[] = { SQL_PRUNE_REMEMBER,
		SQL_PRUNE_EVIDENCE, SQL_PRUNE_LINES, SQL_PRUNE_CLOSE };
	const struct ticket_key key = key_of(t);
	int kept = is_kept(a, &key, before_us, e);
	int64_t bans;

	*n = 0;
	if (kept != 0)
		return kept < 0 ? -1 : 0;
	if (db_number(&a->db, SQL_TICKET_BANS, &bans, e, "itit", t->jail,
		t->ident, t->timeofban, t->host) != 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(statements); i++) {
		if (query(a, statements[i], t, e) != 0)
			return -1;
	}
	*n = bans;
	return save_bans(a, t, bans, now_us, e);
}

int
prune_rest_of_id(struct archive *a, const char *ids, struct err *e)
{
	static const int statements[] = { SQL_FORGET_LINES, SQL_FORGET_NOTES,
		SQL_FORGET_REMOVED };

	for (size_t i = 0; i < ARRAY_LEN(statements); i++) {
		if (db_query(&a->db, statements[i], e, "t", ids) != 0)
			return -1;
	}
	return db_query(&a->db, SQL_FORGET_MARKS, e, "");
}

int
prune_find_lines(struct archive *a, int64_t before_us,
    const struct prune_ticket *after, size_t max, struct prune_ticket **list,
    size_t *n, struct err *e)
{
	return load(a,
	    db_bind(&a->db, SQL_LINES_LEFT, e, "ittii",
		after != NULL ? after->jail : 0,
		after != NULL ? after->ident : "",
		after != NULL ? after->host : "", before_us, (int64_t)max),
	    max, list, n, e);
}

int
prune_lines(struct archive *a, int64_t before_us, const struct prune_ticket *t,
    struct err *e)
{
	return db_query(&a->db, SQL_LINES_DROP, e, "itti", t->jail, t->ident,
	    t->host, before_us);
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
prune_drop_removed(struct archive *a, const struct prune_ticket *t,
    struct err *e)
{
	return db_query(&a->db, SQL_REMOVED_DROP, e, "iti", t->jail, t->ident,
	    t->timeofban);
}
