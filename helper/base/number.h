/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole numbers: strict parsing, sums that do not overflow. Pure. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Return the sum, held at INT64_MIN and INT64_MAX instead of overflowing. */
int64_t number_add_sat(int64_t a, int64_t b);

/*
 * Read the decimal digits at *s into *v and move *s past them. False when there
 * is no digit or the number does not fit.
 */
bool number_take_digits(const char **s, int64_t *v);

/*
 * Parse a whole decimal number, nothing around it, into [min, max].
 * Fails with EX_USAGE.
 */
int number_parse(const char *s, int64_t min, int64_t max, int64_t *v,
    struct err *e);

#endif
