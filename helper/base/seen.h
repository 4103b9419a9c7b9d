/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of pairs of texts in a memory of one size, however many pairs it has
 * (a Bloom filter). It may say that it has a pair that it lacks: with a million
 * pairs of one in four hundred, with four million of one in seven. It never
 * says that it lacks a pair that it has. Pure.
 */
#ifndef BASE_SEEN_H
#define BASE_SEEN_H

#include <stdbool.h>
#include <stdint.h>

struct seen {
	uint8_t *bits;
};

/* Make an empty set; return 0, or -1 when memory is short. */
int seen_open(struct seen *seen);
void seen_close(struct seen *seen);

/* Add a pair; return false when it was certainly not there. */
bool seen_add(struct seen *seen, const char *a, const char *b);

#endif
