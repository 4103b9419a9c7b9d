/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The archive decides about a stretch of a history at a time. In the histories
 * here a stretch decides about bans beyond it, or is kept short. And an event,
 * an import or a line costs the same, however many bans its id has.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "archive/statements.h"
#include "ban/anonymous.h"
#include "merge_lab.h"

/* Return the steps of SQLite since the last call. */
static int64_t
take_steps(struct lab *lab)
{
	return lab_take_count(lab, SQLITE_STMTSTATUS_VM_STEP);
}

static void
assert_as_dear(const char *what, int64_t of_few, int64_t of_many)
{
	if (of_many > of_few + of_few / 20)
		fail_msg("%s: %" PRId64 " steps of few bans, %" PRId64
			 " of many",
		    what, of_few, of_many);
}

static struct sighting
sighting_of(enum sighting_kind kind, int64_t ticket_ms, int64_t at_ms)
{
	bool bare = kind == SIGHTING_RESTORED || kind == SIGHTING_ROW ||
	    kind == SIGHTING_JUDGED;

	return (struct sighting){
		.kind = kind,
		.at_us = MS(at_ms),
		.timeofban = ban_timeofban(MS(ticket_ms)),
		.since_us = bare ?
		    timestamp_from_seconds(ban_timeofban(MS(ticket_ms))) :
		    MS(ticket_ms),
		.exact = !bare,
		.seconds = kind == SIGHTING_JUDGED ? UNKNOWN : 600,
		.bancount = UNKNOWN,
		.failures = UNKNOWN,
		.end = kind == SIGHTING_UNBAN || kind == SIGHTING_JUDGED ?
		    BAN_MANUAL :
		    BAN_LIVES,
		.ended_us = kind == SIGHTING_UNBAN || kind == SIGHTING_JUDGED ?
		    MS(at_ms) :
		    UNKNOWN,
	};
}

static void
add(struct lab *lab, const char *ident, enum sighting_kind kind,
    int64_t ticket_ms, int64_t at_ms)
{
	struct merge merge = merge_lab_merge(lab);
	struct sighting sighting = sighting_of(kind, ticket_ms, at_ms);
	struct err e = { 0 };

	assert_ok(merge_sightings(&merge, "sshd", ident, &sighting, 1, 0, &e),
	    &e);
}

/* Add lines of an id; return how many of them the archive has already. */
static int64_t
add_lines(struct lab *lab, const char *ident, struct logged_line *lines,
    size_t n)
{
	struct merge merge = merge_lab_merge(lab);
	struct archive_jail jail;
	struct err e = { 0 };
	int64_t known = 0;

	assert_ok(archive_jail_get(&lab->archive, "sshd", &jail, &e), &e);
	assert_ok(merge_log_lines(&merge, &jail, ident, lines, n, &known, &e),
	    &e);
	return known;
}

/* An id that is banned each second minute, and lifted within the minute. */
static void
add_bans(struct lab *lab, const char *ident, int64_t n)
{
	for (int64_t i = 0; i < n; i++) {
		add(lab, ident, SIGHTING_BAN, i * 120000 + 100,
		    i * 120000 + 500);
		if (i % 5 != 4)
			add(lab, ident, SIGHTING_UNBAN, i * 120000 + 100,
			    i * 120000 + 60000);
	}
}

/* Return the steps of one more sighting of an id that has n bans. */
static int64_t
steps_of(struct lab *lab, const char *ident, enum sighting_kind kind,
    int64_t ban)
{
	take_steps(lab);
	add(lab, ident, kind, ban * 120000 + 100, ban * 120000 + 70000);
	return take_steps(lab);
}

static void
an_event_of_an_id_with_many_bans_takes_no_more_steps(void **state UNUSED)
{
	static const enum sighting_kind kinds[] = { SIGHTING_BAN,
		SIGHTING_RESTORED, SIGHTING_PROLONG, SIGHTING_ROW,
		SIGHTING_UNBAN, SIGHTING_JUDGED, SIGHTING_IMPORT };
	struct lab lab;

	merge_lab_set_up(&lab);
	add_bans(&lab, "192.0.2.20", 20);
	add_bans(&lab, "192.0.2.200", 2000);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		/* Of the last ban, of one in the midst, and of a new one. */
		const int64_t few[] = { 19, 12, 20 + (int64_t)i },
			      many[] = { 1999, 1002, 2000 + (int64_t)i };

		for (size_t k = 0; k < ARRAY_LEN(few); k++) {
			int64_t of_few = steps_of(&lab, "192.0.2.20", kinds[i],
				    few[k]),
				of_many = steps_of(&lab, "192.0.2.200",
				    kinds[i], many[k]);
			char what[40];

			snprintf(what, sizeof(what), "kind %d, ban %zu",
			    kinds[i], k);
			assert_as_dear(what, of_few, of_many);
		}
	}
	merge_lab_tear_down(&lab);
}

static void
a_ban_that_is_made_beyond_the_stretch_ends_the_one_before(void **state UNUSED)
{
	static const struct {
		enum sighting_kind kind;
		int64_t ticket_ms, at_ms;
	} events[] = {
		{ SIGHTING_BAN, 1000, 1178 },
		{ SIGHTING_BAN, 313000, 314190 },
		{ SIGHTING_BAN, 0, 2472 },
		{ SIGHTING_UNBAN, 0, 2675 },
		{ SIGHTING_RESTORED, 1000, 968660 },
		{ SIGHTING_BAN, 1000, 317272 },
		{ SIGHTING_RESTORED, 1000, 2235 },
		/* Only now the first ban of that ticket is known to be over. */
		{ SIGHTING_UNBAN, 1000, 2439 },
	};
	struct lab lab;

	merge_lab_set_up(&lab);
	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		add(&lab, "192.0.2.1", events[i].kind, events[i].ticket_ms,
		    events[i].at_ms);
	lab_assert(&lab, "bans",
	    "SELECT count(*) || ' ' || sum(ended_us IS NULL) || ' ' || "
	    "(SELECT made_us = (SELECT ended_us FROM ban WHERE timeofban = "
	    "(SELECT max(timeofban) FROM ban)) FROM ban "
	    "WHERE ended_us IS NULL) FROM ban",
	    "4 1 1");
	merge_lab_tear_down(&lab);
}

/*
 * Return the steps of an import of a ban, or a row of another database, that is
 * the one with that number of its time.
 */
static int64_t
steps_of_number(struct lab *lab, enum sighting_kind kind, int64_t ticket_ms,
    int64_t nth)
{
	struct merge merge = merge_lab_merge(lab);
	struct sighting sighting = sighting_of(kind, ticket_ms, ticket_ms);
	struct err e = { 0 };

	sighting.exact = ticket_ms % 1000 != 0;
	sighting.nth = kind == SIGHTING_IMPORT ? nth : 0;
	sighting.end = BAN_EXPIRED;
	sighting.ended_us = MS(ticket_ms + 200);
	take_steps(lab);
	assert_ok(
	    merge_sightings(&merge, "sshd", "192.0.2.1", &sighting, 1, 0, &e),
	    &e);
	return take_steps(lab);
}

/* Import the bans of one time, of which the last is as dear as the 21st. */
static void
import_numbers(struct lab *lab, const char *what, int64_t ticket_ms, int64_t n)
{
	int64_t of_few = 0, of_many = 0;

	for (int64_t nth = 0; nth < n; nth++) {
		of_many = steps_of_number(lab, SIGHTING_IMPORT, ticket_ms, nth);
		if (nth == 20)
			of_few = of_many;
	}
	assert_as_dear(what, of_few, of_many);
}

/* Another archive has 1001 bans of one time, which are imported twice. */
static void
import_many(int64_t ticket_ms)
{
	struct lab lab;

	merge_lab_set_up(&lab);
	import_numbers(&lab, "new", ticket_ms, 1001);
	import_numbers(&lab, "again", ticket_ms, 1001);
	lab_assert(&lab, "bans", "SELECT count(*) || ' ' || max(nth) FROM ban",
	    "1001 1000");
	merge_lab_tear_down(&lab);
}

static void
an_import_of_a_time_with_many_bans_loads_what_is_beside_it(void **state UNUSED)
{
	import_many(100);
	import_many(1000);
}

/* fail2ban banned an id many times in one second; that is imported again. */
static void
an_import_of_many_bans_that_were_seen_here_loads_its_own(void **state UNUSED)
{
	struct lab lab;

	merge_lab_set_up(&lab);
	for (int64_t i = 0; i < 400; i++) {
		add(&lab, "192.0.2.1", SIGHTING_BAN, 1000, 1001 + 2 * i);
		add(&lab, "192.0.2.1", SIGHTING_UNBAN, 1000, 1002 + 2 * i);
	}
	import_numbers(&lab, "import", 1000, 400);
	lab_assert(&lab, "bans", "SELECT count(*) || ' ' || max(nth) FROM ban",
	    "400 399");
	merge_lab_tear_down(&lab);
}

/* Count steps in an empty archive, after it got n bans. */
typedef int64_t count_fn(struct lab *lab, int64_t n);

static void
assert_as_dear_after_many(const char *what, count_fn *count)
{
	static const int64_t bans[] = { 20, 1000 };
	int64_t steps[ARRAY_LEN(bans)];

	for (size_t i = 0; i < ARRAY_LEN(bans); i++) {
		struct lab lab;

		merge_lab_set_up(&lab);
		steps[i] = count(&lab, bans[i]);
		merge_lab_tear_down(&lab);
	}
	assert_as_dear(what, steps[0], steps[1]);
}

static int64_t
steps_of_row(struct lab *lab, int64_t n)
{
	for (int64_t nth = 0; nth < n; nth++)
		steps_of_number(lab, SIGHTING_IMPORT, 1000, nth);
	return steps_of_number(lab, SIGHTING_OLD_ROW, 1000, 0);
}

static void
a_row_of_a_second_with_many_imports_loads_the_last_of_them(void **state UNUSED)
{
	assert_as_dear_after_many("row", steps_of_row);
}

/* The bans of many addresses have become those of their network. */
static int64_t
steps_of_network(struct lab *lab, int64_t n)
{
	int64_t steps;

	for (int64_t i = 0; i < n; i++)
		steps_of_number(lab, SIGHTING_IMPORT, 1000 + 7000 * (i % 2),
		    ANONYMOUS_NTH + i);
	take_steps(lab);
	add(lab, "192.0.2.1", SIGHTING_BAN, 1000, 1500);
	add(lab, "192.0.2.1", SIGHTING_UNBAN, 1000, 1600);
	add(lab, "192.0.2.1", SIGHTING_BAN, 1000, 1700);
	steps = take_steps(lab);
	lab_assert(lab, "bans of the network",
	    "SELECT group_concat(nth) FROM ban WHERE nth < 1000", "0,1");
	return steps;
}

static void
an_event_of_a_network_with_many_anonymous_bans_reads_none(void **state UNUSED)
{
	assert_as_dear_after_many("event", steps_of_network);
}

/*
 * The first of two bans of a log of one second turns out to be of another time;
 * the second of them is far beyond the stretch.
 */
static void
a_ban_beyond_the_stretch_takes_the_number_that_another_gives_up(
    void **state UNUSED)
{
	struct logged_line lines[] = {
		{ LOGGED_BAN, MS(1750), SECOND + 1, 600, UNKNOWN },
		{ LOGGED_UNBAN, MS(1900), UNKNOWN, UNKNOWN, UNKNOWN },
		{ LOGGED_BAN, MS(30002), SECOND + 30, 600, UNKNOWN },
		{ LOGGED_BAN, MS(60000), SECOND + 1, 600, UNKNOWN },
	};
	struct lab lab;

	merge_lab_set_up(&lab);
	for (int64_t n = 2; n <= 20; n++) {
		add(&lab, "192.0.2.1", SIGHTING_BAN, 2500 * n, 2500 * n + 5);
		add(&lab, "192.0.2.1", SIGHTING_UNBAN, 2500 * n, 2500 * n + 9);
	}
	add_lines(&lab, "192.0.2.1", lines, ARRAY_LEN(lines));
	add(&lab, "192.0.2.1", SIGHTING_BAN, 1700, 1755);
	lab_assert(&lab, "the bans that the log has",
	    "SELECT group_concat((since_us % 60000000) || ' ' || nth, '|') "
	    "FROM (SELECT * FROM ban WHERE since_us % 60000000 < 2000000 "
	    "ORDER BY made_us)",
	    "1700000 0|1000000 0");
	merge_lab_tear_down(&lab);
}

/* The lines of two bans and of their ends. */
static struct logged_line two_bans[] = {
	{ LOGGED_BAN, MS(1000), SECOND + 1, 600, UNKNOWN },
	{ LOGGED_UNBAN, MS(2000), UNKNOWN, UNKNOWN, UNKNOWN },
	{ LOGGED_BAN, MS(60000), SECOND + 60, 600, UNKNOWN },
	{ LOGGED_UNBAN, MS(61000), UNKNOWN, UNKNOWN, UNKNOWN },
};

/* One look for it, one statement for up to eight lines, and one for a ban. */
static void
a_log_of_a_new_id_is_not_read_again(void **state UNUSED)
{
	struct archive_jail jail;
	struct err e = { 0 };
	int64_t known = 0;
	struct merge merge;
	struct lab lab;

	merge_lab_set_up(&lab);
	merge = merge_lab_merge(&lab);
	assert_ok(archive_jail_get(&lab.archive, "sshd", &jail, &e), &e);
	lab_take_count(&lab, SQLITE_STMTSTATUS_RUN);
	assert_ok(merge_log_lines(&merge, &jail, "192.0.2.1", two_bans,
		      ARRAY_LEN(two_bans), &known, &e),
	    &e);
	assert_int_equal(lab_take_count(&lab, SQLITE_STMTSTATUS_RUN),
	    1 + 1 + 2);
	lab_assert(&lab, "two bans", "SELECT count(*) FROM ban", "2");
	merge_lab_tear_down(&lab);
}

/*
 * The rev of a new ban is counted from the last one, also when a ban of an id
 * that is known got a rev in between.
 */
static void
new_bans_of_a_log_get_one_rev_after_the_other(void **state UNUSED)
{
	static const char *const idents[] = { "192.0.2.1", "192.0.2.2",
		"192.0.2.9", "192.0.2.3", "192.0.2.4" };
	struct archive_jail jail;
	struct err e = { 0 };
	sqlite3_stmt *next;
	int64_t known = 0;
	struct merge merge;
	struct lab lab;

	merge_lab_set_up(&lab);
	add(&lab, "192.0.2.9", SIGHTING_BAN, 1000, 1005);
	merge = merge_lab_merge(&lab);
	merge.only_lines = true;
	assert_ok(archive_jail_get(&lab.archive, "sshd", &jail, &e), &e);
	for (size_t i = 0; i < ARRAY_LEN(idents); i++)
		assert_ok(merge_log_lines(&merge, &jail, idents[i], two_bans,
			      ARRAY_LEN(two_bans), &known, &e),
		    &e);
	/* Asked once at first, and once after the id that was known. */
	next = lab.archive.db.statements[SQL_NEXT_REV];
	assert_non_null(next);
	assert_int_equal(sqlite3_stmt_status(next, SQLITE_STMTSTATUS_RUN, 0),
	    2);
	lab_assert(&lab, "the revs of each id, in the order of writing",
	    "SELECT group_concat(ident || ' ' || rev, '|') FROM "
	    "(SELECT substr(ident, 9) AS ident, rev FROM ban ORDER BY rev)",
	    "1 2|1 3|2 4|2 5|9 6|9 7|3 8|3 9|4 10|4 11");
	merge_lab_tear_down(&lab);
}

/* However many lines are of one second, its bans are looked up once. */
static void
the_bans_of_a_second_are_looked_up_once_for_all_its_lines(void **state UNUSED)
{
	struct logged_line first = { LOGGED_BAN, MS(1000), SECOND + 1, 600,
		UNKNOWN };
	struct logged_line lines[40];
	sqlite3_stmt *widen;
	struct lab lab;

	for (int i = 0; i < (int)ARRAY_LEN(lines); i++)
		lines[i] = (struct logged_line){ i % 2 == 0 ? LOGGED_UNBAN :
							      LOGGED_BAN,
			MS(1100 + 10 * i), SECOND + 1 + i / 20, UNKNOWN,
			UNKNOWN };
	merge_lab_set_up(&lab);
	add_lines(&lab, "192.0.2.1", &first, 1);
	add_lines(&lab, "192.0.2.1", lines, ARRAY_LEN(lines));
	widen = lab.archive.db.statements[SQL_HISTORY_SECOND];
	assert_non_null(widen);
	assert_int_equal(sqlite3_stmt_status(widen, SQLITE_STMTSTATUS_RUN, 0),
	    2);
	lab_assert(&lab, "a ban for each Ban line", "SELECT count(*) FROM ban",
	    "21");
	merge_lab_tear_down(&lab);
}

/*
 * The log of a ban is replayed last. An event of another ban came much later,
 * after the end of that one, which an earlier log shows.
 */
static void
a_line_is_not_of_an_event_far_behind_it(void **state UNUSED)
{
	struct logged_line lines[] = {
		{ LOGGED_UNBAN, MS(300000), UNKNOWN, UNKNOWN, UNKNOWN },
		{ LOGGED_BAN, MS(51330), SECOND + 48, 600, UNKNOWN },
	};
	struct lab lab;

	merge_lab_set_up(&lab);
	add(&lab, "192.0.2.1", SIGHTING_BAN, 82000, 82500);
	add(&lab, "192.0.2.1", SIGHTING_BAN, 120000, 120500);
	add(&lab, "192.0.2.1", SIGHTING_RESTORED, 120000, 305000);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		add_lines(&lab, "192.0.2.1", &lines[i], 1);
	lab_assert(&lab, "the ban of the line and the two of events",
	    "SELECT group_concat(timeofban - (SELECT min(timeofban) FROM ban)) "
	    "FROM "
	    "(SELECT timeofban FROM ban ORDER BY timeofban)",
	    "0,34,72");
	merge_lab_tear_down(&lab);
}

/* A line that stands in a log twice is one line, also of a new id. */
static void
a_line_of_a_new_id_that_stands_twice_counts_once(void **state UNUSED)
{
	struct logged_line lines[] = {
		{ LOGGED_BAN, MS(1000), SECOND + 1, UNKNOWN, UNKNOWN },
		{ LOGGED_BAN, MS(1000), SECOND + 1, 600, UNKNOWN },
	};
	struct lab lab;

	merge_lab_set_up(&lab);
	assert_int_equal(add_lines(&lab, "192.0.2.1", lines, ARRAY_LEN(lines)),
	    1);
	lab_assert(&lab, "one ban, with the ban time that the line shows",
	    "SELECT count(*) || ' ' || max(seconds) FROM ban", "1 600");
	merge_lab_tear_down(&lab);
}

static void
a_ban_that_is_restored_often_keeps_short_sightings(void **state UNUSED)
{
	struct lab lab;
	char sql[160];

	merge_lab_set_up(&lab);
	add(&lab, "192.0.2.1", SIGHTING_BAN, 100, 500);
	for (int64_t n = 1; n <= 1000; n++) {
		add(&lab, "192.0.2.1", SIGHTING_RESTORED, 100, n * 3600000);
		if (n != 500 && n != 1000)
			continue;
		snprintf(sql, sizeof(sql),
		    "SELECT restored = %d AND json_array_length(signs) <= 64 "
		    "AND length(signs) < 64 * 64 FROM ban",
		    (int)n);
		lab_assert(&lab, "restored, and bounded", sql, "1");
	}
	merge_lab_tear_down(&lab);
}

static void
a_repeat_of_a_folded_event_changes_nothing(void **state UNUSED)
{
	static const char all[] =
	    "SELECT group_concat(restored || ' ' || signs || ' ' || rev || ' ' "
	    "|| nth, '|') FROM ban";
	struct lab lab;
	char *before = NULL;

	merge_lab_set_up(&lab);
	for (int again = 0; again < 2; again++) {
		add(&lab, "192.0.2.1", SIGHTING_BAN, 100, 500);
		add(&lab, "192.0.2.1", SIGHTING_ROW, 100, 600);
		for (int64_t n = 1; n <= 200; n++) {
			add(&lab, "192.0.2.1", SIGHTING_UNBAN, 100,
			    n * 3600000);
			add(&lab, "192.0.2.1", SIGHTING_RESTORED, 100,
			    n * 3600000 + 9000);
		}
		if (again == 0)
			before = lab_query(&lab, all);
	}
	lab_assert(&lab, "again", all, before);
	free(before);
	merge_lab_tear_down(&lab);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    an_event_of_an_id_with_many_bans_takes_no_more_steps),
		cmocka_unit_test(
		    a_ban_that_is_made_beyond_the_stretch_ends_the_one_before),
		cmocka_unit_test(
		    an_import_of_a_time_with_many_bans_loads_what_is_beside_it),
		cmocka_unit_test(
		    a_row_of_a_second_with_many_imports_loads_the_last_of_them),
		cmocka_unit_test(
		    an_event_of_a_network_with_many_anonymous_bans_reads_none),
		cmocka_unit_test(
		    an_import_of_many_bans_that_were_seen_here_loads_its_own),
		cmocka_unit_test(
		    a_ban_beyond_the_stretch_takes_the_number_that_another_gives_up),
		cmocka_unit_test(
		    a_ban_that_is_restored_often_keeps_short_sightings),
		cmocka_unit_test(a_repeat_of_a_folded_event_changes_nothing),
		cmocka_unit_test(a_log_of_a_new_id_is_not_read_again),
		cmocka_unit_test(new_bans_of_a_log_get_one_rev_after_the_other),
		cmocka_unit_test(
		    the_bans_of_a_second_are_looked_up_once_for_all_its_lines),
		cmocka_unit_test(a_line_is_not_of_an_event_far_behind_it),
		cmocka_unit_test(
		    a_line_of_a_new_id_that_stands_twice_counts_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
