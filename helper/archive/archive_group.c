/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/archive_group.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/archive_evidence.h"
#include "archive/statements.h"
#include "archive/sightings_column.h"

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

void
archive_group_bind(sqlite3_stmt *st, const struct archive_group *g)
{
	db_bind_int(st, 1, g->jail);
	db_bind_text(st, 2, g->ident);
	db_bind_int(st, 3, g->timeofban);
	db_bind_text(st, 4, g->host != NULL ? g->host : "");
}

struct sighting *
archive_group_add(struct archive_group *g)
{
	struct sighting *sightings =
	    grow(g->sightings, g->n, sizeof(*sightings));

	if (sightings == NULL)
		return NULL;
	g->sightings = sightings;
	sightings[g->n] = (struct sighting){ 0 };
	return &sightings[g->n++];
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

/* The sightings of one ban, as the archive has them. */
static int
load_sightings(struct archive_group *g, int64_t ban, const char *text,
    struct err *e)
{
	struct sighting sighting, *added;
	const char *at = text;
	char *ip;
	int rc;

	if (text == NULL || !sightings_column_is_array(text))
		return err_set(e, EX_DATAERR,
		    "archive: the sightings of a ban are no array");
	while ((rc = sightings_column_take(&at, g->timeofban, &sighting,
		    &ip)) == 1) {
		if ((ip != NULL && keep_text(g, ip) != 0) ||
		    (added = archive_group_add(g)) == NULL)
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
load_ban(struct archive_group *g, sqlite3_stmt *st, struct err *e)
{
	const char *sightings = db_text(st, 2);
	int64_t *bans;

	if (sightings != NULL && strcmp(sightings, "[]") == 0) {
		g->logged = db_int(st, 0);
		return 0;
	}
	if ((bans = grow(g->bans, g->bans_n, sizeof(*bans))) == NULL)
		return no_memory(e);
	g->bans = bans;
	if (g->bans_n == 0)
		g->present = db_int(st, 1);
	/* It was banned again within its second. */
	if (db_int(st, 3) == g->timeofban)
		g->known_as = g->timeofban;
	bans[g->bans_n++] = db_int(st, 0);
	return load_sightings(g, db_int(st, 0), sightings, e);
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
	g->newest_logged = rc == 1 && db_int(st, 1) == 1;
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
	archive_group_bind(st, g);
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
	archive_group_bind(st, g);
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
	archive_group_bind(st, g);
	db_bind_int(st, 5, known_as);
	if (db_run(&a->db, st, e) != 0)
		return -1;
	if (sqlite3_changes(a->db.handle) == 0) {
		g->timeofban = known_as;
		return 0;
	}
	g->known_as = known_as;
	archive_group_free(g);
	return load_bans(a, g, e);
}

void
archive_group_free(struct archive_group *g)
{
	for (size_t i = 0; i < g->texts_n; i++)
		free(g->texts[i]);
	free(g->texts);
	free(g->sightings);
	free(g->bans);
	g->texts = NULL;
	g->sightings = NULL;
	g->bans = NULL;
	g->n = g->texts_n = g->bans_n = 0;
}

int
archive_group_set_present(struct archive *a, int64_t ban, int64_t source,
    struct err *e)
{
	return db_run_numbers(&a->db, SQL_PRESENT, ban, source, e);
}

int
archive_group_has_evidence(struct archive *a, const struct sighting *archived,
    const struct sighting *sighting, struct err *e)
{
	if (archived->evidence == 0)
		return sighting->lines == NULL && sighting->captures == NULL;
	return archive_evidence_is(a, archived->evidence, sighting->lines,
	    sighting->captures, e);
}

int
archive_group_has_row(struct archive *a, const struct archive_group *g,
    const struct sighting *row, struct err *e)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct sighting *sighting = &g->sightings[i];
		int rc;

		if (sighting->kind != SIGHTING_ROW ||
		    sighting->seconds != row->seconds ||
		    sighting->bancount != row->bancount ||
		    sighting->failures != row->failures)
			continue;
		rc = archive_group_has_evidence(a, sighting, row, e);
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

		*id = g->sightings[i].evidence;
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
