/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times as fail2ban 1.0.2 writes them and as people do; texts good and bad. */
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

#include "base/text.h"
#include "watched.h"

#define BYTES(s) s, sizeof(s) - 1

/* 2026-11-23 18:48:38 UTC, and its day. */
#define NOW INT64_C(1795459718000000)
#define DAY INT64_C(1795392000)
#define S TEXT_US

/* Central Europe, without a database of zones. */
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
		/* Cut first, these would be rounded the other way. */
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
		if (text_parse_time(rows[i].text, &us, &rounded, &exact, &e) !=
		    0)
			fail_msg("%s", e.text);
		if (us != rows[i].us || rounded != rows[i].rounded ||
		    exact != rows[i].exact)
			fail_msg("%s: %lld %lld %d", rows[i].text,
			    (long long)us, (long long)rounded, exact);
		assert_int_equal(
		    text_parse_time(rows[i].text, NULL, NULL, NULL, NULL), 0);
	}
}

static void
what_is_no_tickets_time_is_refused(void **state)
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
		if (text_parse_time(rows[i], NULL, NULL, NULL, &e) != -1)
			fail_msg("'%s' is taken", rows[i]);
		assert_int_equal(e.code, EX_USAGE);
		assert_non_null(strstr(e.text, "is no time in seconds"));
		assert_int_equal(
		    text_parse_time(rows[i], NULL, NULL, NULL, NULL), -1);
	}
}

static void
a_number_is_whole_and_within_its_bounds(void **state)
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
		{ "", 0, 9, 0, "'' is no whole number" },
		{ "-", -9, 9, 0, "'-' is no whole number" },
		{ "--1", -9, 9, 0, "'--1' is no whole number" },
		{ "+1", 0, 9, 0, "'+1' is no whole number" },
		{ " 1", 0, 9, 0, "' 1' is no whole number" },
		{ "1 ", 0, 9, 0, "'1 ' is no whole number" },
		{ "1\n", 0, 9, 0, "'1\n' is no whole number" },
		{ "1.0", 0, 9, 0, "'1.0' is no whole number" },
		{ "1e3", 0, 9999, 0, "'1e3' is no whole number" },
		{ "0x1", 0, 9, 0, "'0x1' is no whole number" },
		{ "<bancount>", 0, 9, 0, "'<bancount>' is no whole number" },
		{ "9223372036854775808", 0, INT64_MAX, 0,
		    "'9223372036854775808' is no whole number" },
		{ "18446744073709551617", 0, INT64_MAX, 0,
		    "'18446744073709551617' is no whole number" },
		/* What is said of a long text is short. */
		{ "1234567890123456789012345678901234567890x", 0, 9, 0,
		    "'1234567890123456789012345678901234567890' is no whole "
		    "number" },
	};
	struct err e;
	int64_t v;
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		e = (struct err){ .text = "" };
		rc = text_parse_int(rows[i].text, rows[i].min, rows[i].max, &v,
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
people_may_give_a_time_in_many_ways(void **state)
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
		/* ISO 8601 with a zone, whatever our own is. */
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
		/* Leap years, and years that are none. */
		{ BERLIN, "2024-02-29Z", 1709164800 * S },
		{ BERLIN, "2028-02-29T12:00Z", 1835438400 * S },
		{ BERLIN, "2000-02-29Z", 951782400 * S },
		{ BERLIN, "2100-02-28Z", 4107456000 * S },
		{ BERLIN, "2100-03-01Z", 4107542400 * S },
		{ BERLIN, "2023-12-31T23:59:59Z", 1704067199 * S },
		{ BERLIN, "2024-12-31T23:59:59Z", 1735689599 * S },
		/* Local time without one, in winter and in summer. */
		{ "UTC0", "2026-11-23", DAY * S },
		{ "UTC0", "2026-11-23 18:48:38", NOW },
		{ BERLIN, "2026-11-23", (DAY - 3600) * S },
		{ BERLIN, "2026-11-23T19:48:38", NOW },
		{ BERLIN, "2026-07-01T12:00", 1782900000 * S },
		{ "EST5", "2026-11-23 13:48:38", NOW },
		{ "EST5", "2024-02-29", (1709164800 + 18000) * S },
	};
	struct err e = { .text = "" };
	int64_t us;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		set_zone(rows[i].zone);
		if (text_parse_when(rows[i].text, NOW, &us, &e) != 0)
			fail_msg("%s", e.text);
		if (us != rows[i].us)
			fail_msg("%s: %lld", rows[i].text, (long long)us);
	}
}

static void
an_age_before_all_time_stops_at_its_beginning(void **state)
{
	int64_t us;

	(void)state;
	assert_int_equal(text_parse_when("9223372036854775807s", -5, &us, NULL),
	    0);
	assert_int_equal(us, INT64_MIN);
}

static void
what_is_no_time_is_refused(void **state)
{
	static const char *const rows[] = { "", "d", "-7d", "+7d", "7 d", "7d ",
		"7dd", "7x", "7D", "1.5d", "99999999999999999w",
		"99999999999999999999s", "now", "<time>", "2026-11", "2026-2-3",
		"26-11-23", "2026/11/23", "1969-12-31", "02026-11-23",
		"12026-11-23", "2026-00-10", "2026-13-10", "2026-11-00",
		"2026-11-31", "2026-02-29", "2026-02-30", "2024-02-30",
		"2100-02-29", "2026-04-31", "2026-12-32", "2026-11-23T",
		"2026-11-23T18", "2026-11-23T18:", "-5", "2026-11-23T1:48",
		"2026-11-23T24:00", "2026-11-23T18:60", "2026-11-23T18:48:61Z",
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
		if (text_parse_when(rows[i], NOW, &us, &e) != -1)
			fail_msg("'%s' is taken", rows[i]);
		assert_int_equal(e.code, EX_USAGE);
		assert_non_null(strstr(e.text, "is no time: give seconds"));
	}
}

/* The length of the character that begins s, by arithmetic. */
static size_t
utf8_by_arithmetic(const unsigned char *s, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	static const unsigned char marks[] = { 0, 0, 0xc0, 0xe0, 0xf0, 0xf8 };
	uint32_t c;
	size_t n, i;

	if (len > 0 && s[0] < 0x80)
		return 1;
	for (n = 2; n <= 4 && n <= len; n++) {
		if (s[0] < marks[n] || s[0] >= marks[n + 1])
			continue;
		c = s[0] - marks[n];
		for (i = 1; i < n && (s[i] & 0xc0) == 0x80; i++)
			c = c << 6 | (s[i] & 0x3f);
		return i == n && c >= least[n] && c <= 0x10ffff &&
			(c < 0xd800 || c > 0xdfff) ?
		    n :
		    0;
	}
	return 0;
}

static void
utf8_is_judged_as_rfc_3629_does(void **state)
{
	static const unsigned char bounds[] = { 0x00, 0x7f, 0x80, 0x8f, 0x90,
		0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec,
		0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff };
	enum { N = ARRAY_LEN(bounds) };
	unsigned char s[4];
	size_t i, len;

	(void)state;
	for (i = 0; i < (size_t)N * N * N * N; i++) {
		s[0] = bounds[i / N / N / N];
		s[1] = bounds[i / N / N % N];
		s[2] = bounds[i / N % N];
		s[3] = bounds[i % N];
		for (len = 0; len <= 4; len++) {
			if (text_utf8_length((const char *)s, len) !=
			    utf8_by_arithmetic(s, len))
				fail_msg("%02x %02x %02x %02x of %zu", s[0],
				    s[1], s[2], s[3], len);
		}
	}
}

static void
bytes_that_are_no_utf8_are_replaced_one_by_one(void **state)
{
#define R "\xef\xbf\xbd"
	static const struct {
		const char *bytes;
		size_t len;
		const char *expected;
	} rows[] = {
		{ BYTES(""), "" },
		{ BYTES("plain\n\x1b"), "plain\n\x1b" },
		{ BYTES("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
		    "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ BYTES("a\0b"), "a" R "b" },
		{ BYTES("\0"), R },
		/* Overlong: of '/', of NUL, of U+07FF, of U+FFFF. */
		{ BYTES("\xc0\xaf"), R R },
		{ BYTES("\xc0\x80"), R R },
		{ BYTES("\xe0\x9f\xbf"), R R R },
		{ BYTES("\xf0\x8f\xbf\xbf"), R R R R },
		/* Surrogates, and their neighbours. */
		{ BYTES("\xed\x9f\xbf"), "\xed\x9f\xbf" },
		{ BYTES("\xed\xa0\x80"), R R R },
		{ BYTES("\xed\xbf\xbf"), R R R },
		{ BYTES("\xee\x80\x80"), "\xee\x80\x80" },
		/* U+10FFFF, and beyond. */
		{ BYTES("\xf4\x8f\xbf\xbf"), "\xf4\x8f\xbf\xbf" },
		{ BYTES("\xf4\x90\x80\x80"), R R R R },
		{ BYTES("\xf5\x80\x80\x80"), R R R R },
		{ BYTES("\xfe\xff"), R R },
		/* Cut off, by the end or by what follows. */
		{ BYTES("\xc3"), R },
		{ BYTES("\xe2\x82"), R R },
		{ BYTES("\xf0\x9f\x98"), R R R },
		{ BYTES("\xe2\x82x"), R R "x" },
		{ BYTES("\xf0\x9f\xc3\xa9"), R R "\xc3\xa9" },
		{ BYTES("\x80\xbf"), R R },
		/* Latin-1. */
		{ BYTES("M\xfcller"), "M" R "ller" },
	};
	size_t i, n;
	char *in, *out;
	bool same;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		in = watched_copy(rows[i].bytes, rows[i].len);
		out = text_to_utf8(in, rows[i].len, &n);
		assert_non_null(out);
		assert_string_equal(out, rows[i].expected);
		assert_int_equal(n, strlen(rows[i].expected));
		assert_true(text_is_utf8(out, n));
		same = n == rows[i].len && memcmp(out, in, n) == 0;
		assert_int_equal(text_is_utf8(in, rows[i].len), same);
		free(out);
		out = text_to_utf8(in, rows[i].len, NULL);
		assert_string_equal(out, rows[i].expected);
		free(out);
		free(in);
	}
#undef R
}

static void
a_length_that_cannot_be_is_no_memory(void **state)
{
	(void)state;
	assert_null(text_to_utf8("", SIZE_MAX, NULL));
	assert_null(text_to_utf8("", SIZE_MAX / 3, NULL));
}

static void
sums_stop_at_the_ends(void **state)
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
		assert_int_equal(text_add_sat(rows[i].a, rows[i].b),
		    rows[i].sum);
		assert_int_equal(text_add_sat(rows[i].b, rows[i].a),
		    rows[i].sum);
	}
}

static void
seconds_stop_at_the_ends(void **state)
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
		assert_int_equal(text_seconds_to_us(rows[i].seconds),
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
		assert_ptr_equal(text_format_seconds(rows[i].seconds, buf),
		    buf);
		assert_string_equal(buf, rows[i].expected);
	}
}

static void
a_time_is_shown_where_one_is(void **state)
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
		assert_ptr_equal(text_format_time(rows[i].us, buf), buf);
		assert_string_equal(buf, rows[i].expected);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_tickets_time_is_cut_and_rounded_from_its_text),
		cmocka_unit_test(what_is_no_tickets_time_is_refused),
		cmocka_unit_test(a_number_is_whole_and_within_its_bounds),
		cmocka_unit_test(people_may_give_a_time_in_many_ways),
		cmocka_unit_test(an_age_before_all_time_stops_at_its_beginning),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(utf8_is_judged_as_rfc_3629_does),
		cmocka_unit_test(
		    bytes_that_are_no_utf8_are_replaced_one_by_one),
		cmocka_unit_test(a_length_that_cannot_be_is_no_memory),
		cmocka_unit_test(sums_stop_at_the_ends),
		cmocka_unit_test(seconds_stop_at_the_ends),
		cmocka_unit_test(seconds_are_shown_in_their_two_largest_units),
		cmocka_unit_test(a_time_is_shown_where_one_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
