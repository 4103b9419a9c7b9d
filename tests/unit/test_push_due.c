/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a push is due: after the interval, and later after a failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "archive/copy/push_due.h"
#include "base/macros.h"
#include "base/number.h"

#define S INT64_C(1000000)
#define NOW (INT64_C(1800000000) * S)
#define AGO(seconds) (NOW - (seconds)*S)

static void
the_interval_decides_after_a_success(void **state)
{
	static const struct {
		int64_t pushed_us, interval;
		bool due;
	} rows[] = {
		{ UNKNOWN, 300, true },
		{ UNKNOWN, 0, false },
		{ AGO(269), 300, false },
		{ AGO(270), 300, true },
		{ AGO(1000000), 0, false },
		/* It was noted by a wrong clock. */
		{ NOW + 1, 300, true },
		{ INT64_MAX, 300, true },
		{ 0, 86400, true },
		{ INT64_MIN + 1, 86400, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct push_state s;

		push_state_init(&s);
		s.pushed_us = rows[i].pushed_us;
		/* A push that is under way does not count. */
		s.tried_us = AGO(1);
		if (push_due(&s, rows[i].interval, NOW) != rows[i].due)
			fail_msg("row %zu", i);
	}
}

static void
a_failure_is_followed_by_longer_and_longer_waits(void **state)
{
	static const struct {
		int64_t failed_us, tried_us, interval, least, most;
	} rows[] = {
		{ AGO(0), AGO(0), 300, 202, 270 },
		{ AGO(100), AGO(0), 300, 202, 270 },
		{ AGO(1000), AGO(0), 300, 675, 900 },
		{ AGO(1000000), AGO(0), 300, 2430, 3240 },
		{ AGO(1000000), AGO(0), 86400, 58320, 77760 },
		{ AGO(0), AGO(0), 1, 1, 1 },
		{ NOW + 1, AGO(0), 300, 202, 270 },
		{ INT64_MIN + 1, AGO(0), 300, 2430, 3240 },
		{ INT64_MAX, AGO(0), 300, 202, 270 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct push_state s;

		push_state_init(&s);
		snprintf(s.host, sizeof(s.host), "machine %zu", i);
		/* That the last success is long ago does not count. */
		s.pushed_us = AGO(5000000);
		s.failed_us = rows[i].failed_us;
		s.tried_us = rows[i].tried_us;
		assert_false(push_due(&s, rows[i].interval,
		    NOW + (rows[i].least - 1) * S));
		assert_true(
		    push_due(&s, rows[i].interval, NOW + rows[i].most * S));
	}
}

static void
machines_do_not_come_at_one_time(void **state)
{
	size_t due = 0;

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		struct push_state s;

		push_state_init(&s);
		snprintf(s.host, sizeof(s.host), "machine %zu", i);
		s.failed_us = AGO(10000);
		s.tried_us = AGO(3240 - 405);
		due += push_due(&s, 300, NOW);
	}
	assert_in_range(due, 400, 600);
}

static void
the_changes_after_the_acknowledged_one_wait(void **state)
{
	static const struct {
		const char *archive;
		int64_t acknowledged, rev, wait;
	} rows[] = {
		{ "a", 40, 100, 60 },
		{ "a", 100, 100, 0 },
		{ "a", 0, 100, 100 },
		{ "a", UNKNOWN, 100, 100 },
		/* It is another archive. */
		{ "b", 40, 100, 100 },
		{ "", 40, 100, 100 },
		/* The file is damaged. */
		{ "a", 101, 100, 0 },
		{ "a", INT64_MAX, 100, 0 },
		{ "a", -5, 100, 100 },
		{ "a", INT64_MIN + 1, INT64_MAX, INT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct push_state s;

		push_state_init(&s);
		snprintf(s.archive, sizeof(s.archive), "%s", rows[i].archive);
		s.rev = rows[i].acknowledged;
		assert_int_equal(push_due_changes(&s, "a", rows[i].rev),
		    rows[i].wait);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_interval_decides_after_a_success),
		cmocka_unit_test(
		    a_failure_is_followed_by_longer_and_longer_waits),
		cmocka_unit_test(the_changes_after_the_acknowledged_one_wait),
		cmocka_unit_test(machines_do_not_come_at_one_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
