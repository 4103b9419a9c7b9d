/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole numbers: parse them strictly, add them without overflow. Pure. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Return the greater one. */
static inline int64_t
number_max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Return the lesser one. */
static inline int64_t
number_min(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Return -1, 0 or 1 as a is less than b, the same, or greater. */
static inline int
number_compare(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

/* Return the sum, or INT64_MIN or INT64_MAX where it would overflow. */
int64_t number_add_sat(int64_t a, int64_t b);

/* Return the difference, or INT64_MIN or INT64_MAX where it would overflow. */
int64_t number_sub_sat(int64_t a, int64_t b);

/*
 * Read the decimal digits at *s into *v, move *s past them and return true.
 * Return false when there is no digit or the number does not fit.
 */
bool number_take_digits(const char **s, int64_t *v);

/*
 * Parse s, a whole decimal number from min to max and nothing else, into *v.
 * Fails with EX_USAGE.
 */
int number_parse(const char *s, int64_t min, int64_t max, int64_t *v,
    struct err *e);

#endif
