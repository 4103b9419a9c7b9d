/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban/log_last.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define SETS 8192
#define WAYS 8

/* The longest IPv6 network in text has 43 bytes. */
#define BEGINNING 44

struct place {
	uint64_t jail;
	int64_t second, when;
	uint64_t count; /* grows with each that is noted */
	size_t len;
	bool claimed;
	char beginning[BEGINNING];
};

/* The hashes stand side by side: most of the time only they are compared. */
struct log_last_set {
	uint64_t hashes[WAYS]; /* 0: free */
	struct place places[WAYS];
};

/* Return the hash with its bits mixed; never 0. */
static uint64_t
hash_of(const struct log_last_key *key)
{
	uint64_t h = hash_bytes(HASH_NONE ^ key->jail, key->ident, key->len);

	h ^= h >> 32;
	h *= UINT64_C(0x9e3779b97f4a7c15);
	h ^= h >> 29;
	return h | 1;
}

static size_t
beginning_of(const struct log_last_key *key)
{
	return key->len < BEGINNING ? key->len : BEGINNING;
}

static bool
is_of(const struct place *place, const struct log_last_key *key)
{
	return place->jail == key->jail && place->len == key->len &&
	    memcmp(place->beginning, key->ident, beginning_of(key)) == 0;
}

/* Return the index of the id's place in the set, WAYS where it has none. */
static size_t
look_up(const struct log_last_set *set, uint64_t hash,
    const struct log_last_key *key)
{
	size_t i = 0;

	while (i < WAYS &&
	    (set->hashes[i] != hash || !is_of(&set->places[i], key)))
		i++;
	return i;
}

/* Return the index of a free place, or else of the oldest one. */
static size_t
oldest(const struct log_last_set *set)
{
	size_t old = 0;

	for (size_t i = 0; i < WAYS; i++) {
		if (set->hashes[i] == 0)
			return i;
		if (set->places[i].count < set->places[old].count)
			old = i;
	}
	return old;
}

static struct log_last_set **
set_of(const struct log_last *f, uint64_t hash)
{
	return &f->sets[(hash >> 1) % SETS];
}

/* Return the set of a hash, and make it if needed; NULL without memory. */
static struct log_last_set *
make_set(struct log_last *f, uint64_t hash)
{
	struct log_last_set **set;

	if (f->sets == NULL &&
	    (f->sets = calloc(SETS, sizeof(struct log_last_set *))) == NULL)
		return NULL;
	set = set_of(f, hash);
	if (*set == NULL)
		*set = calloc(1, sizeof(**set));
	return *set;
}

int
log_last_put(struct log_last *f, const struct log_last_key *key, int64_t second,
    int64_t when)
{
	uint64_t hash = hash_of(key);
	struct log_last_set *set;
	struct place *place;
	size_t i;

	if ((set = make_set(f, hash)) == NULL)
		return -1;
	if ((i = look_up(set, hash, key)) == WAYS)
		i = oldest(set);
	set->hashes[i] = hash;
	place = &set->places[i];
	place->jail = key->jail;
	place->len = key->len;
	memcpy(place->beginning, key->ident, beginning_of(key));
	place->second = second;
	place->when = when;
	place->count = ++f->count;
	place->claimed = false;
	return 0;
}

/* Return the place of an id, NULL where it has none. */
static struct place *
place_of(const struct log_last *f, const struct log_last_key *key)
{
	uint64_t hash = hash_of(key);
	struct log_last_set *set;
	size_t i;

	if (f->sets == NULL || (set = *set_of(f, hash)) == NULL)
		return NULL;
	i = look_up(set, hash, key);
	return i == WAYS ? NULL : &set->places[i];
}

bool
log_last_get(const struct log_last *f, const struct log_last_key *key,
    int64_t *second, int64_t *when)
{
	const struct place *place = place_of(f, key);

	if (place == NULL)
		return false;
	*second = place->second;
	*when = place->when;
	return true;
}

bool
log_last_claim(struct log_last *f, const struct log_last_key *key,
    int64_t *second, int64_t *when)
{
	struct place *place = place_of(f, key);

	if (place == NULL || place->claimed)
		return false;
	place->claimed = true;
	*second = place->second;
	*when = place->when;
	return true;
}

void
log_last_forget(struct log_last *f, const struct log_last_key *key)
{
	uint64_t hash = hash_of(key);
	struct log_last_set *set;
	size_t i;

	if (f->sets == NULL || (set = *set_of(f, hash)) == NULL)
		return;
	if ((i = look_up(set, hash, key)) < WAYS)
		set->hashes[i] = 0;
}

void
log_last_free(struct log_last *f)
{
	for (size_t i = 0; f->sets != NULL && i < SETS; i++)
		free(f->sets[i]);
	free(f->sets);
	*f = (struct log_last){ 0 };
}
