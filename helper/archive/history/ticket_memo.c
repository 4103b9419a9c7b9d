/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/history/ticket_memo.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* Return the one place where the memo may know a ticket. */
static size_t
place_of(const struct ticket_key *key)
{
	uint64_t hash = hash_bytes(HASH_NONE, &key->jail, sizeof(key->jail));

	hash = hash_bytes(hash, &key->timeofban, sizeof(key->timeofban));
	hash = hash_text(hash_text(hash, key->ident), key->host);
	return (size_t)hash_below(hash, TICKET_MEMO_SIZE);
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
