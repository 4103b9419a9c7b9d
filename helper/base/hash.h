/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FNV-1a of 64 bits (isthe.com/chongo/tech/comp/fnv), for tables in memory and
 * for shares of a time. Who chooses the bytes can choose the hash: a table must
 * bear many keys of one hash.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The hash of no bytes. */
#define HASH_NONE UINT64_C(14695981039346656037)

/* Return the hash of what h is the hash of, followed by n bytes. */
static inline uint64_t
hash_bytes(uint64_t h, const void *bytes, size_t n)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < n; i++)
		h = (h ^ at[i]) * UINT64_C(1099511628211);
	return h;
}

/* The same for a text with its NUL, which keeps it apart from what follows. */
static inline uint64_t
hash_text(uint64_t h, const char *text)
{
	return hash_bytes(h, text, strlen(text) + 1);
}

/* Return a number below n from all bits of a hash. */
static inline uint64_t
hash_below(uint64_t h, uint64_t n)
{
	return (h ^ h >> 32) % n;
}

#endif
