/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random numbers that are the same in each run: Marsaglia's xorshift64. */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdint.h>

/* Return the next number; *state is at first any number but 0. */
static inline uint64_t
random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

#endif
