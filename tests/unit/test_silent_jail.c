/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ban/silent_jail.h"
#include "base/macros.h"
#include "base/timestamp.h"

#define HOUR (3600 * TIMESTAMP_US)
#define NOW (20000 * TIMESTAMP_DAY_US)

/* The moment so many hours before NOW; 0: never. */
static int64_t
ago_us(int64_t hours)
{
	return hours == 0 ? 0 : NOW - hours * HOUR;
}

static void
a_jail_is_silent_by_its_own_measure(void **state UNUSED)
{
	static const struct {
		const char *what;
		int64_t bans;
		int days;
		/* Hours ago; 0: never. */
		int64_t last, stop, start, started;
		int64_t gaps; /* hours */
		bool absent, silent;
	} rows[] = {
		{ .what = "a busy jail that banned an hour ago",
		    .bans = 700,
		    .days = 7,
		    .last = 1 },
		{ .what = "a busy jail for just a day",
		    .bans = 700,
		    .days = 7,
		    .last = 24 },
		{ .what = "a busy jail for more than a day",
		    .bans = 700,
		    .days = 7,
		    .last = 25,
		    .silent = true },
		{ .what = "five bans a day",
		    .bans = 35,
		    .days = 7,
		    .last = 25,
		    .silent = true },
		{ .what = "on most of the days",
		    .bans = 35,
		    .days = 5,
		    .last = 25,
		    .silent = true },
		{ .what = "two attacks a week",
		    .bans = 700,
		    .days = 2,
		    .last = 49 },
		{ .what = "on four of seven days",
		    .bans = 700,
		    .days = 4,
		    .last = 49 },
		{ .what = "one ban a week", .bans = 1, .days = 1, .last = 167 },
		{ .what = "one ban a day, after two days",
		    .bans = 7,
		    .days = 7,
		    .last = 48 },
		{ .what = "one ban a day, after five days",
		    .bans = 7,
		    .days = 7,
		    .last = 120 },
		{ .what = "one ban a day, after more",
		    .bans = 7,
		    .days = 7,
		    .last = 121,
		    .silent = true },
		{ .what = "three bans a day, after a day",
		    .bans = 21,
		    .days = 7,
		    .last = 25 },
		{ .what = "three bans a day, after two days",
		    .bans = 21,
		    .days = 7,
		    .last = 41,
		    .silent = true },
		{ .what = "fail2ban was restarted an hour ago",
		    .bans = 700,
		    .days = 7,
		    .last = 30,
		    .stop = 2,
		    .start = 1,
		    .silent = true },
		{ .what = "fail2ban did not run for a day",
		    .bans = 700,
		    .days = 7,
		    .last = 30,
		    .stop = 29,
		    .start = 5 },
		{ .what = "nor did it then, and yet it has run for more",
		    .bans = 700,
		    .days = 7,
		    .last = 60,
		    .stop = 29,
		    .start = 5,
		    .silent = true },
		{ .what = "fail2ban was stopped before the last ban",
		    .bans = 700,
		    .days = 7,
		    .last = 30,
		    .stop = 90,
		    .start = 31,
		    .silent = true },
		{ .what = "fail2ban was flushed, and not started since",
		    .bans = 700,
		    .days = 7,
		    .last = 30,
		    .stop = 9,
		    .start = 31,
		    .silent = true },
		{ .what = "the machine was off for a day",
		    .bans = 700,
		    .days = 7,
		    .last = 30,
		    .gaps = 24 },
		{ .what = "the machine was off for an hour",
		    .bans = 700,
		    .days = 7,
		    .last = 30,
		    .gaps = 1,
		    .silent = true },
		{ .what = "the server has it again since an hour",
		    .bans = 700,
		    .days = 7,
		    .last = 70,
		    .started = 1 },
		{ .what = "the server has it again since two days",
		    .bans = 700,
		    .days = 7,
		    .last = 70,
		    .started = 48,
		    .silent = true },
		{ .what = "the server had it again before its last ban",
		    .bans = 700,
		    .days = 7,
		    .last = 30,
		    .started = 48,
		    .silent = true },
		{ .what = "the last ban is a month ago",
		    .bans = 700,
		    .days = 7,
		    .last = 721 },
		{ .what = "the last ban is nearly a month ago",
		    .bans = 700,
		    .days = 7,
		    .last = 719,
		    .silent = true },
		{ .what = "the server lacks the jail",
		    .bans = 700,
		    .days = 7,
		    .last = 25,
		    .absent = true,
		    .silent = true },
		{ .what = "the server has lacked it for a week",
		    .bans = 700,
		    .days = 7,
		    .last = 169,
		    .absent = true },
		{ .what = "it never banned", .bans = 0, .days = 0, .last = 25 },
		{ .what = "its last ban is in the future",
		    .bans = 700,
		    .days = 7,
		    .last = -25 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct silent_jail_facts facts = {
			.now_us = NOW,
			.last_us = NOW - rows[i].last * HOUR,
			.started_us = ago_us(rows[i].started),
			.stop_us = ago_us(rows[i].stop),
			.start_us = ago_us(rows[i].start),
			.gaps_us = rows[i].gaps * HOUR,
			.bans = rows[i].bans,
			.days = rows[i].days,
			.absent = rows[i].absent,
		};

		if (silent_jail_is(&facts) != rows[i].silent)
			fail_msg("%s", rows[i].what);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_jail_is_silent_by_its_own_measure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
