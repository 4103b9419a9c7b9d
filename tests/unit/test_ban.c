/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When bans are over, and what things are called in the archive. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ban/ban.h"

#define START INT64_C(1795458662123456)

static void
a_ban_is_over_when_its_time_is_up(void **state)
{
	static const struct {
		int64_t since_us, seconds, expiry_us;
	} rows[] = {
		{ START, 600, INT64_C(1795459262123456) },
		{ START, 1, START + 1000000 },
		{ START, 0, START },
		{ 0, 0, 0 },
		/* For ever, and nobody knows. */
		{ START, -1, INT64_MAX },
		{ START, -2, INT64_MAX },
		{ START, UNKNOWN, INT64_MAX },
		{ START, INT64_MIN + 1, INT64_MAX },
		/* Longer than there are microseconds: it saturates. */
		{ START, INT64_C(100000000000000), INT64_MAX },
		{ START, INT64_MAX, INT64_MAX },
		{ INT64_MAX, INT64_MAX, INT64_MAX },
		{ INT64_MAX, 1, INT64_MAX },
		{ INT64_MAX - 1000000, 1, INT64_MAX },
		{ INT64_MAX - 1000001, 1, INT64_MAX - 1 },
		{ 0, INT64_C(9223372036854), INT64_C(9223372036854000000) },
		{ 0, INT64_C(9223372036855), INT64_MAX },
		/* Before the epoch. */
		{ -1000000, 2, 1000000 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(
		    ban_end_expiry_us(rows[i].since_us, rows[i].seconds),
		    rows[i].expiry_us);
	}
}

static void
each_end_has_its_name(void **state)
{
	static const struct {
		enum ban_end end;
		const char *name;
	} rows[] = {
		{ BAN_EXPIRED, "expired" },
		{ BAN_MANUAL, "manual" },
		{ BAN_FLUSHED, "flushed" },
		{ BAN_INFERRED, "inferred" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		assert_string_equal(ban_end_name(rows[i].end), rows[i].name);
	}
}

static void
a_ban_that_lives_has_no_end_to_name(void **state)
{
	(void)state;
	assert_null(ban_end_name(BAN_LIVES));
}

static void
each_origin_has_its_name(void **state)
{
	(void)state;
	assert_string_equal(ban_origin_name(BAN_FROM_LOG), "log");
	assert_string_equal(ban_origin_name(BAN_FROM_HAND), "manual");
	assert_string_equal(ban_origin_name(BAN_FROM_UNKNOWN), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ban_is_over_when_its_time_is_up),
		cmocka_unit_test(each_end_has_its_name),
		cmocka_unit_test(a_ban_that_lives_has_no_end_to_name),
		cmocka_unit_test(each_origin_has_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
