/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The proven time: each row is a history of runs, as the clock and the uptime
 * of the machine have them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "archive/history/proven_time.h"
#include "base/timestamp.h"
#include "lab.h"

/* Times are in hours after the archive was made. */
#define HOUR INT64_C(3600)
#define HOUR_US (HOUR * TIMESTAMP_US)
#define MADE_US (INT64_C(1795000000) * TIMESTAMP_US)
#define DAY 24
/* 11 and 57 years, forward to 2038 and back to 1970. */
#define AHEAD (97000)
#define BEHIND (-498600)
#define NO_UPTIME (-1)
#define RUNS 14

static const struct history {
	const char *what;
	struct {
		int64_t wall, uptime;
	} runs[RUNS]; /* up to a run of 0, 0 */
	int64_t proven;
} histories[] = {
	{ "the clock and the uptime agree",
	    { { 1, 11 }, { 5, 15 }, { 100, 110 } }, 100 },
	{ "the first run is late: when it comes the archive has no uptime yet",
	    { { 1, 11 }, { 2, 12 } }, 1 },
	{ "after a day of runs the clock is believed",
	    { { 1, 11 }, { 2, 12 }, { 25, 35 } }, 25 },
	{ "a clock in 2038 for a moment",
	    { { 0, 10 }, { AHEAD, 11 }, { 2, 12 }, { 60, 70 } }, 60 },
	{ "a clock in 2038 at this run",
	    { { 0, 10 }, { 30, 40 }, { AHEAD, 41 } }, 31 },
	{ "a clock in 2038 for most of a day",
	    { { 0, 10 }, { AHEAD, 11 }, { AHEAD + 22, 33 } }, 23 },
	{ "a clock in 2038 for more than two days is right",
	    { { 0, 10 }, { 24, 34 }, { AHEAD, 35 }, { AHEAD + 25, 60 },
		{ AHEAD + 50, 85 } },
	    AHEAD + 50 },
	{ "in one run of these days the clock was not there",
	    { { 0, 10 }, { 24, 34 }, { AHEAD, 35 }, { AHEAD + 25, 60 },
		{ 70, 80 }, { AHEAD + 50, 85 } },
	    75 },
	{ "the machine was off for a week, a moment ago",
	    { { 0, 10 }, { 24, 34 }, { 200, 1 } }, 25 },
	{ "the machine was off for a week, and has run for two days",
	    { { 0, 10 }, { 24, 34 }, { 200, 1 }, { 225, 26 }, { 250, 51 } },
	    250 },
	{ "the machine runs for eight hours a day",
	    { { 0, 1 }, { 7, 8 }, { 24, 1 }, { 31, 8 }, { 48, 1 }, { 55, 8 },
		{ 72, 1 }, { 79, 8 }, { 96, 1 }, { 103, 8 }, { 120, 1 },
		{ 127, 8 }, { 144, 1 } },
	    96 },
	{ "a boot is not seen when the uptime is longer than before",
	    { { 0, 1 }, { 100, 5 } }, 4 },
	{ "a clock in 1970 for a moment",
	    { { 0, 10 }, { 24, 34 }, { BEHIND, 1 }, { 26, 2 } }, 26 },
	{ "a clock in 1970 at this run",
	    { { 0, 10 }, { 24, 34 }, { BEHIND, 1 } }, 25 },
	{ "the clock is set back by an hour at this run",
	    { { 0, 10 }, { 24, 34 }, { 24, 35 } }, 25 },
	{ "the clock was set back by an hour, and stays there",
	    { { 0, 10 }, { 24, 34 }, { 24, 35 }, { 49, 60 }, { 74, 85 } }, 74 },
	{ "the clock was ahead only when the archive was made",
	    { { BEHIND, 10 }, { BEHIND + 1, 11 } }, BEHIND + 1 },
	{ "the system does not say the uptime",
	    { { 0, NO_UPTIME }, { 100, NO_UPTIME }, { 200, NO_UPTIME } }, 0 },
	{ "one run does not learn the uptime",
	    { { 0, 10 }, { 5, NO_UPTIME }, { 20, 30 } }, 20 },
};

static void
each_history_proves_a_time(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(histories); i++) {
		const struct history *h = &histories[i];
		struct proven_time t = {
			.us = MADE_US,
			.uptime_s = UNKNOWN,
			.least_us = UNKNOWN,
			.most_us = UNKNOWN,
		};

		for (size_t k = 0; k < RUNS && h->runs[k].uptime != 0; k++)
			proven_time_advance(&t,
			    MADE_US + h->runs[k].wall * HOUR_US,
			    h->runs[k].uptime == NO_UPTIME ?
				UNKNOWN :
				h->runs[k].uptime * HOUR);
		if (t.us != MADE_US + h->proven * HOUR_US)
			fail_msg("%s: %lld h, not %lld", h->what,
			    (long long)((t.us - MADE_US) / HOUR_US),
			    (long long)h->proven);
	}
}

static void
a_new_archive_begins_with_the_clock(void **state UNUSED)
{
	struct proven_time t;
	struct err e = { 0 };
	struct lab lab;

	lab_set_up(&lab);
	assert_ok(proven_time_load(&lab.archive, &t, &e), &e);
	assert_int_equal(t.uptime_s, UNKNOWN);
	assert_int_equal(t.least_us, UNKNOWN);
	assert_false(t.sure);
	lab_assert(&lab, "begins now",
	    "SELECT abs(value / 1000000 - strftime('%s')) < 600 FROM meta "
	    "WHERE key = 'proven'",
	    "1");
	lab_tear_down(&lab);
}

static void
what_is_saved_is_loaded_again(void **state UNUSED)
{
	const struct proven_time saved = { MADE_US, 1, 2, UNKNOWN, -4, true };
	struct proven_time t;
	struct err e = { 0 };
	struct lab lab;

	lab_set_up(&lab);
	assert_ok(proven_time_save(&lab.archive, &saved, &e), &e);
	assert_ok(proven_time_load(&lab.archive, &t, &e), &e);
	assert_int_equal(t.us, saved.us);
	assert_int_equal(t.uptime_s, saved.uptime_s);
	assert_int_equal(t.ran_s, saved.ran_s);
	assert_int_equal(t.least_us, saved.least_us);
	assert_int_equal(t.most_us, saved.most_us);
	assert_true(t.sure);
	lab_tear_down(&lab);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_history_proves_a_time),
		cmocka_unit_test(a_new_archive_begins_with_the_clock),
		cmocka_unit_test(what_is_saved_is_loaded_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
