/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/range.h"

/* The first five rows of values are the table of the guidelines. */
static void
a_value_alerts_as_the_guidelines_say(void **state UNUSED)
{
	static const struct {
		const char *range;
		int64_t alert[4], fine[4];
	} rows[] = {
		{ "10", { -1, 11, -100, 1000 }, { 0, 10, 5, 1 } },
		{ "10:", { 9, 0, -1, -10 }, { 10, 11, 1000, INT64_MAX } },
		{ "~:10", { 11, 12, 1000, INT64_MAX },
		    { 10, 0, -1, INT64_MIN } },
		{ "10:20", { 9, 21, 0, -15 }, { 10, 20, 15, 11 } },
		{ "@10:20", { 10, 20, 15, 11 }, { 9, 21, 0, -15 } },
		{ "@10", { 0, 10, 5, 1 }, { -1, 11, -100, 1000 } },
		{ "@~:0", { 0, -1, -2, INT64_MIN }, { 1, 2, 3, 4 } },
		{ "0", { -1, 1, 2, -2 }, { 0, 0, 0, 0 } },
		{ "-5:5", { -6, 6, 7, 100 }, { -5, 5, 0, 1 } },
		{ "-20:-10", { -21, -9, 0, 15 }, { -20, -10, -15, -11 } },
		{ "1.5:2.5", { 1, 3, 0, -2 }, { 2, 2, 2, 2 } },
		{ "7:7", { 6, 8, 0, 1 }, { 7, 7, 7, 7 } },
		{ ":10", { -1, 11, -100, 1000 }, { 0, 10, 5, 1 } },
	};
	struct range range;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (range_parse(&range, rows[i].range, &e) != 0)
			fail_msg("%s: %s", rows[i].range, e.text);
		assert_string_equal(range.text, rows[i].range);
		for (size_t k = 0; k < 4; k++) {
			if (!range_alerts(&range, rows[i].alert[k]) ||
			    range_alerts(&range, rows[i].fine[k]))
				fail_msg("%s: %zu", rows[i].range, k);
		}
	}
}

static void
what_is_no_range_is_a_wrong_usage(void **state UNUSED)
{
	static const char *const rows[] = { "", "@", ":", "@:", "~", "~10",
		"abc", "10:abc", "20:10", "-10", "0:-1", "10:20:30", "10-20",
		" 10", "10 ", "1 0", "10: 20", "+10", "1e3", "0x10", "nan",
		"inf", "10:~", "~:~", "@@10", "10@", "10,20", ".5", "5.",
		"1.2.3", "--5:5", "10:.", "10s", "1234567890123456",
		"0000000000000000000000000000000000000000000000001" };
	struct range range;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (range_parse(&range, rows[i], &e) == 0)
			fail_msg("%s", rows[i]);
		assert_int_equal(e.code, EX_USAGE);
	}
}

static void
a_default_range_begins_at_0(void **state UNUSED)
{
	struct range range;

	range_set_end(&range, 600);
	assert_string_equal(range.text, "600");
	assert_false(range_alerts(&range, 0));
	assert_false(range_alerts(&range, 600));
	assert_true(range_alerts(&range, 601));
	assert_true(range_alerts(&range, -1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_alerts_as_the_guidelines_say),
		cmocka_unit_test(what_is_no_range_is_a_wrong_usage),
		cmocka_unit_test(a_default_range_begins_at_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
