/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/history/history.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/history/log_lines.h"
#include "archive/history/sightings_column.h"
#include "archive/statements.h"
#include "ban/anonymous.h"
#include "base/list.h"
#include "base/timestamp.h"

/* The columns of SQL_HISTORY and SQL_HISTORY_TICKET. */
enum {
	ID,
	MADE,
	TIMEOFBAN,
	SINCE,
	NTH,
	ENDED,
	ENDED_WHY,
	SECONDS,
	BANCOUNT,
	ORIGIN,
	RESTORED,
	LIFE,
	PENDING,
	PRESENT,
	KNOWN_AS,
	SIGHTINGS
};

void
archive_span_add(struct archive_span *span, int64_t us)
{
	if (us < span->from_us)
		span->from_us = us;
	if (us > span->to_us)
		span->to_us = us;
}

/*
 * Bind a statement for the bans of an exact time, and of its bare second: these
 * count under some conditions, and to look at them costs an event far more.
 */
static sqlite3_stmt *
bind_exact(struct archive *a, const struct archive_ident *of,
    const struct archive_ticket *ticket, bool bare, struct err *e)
{
	return db_bind(&a->db, bare ? SQL_HISTORY_SPAN : SQL_HISTORY_EXACT, e,
	    bare ? "ititiid" : "ititii", of->jail, of->ident, ticket->timeofban,
	    archive_ident_host(of), ticket->since_us,
	    timestamp_from_seconds(ticket->timeofban), ticket->imported);
}

/* Step to the least and the greatest made_us of a ticket's bans. */
static int
step_span(struct archive *a, const struct archive_ident *of,
    const struct archive_ticket *ticket, sqlite3_stmt **st, struct err *e)
{
	bool exact = ticket->since_us != UNKNOWN;
	int rc;

	*st = exact ?
	    bind_exact(a, of, ticket, false, e) :
	    db_bind(&a->db, SQL_HISTORY_SECOND, e, "ititd", of->jail, of->ident,
		ticket->timeofban, archive_ident_host(of), ticket->imported);
	if (*st == NULL)
		return -1;
	rc = db_step(&a->db, *st, e);
	if (rc != 1 || !exact || db_int(*st, 2) == UNKNOWN ||
	    db_int(*st, 2) == 0)
		return rc;
	sqlite3_reset(*st);
	*st = bind_exact(a, of, ticket, true, e);
	return *st == NULL ? -1 : db_step(&a->db, *st, e);
}

int
archive_history_widen(struct archive *a, const struct archive_ident *of,
    const struct archive_ticket *ticket, struct archive_span *span,
    struct err *e)
{
	sqlite3_stmt *st;
	int rc = step_span(a, of, ticket, &st, e);

	if (rc == 1 && db_int(st, 0) != UNKNOWN) {
		archive_span_add(span, db_int(st, 0));
		archive_span_add(span, db_int(st, 1));
	}
	if (!ticket->imported)
		span->held = *ticket;
	if (st != NULL)
		sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}

int
archive_history_find_number(struct archive *a, const struct archive_ident *of,
    int64_t timeofban, int64_t since_us, int64_t nth,
    struct archive_numbered *found, struct err *e)
{
	sqlite3_stmt *st = db_bind(&a->db, SQL_HISTORY_NUMBER, e, "ititiiii",
	    of->jail, of->ident, timeofban, archive_ident_host(of), since_us,
	    nth, of->anonymous ? (int64_t)ANONYMOUS_NTH : -INT64_MAX,
	    of->anonymous ? INT64_MAX : (int64_t)ANONYMOUS_NTH - 1);
	int rc;

	if (st == NULL)
		return -1;
	if ((rc = db_step(&a->db, st, e)) == 1)
		*found = (struct archive_numbered){ db_int(st, 0),
			db_int(st, 1) == 1, db_int(st, 2) == 1 };
	sqlite3_reset(st);
	return rc;
}

int
archive_history_last_imported(struct archive *a, const struct archive_ident *of,
    int64_t timeofban, int64_t *made_us, struct err *e)
{
	return db_number(&a->db, SQL_HISTORY_IMPORTED, made_us, e, "itit",
	    of->jail, of->ident, timeofban, archive_ident_host(of));
}

struct sighting *
archive_history_add(struct archive_history *h)
{
	struct sighting *sightings =
	    list_grow(h->sightings, &h->room, h->n + 1, sizeof(*sightings));

	if (sightings == NULL)
		return NULL;
	h->sightings = sightings;
	sightings[h->n] = (struct sighting){ 0 };
	return &sightings[h->n++];
}

static int
keep_text(struct archive_history *h, char *text)
{
	char **texts =
	    list_grow(h->texts, &h->texts_room, h->texts_n + 1, sizeof(*texts));

	if (texts == NULL) {
		free(text);
		return -1;
	}
	h->texts = texts;
	texts[h->texts_n++] = text;
	return 0;
}

/*
 * Return the number of the import that made a ban, UNKNOWN: a sighting of our
 * own made it. A judgement alone makes none where an import does.
 */
static int64_t
number_of(const struct sighting *sightings, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!sighting_is_own(&sightings[i]))
			return sightings[i].nth;
		if (sightings[i].kind != SIGHTING_JUDGED)
			return UNKNOWN;
	}
	return UNKNOWN;
}

/* Load the sightings of the last row from their column. */
static int
load_sightings(struct archive_history *h, int64_t timeofban, const char *text,
    struct err *e)
{
	struct sighting sighting, *added;
	const char *at = text;
	char *ip;
	int rc;

	if (text == NULL || !sightings_column_is_array(text))
		return err_set(e, EX_DATAERR,
		    "archive: the sightings of a ban are no array");
	while (
	    (rc = sightings_column_take(&at, timeofban, &sighting, &ip)) == 1) {
		if ((ip != NULL && keep_text(h, ip) != 0) ||
		    (added = archive_history_add(h)) == NULL)
			return err_no_memory(e);
		*added = sighting;
		added->ip = ip;
		added->row = h->rows_n;
	}
	if (rc < 0)
		return err_set(e, EX_DATAERR,
		    "archive: a sighting of no known kind");
	return 0;
}

static struct ban
ban_of(sqlite3_stmt *st)
{
	const char *origin = db_text(st, ORIGIN);
	int end = ban_end_from_name(db_text(st, ENDED_WHY));
	int from = origin == NULL ? -1 : ban_origin_from_name(origin);

	return (struct ban){
		.id = db_int(st, ID),
		.made_us = db_int(st, MADE),
		.timeofban = db_int(st, TIMEOFBAN),
		.since_us = db_int(st, SINCE),
		.nth = (int)db_int(st, NTH),
		.ended_us = db_int(st, ENDED),
		.end = end < 0 ? BAN_LIVES : (enum ban_end)end,
		.seconds = db_int(st, SECONDS),
		.bancount = db_int(st, BANCOUNT),
		.origin = from < 0 ? BAN_FROM_UNKNOWN : (enum ban_origin)from,
		.restored = db_int(st, RESTORED),
		.life_us = db_int(st, LIFE),
		.pending_us = db_int(st, PENDING),
	};
}

static int
load_row(struct archive_history *h, sqlite3_stmt *st, bool inner, struct err *e)
{
	const char *sightings = db_text(st, SIGHTINGS);
	struct archive_history_row *rows =
	    list_grow(h->rows, &h->rows_room, h->rows_n + 1, sizeof(*rows));
	struct history_row *known;
	size_t first;

	if (rows == NULL)
		return err_no_memory(e);
	h->rows = rows;
	known =
	    list_grow(h->known, &h->known_room, h->rows_n + 1, sizeof(*known));
	if (known == NULL)
		return err_no_memory(e);
	h->known = known;
	rows[h->rows_n] = (struct archive_history_row){
		.ban = ban_of(st),
		.source = db_int(st, PRESENT),
		.inner = inner,
	};
	known[h->rows_n] = (struct history_row){
		.made_us = db_int(st, MADE),
		.since_us = db_int(st, SINCE),
		.nth = db_int(st, NTH),
		.known_as = db_int(st, KNOWN_AS),
		.logged = sightings != NULL && strcmp(sightings, "[]") == 0,
	};
	h->rows_n++;
	first = h->n;
	if (load_sightings(h, rows[h->rows_n - 1].ban.timeofban, sightings,
		e) != 0)
		return -1;
	known[h->rows_n - 1].import_nth =
	    number_of(h->sightings + first, h->n - first);
	return 0;
}

/* Load the bans within the span, and those beside it. */
static int
load_rows(struct archive *a, struct archive_history *h,
    const struct archive_span *span, int64_t beside, struct err *e)
{
	/* No anonymous ban shows anything of those beside it. */
	sqlite3_stmt *st = db_bind(&a->db,
	    h->of.anonymous ? SQL_HISTORY_ANONYMOUS : SQL_HISTORY, e, "ittii",
	    h->of.jail, h->of.ident, archive_ident_host(&h->of), span->from_us,
	    h->of.anonymous ? span->to_us : beside);
	int64_t before = 0, after = 0;
	int rc = 0;

	if (st == NULL)
		return -1;
	while (after < beside && (rc = db_step(&a->db, st, e)) == 1) {
		int64_t made_us = db_int(st, MADE);
		bool inner = made_us >= span->from_us && made_us <= span->to_us;

		if (load_row(h, st, inner, e) != 0) {
			rc = -1;
			break;
		}
		before += made_us < span->from_us;
		after += made_us > span->to_us;
	}
	sqlite3_reset(st);
	h->begins = before < beside;
	h->ends = after < beside;
	return rc < 0 ? -1 : 0;
}

/*
 * Return the moment from which flushes may say how a ban of the stretch ended,
 * also a new one; INT64_MAX: never.
 */
static int64_t
doubtful_from(const struct archive_history *h, const struct archive_span *span)
{
	int64_t from_us = h->rows_n == 0 ? INT64_MAX : span->from_us;

	for (size_t i = 0; i < h->rows_n; i++) {
		const struct ban *ban = &h->rows[i].ban;

		if (ban->end != BAN_EXPIRED && ban->made_us < from_us)
			from_us = ban->made_us;
	}
	return from_us;
}

static int
load_flushes(struct archive *a, struct archive_history *h,
    const struct archive_span *span, struct err *e)
{
	int64_t from_us = doubtful_from(h, span);
	sqlite3_stmt *st;
	int rc;

	if (from_us == INT64_MAX)
		return 0;
	if ((st = db_bind(&a->db, SQL_FLUSHES, e, "ii", h->of.jail, from_us)) ==
	    NULL)
		return -1;
	while ((rc = db_step(&a->db, st, e)) == 1) {
		int64_t *flushes = list_grow(h->flushes, &h->flushes_room,
		    h->flushes_n + 1, sizeof(*flushes));

		if (flushes == NULL) {
			rc = err_no_memory(e);
			break;
		}
		h->flushes = flushes;
		flushes[h->flushes_n++] = db_int(st, 0);
	}
	sqlite3_reset(st);
	return rc;
}

/*
 * Return the last moment whose lines the stretch needs. An event takes a line
 * before it, so the lines until then are needed: one of them may be of an end.
 */
static int64_t
last_line_us(const struct archive_history *h)
{
	int64_t last_us = h->rows[h->rows_n - 1].ban.made_us;

	for (size_t i = 0; i < h->n; i++) {
		const struct sighting *s = &h->sightings[i];

		if ((s->kind == SIGHTING_BAN || s->kind == SIGHTING_RESTORED) &&
		    s->at_us > last_us)
			last_us = s->at_us;
	}
	return last_us;
}

int
archive_history_load(struct archive *a, struct archive_history *h,
    const struct archive_span *span, int64_t beside, bool with_lines,
    struct err *e)
{
	const struct archive_ident of = h->of;
	int64_t from_us = -INT64_MAX, to_us = INT64_MAX;

	*h = (struct archive_history){ .of = of };
	if (load_rows(a, h, span, beside, e) != 0 ||
	    load_flushes(a, h, span, e) != 0)
		return -1;
	if (!with_lines || of.anonymous)
		return 0;
	if (!h->begins)
		from_us = h->rows[0].ban.made_us;
	if (!h->ends)
		to_us = last_line_us(h);
	return log_lines_load(a, &h->of, from_us, to_us, &h->lines, e);
}

int
archive_history_load_second(struct archive *a, struct archive_history *h,
    int64_t timeofban, struct err *e)
{
	const struct archive_ident of = h->of;
	sqlite3_stmt *st = db_bind(&a->db, SQL_HISTORY_TICKET, e, "itti",
	    of.jail, of.ident, archive_ident_host(&of), timeofban);
	int rc;

	*h = (struct archive_history){ .of = of };
	if (st == NULL)
		return -1;
	while ((rc = db_step(&a->db, st, e)) == 1) {
		if (load_row(h, st, true, e) != 0) {
			rc = -1;
			break;
		}
	}
	sqlite3_reset(st);
	return rc;
}

void
archive_history_free(struct archive_history *h)
{
	for (size_t i = 0; i < h->texts_n; i++)
		free(h->texts[i]);
	free(h->texts);
	free(h->rows);
	free(h->known);
	free(h->sightings);
	free(h->lines.list);
	free(h->flushes);
	*h = (struct archive_history){ .of = h->of };
}

bool
archive_history_is_anchor(const struct archive_history *h, size_t row)
{
	return !h->rows[row].inner &&
	    ((row == 0 && !h->begins) || (row == h->rows_n - 1 && !h->ends));
}

int
archive_history_last(struct archive *a, const struct archive_ident *of,
    int64_t *made_us, struct err *e)
{
	return db_number(&a->db, SQL_HISTORY_LAST, made_us, e, "itt", of->jail,
	    of->ident, archive_ident_host(of));
}

int
archive_history_find_known_as(struct archive *a, const struct archive_ident *of,
    int64_t known_as, int64_t *timeofban, struct err *e)
{
	return db_number(&a->db, SQL_KNOWN_AS, timeofban, e, "iti", of->jail,
	    of->ident, known_as);
}

int
archive_history_set_known_as(struct archive *a, const struct archive_ident *of,
    int64_t timeofban, int64_t known_as, bool *noted, struct err *e)
{
	if (db_query(&a->db, SQL_SET_KNOWN_AS, e, "ititi", of->jail, of->ident,
		timeofban, archive_ident_host(of), known_as) != 0)
		return -1;
	*noted = sqlite3_changes(a->db.handle) != 0;
	return 0;
}
