/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/number: whole numbers, good and bad, and sums that would overflow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "base/number.h"
#include "watched.h"

static void
only_a_whole_number_within_its_bounds_is_taken(void **state)
{
	static const struct {
		const char *text;
		int64_t min, max, v;
		const char *error;
	} rows[] = {
		{ "0", 0, 0, 0, NULL },
		{ "-1", -1, 9, -1, NULL },
		{ "-0", 0, 9, 0, NULL },
		{ "007", 0, 9, 7, NULL },
		{ "9223372036854775807", 0, INT64_MAX, INT64_MAX, NULL },
		{ "-9223372036854775807", INT64_MIN, 0, -INT64_MAX, NULL },
		{ "1", 1, 10, 1, NULL },
		{ "10", 1, 10, 10, NULL },
		{ "0", 1, 10, 0, "0 is not from 1 to 10" },
		{ "11", 1, 10, 0, "11 is not from 1 to 10" },
		{ "-1", 0, 10, 0, "-1 is not from 0 to 10" },
		{ "", 0, 9, 0, "'' is not a whole number" },
		{ "-", -9, 9, 0, "'-' is not a whole number" },
		{ "--1", -9, 9, 0, "'--1' is not a whole number" },
		{ "+1", 0, 9, 0, "'+1' is not a whole number" },
		{ " 1", 0, 9, 0, "' 1' is not a whole number" },
		{ "1 ", 0, 9, 0, "'1 ' is not a whole number" },
		{ "1\n", 0, 9, 0, "'1\n' is not a whole number" },
		{ "1.0", 0, 9, 0, "'1.0' is not a whole number" },
		{ "1e3", 0, 9999, 0, "'1e3' is not a whole number" },
		{ "0x1", 0, 9, 0, "'0x1' is not a whole number" },
		{ "<bancount>", 0, 9, 0, "'<bancount>' is not a whole number" },
		{ "9223372036854775808", 0, INT64_MAX, 0,
		    "'9223372036854775808' is not a whole number" },
		{ "18446744073709551617", 0, INT64_MAX, 0,
		    "'18446744073709551617' is not a whole number" },
		/* A message quotes only the beginning of a long text. */
		{ "1234567890123456789012345678901234567890x", 0, 9, 0,
		    "'1234567890123456789012345678901234567890' is not a whole "
		    "number" },
	};
	struct err e;
	int64_t v;
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		e = (struct err){ .text = "" };
		rc = number_parse(rows[i].text, rows[i].min, rows[i].max, &v,
		    &e);
		if (rows[i].error != NULL) {
			assert_int_equal(rc, -1);
			assert_int_equal(e.code, EX_USAGE);
			assert_string_equal(e.text, rows[i].error);
			continue;
		}
		assert_int_equal(rc, 0);
		assert_int_equal(v, rows[i].v);
	}
}

static void
a_sum_that_would_overflow_stops_at_the_limit(void **state)
{
	static const struct {
		int64_t a, b, sum;
	} rows[] = {
		{ 1, 2, 3 },
		{ -1, -2, -3 },
		{ INT64_MAX, 0, INT64_MAX },
		{ INT64_MAX, 1, INT64_MAX },
		{ INT64_MAX, INT64_MAX, INT64_MAX },
		{ INT64_MAX, -1, INT64_MAX - 1 },
		{ INT64_MAX, INT64_MIN, -1 },
		{ INT64_MIN, 0, INT64_MIN },
		{ INT64_MIN, -1, INT64_MIN },
		{ INT64_MIN, INT64_MIN, INT64_MIN },
		{ INT64_MIN, 1, INT64_MIN + 1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(number_add_sat(rows[i].a, rows[i].b),
		    rows[i].sum);
		assert_int_equal(number_add_sat(rows[i].b, rows[i].a),
		    rows[i].sum);
	}
}

static void
a_difference_that_would_overflow_stops_at_the_limit(void **state)
{
	static const struct {
		int64_t a, b, difference;
	} rows[] = {
		{ 3, 2, 1 },
		{ -3, -2, -1 },
		{ INT64_MAX, -1, INT64_MAX },
		{ INT64_MAX, INT64_MIN, INT64_MAX },
		{ INT64_MAX, INT64_MAX, 0 },
		{ 0, INT64_MIN, INT64_MAX },
		{ INT64_MIN, 1, INT64_MIN },
		{ INT64_MIN, INT64_MAX, INT64_MIN },
		{ INT64_MIN, INT64_MIN, 0 },
		{ -1, INT64_MIN, INT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(number_sub_sat(rows[i].a, rows[i].b),
		    rows[i].difference);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    only_a_whole_number_within_its_bounds_is_taken),
		cmocka_unit_test(a_sum_that_would_overflow_stops_at_the_limit),
		cmocka_unit_test(
		    a_difference_that_would_overflow_stops_at_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
