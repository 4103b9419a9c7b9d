/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/number.h"

#include <inttypes.h>
#include <sysexits.h>

int64_t
number_add_sat(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return b > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

int64_t
number_sub_sat(int64_t a, int64_t b)
{
	int64_t difference;

	if (__builtin_sub_overflow(a, b, &difference))
		return b < 0 ? INT64_MAX : INT64_MIN;
	return difference;
}

bool
number_take_digits(const char **s, int64_t *v)
{
	const char *p = *s;

	for (*v = 0; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(*v, 10, v) ||
		    __builtin_add_overflow(*v, *p - '0', v))
			return false;
	}
	if (p == *s)
		return false;
	*s = p;
	return true;
}

int
number_parse(const char *s, int64_t min, int64_t max, int64_t *v, struct err *e)
{
	const char *p = s;
	bool negative = *p == '-';

	if (negative)
		p++;
	if (!number_take_digits(&p, v) || *p != '\0')
		return err_set(e, EX_USAGE, "'%.40s' is not a whole number", s);
	if (negative)
		*v = -*v;
	if (*v < min || *v > max)
		return err_set(e, EX_USAGE,
		    "%.40s is not from %" PRId64 " to %" PRId64, s, min, max);
	return 0;
}
