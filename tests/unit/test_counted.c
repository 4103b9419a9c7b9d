/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * archive/read/counted: the counters are what the table has, at the cost of
 * what has changed, and they never fall.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "archive/history/prune.h"
#include "archive/read/counted.h"
#include "archive/statements.h"
#include "lab.h"

/* The rev that the next change gets. */
#define NEXT \
	"(SELECT max(coalesce(max(rev), 0), coalesce((SELECT max(rev) " \
	"FROM gone), 0)) + 1 FROM ban)"

static void
run(struct lab *lab, const char *sql)
{
	struct err e = { 0 };

	assert_ok(db_exec(&lab->archive.db, sql, &e), &e);
}

static void put(struct lab *lab, const char *fmt, ...) PRINTF(2, 3);

static void
put(struct lab *lab, const char *fmt, ...)
{
	char sql[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sql, sizeof(sql), fmt, ap);
	va_end(ap);
	run(lab, sql);
}

/* Insert bans with ids from first to last, all alike. */
static void
put_bans(struct lab *lab, long first, long last, int jail, const char *origin,
    const char *why)
{
	put(lab,
	    "INSERT INTO ban (id, jail, ident, timeofban, since_us, nth, "
	    "seconds, failures, origin, seen, ended_us, ended_why, restored, "
	    "rev, life_us, pending_us, added_us, made_us) "
	    "WITH n (i) AS (SELECT %ld UNION ALL SELECT i + 1 FROM n "
	    "WHERE i < %ld) SELECT i, %d, 'id' || i, i, i * 1000000, 0, 600, "
	    "2, '%s', 1, %s, %s%s%s, 0, " NEXT
	    " + i - %ld, 0, 0, "
	    "i * 1000000, i * 1000000 FROM n",
	    first, last, jail, origin,
	    why != NULL ? "(i + 600) * 1000000" : "NULL",
	    why != NULL ? "'" : "", why != NULL ? why : "NULL",
	    why != NULL ? "'" : "", first);
}

static void
set_up(struct lab *lab)
{
	setenv("TZ", "UTC0", 1);
	lab_set_up(lab);
	archive_unlock(&lab->archive);
	run(lab, "INSERT INTO jail (name) VALUES ('sshd'), ('web')");
}

static void
update(struct lab *lab)
{
	struct err e = { 0 };

	assert_ok(counted_update(&lab->archive, &e), &e);
	assert_false(lab->archive.locked);
	assert_false(lab->archive.lazy);
}

static void
keep(struct lab *lab)
{
	struct counted c;
	struct err e = { 0 };

	assert_ok(counted_read(&lab->archive, &c, &e), &e);
	assert_ok(counted_keep(&lab->archive, &c, &e), &e);
	assert_false(lab->archive.locked);
	counted_free(&c);
}

/* The counters as text, a line a jail: "sshd unknown log ... failures"; no
 * bans. */
static const char *
counters(struct lab *lab)
{
	static char text[1024];
	struct counted c;
	struct err e = { 0 };
	size_t len = 0;

	assert_ok(counted_read(&lab->archive, &c, &e), &e);
	assert_true(sqlite3_get_autocommit(lab->archive.db.handle));
	text[0] = '\0';
	for (size_t i = 0; i < c.n; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
		    i > 0 ? "\n" : "", c.jails[i].name);
		for (int v = 0; v < COUNTED_BANS; v++)
			len += (size_t)snprintf(text + len, sizeof(text) - len,
			    " %lld", (long long)c.jails[i].values[v]);
	}
	counted_free(&c);
	return text;
}

/* Return how many blocks were counted since the last call. */
static int
blocks_counted(struct lab *lab)
{
	struct err e = { 0 };
	sqlite3_stmt *st = db_statement(&lab->archive.db, SQL_COUNT_BLOCK, &e);

	assert_non_null(st);
	return sqlite3_stmt_status(st, SQLITE_STMTSTATUS_RUN, 1);
}

static void
the_bans_of_each_jail_are_counted_by_origin_and_end(void **state UNUSED)
{
	static const char want[] =
	    "sshd 1 2 0 0 2 0 1 0 6\nweb 0 0 3 1 0 3 0 0 8";
	struct lab lab;

	set_up(&lab);
	assert_string_equal(counters(&lab),
	    "sshd 0 0 0 0 0 0 0 0 0\nweb 0 0 0 0 0 0 0 0 0");
	put_bans(&lab, 1, 2, 1, "log", "expired");
	put_bans(&lab, 3, 3, 1, "what", "flushed");
	put_bans(&lab, 4, 6, 2, "manual", "manual");
	put_bans(&lab, 7, 7, 2, "list", NULL);
	/* They are the same, whether the archive has the blocks or not. */
	assert_string_equal(counters(&lab), want);
	update(&lab);
	assert_string_equal(counters(&lab), want);
	put_bans(&lab, 8, 8, 1, "log", "inferred");
	assert_string_equal(counters(&lab),
	    "sshd 1 3 0 0 2 0 1 1 8\nweb 0 0 3 1 0 3 0 0 8");
	lab_tear_down(&lab);
}

static void
only_the_blocks_with_a_change_are_counted(void **state UNUSED)
{
	struct lab lab;

	set_up(&lab);
	put_bans(&lab, 1, 10 * 4096 - 1, 1, "log", "expired");
	update(&lab);
	assert_int_equal(blocks_counted(&lab), 10);
	assert_string_equal(counters(&lab),
	    "sshd 0 40959 0 0 40959 0 0 0 81918\nweb 0 0 0 0 0 0 0 0 0");
	update(&lab);
	assert_int_equal(blocks_counted(&lab), 0);
	run(&lab,
	    "UPDATE ban SET ended_why = 'manual', rev = " NEXT
	    " WHERE id = 20000");
	/* A reader counts it each time, a writer once. */
	for (int i = 0; i < 2; i++) {
		assert_string_equal(counters(&lab),
		    "sshd 0 40959 0 0 40958 1 0 0 81918\n"
		    "web 0 0 0 0 0 0 0 0 0");
		assert_int_equal(blocks_counted(&lab), 1);
	}
	update(&lab);
	assert_int_equal(blocks_counted(&lab), 1);
	counters(&lab);
	assert_int_equal(blocks_counted(&lab), 0);
	/* One ban has gone, and a new one begins a block. */
	run(&lab,
	    "INSERT INTO gone VALUES (" NEXT
	    ", 5000, 'merged', 1);"
	    "DELETE FROM ban WHERE id = 5000");
	put_bans(&lab, 10 * 4096, 10 * 4096, 2, "log", NULL);
	assert_string_equal(counters(&lab),
	    "sshd 0 40958 0 0 40957 1 0 0 81916\nweb 0 1 0 0 0 0 0 0 2");
	assert_int_equal(blocks_counted(&lab), 2);
	update(&lab);
	assert_int_equal(blocks_counted(&lab), 2);
	lab_tear_down(&lab);
}

static void
all_is_counted_again_where_the_archive_forgot_what_has_gone(void **state UNUSED)
{
	static const char *const forget[] = {
		"INSERT OR REPLACE INTO meta VALUES ('forgotten_rev', 9000)",
		/* The blocks are those of another archive. */
		"UPDATE meta SET value = 100000 WHERE key = 'counted_rev'",
		"DELETE FROM meta WHERE key = 'counted_rev'",
	};
	struct lab lab;

	for (size_t i = 0; i < ARRAY_LEN(forget); i++) {
		set_up(&lab);
		put_bans(&lab, 1, 8191, 1, "log", "expired");
		update(&lab);
		run(&lab,
		    "DELETE FROM ban WHERE id = 5; INSERT INTO gone "
		    "VALUES (9001, 9999, 'merged', 1)");
		run(&lab, forget[i]);
		assert_string_equal(counters(&lab),
		    "sshd 0 8190 0 0 8190 0 0 0 16380\n"
		    "web 0 0 0 0 0 0 0 0 0");
		blocks_counted(&lab);
		update(&lab);
		assert_int_equal(blocks_counted(&lab), 2);
		counters(&lab);
		assert_int_equal(blocks_counted(&lab), 0);
		lab_tear_down(&lab);
	}
}

static void
a_work_that_was_cut_off_goes_on(void **state UNUSED)
{
	struct lab lab;

	set_up(&lab);
	put_bans(&lab, 1, 8191, 1, "log", "expired");
	update(&lab);
	blocks_counted(&lab);
	run(&lab, "DELETE FROM counted WHERE block = 1");
	assert_string_equal(counters(&lab),
	    "sshd 0 8191 0 0 8191 0 0 0 16382\nweb 0 0 0 0 0 0 0 0 0");
	update(&lab);
	assert_int_equal(blocks_counted(&lab), 2);
	lab_tear_down(&lab);
}

/* Retention removes bans; their totals count for them. */
static void
a_ban_that_is_removed_counts_on(void **state UNUSED)
{
	struct counted c;
	struct prune_place place = PRUNE_FIRST;
	struct ticket_memo memo = { 0 };
	struct prune_ticket *list;
	struct err e = { 0 };
	struct lab lab;
	int64_t removed;
	size_t n;

	set_up(&lab);
	put_bans(&lab, 1, 3, 1, "log", "expired");
	put_bans(&lab, 4, 4, 1, "manual", "manual");
	put_bans(&lab, 5, 5, 1, "unknown", "inferred");
	put_bans(&lab, 6, 6, 2, "list", "expired");
	update(&lab);
	/* This total is one of an older program. */
	run(&lab,
	    "INSERT INTO total VALUES (1, '', 0, "
	    "'[1,1,2,7,0,600,1,0,1,0]')");
	put_bans(&lab, 9999, 9999, 2, "log", NULL);
	assert_ok(prune_find(&lab.archive, 700 * 1000000, &place, &memo, 10,
		      &list, &n, &e),
	    &e);
	assert_int_equal(n, 6);
	for (size_t i = 0; i < n; i++)
		assert_ok(prune_remove(&lab.archive, &list[i], 700 * 1000000, 1,
			      i % 2 ? PRUNE_OLD : PRUNE_FORGET, &removed, &e),
		    &e);
	prune_free(list, n);
	ticket_memo_clear(&memo);
	assert_string_equal(counters(&lab),
	    "sshd 3 3 1 0 4 1 1 1 17\nweb 0 1 0 1 1 0 0 0 4");
	update(&lab);
	assert_string_equal(counters(&lab),
	    "sshd 3 3 1 0 4 1 1 1 17\nweb 0 1 0 1 1 0 0 0 4");
	assert_ok(counted_read(&lab.archive, &c, &e), &e);
	assert_int_equal(c.jails[0].values[COUNTED_BANS], 7);
	assert_int_equal(c.jails[1].values[COUNTED_BANS], 2);
	counted_free(&c);
	lab_assert(&lab, "what retention removed left",
	    "SELECT count(*) FROM ban", "1");
	lab_tear_down(&lab);
}

static void
a_counter_that_is_kept_never_falls(void **state UNUSED)
{
	struct lab lab;

	set_up(&lab);
	put_bans(&lab, 1, 9, 1, "log", "inferred");
	update(&lab);
	keep(&lab);
	run(&lab,
	    "UPDATE ban SET ended_why = 'manual', failures = 1, rev = " NEXT
	    " WHERE id = 1;"
	    "INSERT INTO gone VALUES (" NEXT
	    ", 2, 'merged', 1);"
	    "DELETE FROM ban WHERE id = 2");
	assert_string_equal(counters(&lab),
	    "sshd 0 9 0 0 0 1 0 9 18\nweb 0 0 0 0 0 0 0 0 0");
	update(&lab);
	keep(&lab);
	assert_string_equal(counters(&lab),
	    "sshd 0 9 0 0 0 1 0 9 18\nweb 0 0 0 0 0 0 0 0 0");
	/* It rises again where its sum is greater than it ever was. */
	put_bans(&lab, 10, 12, 1, "log", "inferred");
	assert_string_equal(counters(&lab),
	    "sshd 0 11 0 0 0 1 0 10 21\nweb 0 0 0 0 0 0 0 0 0");
	lab_tear_down(&lab);
}

static void
nothing_is_written_where_no_counter_has_risen(void **state UNUSED)
{
	struct lab lab;
	int64_t before;

	set_up(&lab);
	put_bans(&lab, 1, 9, 1, "log", "inferred");
	update(&lab);
	keep(&lab);
	before = sqlite3_total_changes(lab.archive.db.handle);
	update(&lab);
	keep(&lab);
	assert_int_equal(sqlite3_total_changes(lab.archive.db.handle), before);
	lab_tear_down(&lab);
}

static void
what_another_process_kept_is_kept(void **state UNUSED)
{
	struct counted c;
	struct err e = { 0 };
	struct lab lab;

	set_up(&lab);
	put_bans(&lab, 1, 9, 1, "log", "inferred");
	assert_ok(counted_read(&lab.archive, &c, &e), &e);
	/* It had more of both, and of a jail that was unknown. */
	run(&lab,
	    "INSERT INTO jail (name) VALUES ('new');"
	    "INSERT INTO meta VALUES ('counters', "
	    "'[[1,0,12,0,0,0,0,0,3,0],[3,0,0,0,0,0,0,0,0,5]]'), "
	    "('counted_run', 50), ('counted_gaps', 4)");
	assert_ok(counted_keep(&lab.archive, &c, &e), &e);
	assert_int_equal(c.n, 3);
	assert_int_equal(c.gaps, 4);
	assert_int_equal(c.jails[0].values[COUNTED_ORIGIN + BAN_FROM_LOG], 12);
	assert_int_equal(c.jails[0].values[COUNTED_FAILURES], 18);
	assert_int_equal(c.jails[2].values[COUNTED_FAILURES], 5);
	counted_free(&c);
	lab_assert(&lab, "counters",
	    "SELECT value FROM meta "
	    "WHERE key = 'counters'",
	    "[[1,0,12,0,0,0,0,0,9,18,9],[2,0,0,0,0,0,0,0,0,0,0],"
	    "[3,0,0,0,0,0,0,0,0,5,0]]");
	lab_tear_down(&lab);
}

/* A second process, which works when the first one has counted a block. */
static struct lab *other;

static int
work_meanwhile(unsigned type UNUSED, void *context UNUSED, void *statement,
    void *text UNUSED)
{
	struct lab *lab = other;

	if (lab == NULL ||
	    strstr(sqlite3_sql(statement), "NOT INDEXED") == NULL)
		return 0;
	other = NULL;
	run(lab, "UPDATE ban SET failures = 7, rev = " NEXT " WHERE id = 1");
	update(lab);
	return 0;
}

static void
two_processes_that_count_at_once_are_right(void **state UNUSED)
{
	struct lab lab, second;
	struct err e = { 0 };

	set_up(&lab);
	put_bans(&lab, 1, 8191, 1, "log", "expired");
	second = lab;
	assert_ok(
	    archive_open(&second.archive, lab.archive.path, 1000, false, &e),
	    &e);
	archive_unlock(&second.archive);
	other = &second;
	sqlite3_trace_v2(lab.archive.db.handle, SQLITE_TRACE_PROFILE,
	    work_meanwhile, NULL);
	update(&lab);
	assert_null(other);
	archive_close(&second.archive);
	assert_string_equal(counters(&lab),
	    "sshd 0 8191 0 0 8191 0 0 0 16387\nweb 0 0 0 0 0 0 0 0 0");
	lab_tear_down(&lab);
}

static void
hostile_sums_do_no_harm(void **state UNUSED)
{
	static const char *const garbage[] = {
		"[[1,-5,null,\"x\"],[],7,\"y\",{\"0\":1}]",
		"x",
		"",
		"{}",
		"[[1,[9]]]",
	};
	struct lab lab;

	set_up(&lab);
	put_bans(&lab, 1, 2, 1, "log", "expired");
	run(&lab,
	    "UPDATE ban SET failures = 9223372036854775807;"
	    "UPDATE ban SET id = 9223372036854775807 WHERE id = 2;"
	    "INSERT INTO total VALUES (1, '', 0, '[]'), (77, '', 0, '[1]')");
	update(&lab);
	keep(&lab);
	assert_int_equal(blocks_counted(&lab), 2);
	assert_string_equal(counters(&lab),
	    "sshd 0 2 0 0 2 0 0 0 2199023255552\nweb 0 0 0 0 0 0 0 0 0");
	/* Neither the blocks nor the counters are what they should be. */
	for (size_t i = 0; i < ARRAY_LEN(garbage); i++) {
		put(&lab,
		    "UPDATE meta SET value = '%s' WHERE key = 'counters';"
		    "UPDATE counted SET sums = 'x' WHERE block <> 0;"
		    "UPDATE counted SET sums = NULL WHERE block = 0",
		    garbage[i]);
		for (int k = 0; k < 2; k++) {
			assert_string_equal(counters(&lab),
			    "sshd 0 2 0 0 2 0 0 0 2199023255552\n"
			    "web 0 0 0 0 0 0 0 0 0");
			update(&lab);
		}
		keep(&lab);
	}
	lab_tear_down(&lab);
}

static void
a_failure_leaves_no_lazy_commits(void **state UNUSED)
{
	struct err e = { 0 };
	struct lab lab;

	set_up(&lab);
	put_bans(&lab, 1, 9, 1, "log", "expired");
	run(&lab,
	    "CREATE TRIGGER t BEFORE INSERT ON counted BEGIN "
	    "SELECT RAISE(ABORT, 'no'); END");
	assert_int_equal(counted_update(&lab.archive, &e), -1);
	assert_false(lab.archive.lazy);
	assert_false(lab.archive.locked);
	assert_string_equal(counters(&lab),
	    "sshd 0 9 0 0 9 0 0 0 18\nweb 0 0 0 0 0 0 0 0 0");
	lab_tear_down(&lab);
}

static void
gaps_are_counted_once(void **state UNUSED)
{
	struct counted c;
	struct err e = { 0 };
	struct lab lab;

	set_up(&lab);
	run(&lab,
	    "INSERT INTO run (kind, state, started_us, gap_seconds) VALUES "
	    "('reconcile', 'completed', 1, NULL), "
	    "('reconcile', 'completed', 2, 900), "
	    "('reconcile', 'failed', 3, 900)");
	for (int i = 0; i < 3; i++) {
		assert_ok(counted_read(&lab.archive, &c, &e), &e);
		assert_int_equal(c.gaps, 2 + (i == 2));
		assert_ok(counted_keep(&lab.archive, &c, &e), &e);
		counted_free(&c);
		if (i == 1)
			run(&lab,
			    "INSERT INTO run (kind, state, started_us, "
			    "gap_seconds) VALUES ('reconcile', "
			    "'running', 4, 5)");
	}
	lab_tear_down(&lab);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_bans_of_each_jail_are_counted_by_origin_and_end),
		cmocka_unit_test(only_the_blocks_with_a_change_are_counted),
		cmocka_unit_test(
		    all_is_counted_again_where_the_archive_forgot_what_has_gone),
		cmocka_unit_test(a_work_that_was_cut_off_goes_on),
		cmocka_unit_test(a_ban_that_is_removed_counts_on),
		cmocka_unit_test(a_counter_that_is_kept_never_falls),
		cmocka_unit_test(nothing_is_written_where_no_counter_has_risen),
		cmocka_unit_test(what_another_process_kept_is_kept),
		cmocka_unit_test(two_processes_that_count_at_once_are_right),
		cmocka_unit_test(hostile_sums_do_no_harm),
		cmocka_unit_test(a_failure_leaves_no_lazy_commits),
		cmocka_unit_test(gaps_are_counted_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
