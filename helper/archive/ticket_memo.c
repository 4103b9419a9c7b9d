/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/ticket_memo.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
#define FNV_BASIS UINT64_C(14695981039346656037)
#define FNV_PRIME UINT64_C(1099511628211)

static uint64_t
add_byte(uint64_t hash, unsigned char byte)
{
	return (hash ^ byte) * FNV_PRIME;
}

static uint64_t
add_number(uint64_t hash, int64_t number)
{
	for (int shift = 0; shift < 64; shift += 8)
		hash =
		    add_byte(hash, (unsigned char)((uint64_t)number >> shift));
	return hash;
}

static uint64_t
add_text(uint64_t hash, const char *text)
{
	for (; *text != '\0'; text++)
		hash = add_byte(hash, (unsigned char)*text);
	return add_byte(hash, 0);
}

/* Return the one place where the memo may know a ticket. */
static size_t
place_of(const struct ticket_key *key)
{
	uint64_t hash = add_number(FNV_BASIS, key->jail);

	hash = add_text(add_number(hash, key->timeofban), key->ident);
	hash = add_text(hash, key->host);
	return (size_t)((hash ^ hash >> 32) % TICKET_MEMO_SIZE);
}

static bool
is_of(const struct ticket_memo_place *place, const struct ticket_key *key)
{
	return place->texts != NULL && place->jail == key->jail &&
	    place->timeofban == key->timeofban &&
	    strcmp(place->texts, key->ident) == 0 &&
	    strcmp(place->texts + strlen(key->ident) + 1, key->host) == 0;
}

bool
ticket_memo_get(const struct ticket_memo *m, const struct ticket_key *key,
    bool *answer)
{
	const struct ticket_memo_place *place = &m->places[place_of(key)];

	if (!is_of(place, key))
		return false;
	*answer = place->answer;
	return true;
}

void
ticket_memo_put(struct ticket_memo *m, const struct ticket_key *key,
    bool answer)
{
	struct ticket_memo_place *place = &m->places[place_of(key)];
	size_t ident = strlen(key->ident) + 1, host = strlen(key->host) + 1;

	free(place->texts);
	*place = (struct ticket_memo_place){
		.jail = key->jail,
		.timeofban = key->timeofban,
		.texts = malloc(ident + host),
		.answer = answer,
	};
	if (place->texts == NULL)
		return;
	memcpy(place->texts, key->ident, ident);
	memcpy(place->texts + ident, key->host, host);
}

void
ticket_memo_clear(struct ticket_memo *m)
{
	for (size_t i = 0; i < TICKET_MEMO_SIZE; i++)
		free(m->places[i].texts);
	*m = (struct ticket_memo){ 0 };
}
