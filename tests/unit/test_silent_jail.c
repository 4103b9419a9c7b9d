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

static void
a_jail_is_silent_by_its_own_measure(void **state UNUSED)
{
	static const struct {
		const char *what;
		int64_t bans;
		int days;
		int64_t last_hours, running_hours; /* ago; 0: long ago */
		bool absent, silent;
	} rows[] = {
		{ "a busy jail that banned an hour ago", 700, 7, 1, 0, false,
		    false },
		{ "a busy jail for just a day", 700, 7, 24, 0, false, false },
		{ "a busy jail for more than a day", 700, 7, 25, 0, false,
		    true },
		{ "five bans a day", 35, 7, 25, 0, false, true },
		{ "on most of the days", 35, 5, 25, 0, false, true },
		{ "two attacks a week", 700, 2, 49, 0, false, false },
		{ "on four of seven days", 700, 4, 49, 0, false, false },
		{ "one ban a week", 1, 1, 167, 0, false, false },
		{ "one ban a day, after two days", 7, 7, 48, 0, false, false },
		{ "one ban a day, after five days", 7, 7, 120, 0, false,
		    false },
		{ "one ban a day, after more", 7, 7, 121, 0, false, true },
		{ "three bans a day, after a day", 21, 7, 25, 0, false, false },
		{ "three bans a day, after two days", 21, 7, 41, 0, false,
		    true },
		{ "fail2ban was started an hour ago", 700, 7, 70, 1, false,
		    false },
		{ "fail2ban was started two days ago", 700, 7, 70, 48, false,
		    true },
		{ "the last ban is a month ago", 700, 7, 721, 0, false, false },
		{ "the last ban is nearly a month ago", 700, 7, 719, 0, false,
		    true },
		{ "the server lacks the jail", 700, 7, 25, 0, true, true },
		{ "the server has lacked it for a week", 700, 7, 169, 0, true,
		    false },
		{ "it never banned", 0, 0, 25, 0, false, false },
		{ "its last ban is in the future", 700, 7, -25, 0, false,
		    false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct silent_jail_facts facts = {
			.now_us = NOW,
			.last_us = NOW - rows[i].last_hours * HOUR,
			.running_us = rows[i].running_hours == 0 ?
			    0 :
			    NOW - rows[i].running_hours * HOUR,
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
