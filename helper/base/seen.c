/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/seen.h"

#include <stdlib.h>

#include "base/hash.h"

/* 2 MiB. */
#define BITS (UINT64_C(1) << 24)

/* So many bits stand for a pair. */
#define PROBES 4

int
seen_open(struct seen *seen)
{
	seen->bits = calloc(BITS / 8, 1);
	return seen->bits != NULL ? 0 : -1;
}

void
seen_close(struct seen *seen)
{
	free(seen->bits);
	seen->bits = NULL;
}

/* Let each bit depend on all others (the end of MurmurHash3). */
static uint64_t
mix(uint64_t h)
{
	h = (h ^ (h >> 33)) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ (h >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ (h >> 33);
}

bool
seen_add(struct seen *seen, const char *a, const char *b)
{
	uint64_t h = mix(hash_text(hash_text(HASH_NONE, a), b));
	uint64_t step = (h >> 32) | 1;
	bool all = true;

	for (int i = 0; i < PROBES; i++, h += step) {
		uint8_t *byte = &seen->bits[h % BITS / 8];
		uint8_t bit = (uint8_t)(1U << (h % 8));

		all = all && (*byte & bit) != 0;
		*byte |= bit;
	}
	return all;
}
