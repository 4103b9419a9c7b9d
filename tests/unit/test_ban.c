/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of origins and witnesses, and the rounding of a ticket's time. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ban/ban.h"

static void
each_origin_has_its_name(void **state)
{
	(void)state;
	assert_string_equal(ban_origin_name(BAN_FROM_LOG), "log");
	assert_string_equal(ban_origin_name(BAN_FROM_HAND), "manual");
	assert_string_equal(ban_origin_name(BAN_FROM_UNKNOWN), "unknown");
}

static void
each_witness_has_its_name(void **state)
{
	(void)state;
	assert_string_equal(ban_seen_name(BAN_SEEN_EVENT), "event");
	assert_string_equal(ban_seen_name(BAN_SEEN_DATABASE), "database");
	assert_string_equal(ban_seen_name(BAN_SEEN_LOG), "log");
	assert_string_equal(ban_seen_name(BAN_SEEN_IMPORT), "import");
}

static void
a_tickets_time_is_rounded_half_to_even(void **state)
{
	static const struct {
		int64_t since_us, timeofban;
	} rows[] = {
		{ INT64_C(1795458932499999), 1795458932 },
		{ INT64_C(1795458932500000), 1795458932 },
		{ INT64_C(1795458932500001), 1795458933 },
		{ INT64_C(1795458933500000), 1795458934 },
		{ INT64_C(1795458933000000), 1795458933 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(ban_timeofban(rows[i].since_us),
		    rows[i].timeofban);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_origin_has_its_name),
		cmocka_unit_test(each_witness_has_its_name),
		cmocka_unit_test(a_tickets_time_is_rounded_half_to_even),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
