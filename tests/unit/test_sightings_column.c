/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of the sightings of a ban. Archives have these very texts, so they
 * must be written and read in this form.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "archive/history/sightings_column.h"
#include "base/timestamp.h"
#include "watched.h"

#define SECOND INT64_C(1795458480)

/* Microseconds after SECOND, since the epoch. */
#define AT(us) (SECOND * TIMESTAMP_US + (us))

/* Numbers that are not known. */
#define NO_NUMBERS .seconds = UNKNOWN, .bancount = UNKNOWN, .failures = UNKNOWN

/* A sighting that only knows the second of its ban, which lives. */
#define BARE(what, at) \
	.kind = what, .at_us = AT(at), .since_us = AT(0), .ended_us = UNKNOWN

/* clang-format off */

static const struct {
	struct sighting sighting;
	const char *text;
} rows[] = {
	/* A fresh ban, of whose ticket the fraction is known. */
	{ { .kind = SIGHTING_BAN, .at_us = AT(512345), .since_us = AT(250000),
	      .exact = true, .seconds = 600, .bancount = 1, .failures = 5,
	      .evidence = 7, .has_matches = true, .ended_us = UNKNOWN },
	    "[0,512345,250000,600,1,5,7]" },
	/* The row of it, with captures but no log lines. */
	{ { BARE(SIGHTING_ROW, 513000), .seconds = 600, .bancount = 1,
	      .failures = 5, .evidence = 8 },
	    "[3,513000,null,600,1,5,-8]" },
	{ { BARE(SIGHTING_RESTORED, 60000000), .seconds = -1, .bancount = UNKNOWN,
	      .failures = UNKNOWN },
	    "[1,60000000,null,-1]" },
	{ { .kind = SIGHTING_PROLONG, .at_us = AT(5), .since_us = AT(0),
	      .exact = true, .seconds = 1200, .bancount = 2,
	      .failures = UNKNOWN, .ended_us = UNKNOWN },
	    "[2,5,0,1200,2]" },
	/* An unban that may be pending, and one whose rows were gone. */
	{ { BARE(SIGHTING_UNBAN, 600900000), .seconds = 600, .bancount = UNKNOWN,
	      .failures = UNKNOWN },
	    "[4,600900000,null,600]" },
	{ { .kind = SIGHTING_UNBAN, .at_us = AT(50), .since_us = AT(1),
	      .exact = true, .seconds = 600, .bancount = UNKNOWN,
	      .failures = 0, .end = BAN_MANUAL, .ended_us = AT(50) },
	    "[4,50,1,600,null,0,null,2,50]" },
	/* Each end that can be judged. */
	{ { .kind = SIGHTING_JUDGED, .at_us = AT(9000000), .since_us = AT(0),
	      NO_NUMBERS, .end = BAN_EXPIRED, .ended_us = AT(600000000) },
	    "[5,9000000,null,null,null,null,null,1,600000000]" },
	{ { .kind = SIGHTING_JUDGED, .at_us = AT(9), .since_us = AT(0), NO_NUMBERS,
	      .end = BAN_MANUAL, .ended_us = AT(0) },
	    "[5,9,null,null,null,null,null,2,0]" },
	{ { .kind = SIGHTING_JUDGED, .at_us = AT(9), .since_us = AT(0), NO_NUMBERS,
	      .end = BAN_FLUSHED, .ended_us = AT(8) },
	    "[5,9,null,null,null,null,null,3,8]" },
	{ { .kind = SIGHTING_JUDGED, .at_us = AT(9), .since_us = AT(0), NO_NUMBERS,
	      .end = BAN_INFERRED, .ended_us = AT(-1) },
	    "[5,9,null,null,null,null,null,4,-1]" },
	/* Before the ban's second: a clock was set, or fail2ban rounded up. */
	{ { .kind = SIGHTING_BAN, .at_us = AT(-400000), .since_us = AT(-500000),
	      .exact = true, NO_NUMBERS, .ended_us = UNKNOWN },
	    "[0,-400000,-500000]" },
	/* Nothing is known. */
	{ { BARE(SIGHTING_BAN, 0), NO_NUMBERS }, "[0,0]" },
	/* Only one of the last values is known. */
	{ { BARE(SIGHTING_ROW, 1), .seconds = UNKNOWN, .bancount = UNKNOWN,
	      .failures = UNKNOWN, .evidence = INT64_MAX, .has_matches = true },
	    "[3,1,null,null,null,null,9223372036854775807]" },
	{ { BARE(SIGHTING_ROW, 1), .seconds = UNKNOWN, .bancount = 0,
	      .failures = UNKNOWN },
	    "[3,1,null,null,0]" },
	/* The address comes after the numbers. */
	{ { BARE(SIGHTING_BAN, 2), NO_NUMBERS, .ip = "192.0.2.1" },
	    "[0,2,null,null,null,null,null,null,null,\"192.0.2.1\"]" },
	{ { .kind = SIGHTING_UNBAN, .at_us = AT(2), .since_us = AT(1),
	      .exact = true, .seconds = 3, .bancount = 4, .failures = 5,
	      .evidence = 6, .end = BAN_MANUAL, .ended_us = AT(7),
	      .ip = "2001:db8::1" },
	    "[4,2,1,3,4,5,-6,2,7,\"2001:db8::1\"]" },
	{ { BARE(SIGHTING_ROW, 2), NO_NUMBERS,
	      .ip = "a\"b\\c],[\x1b\n \xc3\xa9 \xf0\x9f\x98\x80" },
	    "[3,2,null,null,null,null,null,null,null,"
		"\"a\\\"b\\\\c],[\\u001b\\n \xc3\xa9 \xf0\x9f\x98\x80\"]" },
	{ { BARE(SIGHTING_ROW, 2), NO_NUMBERS, .ip = "" },
	    "[3,2,null,null,null,null,null,null,null,\"\"]" },
	/* An import has more values, after the address. */
	{ { BARE(SIGHTING_IMPORT, 0), NO_NUMBERS, .origin = BAN_FROM_LIST,
	      .seen = BAN_SEEN_DATABASE, .restored = 4, .nth = 1 },
	    "[6,0,null,null,null,null,null,null,null,null,3,2,4,1]" },
	{ { BARE(SIGHTING_OLD_ROW, 0), NO_NUMBERS, .ip = "192.0.2.1",
	      .nth = 2 },
	    "[7,0,null,null,null,null,null,null,null,\"192.0.2.1\","
		"null,null,null,2]" },
	/* Several events in one, of a ban that was made then. */
	{ { BARE(SIGHTING_FOLDED, 9000000), .seconds = -1, .bancount = UNKNOWN,
	      .failures = UNKNOWN, .restored = 31, .made_us = AT(512345) },
	    "[8,9000000,null,-1,null,null,null,null,null,null,null,null,31,"
		"null,512346]" },
	/* A judgement of a ban that was made then: 1 is the second itself. */
	{ { .kind = SIGHTING_JUDGED, .at_us = AT(9), .since_us = AT(0),
	      NO_NUMBERS, .end = BAN_MANUAL, .ended_us = AT(8),
	      .made_us = AT(0) },
	    "[5,9,null,null,null,null,null,2,8,null,null,null,null,null,1]" },
	{ { .kind = SIGHTING_JUDGED, .at_us = AT(9), .since_us = AT(0),
	      NO_NUMBERS, .end = BAN_MANUAL, .ended_us = AT(8),
	      .made_us = AT(-500000) },
	    "[5,9,null,null,null,null,null,2,8,null,null,null,null,null,"
		"-500000]" },
	/* A row that stands after one of an earlier or a later second. */
	{ { BARE(SIGHTING_ROW, 9), NO_NUMBERS, .other_timeofban = SECOND - 60 },
	    "[3,9,null,null,null,null,null,null,null,null,null,null,null,"
		"null,null,-60]" },
	{ { BARE(SIGHTING_ROW, 9), NO_NUMBERS, .other_timeofban = SECOND + 2 },
	    "[3,9,null,null,null,null,null,null,null,null,null,null,null,"
		"null,null,2]" },
};

/* clang-format on */

/* Return the text of n rows, from the row with that number on; free it. */
static char *
put_rows(size_t from, size_t n)
{
	struct buffer out = { 0 };

	for (size_t i = 0; i < n; i++)
		sightings_column_put(&out, &rows[from + i].sighting, SECOND);
	buffer_puts(&out, "]");
	assert_false(out.failed);
	return buffer_take(&out);
}

static void
assert_sighting(const struct sighting *sighting,
    const struct sighting *expected, const char *text)
{
	if (sighting->kind != expected->kind ||
	    sighting->at_us != expected->at_us ||
	    sighting->since_us != expected->since_us ||
	    sighting->exact != expected->exact ||
	    sighting->seconds != expected->seconds ||
	    sighting->bancount != expected->bancount ||
	    sighting->failures != expected->failures ||
	    sighting->evidence != expected->evidence ||
	    sighting->has_matches != expected->has_matches ||
	    sighting->end != expected->end ||
	    sighting->ended_us != expected->ended_us ||
	    sighting->timeofban != SECOND ||
	    sighting->origin != expected->origin ||
	    sighting->seen != expected->seen ||
	    sighting->restored != expected->restored ||
	    sighting->nth != expected->nth ||
	    sighting->made_us != expected->made_us ||
	    sighting->other_timeofban != expected->other_timeofban)
		fail_msg("%s", text);
	assert_null(sighting->ip);
	assert_null(sighting->matches);
	assert_null(sighting->captures);
	assert_int_equal(sighting->row, 0);
}

static void
assert_ip(char *ip, const char *expected)
{
	if (expected == NULL) {
		assert_null(ip);
		return;
	}
	assert_non_null(ip);
	assert_string_equal(ip, expected);
	free(ip);
}

static void
a_sighting_is_archived_as_this_text(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *text = put_rows(i, 1), *inside = text + 1;

		assert_int_equal(text[0], '[');
		inside[strlen(inside) - 1] = '\0';
		assert_string_equal(inside, rows[i].text);
		free(text);
	}
}

static void
sightings_come_back_as_they_were(void **state UNUSED)
{
	char *text = put_rows(0, ARRAY_LEN(rows)), *ip;
	char *copy = watched_copy(text, strlen(text) + 1);
	const char *at = copy;
	struct sighting sighting;

	assert_true(sightings_column_is_array(text));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		memset(&sighting, 0x5a, sizeof(sighting));
		assert_int_equal(
		    sightings_column_take(&at, SECOND, &sighting, &ip), 1);
		assert_sighting(&sighting, &rows[i].sighting, rows[i].text);
		assert_ip(ip, rows[i].sighting.ip);
	}
	assert_int_equal(sightings_column_take(&at, SECOND, &sighting, &ip), 0);
	assert_null(ip);
	assert_int_equal(sightings_column_take(&at, SECOND, &sighting, &ip), 0);
	free(copy);
	free(text);
}

static void
lines_and_captures_are_not_kept(void **state UNUSED)
{
	struct sighting sighting = rows[0].sighting;
	struct buffer out = { 0 };

	sighting.matches = "[\"a line\"]";
	sighting.captures = "{\"user\":\"root\"}";
	sighting.row = 12;
	sightings_column_put(&out, &sighting, SECOND);
	assert_string_equal(out.s + 1, rows[0].text);
	buffer_free(&out);
}

/* Without an end no time of an end is written, whatever the field has. */
static void
a_ban_that_lives_has_no_end(void **state UNUSED)
{
	struct sighting sighting = rows[0].sighting;
	struct buffer out = { 0 };

	sighting.end = BAN_LIVES;
	sighting.ended_us = AT(700);
	sightings_column_put(&out, &sighting, SECOND);
	assert_string_equal(out.s + 1, rows[0].text);
	buffer_free(&out);
}

static void
times_are_counted_from_the_second_of_their_ban(void **state UNUSED)
{
	static const struct {
		int64_t timeofban, at_us, since_us;
		const char *text;
	} times[] = {
		{ 0, 0, 0, "[[0,0,0]" },
		{ 0, 1500000, 250000, "[[0,1500000,250000]" },
		{ 1, 1500000, 250000, "[[0,500000,-750000]" },
		{ SECOND, 0, AT(1), "[[0,-1795458480000000,1]" },
		{ 0, -1, AT(1), "[[0,-1,1795458480000001]" },
		/* The last second that fail2ban's database can have. */
		{ INT64_MAX / TIMESTAMP_US - 1, INT64_MAX, INT64_MAX - 1,
		    "[[0,1775807,1775806]" },
		{ INT64_MAX / TIMESTAMP_US - 1, 0, 1,
		    "[[0,-9223372036853000000,-9223372036852999999]" },
	};
	struct sighting sighting = { .exact = true, NO_NUMBERS }, back;
	struct buffer out = { 0 };
	const char *at;
	char *ip;

	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		sighting.at_us = times[i].at_us;
		sighting.since_us = times[i].since_us;
		sightings_column_put(&out, &sighting, times[i].timeofban);
		assert_string_equal(out.s, times[i].text);
		buffer_putc(&out, ']');
		at = out.s;
		assert_int_equal(
		    sightings_column_take(&at, times[i].timeofban, &back, &ip),
		    1);
		assert_int_equal(back.at_us, times[i].at_us);
		assert_int_equal(back.since_us, times[i].since_us);
		assert_true(back.exact);
		assert_null(ip);
		buffer_free(&out);
	}
}

static void
a_time_out_of_range_becomes_the_nearest_one(void **state UNUSED)
{
	const char *at = "[[0,9223372036854775807,-9223372036854775807]]";
	struct sighting sighting;
	char *ip;

	assert_int_equal(sightings_column_take(&at, SECOND, &sighting, &ip), 1);
	assert_int_equal(sighting.at_us, INT64_MAX);
	assert_int_equal(sighting.since_us, AT(-INT64_MAX));
	assert_int_equal(sightings_column_take(&at, SECOND, &sighting, &ip), 0);
	at = "[[0,-9223372036854775807]]";
	assert_int_equal(sightings_column_take(&at, -SECOND, &sighting, &ip),
	    1);
	assert_int_equal(sighting.at_us, INT64_MIN);
}

/* sql/2.sql has written all ten values, null or not. */
static void
nulls_at_the_end_are_accepted(void **state UNUSED)
{
	static const char *const same[] = {
		"[[0,1,null,600,2,3]]",
		"[[0,1,null,600,2,3,null]]",
		"[[0,1,null,600,2,3,null,null,null]]",
		"[[0,1,null,600,2,3,null,null,null,null]]",
		" [ [ 0 , 1 , null , 600 , 2 , 3 , null , null ] ] ",
		"[[0,1,null,600,2,3,0]]",
	};
	static const struct sighting expected = { BARE(SIGHTING_BAN, 1),
		.seconds = 600, .bancount = 2, .failures = 3 };
	struct sighting sighting;
	char *ip;

	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		const char *at = same[i];

		assert_true(sightings_column_is_array(same[i]));
		assert_int_equal(
		    sightings_column_take(&at, SECOND, &sighting, &ip), 1);
		assert_sighting(&sighting, &expected, same[i]);
		assert_null(ip);
		assert_int_equal(
		    sightings_column_take(&at, SECOND, &sighting, &ip), 0);
	}
}

static void
a_text_that_is_no_sighting_is_refused(void **state UNUSED)
{
	static const char *const refused[] = {
		/* It is no array. */
		"0",
		"null",
		"true",
		"\"\"",
		"\"[0,1]\"",
		"{}",
		"{\"0\":1}",
		/* The kind is missing or unknown. */
		"[]",
		"[null]",
		"[null,1]",
		/* No time, an end without a time, a time without an end. */
		"[0]",
		"[0,null,1]",
		"[5,1,null,null,null,null,null,4]",
		"[5,1,null,null,null,null,null,null,3]",
		"[-1,1]",
		"[9,1]",
		"[9223372036854775807]",
		/* A value is no number, or no whole one, in each place. */
		"[\"0\",1]",
		"[0.0,1]",
		"[0,\"1\"]",
		"[0,1e3]",
		"[0,1,true]",
		"[0,1,null,[600]]",
		"[0,1,null,600,1.5]",
		"[0,1,null,600,1,{}]",
		"[0,1,null,600,1,5,\"7\"]",
		"[0,1,null,600,1,5,7,\"expired\"]",
		"[5,1,null,600,1,5,7,1,\"\"]",
		"[0,9223372036854775808]",
		"[0,-9223372036854775809]",
		/* The end is no end, or an unknown one. */
		"[5,1,null,null,null,null,null,0,8]",
		"[5,1,null,null,null,null,null,-1,8]",
		"[5,1,null,null,null,null,null,5,8]",
		/* The address is no text. */
		"[0,1,null,600,1,5,7,null,null,0]",
		"[0,1,null,600,1,5,7,null,null,true]",
		"[0,1,null,600,1,5,7,null,null,[\"192.0.2.1\"]]",
		"[0,1,null,600,1,5,7,null,null,{\"ip\":\"192.0.2.1\"}]",
		/* A value after the address is out of range, or no number. */
		"[6,1,null,600,1,5,7,null,null,null,4]",
		"[6,1,null,600,1,5,7,null,null,null,-1]",
		"[6,1,null,600,1,5,7,null,null,null,3,16]",
		"[6,1,null,600,1,5,7,null,null,null,3,-1]",
		"[6,1,null,600,1,5,7,null,null,null,3,1,-1]",
		"[6,1,null,600,1,5,7,null,null,null,3,1,0,-1]",
		"[6,1,null,600,1,5,7,null,null,null,3,1,0,\"0\"]",
		"[5,1,null,600,1,5,7,null,null,null,0,0,0,0,\"1\"]",
		"[3,1,null,600,1,5,7,null,null,null,0,0,0,0,0,[1]]",
	};
	struct sighting sighting;
	const char *at;
	char text[120], *ip;

	/* Each is tried as the last sighting and before another one. */
	for (size_t i = 0; i < 2 * ARRAY_LEN(refused); i++) {
		snprintf(text, sizeof(text),
		    i % 2 == 0 ? "[[0,1],%s]" : "[[0,1],%s,[3,2]]",
		    refused[i / 2]);
		assert_true(sightings_column_is_array(text));
		at = text;
		assert_int_equal(
		    sightings_column_take(&at, SECOND, &sighting, &ip), 1);
		if (sightings_column_take(&at, SECOND, &sighting, &ip) != -1)
			fail_msg("taken: %s", text);
		assert_null(ip);
	}
}

static void
a_text_is_an_array_or_not(void **state UNUSED)
{
	static const struct {
		const char *text;
		bool is;
	} texts[] = {
		{ "[]", true },
		{ "[[0,1]]", true },
		{ " [ [0] ] ", true },
		{ "[0]", true }, /* though no sighting is in it */
		{ "", false },
		{ "{}", false },
		{ "null", false },
		{ "\"[]\"", false },
		{ "[", false },
		{ "[[0,1]", false },
		{ "[[0,1]]]", false },
		{ "[[0,1],]", false },
		{ "[[0,01]]", false },
		{ "[[0,1]] x", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (sightings_column_is_array(texts[i].text) != texts[i].is)
			fail_msg("%s", texts[i].text);
	}
}

static void
an_empty_array_has_no_sighting(void **state UNUSED)
{
	const char *at = "[]";
	struct sighting sighting;
	char *ip;

	assert_int_equal(sightings_column_take(&at, SECOND, &sighting, &ip), 0);
	assert_null(ip);
	at = " [ ] ";
	assert_int_equal(sightings_column_take(&at, SECOND, &sighting, &ip), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sighting_is_archived_as_this_text),
		cmocka_unit_test(sightings_come_back_as_they_were),
		cmocka_unit_test(lines_and_captures_are_not_kept),
		cmocka_unit_test(a_ban_that_lives_has_no_end),
		cmocka_unit_test(
		    times_are_counted_from_the_second_of_their_ban),
		cmocka_unit_test(a_time_out_of_range_becomes_the_nearest_one),
		cmocka_unit_test(nulls_at_the_end_are_accepted),
		cmocka_unit_test(a_text_that_is_no_sighting_is_refused),
		cmocka_unit_test(a_text_is_an_array_or_not),
		cmocka_unit_test(an_empty_array_has_no_sighting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
