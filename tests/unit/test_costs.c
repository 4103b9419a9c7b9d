/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Twice as many bans of one id, or that ended together, cost twice as many
 * steps of SQLite, and not four times as many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include <cmocka.h>

#include "archive/copy/merged.h"
#include "archive/history/prune.h"
#include "job/forget.h"
#include "job/merge/hosts.h"
#include "lab.h"
#include "os/log.h"

#define FEW 300
#define NOW_US INT64_C(1800000000000000)

/* As many bans as are wanted; i is the number of each. */
#define FILL(ident, second, nth) \
	"INSERT INTO ban (jail, ident, timeofban, since_us, nth, seconds, " \
	"origin, seen, ended_us, ended_why, restored, rev, life_us, " \
	"pending_us, added_us, made_us) " \
	"WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n, wanted WHERE " \
	"i < wanted.n) " \
	"SELECT 1, " ident ", " second ", " second " * 1000000, " nth \
	", 600, 'log', 1, 1700000000000000, 'expired', 0, i, 0, 0, " \
	"1700000000000000, i FROM n"

/* The steps of all statements that have ended. */
static int64_t steps;

static int
count_steps(unsigned event, void *context, void *statement, void *ns)
{
	(void)event;
	(void)context;
	(void)ns;
	steps += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 1);
	return 0;
}

/* SQLite calls this for each database that is opened. */
static int
watch(sqlite3 *db, const char **error, const void *api)
{
	(void)error;
	(void)api;
	return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, count_steps, NULL);
}

static void
make(struct lab *lab, const char *fill, int n)
{
	char wanted[100];
	struct err e = { 0 };

	lab_set_up(lab);
	snprintf(wanted, sizeof(wanted),
	    "CREATE TEMP TABLE wanted AS SELECT %d AS n", n);
	assert_ok(db_exec(&lab->archive.db, wanted, &e), &e);
	assert_ok(db_exec(&lab->archive.db,
		      "INSERT INTO jail (name) VALUES ('sshd')", &e),
	    &e);
	assert_ok(db_exec(&lab->archive.db, fill, &e), &e);
	archive_unlock(&lab->archive);
	snprintf(lab->config.archive, sizeof(lab->config.archive), "%s",
	    scratch_path(lab->scratch, "archive.sqlite3"));
	steps = 0;
}

static const volatile sig_atomic_t no_signal;

static struct run_caller
caller(struct lab *lab)
{
	return (struct run_caller){ .config = &lab->config,
		.stop = &no_signal,
		.say = log_line };
}

static int64_t
cost_of_forget(int n)
{
	struct run_caller by;
	struct err e = { 0 };
	struct lab lab;
	int64_t bans;

	make(&lab, FILL("'192.0.2.1'", "1600000000 + i", "0"), n);
	by = caller(&lab);
	assert_ok(forget(&by, "192.0.2.1", false, &bans, &e), &e);
	assert_int_equal(bans, n);
	lab_tear_down(&lab);
	return steps;
}

static void
the_cost_of_forget_is_that_of_its_bans(void **state)
{
	int64_t few = cost_of_forget(FEW);

	(void)state;
	assert_in_range(cost_of_forget(2 * FEW), few, 5 * few / 2);
}

/* Find all bans of the lab, ten at a time, and return how many are found. */
static int
find_all(struct lab *lab)
{
	struct prune_place place = PRUNE_FIRST;
	struct ticket_memo memo = { 0 };
	struct prune_ticket *list;
	struct err e = { 0 };
	size_t found = 10;
	int all = 0;

	while (found == 10) {
		assert_ok(prune_find(&lab->archive, NOW_US, &place, &memo, 10,
			      &list, &found, &e),
		    &e);
		all += (int)found;
		prune_free(list, found);
	}
	ticket_memo_clear(&memo);
	return all;
}

static int64_t
cost_of_finding(const char *fill, int n, int expected)
{
	struct lab lab;

	make(&lab, fill, n);
	assert_int_equal(find_all(&lab), expected);
	lab_tear_down(&lab);
	return steps;
}

static void
bans_that_ended_together_are_found_once(void **state)
{
	const char *fill = FILL("'id ' || i", "1600000000", "0");
	int64_t few = cost_of_finding(fill, 4 * FEW, 4 * FEW);

	(void)state;
	assert_in_range(cost_of_finding(fill, 8 * FEW, 8 * FEW), few,
	    5 * few / 2);
}

/* The anonymous bans of one network and second are of one ticket. */
#define OF_ONE_TICKET FILL("'192.0.2.0/24'", "1600000000", "i")
#define ONE_LIVES \
	OF_ONE_TICKET \
	"; UPDATE ban SET ended_us = NULL WHERE nth = " \
	"(SELECT max(nth) FROM ban)"

static void
the_bans_of_a_ticket_are_looked_through_once(void **state)
{
	int64_t few = cost_of_finding(OF_ONE_TICKET, FEW, FEW);

	(void)state;
	assert_in_range(cost_of_finding(OF_ONE_TICKET, 2 * FEW, 2 * FEW), few,
	    5 * few / 2);
}

static void
the_bans_beside_a_live_one_are_looked_through_once(void **state)
{
	int64_t few = cost_of_finding(ONE_LIVES, FEW, 0);

	(void)state;
	assert_in_range(cost_of_finding(ONE_LIVES, 2 * FEW, 0), few,
	    5 * few / 2);
}

#define SOURCES \
	"WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n, wanted " \
	"WHERE i < wanted.n) " \
	"INSERT INTO meta SELECT 'merged:' || i, '7 ' || i || ' web' FROM n"

static void
count_failure(void *failed, const struct merge_result *result)
{
	*(int *)failed += result->what == MERGE_FAILED;
}

/* As many sources as the archive knows, and that are not there. */
static int64_t
cost_of_merge(int n)
{
	char path[] = "/nonexistent/web.sqlite3", host[] = "web";
	struct merge_sources sources = { .n = (size_t)n };
	struct run_summary summary;
	struct run_caller by;
	struct err e = { 0 };
	struct lab lab;
	int failed = 0;

	make(&lab, SOURCES, n);
	by = caller(&lab);
	sources.list = calloc((size_t)n, sizeof(*sources.list));
	assert_non_null(sources.list);
	for (int i = 0; i < n; i++)
		sources.list[i] = (struct merge_source){ path, host, true };
	assert_int_equal(merge_hosts(&by, &sources, "test", count_failure,
			     &failed, &summary, &e),
	    -1);
	assert_int_equal(failed, n);
	free(sources.list);
	lab_tear_down(&lab);
	return steps;
}

static void
sources_that_fail_do_not_load_all_sources_again(void **state)
{
	int64_t few = cost_of_merge(FEW);

	(void)state;
	assert_in_range(cost_of_merge(2 * FEW), few, 5 * few / 2);
}

static void
a_source_is_as_the_archive_has_it_after_a_rollback(void **state)
{
	struct merged_source *source;
	struct merged known;
	struct err e = { 0 };
	struct lab lab;

	(void)state;
	make(&lab, SOURCES, 3);
	assert_ok(merged_load(&known, &lab.archive, &e), &e);
	assert_int_equal(known.n, 3);
	assert_ok(archive_begin(&lab.archive, &e), &e);
	known.sources[1].rev = 9;
	assert_ok(merged_save(&known, &known.sources[1], &e), &e);
	source = merged_add(&known, "new", "web", &e);
	assert_non_null(source);
	assert_ok(merged_save(&known, source, &e), &e);
	archive_rollback(&lab.archive);

	assert_ok(merged_load_again(&known, 1, &e), &e);
	assert_ok(merged_load_again(&known, 3, &e), &e);
	assert_int_equal(known.n, 3);
	assert_int_equal(known.sources[1].rev, 7);
	assert_int_equal(known.sources[1].number, 2);
	assert_null(merged_find(&known, "new"));
	merged_free(&known);
	lab_tear_down(&lab);
}

/* Merge the ban of a number into the row that it has, or a new one. */
static void
merge_one(struct merged *known, int number)
{
	struct exported_ban ban;
	struct merged_ban b = { .source = &known->sources[0],
		.number = number,
		.ban = &ban,
		.host = "web",
		.jail = 1 };
	struct err e = { 0 };
	char line[200];
	int64_t row;

	snprintf(line, sizeof(line),
	    "{\"jail\":\"sshd\",\"ident\":\"192.0.2.0/24\","
	    "\"since_us\":1600000000000000,\"nth\":%d}",
	    number);
	exported_ban_init(&ban);
	assert_ok(exported_ban_from_json(&ban, line, strlen(line), &e), &e);
	assert_ok(exported_ban_check(&ban, &e), &e);
	assert_ok(merged_find_row(known, &b, &row, &e), &e);
	assert_int_equal(row, 0);
	assert_ok(merged_put(known, &b, row, &e), &e);
	exported_ban_free(&ban);
}

static int64_t
cost_of_merging_a_ticket(int n)
{
	struct merged known;
	struct err e = { 0 };
	struct lab lab;

	make(&lab, SOURCES, 1);
	assert_ok(merged_load(&known, &lab.archive, &e), &e);
	assert_ok(archive_begin(&lab.archive, &e), &e);
	for (int i = 1; i <= n; i++)
		merge_one(&known, i);
	assert_ok(archive_commit(&lab.archive, &e), &e);
	assert_int_equal(known.added, n);
	merged_free(&known);
	lab_tear_down(&lab);
	return steps;
}

static void
the_bans_that_a_merge_has_brought_are_looked_through_once(void **state)
{
	int64_t few = cost_of_merging_a_ticket(FEW);

	(void)state;
	assert_in_range(cost_of_merging_a_ticket(2 * FEW), few, 5 * few / 2);
}

/* The nearest row of the ticket may be one that another process has added. */
static void
a_merge_sees_what_another_process_adds_meanwhile(void **state)
{
	struct exported_ban ban;
	struct merged_ban b = { .number = 9, .ban = &ban, .host = "web" };
	struct err e = { 0 };
	struct merged known;
	struct lab lab;
	sqlite3 *other;
	int64_t row;

	(void)state;
	make(&lab, SOURCES, 1);
	assert_ok(merged_load(&known, &lab.archive, &e), &e);
	assert_ok(archive_begin(&lab.archive, &e), &e);
	merge_one(&known, 1);
	merge_one(&known, 2);
	assert_ok(archive_commit(&lab.archive, &e), &e);
	assert_int_equal(sqlite3_open(lab.config.archive, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other,
			     "UPDATE ban SET missed_us = 0 WHERE nth = 2", NULL,
			     NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(other);

	b.source = &known.sources[0];
	b.jail = 1;
	exported_ban_init(&ban);
	assert_ok(exported_ban_set_text(&ban, BAN_FIELD_JAIL, "sshd", &e), &e);
	assert_ok(
	    exported_ban_set_text(&ban, BAN_FIELD_IDENT, "192.0.2.0/24", &e),
	    &e);
	assert_ok(exported_ban_set_number(&ban, BAN_FIELD_SINCE,
		      1600000000000000, &e),
	    &e);
	assert_ok(exported_ban_set_number(&ban, BAN_FIELD_NTH, 9, &e), &e);
	assert_ok(exported_ban_check(&ban, &e), &e);
	assert_ok(merged_find_row(&known, &b, &row, &e), &e);
	assert_int_equal(row, 2);
	exported_ban_free(&ban);
	merged_free(&known);
	lab_tear_down(&lab);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cost_of_forget_is_that_of_its_bans),
		cmocka_unit_test(bans_that_ended_together_are_found_once),
		cmocka_unit_test(the_bans_of_a_ticket_are_looked_through_once),
		cmocka_unit_test(
		    the_bans_beside_a_live_one_are_looked_through_once),
		cmocka_unit_test(
		    sources_that_fail_do_not_load_all_sources_again),
		cmocka_unit_test(
		    a_source_is_as_the_archive_has_it_after_a_rollback),
		cmocka_unit_test(
		    the_bans_that_a_merge_has_brought_are_looked_through_once),
		cmocka_unit_test(
		    a_merge_sees_what_another_process_adds_meanwhile),
	};

	assert_int_equal(sqlite3_auto_extension((void (*)(void))watch),
	    SQLITE_OK);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
