/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/timestamp: the times of fail2ban 1.0.2 and of people; the calendar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include <cmocka.h>

#include "base/timestamp.h"
#include "base/utf8.h"
#include "watched.h"

/* 2026-11-23 18:48:38 UTC, and the start of its day. */
#define NOW INT64_C(1795459718000000)
#define DAY INT64_C(1795392000)
#define S TIMESTAMP_US

/* Central Europe, written out so that no zone database is needed. */
#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"

static void
set_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

static void
a_tickets_time_is_cut_and_rounded_from_its_text(void **state)
{
	static const struct {
		const char *text;
		int64_t us, rounded;
		bool exact;
	} rows[] = {
		{ "1795458480.0", 1795458480000000, 1795458480, true },
		{ "1795458480", 1795458480000000, 1795458480, false },
		{ "1795458662.123456", 1795458662123456, 1795458662, true },
		{ "1795458484.8787563", 1795458484878756, 1795458485, true },
		/* Cut to microseconds, these would round the other way. */
		{ "1795458932.5000002", 1795458932500000, 1795458933, true },
		{ "1795458931.4999998", 1795458931499999, 1795458931, true },
		{ "1795458931.9999999", 1795458931999999, 1795458932, true },
		/* Half to even. */
		{ "1795458932.5", 1795458932500000, 1795458932, true },
		{ "1795458933.5", 1795458933500000, 1795458934, true },
		{ "1795458932.500000000", 1795458932500000, 1795458932, true },
		{ "1795458932.50000000000000000000000001", 1795458932500000,
		    1795458933, true },
		{ "1795458932.49999999999999999999999999", 1795458932499999,
		    1795458932, true },
		{ "0.5", 500000, 0, true },
		{ "1.5", 1500000, 2, true },
		{ "0.000001", 1, 0, true },
		{ "0.0000009", 0, 0, true },
		{ "0", 0, 0, false },
		{ "0001", 1000000, 1, false },
		{ "9223372036852.999999", 9223372036852999999, 9223372036853,
		    true },
	};
	struct err e = { .text = "" };
	int64_t us, rounded;
	bool exact;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		if (timestamp_parse_ticket(rows[i].text, &us, &rounded, &exact,
			&e) != 0)
			fail_msg("%s", e.text);
		if (us != rows[i].us || rounded != rows[i].rounded ||
		    exact != rows[i].exact)
			fail_msg("%s: %lld %lld %d", rows[i].text,
			    (long long)us, (long long)rounded, exact);
		assert_int_equal(timestamp_parse_ticket(rows[i].text, NULL,
				     NULL, NULL, NULL),
		    0);
	}
}

static void
a_text_that_is_no_tickets_time_is_refused(void **state)
{
	static const char *const rows[] = { "<time>", "", "1e9", "-1", "+1",
		" 1", "1 ", "1.", ".5", ".", "1.5x", "1.5.5", "1,5", "0x10",
		"inf", "nan", "1.5\n", "9223372036853", "9223372036854775807",
		"9223372036854775808", "99999999999999999999999999.5" };
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		e = (struct err){ .text = "" };
		if (timestamp_parse_ticket(rows[i], NULL, NULL, NULL, &e) != -1)
			fail_msg("'%s' is taken", rows[i]);
		assert_int_equal(e.code, EX_USAGE);
		assert_non_null(strstr(e.text, "is not a time in seconds"));
		assert_int_equal(
		    timestamp_parse_ticket(rows[i], NULL, NULL, NULL, NULL),
		    -1);
	}
}

static void
people_may_give_a_time_in_several_forms(void **state)
{
	static const struct {
		const char *zone, *text;
		int64_t us;
	} rows[] = {
		/* An age. */
		{ "UTC0", "90s", NOW - 90 * S },
		{ "UTC0", "15m", NOW - 900 * S },
		{ "UTC0", "12h", NOW - 43200 * S },
		{ "UTC0", "7d", NOW - 604800 * S },
		{ "UTC0", "4w", NOW - 2419200 * S },
		{ "UTC0", "0s", NOW },
		{ "UTC0", "9223372036854775807s", NOW - INT64_MAX },
		/* Seconds since the epoch. */
		{ "UTC0", "0", 0 },
		{ "UTC0", "1795458480", 1795458480 * S },
		{ "UTC0", "1795458932.5000002", 1795458932500000 },
		/* ISO 8601 with a zone: the local zone does not matter. */
		{ BERLIN, "2026-11-23Z", DAY * S },
		{ BERLIN, "2026-11-23T18:48Z", (DAY + 67680) * S },
		{ BERLIN, "2026-11-23 18:48:38Z", NOW },
		{ BERLIN, "2026-11-23T18:48:38+00:00", NOW },
		{ BERLIN, "2026-11-23T19:48:38+01:00", NOW },
		{ BERLIN, "2026-11-23T19:48:38+0100", NOW },
		{ BERLIN, "2026-11-23T19:48:38+01", NOW },
		{ BERLIN, "2026-11-24T00:18:38+05:30", NOW },
		{ BERLIN, "2026-11-23T15:18:38-03:30", NOW },
		{ BERLIN, "2026-11-22T19:48:38-23:00", NOW },
		{ BERLIN, "2026-11-23T18:48:60Z", (DAY + 67740) * S },
		{ BERLIN, "1970-01-01T00:00Z", 0 },
		{ BERLIN, "1970-01-01T00:00+01:00", -3600 * S },
		{ BERLIN, "9999-12-31T23:59:59Z", 253402300799 * S },
		/* Leap years, and years that are not. */
		{ BERLIN, "2024-02-29Z", 1709164800 * S },
		{ BERLIN, "2028-02-29T12:00Z", 1835438400 * S },
		{ BERLIN, "2000-02-29Z", 951782400 * S },
		{ BERLIN, "2100-02-28Z", 4107456000 * S },
		{ BERLIN, "2100-03-01Z", 4107542400 * S },
		{ BERLIN, "2023-12-31T23:59:59Z", 1704067199 * S },
		{ BERLIN, "2024-12-31T23:59:59Z", 1735689599 * S },
		/* Without a zone it is local time, in winter and in summer. */
		{ "UTC0", "2026-11-23", DAY * S },
		{ "UTC0", "2026-11-23 18:48:38", NOW },
		{ BERLIN, "2026-11-23", (DAY - 3600) * S },
		{ BERLIN, "2026-11-23T19:48:38", NOW },
		{ BERLIN, "2026-07-01T12:00", 1782900000 * S },
		{ "EST5", "2026-11-23 13:48:38", NOW },
		{ "EST5", "2024-02-29", (1709164800 + 18000) * S },
		/* Names are of local time. This is a monday. */
		{ "UTC0", "now", NOW },
		{ "UTC0", "today", 1795392000 * S },
		{ "UTC0", "yesterday", 1795305600 * S },
		{ "UTC0", "Monday", 1795392000 * S },
		{ "UTC0", "mon", 1795392000 * S },
		{ "UTC0", "sunday", 1795305600 * S },
		{ "UTC0", "TUE", 1794873600 * S },
		{ "UTC0", "this week", 1795392000 * S },
		{ "UTC0", "last week", 1794787200 * S },
		{ "UTC0", "this month", 1793491200 * S },
		{ "UTC0", "last month", 1790812800 * S },
		{ "UTC0", "this year", 1767225600 * S },
		{ "UTC0", "last year", 1735689600 * S },
		{ "UTC0", "2026-11", 1793491200 * S },
		{ "UTC0", "2024-02", 1706745600 * S },
		{ "UTC0", "2026-07", 1782864000 * S },
		{ BERLIN, "today", 1795388400 * S },
		{ BERLIN, "yesterday", 1795302000 * S },
		{ BERLIN, "Monday", 1795388400 * S },
		{ BERLIN, "mon", 1795388400 * S },
		{ BERLIN, "sunday", 1795302000 * S },
		{ BERLIN, "TUE", 1794870000 * S },
		{ BERLIN, "this week", 1795388400 * S },
		{ BERLIN, "last week", 1794783600 * S },
		{ BERLIN, "this month", 1793487600 * S },
		{ BERLIN, "last month", 1790805600 * S },
		{ BERLIN, "this year", 1767222000 * S },
		{ BERLIN, "last year", 1735686000 * S },
		{ BERLIN, "2026-11", 1793487600 * S },
		{ BERLIN, "2024-02", 1706742000 * S },
		{ BERLIN, "2026-07", 1782856800 * S },
	};
	struct err e = { .text = "" };
	int64_t us;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		set_zone(rows[i].zone);
		if (timestamp_parse_when(rows[i].text, NOW, &us, &e) != 0)
			fail_msg("%s", e.text);
		if (us != rows[i].us)
			fail_msg("%s: %lld", rows[i].text, (long long)us);
	}
}

static void
an_age_before_the_earliest_time_stops_there(void **state)
{
	int64_t us;

	(void)state;
	assert_int_equal(
	    timestamp_parse_when("9223372036854775807s", -5, &us, NULL), 0);
	assert_int_equal(us, INT64_MIN);
}

static void
a_text_that_is_no_time_is_refused(void **state)
{
	static const char *const rows[] = { "", "d", "-7d", "+7d", "7 d", "7d ",
		"7dd", "7x", "7D", "1.5d", "99999999999999999w",
		"99999999999999999999s", "<time>", "2026-13", "2026-2",
		"2026-11-", "last", "last ", "last day", "next week", "mo",
		"mond", "mondays", "todayx", "week", "2026-2-3", "26-11-23",
		"2026/11/23", "1969-12-31", "02026-11-23", "12026-11-23",
		"2026-00-10", "2026-13-10", "2026-11-00", "2026-11-31",
		"2026-02-29", "2026-02-30", "2024-02-30", "2100-02-29",
		"2026-04-31", "2026-12-32", "2026-11-23T", "2026-11-23T18",
		"2026-11-23T18:", "-5", "2026-11-23T1:48", "2026-11-23T24:00",
		"2026-11-23T18:60", "2026-11-23T18:48:61Z",
		"2026-11-23T18:48:", "2026-11-23x", "2026-11-23T18:48:3",
		"2026-11-23T18:48:38.5", "2026-11-23t18:48",
		"2026-11-23T18:48z", "2026-11-23T18:48ZZ", "2026-11-23  18:48",
		"2026-11-23T18:48 +01:00", "2026-11-23T18:48+",
		"2026-11-23T18:48+1", "2026-11-23T18:48+24:00",
		"2026-11-23T18:48+01:60", "2026-11-23T18:48+01:0",
		"2026-11-23T18:48+01:00:00", "2026-11-23T18:48CET",
		" 2026-11-23", "2026-11-23 " };
	struct err e;
	int64_t us;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		e = (struct err){ .text = "" };
		if (timestamp_parse_when(rows[i], NOW, &us, &e) != -1)
			fail_msg("'%s' is taken", rows[i]);
		assert_int_equal(e.code, EX_USAGE);
		assert_non_null(strstr(e.text, "is not a time: give seconds"));
	}
}

static void
seconds_stop_at_the_limits(void **state)
{
	static const struct {
		int64_t seconds, us;
	} rows[] = {
		{ 0, 0 },
		{ 1, 1000000 },
		{ -1, -1000000 },
		{ 9223372036854, 9223372036854000000 },
		{ 9223372036855, INT64_MAX },
		{ INT64_MAX, INT64_MAX },
		{ -9223372036854, -9223372036854000000 },
		{ -9223372036855, INT64_MIN },
		{ INT64_MIN, INT64_MIN },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(timestamp_from_seconds(rows[i].seconds),
		    rows[i].us);
}

static void
seconds_are_shown_in_their_two_largest_units(void **state)
{
	static const struct {
		int64_t seconds;
		const char *expected;
	} rows[] = {
		{ -1, "for ever" },
		{ 0, "0s" },
		{ 59, "59s" },
		{ 60, "1m" },
		{ 61, "1m 1s" },
		{ 600, "10m" },
		{ 3599, "59m 59s" },
		{ 3600, "1h" },
		{ 3659, "1h" },
		{ 5400, "1h 30m" },
		{ 86399, "23h 59m" },
		{ 86400, "1d" },
		{ 89999, "1d" },
		{ 90000, "1d 1h" },
		{ 604800, "7d" },
		{ 100000000000000, "1157407407d 9h" },
		{ INT64_MAX, "106751991167300d 15h" },
	};
	char buf[32];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		assert_ptr_equal(timestamp_format_seconds(rows[i].seconds, buf),
		    buf);
		assert_string_equal(buf, rows[i].expected);
	}
}

static void
a_time_is_printed_in_local_time(void **state)
{
	static const struct {
		const char *zone;
		int64_t us;
		const char *expected;
	} rows[] = {
		{ "UTC0", NOW, "2026-11-23 18:48:38" },
		{ "UTC0", NOW + 999999, "2026-11-23 18:48:38" },
		{ BERLIN, NOW, "2026-11-23 19:48:38" },
		{ BERLIN, 1782900000 * S, "2026-07-01 12:00:00" },
		{ "EST5", NOW, "2026-11-23 13:48:38" },
		{ "UTC0", 0, "1970-01-01 00:00:00" },
		{ "UTC0", INT64_MAX, "294247-01-10 04:00:54" },
	};
	char buf[32];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		set_zone(rows[i].zone);
		assert_ptr_equal(timestamp_format(rows[i].us, buf), buf);
		assert_string_equal(buf, rows[i].expected);
	}
}

static void
a_time_is_printed_in_utc_as_iso_8601_has_it(void **state)
{
	static const struct {
		int64_t us;
		bool exact;
		const char *expected;
	} rows[] = {
		{ NOW, false, "2026-11-23T18:48:38Z" },
		{ NOW + 999999, false, "2026-11-23T18:48:38Z" },
		{ NOW + 999999, true, "2026-11-23T18:48:38.999999Z" },
		{ NOW, true, "2026-11-23T18:48:38.000000Z" },
		{ 1, true, "1970-01-01T00:00:00.000001Z" },
		{ -1, true, "1970-01-01T00:00:00.000000Z" },
		{ INT64_MIN, false, "1970-01-01T00:00:00Z" },
		{ INT64_C(253402300799) * S + 999999, true,
		    "9999-12-31T23:59:59.999999Z" },
		{ INT64_C(253402300800) * S, true,
		    "9999-12-31T23:59:59.999999Z" },
		{ INT64_MAX, false, "9999-12-31T23:59:59Z" },
	};
	char buf[32];

	(void)state;
	set_zone(BERLIN);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_ptr_equal(
		    timestamp_format_utc(rows[i].us, rows[i].exact, buf), buf);
		assert_string_equal(buf, rows[i].expected);
	}
}

static void
only_days_of_the_calendar_are_counted(void **state)
{
	static const struct {
		int year, month, day;
		int64_t days;
	} rows[] = {
		{ 1970, 1, 1, 0 },
		{ 1970, 12, 31, 364 },
		{ 1972, 2, 29, 789 },
		{ 2000, 2, 29, 11016 },
		{ 2026, 11, 23, DAY / 86400 },
		{ 9999, 12, 31, 2932896 },
		{ 1969, 12, 31, UNKNOWN },
		{ 10000, 1, 1, UNKNOWN },
		{ 2026, 0, 1, UNKNOWN },
		{ 2026, 13, 1, UNKNOWN },
		{ 2026, 4, 31, UNKNOWN },
		{ 2026, 2, 29, UNKNOWN },
		{ 2100, 2, 29, UNKNOWN },
		{ 2026, 1, 0, UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t days = UNKNOWN;
		bool counted = timestamp_days(rows[i].year, rows[i].month,
		    rows[i].day, &days);

		assert_int_equal(counted, rows[i].days != UNKNOWN);
		assert_true(days == rows[i].days);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_tickets_time_is_cut_and_rounded_from_its_text),
		cmocka_unit_test(a_text_that_is_no_tickets_time_is_refused),
		cmocka_unit_test(people_may_give_a_time_in_several_forms),
		cmocka_unit_test(an_age_before_the_earliest_time_stops_there),
		cmocka_unit_test(a_text_that_is_no_time_is_refused),
		cmocka_unit_test(seconds_stop_at_the_limits),
		cmocka_unit_test(seconds_are_shown_in_their_two_largest_units),
		cmocka_unit_test(a_time_is_printed_in_local_time),
		cmocka_unit_test(a_time_is_printed_in_utc_as_iso_8601_has_it),
		cmocka_unit_test(only_days_of_the_calendar_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
