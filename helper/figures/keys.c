/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "figures/keys.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 64

/* Odd numbers whose bits are mixed: those of murmurhash3's 64-bit finalizer. */
#define MIX_1 UINT64_C(0xff51afd7ed558ccd)
#define MIX_2 UINT64_C(0xc4ceb9fe1a85ec53)

static uint64_t
mix(uint64_t h)
{
	h = (h ^ h >> 33) * MIX_1;
	h = (h ^ h >> 33) * MIX_2;
	return h ^ h >> 33;
}

static uint64_t
hash_text(uint64_t seed, const char *s, size_t len)
{
	uint64_t h = seed ^ len, word;

	for (; len >= sizeof(word); s += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, s, sizeof(word));
		h = mix(h ^ word);
	}
	word = 0;
	memcpy(&word, s, len);
	return mix(h ^ word);
}

/* Return true when one more of n would fill more than 3 of 4 slots. */
static int
is_full(size_t n, size_t room)
{
	return n >= room / 4 * 3;
}

const char *
keys_text(const struct keys *keys, const struct key *key)
{
	return keys->texts.s + key->name - 1;
}

static int
grow_keys(struct keys *keys)
{
	size_t room = keys->room > 0 ? 2 * keys->room : FIRST_ROOM;
	struct key *slots = calloc(room, sizeof(*slots));

	if (slots == NULL)
		return -1;
	for (size_t i = 0; i < keys->room; i++) {
		size_t at = keys->slots[i].hash & (room - 1);

		if (keys->slots[i].name == 0)
			continue;
		while (slots[at].name != 0)
			at = (at + 1) & (room - 1);
		slots[at] = keys->slots[i];
	}
	free(keys->slots);
	keys->slots = slots;
	keys->room = room;
	return 0;
}

static struct key *
add_key(struct keys *keys, struct key *slot, const char *text, size_t len)
{
	size_t at = keys->texts.len;

	if (len >= UINT32_MAX - 1 || at >= UINT32_MAX - 1 - len)
		return NULL;
	buffer_put(&keys->texts, text, len);
	buffer_putc(&keys->texts, '\0');
	if (keys->texts.failed)
		return NULL;
	slot->name = (uint32_t)at + 1;
	keys->n++;
	return slot;
}

/* Return the slot of a text, or a free one. */
static struct key *
find_key(struct keys *keys, uint64_t hash, const char *text, size_t len)
{
	size_t at = hash & (keys->room - 1);

	for (;; at = (at + 1) & (keys->room - 1)) {
		struct key *slot = &keys->slots[at];

		if (slot->name == 0)
			return slot;
		if (slot->hash == hash &&
		    memcmp(keys_text(keys, slot), text, len) == 0 &&
		    keys_text(keys, slot)[len] == '\0')
			return slot;
	}
}

struct key *
keys_find(struct keys *keys, const char *text, size_t len)
{
	uint64_t hash = hash_text(keys->seed, text, len);
	struct key *slot;

	if (is_full(keys->n, keys->room) && grow_keys(keys) != 0)
		return NULL;
	slot = find_key(keys, hash, text, len);
	if (slot->name != 0)
		return slot;
	slot->hash = hash;
	return add_key(keys, slot, text, len);
}

struct key *
keys_get(struct keys *keys, const char *text, size_t len)
{
	struct key *slot;

	if (keys->room == 0)
		return NULL;
	slot = find_key(keys, hash_text(keys->seed, text, len), text, len);
	return slot->name != 0 ? slot : NULL;
}

void
keys_free(struct keys *keys)
{
	free(keys->slots);
	buffer_free(&keys->texts);
	*keys = (struct keys){ .seed = keys->seed };
}

static struct number *
find_slot(struct number *slots, size_t room, int64_t number)
{
	size_t at = mix((uint64_t)number) & (room - 1);

	while (slots[at].bans != 0 && slots[at].number != number)
		at = (at + 1) & (room - 1);
	return &slots[at];
}

static int
grow_numbers(struct numbers *numbers)
{
	size_t room = numbers->room > 0 ? 2 * numbers->room : FIRST_ROOM;
	struct number *slots = calloc(room, sizeof(*slots));

	if (slots == NULL)
		return -1;
	for (size_t i = 0; i < numbers->room; i++) {
		const struct number *old = &numbers->slots[i];

		if (old->bans != 0)
			*find_slot(slots, room, old->number) = *old;
	}
	free(numbers->slots);
	numbers->slots = slots;
	numbers->room = room;
	return 0;
}

struct number *
numbers_find(struct numbers *numbers, int64_t number)
{
	struct number *slot;

	if (numbers->last < numbers->room) {
		slot = &numbers->slots[numbers->last];
		if (slot->number == number && slot->bans != 0)
			return slot;
	}
	if (is_full(numbers->n, numbers->room) && grow_numbers(numbers) != 0)
		return NULL;
	slot = find_slot(numbers->slots, numbers->room, number);
	numbers->last = (size_t)(slot - numbers->slots);
	if (slot->bans == 0) {
		slot->number = number;
		numbers->n++;
	}
	return slot;
}

const struct number *
numbers_get(const struct numbers *numbers, int64_t number)
{
	const struct number *slot;

	if (numbers->room == 0)
		return NULL;
	slot = find_slot(numbers->slots, numbers->room, number);
	return slot->bans != 0 ? slot : NULL;
}

void
numbers_free(struct numbers *numbers)
{
	free(numbers->slots);
	*numbers = (struct numbers){ 0 };
}
