/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/ticket.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/shared_text.h"
#include "archive/sightings_column.h"
#include "archive/statements.h"
#include "base/list.h"

static int
no_memory(struct err *e)
{
	return err_set(e, EX_OSERR, "archive: out of memory");
}

/* Return the ticket's host as the tables have it: "" is this machine. */
static const char *
host_of(const struct archive_ticket *t)
{
	return t->host != NULL ? t->host : "";
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

struct sighting *
archive_ticket_add(struct archive_ticket *t)
{
	struct sighting *sightings =
	    list_grow(t->sightings, &t->room, t->n + 1, sizeof(*sightings));

	if (sightings == NULL)
		return NULL;
	t->sightings = sightings;
	sightings[t->n] = (struct sighting){ 0 };
	return &sightings[t->n++];
}

static int
keep_text(struct archive_ticket *t, char *text)
{
	char **texts =
	    list_grow(t->texts, &t->texts_room, t->texts_n + 1, sizeof(*texts));

	if (texts == NULL) {
		free(text);
		return -1;
	}
	t->texts = texts;
	texts[t->texts_n++] = text;
	return 0;
}

/* Load the sightings of one ban from their column. */
static int
load_sightings(struct archive_ticket *t, int64_t ban, const char *text,
    struct err *e)
{
	struct sighting sighting, *added;
	const char *at = text;
	char *ip;
	int rc;

	if (text == NULL || !sightings_column_is_array(text))
		return err_set(e, EX_DATAERR,
		    "archive: the sightings of a ban are no array");
	while ((rc = sightings_column_take(&at, t->timeofban, &sighting,
		    &ip)) == 1) {
		if ((ip != NULL && keep_text(t, ip) != 0) ||
		    (added = archive_ticket_add(t)) == NULL)
			return no_memory(e);
		*added = sighting;
		added->ip = ip;
		added->ban = ban;
	}
	if (rc < 0)
		return err_set(e, EX_DATAERR,
		    "archive: a sighting of no known kind");
	return 0;
}

static int
load_ban(struct archive_ticket *t, sqlite3_stmt *st, struct err *e)
{
	const char *sightings = db_text(st, 2);
	int64_t *bans;

	if (sightings != NULL && strcmp(sightings, "[]") == 0) {
		t->logged = db_int(st, 0);
		return 0;
	}
	if ((bans = list_grow(t->bans, &t->bans_room, t->bans_n + 1,
		 sizeof(*bans))) == NULL)
		return no_memory(e);
	t->bans = bans;
	if (t->bans_n == 0)
		t->source = db_int(st, 1);
	/* reban banned it again within its second. */
	if (db_int(st, 3) == t->timeofban)
		t->known_as = t->timeofban;
	bans[t->bans_n++] = db_int(st, 0);
	return load_sightings(t, db_int(st, 0), sightings, e);
}

/* Load the second of the newest ban of t's jail and ident into t. */
static int
load_newest(struct archive *a, struct archive_ticket *t, struct err *e)
{
	sqlite3_stmt *st =
	    db_bind(&a->db, SQL_NEWEST_OF, e, "it", t->jail, t->ident);
	int rc;

	if (st == NULL)
		return -1;
	rc = db_step(&a->db, st, e);
	t->newest = rc == 1 ? db_int(st, 0) : UNKNOWN;
	t->newest_logged = rc == 1 && db_int(st, 1) == 1;
	sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}

static int
load_bans(struct archive *a, struct archive_ticket *t, struct err *e)
{
	sqlite3_stmt *st;
	int rc;

	/* UNKNOWN is less than any second. */
	if (t->newest < t->timeofban)
		return 0;
	if ((st = db_bind(&a->db, SQL_TICKET, e, "itit", t->jail, t->ident,
		 t->timeofban, host_of(t))) == NULL)
		return -1;
	while ((rc = db_step(&a->db, st, e)) == 1 && load_ban(t, st, e) == 0)
		continue;
	sqlite3_reset(st);
	return rc == 0 ? 0 : -1;
}

/*
 * Let t be the ticket of the ban that fail2ban has under t's second. Return 1,
 * 0 when there is none, -1 on failure.
 */
static int
find_known_as(struct archive *a, struct archive_ticket *t, struct err *e)
{
	sqlite3_stmt *st = db_bind(&a->db, SQL_KNOWN_AS, e, "iti", t->jail,
	    t->ident, t->timeofban);
	int rc;

	if (st == NULL)
		return -1;
	if ((rc = db_step(&a->db, st, e)) == 1) {
		t->known_as = t->timeofban;
		t->timeofban = db_int(st, 0);
	}
	sqlite3_reset(st);
	return rc;
}

int
archive_ticket_load(struct archive *a, struct archive_ticket *t, struct err *e)
{
	int rc;

	t->source = UNKNOWN;
	if (load_newest(a, t, e) != 0 || load_bans(a, t, e) != 0)
		return -1;
	if (t->noted_us == 0 || t->host != NULL || t->newest == UNKNOWN ||
	    t->bans_n > 0)
		return 0;
	rc = find_known_as(a, t, e);
	return rc == 1 ? load_bans(a, t, e) : rc;
}

int
archive_ticket_next_start(struct archive *a, const struct archive_ticket *t,
    int64_t life_us, int64_t *next_us, struct err *e)
{
	sqlite3_stmt *st;
	int rc;

	*next_us = INT64_MAX;
	if (t->newest <= t->timeofban)
		return 0;
	if ((st = db_bind(&a->db, SQL_NEXT_START, e, "ititi", t->jail, t->ident,
		 t->timeofban, host_of(t), life_us)) == NULL)
		return -1;
	rc = db_step(&a->db, st, e);
	if (rc == 1)
		*next_us = db_int(st, 0);
	sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}

int
archive_ticket_previous(struct archive *a, const struct archive_ticket *t,
    int64_t since_us, int64_t *timeofban, struct err *e)
{
	sqlite3_stmt *st;
	int rc;

	if (t->newest == UNKNOWN) {
		*timeofban = UNKNOWN;
		return 0;
	}
	if ((st = db_bind(&a->db, SQL_PREVIOUS, e, "ititi", t->jail, t->ident,
		 t->timeofban, host_of(t), since_us)) == NULL)
		return -1;
	rc = db_step(&a->db, st, e);
	*timeofban = rc == 1 ? db_int(st, 0) : UNKNOWN;
	sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}

int
archive_ticket_set_known_as(struct archive *a, struct archive_ticket *t,
    int64_t timeofban, struct err *e)
{
	int64_t known_as = t->timeofban;

	t->timeofban = timeofban;
	if (db_query(&a->db, SQL_SET_KNOWN_AS, e, "ititi", t->jail, t->ident,
		t->timeofban, host_of(t), known_as) != 0)
		return -1;
	if (sqlite3_changes(a->db.handle) == 0) {
		t->timeofban = known_as;
		return 0;
	}
	t->known_as = known_as;
	archive_ticket_free(t);
	return load_bans(a, t, e);
}

void
archive_ticket_free(struct archive_ticket *t)
{
	for (size_t i = 0; i < t->texts_n; i++)
		free(t->texts[i]);
	free(t->texts);
	free(t->sightings);
	free(t->bans);
	t->texts = NULL;
	t->sightings = NULL;
	t->bans = NULL;
	t->n = t->texts_n = t->bans_n = 0;
	t->room = t->texts_room = t->bans_room = 0;
}

int
archive_ticket_set_source(struct archive *a, int64_t ban, int64_t source,
    struct err *e)
{
	return db_query(&a->db, SQL_BAN_SOURCE, e, "ii", ban, source);
}

/*
 * Return 1 when that row of the table evidence has just these texts, 0 when
 * not, -1 on failure.
 */
static int
evidence_is(struct archive *a, int64_t id, const char *matches,
    const char *captures, struct err *e)
{
	return db_has_row(&a->db, SQL_EVIDENCE_IS, e, "itt", id, matches,
	    captures);
}

/* Add a row to the table evidence; *id is its id. */
static int
add_evidence(struct archive *a, const char *matches, const char *captures,
    int64_t *id, struct err *e)
{
	struct shared_text text;
	int rc;

	if (shared_text_find(&text, matches != NULL ? matches : "[]") != 0)
		rc = no_memory(e);
	else
		rc = db_query(&a->db, SQL_EVIDENCE_ADD, e, "tttttt",
		    matches != NULL ? text.lines : NULL, captures,
		    text.piece[0], text.piece[1], text.piece[2], text.piece[3]);
	if (rc == 0)
		*id = sqlite3_last_insert_rowid(a->db.handle);
	shared_text_free(&text);
	return rc;
}

int
archive_ticket_has_evidence(struct archive *a, const struct sighting *archived,
    const struct sighting *sighting, struct err *e)
{
	if (archived->evidence == 0)
		return sighting->lines == NULL && sighting->captures == NULL;
	return evidence_is(a, archived->evidence, sighting->lines,
	    sighting->captures, e);
}

int
archive_ticket_has_row(struct archive *a, const struct archive_ticket *t,
    const struct sighting *row, struct err *e)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct sighting *sighting = &t->sightings[i];
		int rc;

		if (sighting->kind != SIGHTING_ROW ||
		    sighting->seconds != row->seconds ||
		    sighting->bancount != row->bancount ||
		    sighting->failures != row->failures)
			continue;
		rc = archive_ticket_has_evidence(a, sighting, row, e);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/*
 * Find the evidence of t that has the same texts: return 1 with its row in *id,
 * 0 when there is none, -1 on failure.
 */
static int
find_evidence(struct archive *a, const struct archive_ticket *t,
    const char *matches, const char *captures, int64_t *id, struct err *e)
{
	int64_t last = 0;

	for (size_t i = 0; i < t->n; i++) {
		int rc;

		*id = t->sightings[i].evidence;
		if (*id == 0 || *id == last)
			continue;
		if ((rc = evidence_is(a, *id, matches, captures, e)) != 0)
			return rc;
		last = *id;
	}
	*id = 0;
	return 0;
}

int
archive_ticket_add_evidence(struct archive *a, const struct archive_ticket *t,
    const char *matches, const char *captures, int64_t *id, struct err *e)
{
	int rc;

	*id = 0;
	if (matches == NULL && captures == NULL)
		return 0;
	if ((rc = find_evidence(a, t, matches, captures, id, e)) != 0)
		return rc < 0 ? -1 : 0;
	return add_evidence(a, matches, captures, id, e);
}
