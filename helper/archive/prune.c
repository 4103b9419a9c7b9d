/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/prune.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/statements.h"

/* All bans of one jail, ident and rounded second. */
struct group_key {
	int64_t jail;
	char *ident;
	int64_t timeofban;
	char *host;
	int64_t since_us, ended_us;
};

/* Remove all that is known of one ticket; *n counts on by its bans. */
static int
remove_group(struct archive *a, const struct group_key *key, int64_t *n,
    struct err *e)
{
	static const int statements[] = { SQL_PRUNE_EVIDENCE, SQL_PRUNE_BANS,
		SQL_PRUNE_LINES };

	for (size_t i = 0; i < ARRAY_LEN(statements); i++) {
		bool lines = statements[i] == SQL_PRUNE_LINES;

		if (db_query(&a->db, statements[i], e,
			lines ? "ititii" : "itit", key->jail, key->ident,
			key->timeofban, key->host, key->since_us,
			key->ended_us) != 0)
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
	sqlite3_stmt *st =
	    db_bind(&a->db, SQL_PRUNABLE, e, "ii", before_us, (int64_t)max);
	int rc;

	*n = 0;
	if (st == NULL)
		return -1;
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
archive_prune_ended(struct archive *a, int64_t before_us, size_t max,
    int64_t *n, struct err *e)
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
