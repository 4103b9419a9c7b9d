/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is counted of texts and of numbers: two hash tables with open
 * addressing, which make no allocation for a single key. Pure.
 */
#ifndef FIGURES_KEYS_H
#define FIGURES_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* A text, such as an id, and what was counted of it. */
struct key {
	uint64_t hash;
	/* Where its text begins, counted from 1; 0: a free slot. */
	uint32_t name;
	uint32_t bans;
	int64_t failures, seconds;
	/* Of ids only: its first day, the jail of its first ban that was taken,
	 * and its bans in that jail. */
	int32_t first_day;
	uint32_t jail, in_jail;
};

/* Begin with zeros and the seed. */
struct keys {
	uint64_t seed; /* random, so that nobody can make keys collide */
	struct key *slots;
	size_t n, room;
	struct buffer texts;
};

/*
 * Return the key of a text; a new one has no bans. It is valid until the next
 * call. Returns NULL when there is no memory, or no room for four gigabytes of
 * texts.
 */
struct key *keys_find(struct keys *keys, const char *text, size_t len);

/* Return the key of a text, or NULL when it was not counted. */
struct key *keys_get(struct keys *keys, const char *text, size_t len);
const char *keys_text(const struct keys *keys, const struct key *key);
void keys_free(struct keys *keys);

/* A number, such as a day, and what was counted of it. */
struct number {
	int64_t number;
	int64_t bans; /* 0: a free slot, or not counted yet */
	int64_t fresh;
};

/* Begin with zeros. */
struct numbers {
	struct number *slots;
	size_t n, room;
	size_t last; /* the slot that was found last: often the next one, too */
};

/*
 * Return the slot of a number, which the caller gives a ban; it is valid until
 * the next call. Returns NULL when there is no memory.
 */
struct number *numbers_find(struct numbers *numbers, int64_t number);

/* Return the slot of a number, or NULL when it was not counted. */
const struct number *numbers_get(const struct numbers *numbers, int64_t number);
void numbers_free(struct numbers *numbers);

#endif
