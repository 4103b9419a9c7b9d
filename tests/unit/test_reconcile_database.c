/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules by which a reconcile reads fail2ban's database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/timestamp.h"
#include "job/reconcile/database.h"

#define DAY INT64_C(86400)
#define NOW (INT64_C(20000) * DAY)
#define NOW_US (NOW * TIMESTAMP_US)

static void
a_database_is_the_same_while_its_file_is(void **state)
{
	static const struct {
		const char *what;
		int64_t id, dev, ino, counter, born_us; /* as it was read */
		uint64_t now_dev, now_ino;
		int64_t now_counter, now_born_us;
		bool same;
	} rows[] = {
		{ "unchanged", 1, 2, 3, 4, 5, 2, 3, 4, 5, true },
		{ "written to", 1, 2, 3, 4, 5, 2, 3, 9, 5, true },
		{ "none was read yet", 0, 2, 3, 4, 5, 2, 3, 4, 5, false },
		{ "on another device", 1, 2, 3, 4, 5, 7, 3, 4, 5, false },
		{ "another file", 1, 2, 3, 4, 5, 2, 7, 4, 5, false },
		{ "its counter went back", 1, 2, 3, 4, 5, 2, 3, 3, 5, false },
		{ "the inode is used again", 1, 2, 3, 4, 5, 2, 3, 4, 6, false },
		{ "no birth was noted", 1, 2, 3, 4, 0, 2, 3, 4, 6, true },
		{ "birth unknown then", 1, 2, 3, 4, UNKNOWN, 2, 3, 4, 6, true },
		{ "birth unknown now", 1, 2, 3, 4, 5, 2, 3, 4, 0, true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct archive_source s = {
			.id = rows[i].id,
			.dev = rows[i].dev,
			.ino = rows[i].ino,
			.counter = rows[i].counter,
			.born_us = rows[i].born_us,
		};
		struct fail2ban_database db = {
			.dev = rows[i].now_dev,
			.ino = rows[i].now_ino,
			.counter = rows[i].now_counter,
			.born_us = rows[i].now_born_us,
		};

		if (reconcile_database_is_same(&s, &db) != rows[i].same)
			fail_msg("%s", rows[i].what);
	}
}

static void
the_mark_is_valid_while_its_row_is_what_was_read(void **state)
{
	static const struct {
		const char *what;
		int64_t rowid;
		const char *noted, *now;
		bool valid;
	} rows[] = {
		{ "nothing was read yet", 0, "", "", true },
		{ "the row is there", 7, "1 sshd a", "1 sshd a", true },
		{ "the row was removed", 7, "1 sshd a", "", false },
		{ "the rowid is used again", 7, "1 sshd a", "2 sshd b", false },
		{ "the mark has no key", 7, "", "", false },
		{ "row 0 exists now", 0, "", "1 sshd a", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct archive_source s = { .mark_rowid = rows[i].rowid };

		snprintf(s.mark_key, sizeof(s.mark_key), "%s", rows[i].noted);
		if (reconcile_database_is_mark_valid(&s, rows[i].now) !=
		    rows[i].valid)
			fail_msg("%s", rows[i].what);
	}
}

static void
all_rows_are_read_when_some_may_be_missed(void **state)
{
	static const struct {
		const char *what;
		bool is_mark_valid;
		int64_t full_us, full_bans, full_bips;
		bool all;
	} rows[] = {
		{ "read this hour", true, NOW_US - 1, 0, 0, false },
		{ "read a day ago", true, NOW_US - DAY * TIMESTAMP_US, 0, 0,
		    false },
		{ "read longer ago", true, NOW_US - DAY * TIMESTAMP_US - 1, 0,
		    0, true },
		{ "never read", true, 0, 0, 0, true },
		{ "the mark is not valid", false, NOW_US - 1, 0, 0, true },
		{ "cut off in bans", true, NOW_US - 1, 12, 0, true },
		{ "cut off in bips", true, NOW_US - 1, 12, 3, true },
		{ "the clock was set back", true, NOW_US + 1, 0, 0, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct archive_source s = {
			.full_us = rows[i].full_us,
			.full_bans = rows[i].full_bans,
			.full_bips = rows[i].full_bips,
		};

		if (reconcile_database_needs_all(&s, rows[i].is_mark_valid,
			NOW_US) != rows[i].all)
			fail_msg("%s", rows[i].what);
	}
}

static void
some_rows_before_the_mark_are_read_again(void **state)
{
	static const struct {
		int64_t mark, reached, after;
	} rows[] = {
		{ 0, UNKNOWN, 0 },
		{ 1, UNKNOWN, 0 },
		{ 1000, UNKNOWN, 0 },
		{ 1001, UNKNOWN, 1 },
		{ 5000, UNKNOWN, 4000 },
		{ INT64_MAX, UNKNOWN, INT64_MAX - 1000 },
		/* A reading that was cut off goes on. */
		{ 5000, 4001, 4001 },
		{ 5000, 5000, 5000 },
		/* It was of another database. */
		{ 5000, 9000, 4000 },
		{ 0, 9000, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(reconcile_database_read_after(rows[i].mark,
				     rows[i].reached),
		    rows[i].after);
}

static void
the_first_floor_is_the_backfill_before_the_newest_ban(void **state)
{
	static const struct {
		const char *what;
		int64_t newest, backfill, floor;
	} rows[] = {
		{ "the newest ban is old", NOW - 900, 100, NOW - 1000 },
		{ "the newest ban is now", NOW, 100, NOW - 100 },
		{ "the newest ban is in the future", NOW + 900, 100,
		    NOW - 100 },
		{ "its time is no time", -5, 100, NOW - 100 },
		{ "the database is empty", UNKNOWN, 100, NOW - 100 },
		{ "all bans are wanted", NOW - 900, 0, 0 },
		{ "all bans of an empty database", UNKNOWN, 0, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		if (reconcile_database_first_floor(rows[i].newest, NOW,
			rows[i].backfill) != rows[i].floor)
			fail_msg("%s", rows[i].what);
	}
}

static void
retention_raises_the_floor_and_never_lowers_it(void **state)
{
	static const struct {
		const char *what;
		int64_t first, days, floor;
	} rows[] = {
		{ "bans are kept for ever", 7, 0, 7 },
		{ "retention is shorter", NOW - 9 * DAY, 2, NOW - 2 * DAY },
		{ "retention is longer", NOW - 9 * DAY, 20, NOW - 9 * DAY },
		{ "both are the same", NOW - 9 * DAY, 9, NOW - 9 * DAY },
		{ "all bans were wanted", 0, 9, NOW - 9 * DAY },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		if (reconcile_database_floor_now(rows[i].first, NOW,
			rows[i].days) != rows[i].floor)
			fail_msg("%s", rows[i].what);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_database_is_the_same_while_its_file_is),
		cmocka_unit_test(
		    the_mark_is_valid_while_its_row_is_what_was_read),
		cmocka_unit_test(all_rows_are_read_when_some_may_be_missed),
		cmocka_unit_test(some_rows_before_the_mark_are_read_again),
		cmocka_unit_test(
		    the_first_floor_is_the_backfill_before_the_newest_ban),
		cmocka_unit_test(
		    retention_raises_the_floor_and_never_lowers_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
