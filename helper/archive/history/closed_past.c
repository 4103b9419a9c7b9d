/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/history/closed_past.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/statements.h"
#include "base/address.h"
#include "base/list.h"

/* The keys of the table meta; an id's hash, and a host's name, follow. */
#define FORGOTTEN "forgotten:"

/* Set hash to that of an id; an address has one hash in all its spellings. */
static void
hash_id(const char *key, const char *id, char hash[DIGEST_HEX])
{
	char text[ADDRESS_TEXT];
	struct sha256_ctx sha;
	struct address a;

	if (address_parse(id, strlen(id), &a))
		id = address_print(&a, text);
	sha256_init(&sha);
	sha256_update(&sha, strlen(key), (const uint8_t *)key);
	sha256_update(&sha, strlen(id), (const uint8_t *)id);
	digest_end_hex(&sha, hash);
}

/* Load the archive's key; "" when it has none. */
static int
load_key(struct archive *a, char key[DIGEST_HEX], struct err *e)
{
	sqlite3_stmt *st = db_bind(&a->db, SQL_META_GET, e, "t", "forget_key");
	int rc = st != NULL ? db_step(&a->db, st, e) : -1;

	key[0] = '\0';
	if (rc == 1 && db_text(st, 0) != NULL)
		snprintf(key, DIGEST_HEX, "%s", db_text(st, 0));
	if (st != NULL)
		sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}

static int
take_id(struct closed_past *c, sqlite3_stmt *st, struct err *e)
{
	struct closed_past_id *grown =
	    list_grow(c->ids, &c->room, c->n + 1, sizeof(*grown));
	const char *key = db_text(st, 0);

	if (grown == NULL)
		return err_no_memory(e);
	c->ids = grown;
	grown[c->n].until_us = db_int(st, 1);
	snprintf(grown[c->n++].hash, DIGEST_HEX, "%s",
	    key != NULL ? key + strlen(FORGOTTEN) : "");
	return 0;
}

int
closed_past_load(struct closed_past *c, struct archive *a, struct err *e)
{
	sqlite3_stmt *st;
	int rc = 0;

	*c = (struct closed_past){ .archive = a };
	if (load_key(a, c->key, e) != 0)
		return -1;
	if (c->key[0] == '\0')
		return 0;
	if ((st = db_bind(&a->db, SQL_META_FROM, e, "t", FORGOTTEN)) == NULL)
		return -1;
	while (rc == 0 && (rc = db_step(&a->db, st, e)) == 1)
		rc = take_id(c, st, e);
	sqlite3_reset(st);
	return rc;
}

void
closed_past_free(struct closed_past *c)
{
	free(c->ids);
	free(c->host);
}

static bool
has_id(const struct closed_past *c, const char *id, int64_t since_us)
{
	char hash[DIGEST_HEX];

	hash_id(c->key, id, hash);
	for (size_t i = 0; i < c->n; i++) {
		if (strcmp(c->ids[i].hash, hash) == 0)
			return since_us <= c->ids[i].until_us;
	}
	return false;
}

bool
closed_past_is_forgotten(const struct closed_past *c, const char *id,
    const char *ip, int64_t since_us)
{
	return c->n > 0 &&
	    (has_id(c, id, since_us) ||
		(ip != NULL && has_id(c, ip, since_us)));
}

int
closed_past_is_pruned(struct closed_past *c, const char *host, int64_t since_us,
    struct err *e)
{
	if (c->host == NULL || strcmp(c->host, host) != 0) {
		free(c->host);
		if ((c->host = strdup(host)) == NULL)
			return err_no_memory(e);
		if (closed_past_until(c->archive, host, &c->until_us, e) != 0)
			return -1;
	}
	return c->until_us != UNKNOWN && since_us <= c->until_us;
}

int
closed_past_until(struct archive *a, const char *host, int64_t *until_us,
    struct err *e)
{
	return db_number(&a->db, SQL_PRUNED_UNTIL, until_us, e, "t", host);
}

int
closed_past_forget(struct archive *a, const char *id, int64_t until_us,
    struct err *e)
{
	char key[DIGEST_HEX], name[sizeof(FORGOTTEN) + DIGEST_HEX];
	char hash[DIGEST_HEX];

	if (db_query(&a->db, SQL_FORGET_KEY, e, "") != 0 ||
	    load_key(a, key, e) != 0)
		return -1;
	hash_id(key, id, hash);
	snprintf(name, sizeof(name), FORGOTTEN "%s", hash);
	return archive_set_number(a, name, until_us, e);
}
