/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/live_bans.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/runs.h"
#include "archive/statements.h"

/* All bans of one jail, ident and rounded second. */
struct group_key {
	int64_t jail;
	char *ident;
	int64_t timeofban;
	char *host;
	int64_t since_us, ended_us;
};

static int
load_live(sqlite3_stmt *st, struct archive_live *live)
{
	*live = (struct archive_live){
		.id = db_int(st, 0),
		.jail = strdup(db_text(st, 1)),
		.ident = strdup(db_text(st, 2)),
		.timeofban = db_int(st, 3),
		.since_us = db_int(st, 4),
		.seconds = db_int(st, 5),
		.life_us = db_int(st, 6),
		.pending_us = db_int(st, 7),
		.present = db_int(st, 8),
		.held_us = db_int(st, 9),
		.missed_us = db_int(st, 10),
		.flushed_us = db_int(st, 11),
		.restored_us = db_int(st, 12),
		.rev = db_int(st, 13),
		.host = strdup(db_text(st, 14)),
		.known_as = db_int(st, 15),
		.logged = db_int(st, 16) == 1,
	};
	return live->jail == NULL || live->ident == NULL || live->host == NULL ?
	    -1 :
	    0;
}

int
archive_live(struct archive *a, int64_t after, size_t max,
    struct archive_live **list, size_t *n, struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_LIVE, e);
	int rc;

	*n = 0;
	if (st == NULL)
		return -1;
	if ((*list = calloc(max, sizeof(**list))) == NULL)
		return err_set(e, EX_OSERR, "archive: out of memory");
	db_bind_int(st, 1, after);
	db_bind_int(st, 2, (int64_t)max);
	while ((rc = db_step(&a->db, st, e)) == 1) {
		if (load_live(st, &(*list)[(*n)++]) != 0) {
			rc = err_set(e, EX_OSERR, "archive: out of memory");
			break;
		}
	}
	sqlite3_reset(st);
	if (rc < 0)
		archive_live_free(*list, *n);
	return rc;
}

void
archive_live_free(struct archive_live *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(list[i].jail);
		free(list[i].ident);
		free(list[i].host);
	}
	free(list);
}

/* Take a row of SQL_REBAN behind the n of a list. */
static int
add_lost(sqlite3_stmt *st, struct archive_lost **list, size_t *n)
{
	struct archive_lost *grown = *list, *lost;

	if ((*n & (*n - 1)) == 0) {
		grown = realloc(*list, (*n == 0 ? 1 : 2 * *n) * sizeof(*grown));
		if (grown == NULL)
			return -1;
		*list = grown;
	}
	lost = &grown[(*n)++];
	*lost = (struct archive_lost){
		.jail = strdup(db_text(st, 0)),
		.ident = strdup(db_text(st, 1)),
		.timeofban = db_int(st, 2),
		.since_us = db_int(st, 3),
		.seconds = db_int(st, 4),
	};
	return lost->jail == NULL || lost->ident == NULL ? -1 : 0;
}

int
archive_lost(struct archive *a, const char *jail, int64_t now_us,
    int64_t start_us, struct archive_lost **list, size_t *n, struct err *e)
{
	struct archive_source source;
	sqlite3_stmt *st;
	int rc;

	*list = NULL;
	*n = 0;
	if (archive_source_last(a, &source, e) != 0 ||
	    (st = db_statement(&a->db, SQL_REBAN, e)) == NULL)
		return -1;
	db_bind_text(st, 1, jail);
	db_bind_int(st, 2, now_us);
	db_bind_int(st, 3, source.id != 0 ? source.begun_us : UNKNOWN);
	db_bind_int(st, 4, source.id);
	db_bind_int(st, 5, start_us);
	while ((rc = db_step(&a->db, st, e)) == 1) {
		if (add_lost(st, list, n) != 0) {
			rc = err_set(e, EX_OSERR, "archive: out of memory");
			break;
		}
	}
	sqlite3_reset(st);
	if (rc < 0)
		archive_lost_free(*list, *n);
	return rc;
}

void
archive_lost_free(struct archive_lost *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(list[i].jail);
		free(list[i].ident);
	}
	free(list);
}

int
archive_is_unchanged(struct archive *a, const struct archive_live *live,
    struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_UNCHANGED, e);
	int rc;

	if (st == NULL)
		return -1;
	db_bind_int(st, 1, live->id);
	db_bind_int(st, 2, live->rev);
	db_bind_int(st, 3, live->life_us);
	db_bind_int(st, 4, live->pending_us);
	rc = db_step(&a->db, st, e);
	sqlite3_reset(st);
	return rc;
}

int
archive_set_held(struct archive *a, int64_t ban, int64_t at_us, struct err *e)
{
	return db_run_numbers(&a->db, SQL_HELD, ban, at_us, e);
}

int
archive_set_missed(struct archive *a, int64_t ban, int64_t at_us, struct err *e)
{
	return db_run_numbers(&a->db, SQL_MISSED, ban, at_us, e);
}

/* Remove all that is known of one ticket; *n counts on by its bans. */
static int
remove_group(struct archive *a, const struct group_key *key, int64_t *n,
    struct err *e)
{
	static const int statements[] = { SQL_PRUNE_EVIDENCE, SQL_PRUNE_BANS,
		SQL_PRUNE_LINES };

	for (size_t i = 0; i < ARRAY_LEN(statements); i++) {
		sqlite3_stmt *st = db_statement(&a->db, statements[i], e);

		if (st == NULL)
			return -1;
		db_bind_int(st, 1, key->jail);
		db_bind_text(st, 2, key->ident);
		db_bind_int(st, 3, key->timeofban);
		db_bind_text(st, 4, key->host);
		if (statements[i] == SQL_PRUNE_LINES) {
			db_bind_int(st, 5, key->since_us);
			db_bind_int(st, 6, key->ended_us);
		}
		if (db_run(&a->db, st, e) != 0)
			return -1;
		if (statements[i] == SQL_PRUNE_BANS)
			*n += sqlite3_changes(a->db.handle);
	}
	return 0;
}

static int
load_prunable(struct archive *a, int64_t before_us, size_t max,
    struct group_key *keys, size_t *n, struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_PRUNABLE, e);
	int rc;

	*n = 0;
	if (st == NULL)
		return -1;
	db_bind_int(st, 1, before_us);
	db_bind_int(st, 2, (int64_t)max);
	while ((rc = db_step(&a->db, st, e)) == 1) {
		keys[*n] = (struct group_key){
			.jail = db_int(st, 0),
			.ident = strdup(db_text(st, 1)),
			.timeofban = db_int(st, 2),
			.host = strdup(db_text(st, 3)),
			.ended_us = db_int(st, 4),
			.since_us = db_int(st, 5),
		};
		(*n)++;
		if (keys[*n - 1].ident == NULL || keys[*n - 1].host == NULL) {
			sqlite3_reset(st);
			return err_set(e, EX_OSERR, "archive: out of memory");
		}
	}
	return rc;
}

int
archive_prune(struct archive *a, int64_t before_us, size_t max, int64_t *n,
    struct err *e)
{
	struct group_key *keys = calloc(max, sizeof(*keys));
	size_t tickets = 0;
	int rc;

	*n = 0;
	if (keys == NULL)
		return err_set(e, EX_OSERR, "archive: out of memory");
	rc = load_prunable(a, before_us, max, keys, &tickets, e);
	for (size_t i = 0; i < tickets && rc == 0; i++)
		rc = remove_group(a, &keys[i], n, e);
	for (size_t i = 0; i < tickets; i++) {
		free(keys[i].ident);
		free(keys[i].host);
	}
	free(keys);
	return rc;
}
