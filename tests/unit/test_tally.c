/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * archive/read/tally: the bans of a filter are counted, and so is what
 * retention has removed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <sys/socket.h>

#include "archive/history/prune.h"
#include "archive/read/tally.h"
#include "archive/statements.h"
#include "base/timestamp.h"
#include "scratch.h"

#define SECOND TIMESTAMP_US
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)

/* 2026-11-25 12:00:00 UTC. */
#define NOW (INT64_C(1795608000) * SECOND)

/*
 * Ban i of 8 began i days before noon. Even ones are of sshd, 3 and 6 are of
 * the host mail, 2 has an address, 4 user names, 1 and 8 live, 8 for ever. The
 * others ended by the reasons in turn.
 */
static const char fill[] =
    "INSERT INTO jail (name) VALUES ('sshd'), ('web');"
    "INSERT INTO evidence (id, matches, captures) VALUES "
    "  (4, '[]', '{\"users\": [\"root\", \"admin\"]}');"
    "INSERT INTO ban (jail, host, ident, ip, timeofban, since_us, nth, "
    "  seconds, failures, evidence, origin, seen, ended_us, ended_why, "
    "  restored, rev, life_us, pending_us, added_us) "
    "WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8) "
    "SELECT 1 + i % 2, CASE WHEN i % 3 OR i = 9 THEN '' ELSE 'mail' END, "
    "  '192.0.2.' || (i % 5), CASE i WHEN 2 THEN '198.51.100.2' END, "
    "  1795608000 - i * 86400, 1000000 * (1795608000 - i * 86400), 0, "
    "  CASE i WHEN 8 THEN -1 WHEN 7 THEN NULL WHEN 1 THEN 864000 ELSE 600 END, "
    "  CASE i WHEN 7 THEN NULL ELSE i END, CASE i WHEN 4 THEN 4 END, "
    "  CASE i WHEN 5 THEN 'manual' ELSE 'log' END, 1, "
    "  CASE WHEN i IN (1, 8) THEN NULL "
    "    ELSE 1000000 * (1795608000 - i * 86400 + 600) END, "
    "  CASE WHEN i IN (1, 8) THEN NULL WHEN i % 4 = 0 THEN 'expired' "
    "    WHEN i % 4 = 1 THEN 'manual' WHEN i % 4 = 2 THEN 'flushed' "
    "    ELSE 'inferred' END, "
    "  0, i, CASE WHEN i IN (1, 8) THEN 1 ELSE 0 END, 0, "
    "  1000000 * (1795608000 - i * 86400) FROM n;";

static void
open_archive(struct archive *a, struct scratch *s)
{
	struct err e = { 0 };

	setenv("TZ", "UTC0", 1);
	tzset();
	assert_ok(archive_open(a, scratch_path(s, "archive.sqlite3"), 1000,
		      false, &e),
	    &e);
	assert_ok(db_exec(&a->db, fill, &e), &e);
}

/* Return the finished figures of a filter. */
static struct figures *
count(struct archive *a, const struct archive_filter *filter)
{
	const struct figures_options options = {
		.now_us = NOW,
		.by = (1u << FIGURES_BYS) - 1,
		.prefix4 = 24,
		.prefix6 = 64,
	};
	struct archive_filter at = *filter;
	const struct archive_tally tally = { .filter = &at,
		.removed = true,
		.ids = true,
		.users = true };
	struct figures *f = figures_new(&options);
	struct err e = { 0 };

	assert_non_null(f);
	at.now_us = NOW;
	assert_ok(archive_tally(a, &tally, f, &e), &e);
	assert_ok(figures_finish(f, &e), &e);
	assert_true(sqlite3_get_autocommit(a->db.handle));
	return f;
}

/* The failures of ban i are i, so their sum tells which ones were counted. */
static void
the_bans_of_a_filter_are_counted(void **state)
{
	static const struct address net = { AF_INET, { 192, 0, 2, 0 }, 30 };
#define ANY .since_us = UNKNOWN, .until_us = UNKNOWN
	static const struct {
		struct archive_filter filter;
		int bans, failures;
	} rows[] = {
		{ { ANY }, 8, 29 },
		{ { ANY, .limit = 1 }, 8, 29 },
		{ { ANY, .jail = "sshd" }, 4, 20 },
		{ { ANY, .jail = "none" }, 0, 0 },
		{ { .since_us = NOW - 3 * DAY, .until_us = UNKNOWN }, 3, 6 },
		{ { .since_us = NOW - 3 * DAY + 1, .until_us = UNKNOWN }, 2,
		    3 },
		{ { .since_us = UNKNOWN, .until_us = NOW - 6 * DAY }, 2, 8 },
		{ { .since_us = NOW - 5 * DAY, .until_us = NOW - 2 * DAY }, 3,
		    12 },
		{ { .since_us = INT64_MAX, .until_us = UNKNOWN }, 0, 0 },
		{ { .since_us = -INT64_MAX, .until_us = INT64_MAX }, 8, 29 },
		{ { ANY, .active = true }, 2, 9 },
		{ { ANY, .host = "mail" }, 2, 9 },
		{ { ANY, .host = "" }, 6, 20 },
		{ { ANY, .origin = "manual" }, 1, 5 },
		{ { ANY, .why = "flushed" }, 2, 8 },
		{ { ANY, .user = "admin" }, 1, 4 },
		{ { ANY, .ident = "192.0.2.1" }, 2, 7 },
		{ { ANY, .ident = "::ffff:192.0.2.1", .jail = "sshd" }, 1, 6 },
		{ { ANY, .ident = "198.51.100.2" }, 1, 2 },
		{ { ANY, .net = &net }, 7, 25 },
	};
	struct archive a;

	open_archive(&a, *state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct figures *f = count(&a, &rows[i].filter);
		const struct figures_sums *all = figures_of(f, FIGURES_ALL);

		if (all->ever != rows[i].bans ||
		    all->failures != rows[i].failures)
			fail_msg("row %d: %d bans, %d failures", (int)i,
			    (int)all->ever, (int)all->failures);
		figures_free(f);
	}
	archive_close(&a);
}

static void
each_column_of_a_ban_is_read(void **state)
{
	static const struct archive_filter everything = ARCHIVE_FILTER_ALL;
	struct figures_entry entries[4];
	const struct figures_sums *all;
	struct archive a;
	struct figures *f;

	open_archive(&a, *state);
	f = count(&a, &everything);
	all = figures_of(f, FIGURES_ALL);
	assert_int_equal(all->live, 2);
	assert_int_equal(all->by_hand, 1);
	assert_int_equal(all->yesterday, 1);
	assert_int_equal(all->d7, 7);
	assert_int_equal(all->ids, 5);
	assert_int_equal(all->returning, 3);
	assert_int_equal(all->median_seconds, 600);
	assert_int_equal(all->longest_seconds, -1);
	assert_int_equal(all->ends[BAN_EXPIRED], 1);
	assert_int_equal(all->ends[BAN_MANUAL], 1);
	assert_int_equal(all->ends[BAN_FLUSHED], 2);
	assert_int_equal(all->ends[BAN_INFERRED], 2);
	assert_true(all->first_us == NOW - 8 * DAY);
	assert_true(all->last_us == NOW - DAY);
	assert_int_equal(
	    figures_top(f, FIGURES_BY_USER, FIGURES_BANS, 4, entries), 2);
	assert_string_equal(entries[0].name, "admin");
	assert_int_equal(
	    figures_top(f, FIGURES_BY_NET, FIGURES_BANS, 4, entries), 2);
	assert_string_equal(entries[1].name, "198.51.100.0/24");
	assert_int_equal(
	    figures_top(f, FIGURES_BY_HOST, FIGURES_BANS, 4, entries), 2);
	assert_string_equal(entries[1].name, "mail");
	figures_free(f);
	archive_close(&a);
}

static void
locate(void *context, struct figures_ban *ban)
{
	*(int *)context += 1;
	ban->country = "DE";
	ban->asn = 64496;
	ban->owner = "Example";
}

static void
a_ban_is_located(void **state)
{
	static const struct archive_filter web = { .jail = "web",
		.since_us = UNKNOWN,
		.until_us = UNKNOWN };
	const struct figures_options options = { .now_us = NOW,
		.by = 1u << FIGURES_BY_COUNTRY };
	struct figures *f = figures_new(&options);
	struct figures_entry entry;
	struct archive a;
	struct err e = { 0 };
	int located = 0;
	const struct archive_tally tally = { .filter = &web,
		.locate = locate,
		.context = &located };

	assert_non_null(f);
	open_archive(&a, *state);
	assert_ok(archive_tally(&a, &tally, f, &e), &e);
	assert_ok(figures_finish(f, &e), &e);
	assert_int_equal(located, 4);
	assert_int_equal(
	    figures_top(f, FIGURES_BY_COUNTRY, FIGURES_BANS, 1, &entry), 1);
	assert_string_equal(entry.name, "DE");
	figures_free(f);
	archive_close(&a);
}

static void
an_empty_archive_has_no_figures(void **state)
{
	static const struct archive_filter everything = ARCHIVE_FILTER_ALL;
	struct archive a;
	struct figures *f;
	struct err e = { 0 };

	open_archive(&a, *state);
	assert_ok(db_exec(&a.db, "DELETE FROM ban", &e), &e);
	f = count(&a, &everything);
	assert_int_equal(figures_of(f, FIGURES_ALL)->ever, 0);
	figures_free(f);
	archive_close(&a);
}

/* Remove the ended bans that are older than so many days. */
static void
prune(struct archive *a, int days)
{
	struct prune_place place = PRUNE_FIRST;
	struct ticket_memo memo = { 0 };
	struct prune_ticket *list;
	struct err e = { 0 };
	int64_t bans;
	size_t n;

	assert_ok(
	    prune_find(a, NOW - days * DAY, &place, &memo, 100, &list, &n, &e),
	    &e);
	assert_ok(archive_begin(a, &e), &e);
	for (size_t i = 0; i < n; i++) {
		assert_ok(prune_remove(a, &list[i], NOW - days * DAY, NOW,
			      PRUNE_OLD, &bans, &e),
		    &e);
		assert_int_equal(bans, 1);
	}
	assert_ok(archive_commit(a, &e), &e);
	prune_free(list, n);
	ticket_memo_clear(&memo);
}

static void
assert_same_sums(const struct figures_sums *a, const struct figures_sums *b)
{
	assert_int_equal(a->ever, b->ever);
	assert_int_equal(a->d7, b->d7);
	assert_int_equal(a->d30, b->d30);
	assert_int_equal(a->failures, b->failures);
	assert_int_equal(a->seconds, b->seconds);
	assert_int_equal(a->live, b->live);
	assert_int_equal(a->longest_seconds, b->longest_seconds);
	assert_true(a->first_us == b->first_us);
	assert_true(a->last_us == b->last_us);
	assert_memory_equal(a->ends, b->ends, sizeof(a->ends));
}

/* Each row is a filter by which the totals can be told apart. */
static void
what_retention_removes_still_counts(void **state)
{
	static const struct archive_filter rows[] = {
		ARCHIVE_FILTER_ALL,
		{ ANY, .jail = "sshd" },
		{ ANY, .jail = "web", .host = "" },
		{ ANY, .host = "mail" },
		{ .since_us = NOW - 6 * DAY, .until_us = UNKNOWN },
		{ .since_us = UNKNOWN, .until_us = NOW - 3 * DAY },
	};
	struct figures *before[ARRAY_LEN(rows)], *after;
	struct archive a;

	open_archive(&a, *state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		before[i] = count(&a, &rows[i]);
	prune(&a, 5);
	prune(&a, 2);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		after = count(&a, &rows[i]);
		assert_true(figures_of(after, FIGURES_ALL)->removed > 0);
		assert_same_sums(figures_of(before[i], FIGURES_ALL),
		    figures_of(after, FIGURES_ALL));
		for (int64_t day = NOW / DAY - 9; day <= NOW / DAY; day++)
			assert_int_equal(
			    figures_day(before[i], FIGURES_ALL, day).bans,
			    figures_day(after, FIGURES_ALL, day).bans);
		for (int day = 0; day < 7; day++)
			assert_int_equal(figures_hour(before[i], day, 12),
			    figures_hour(after, day, 12));
		figures_free(before[i]);
		figures_free(after);
	}
	archive_close(&a);
}

/* Two bans of one hour in a time zone whose hours begin at the half of UTC's;
 * a ban whose time is unknown, one that is permanent, and one of no date. */
static void
totals_are_of_hours_of_local_time(void **state)
{
	static const char more[] =
	    "DELETE FROM ban;"
	    "INSERT INTO ban (jail, ident, timeofban, since_us, nth, seconds, "
	    "  failures, origin, seen, ended_us, ended_why, restored, rev, "
	    "  life_us, pending_us, added_us) VALUES "
	    "(1, 'a', 1795606200, 1795606200000000, 0, NULL, NULL, 'log', 1, "
	    "  1795606260000000, 'manual', 0, 1, 0, 0, 0), "
	    "(1, 'b', 1795609800, 1795609799999999, 0, -1, 7, 'log', 1, "
	    "  1795609859999999, 'manual', 0, 2, 0, 0, 0), "
	    "(1, 'c', 1795609800, 1795609800000000, 0, 60, 7, 'log', 1, "
	    "  1795609860000000, 'expired', 0, 3, 0, 0, 0), "
	    "(1, 'd', 8000000000000, 8000000000000000000, 0, 60, 7, 'log', 1, "
	    "  8000000000000000001, 'expired', 0, 4, 0, 0, 0)";
	struct archive a;
	struct err e = { 0 };
	sqlite3_stmt *st;

	open_archive(&a, *state);
	setenv("TZ", "IST-5:30", 1);
	tzset();
	assert_ok(db_exec(&a.db, more, &e), &e);
	prune(&a, -100000000);
	assert_int_equal(sqlite3_prepare_v2(a.db.handle,
			     "SELECT hour, sums FROM total ORDER BY hour", -1,
			     &st, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_int_equal(db_int(st, 0), 1795606200);
	assert_string_equal(db_text(st, 1),
	    "[1795606200000000,1795609799999999,2,7,120,-1,0,2,0,0,2,0,0]");
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_int_equal(db_int(st, 0), 1795609800);
	assert_string_equal(db_text(st, 1),
	    "[1795609800000000,1795609800000000,1,7,60,60,1,0,0,0,1,0,0]");
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_int_equal(db_int(st, 0), 8000000000000 - 8000000000000 % 3600);
	assert_int_equal(sqlite3_step(st), SQLITE_DONE);
	sqlite3_finalize(st);
	archive_close(&a);
}

/* SQLite would take an index of the jails, which is the slowest way. */
static void
an_index_finds_the_bans_of_a_time_and_those_that_live(void **state)
{
	static const struct archive_filter everything = ARCHIVE_FILTER_ALL;
	static const struct {
		int which;
		const char *plan;
	} rows[] = {
		{ SQL_TALLY_ALL, "SCAN ban" },
		{ SQL_TALLY, "SCAN ban" },
		{ SQL_TALLY_SECONDS,
		    "SEARCH ban USING INDEX ban_ticket "
		    "(timeofban>? AND timeofban<?)" },
		{ SQL_TALLY_LIVE, "SEARCH ban USING INDEX ban_rev (<expr>=?)" },
		{ SQL_TALLY_IDS,
		    "SEARCH ban USING INTEGER PRIMARY KEY (rowid=?)" },
	};
	struct archive a;
	struct err e = { 0 };

	open_archive(&a, *state);
	assert_ok(db_exec(&a.db, "ANALYZE", &e), &e);
	/* This makes the function known. */
	figures_free(count(&a, &everything));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		sqlite3_stmt *st;
		char *sql = sqlite3_mprintf("EXPLAIN QUERY PLAN %s",
		    archive_statements[rows[i].which]);

		assert_non_null(sql);
		assert_int_equal(
		    sqlite3_prepare_v2(a.db.handle, sql, -1, &st, NULL),
		    SQLITE_OK);
		/* The ids are found first. */
		while (sqlite3_step(st) == SQLITE_ROW &&
		    strcmp(db_text(st, 3), rows[i].plan) != 0)
			assert_null(strstr(db_text(st, 3), "SCAN ban"));
		assert_int_not_equal(sqlite3_data_count(st), 0);
		sqlite3_finalize(st);
		sqlite3_free(sql);
	}
	archive_close(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_unit_test(the_bans_of_a_filter_are_counted),
		scratch_unit_test(each_column_of_a_ban_is_read),
		scratch_unit_test(a_ban_is_located),
		scratch_unit_test(an_empty_archive_has_no_figures),
		scratch_unit_test(
		    an_index_finds_the_bans_of_a_time_and_those_that_live),
		scratch_unit_test(what_retention_removes_still_counts),
		scratch_unit_test(totals_are_of_hours_of_local_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
