/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd/counting: how often the figures of a report read all bans. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "archive/archive.h"
#include "cmd/counting.h"
#include "scratch.h"

#define FEW 300
#define NOW_US INT64_C(1800000000000000)
#define MOST 10

/* As many bans as are wanted; i is the number of each. */
#define FILL(ident) \
	"INSERT INTO jail (name) VALUES ('sshd');" \
	"INSERT INTO ban (jail, ident, timeofban, since_us, nth, seconds, " \
	"failures, origin, seen, ended_us, ended_why, restored, rev, " \
	"life_us, pending_us, added_us, made_us) " \
	"WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n, wanted WHERE " \
	"i < wanted.n) " \
	"SELECT 1, " ident \
	", 1700000000, 1700000000000000, 0, 60, 2, " \
	"'log', 1, 1700000060000000, 'expired', 0, i, 0, 0, " \
	"1700000000000000, i FROM n"

/* Add the rows of whole tables and indexes that a statement went through. */
static int
count_rows(unsigned event, void *rows, void *statement, void *ns)
{
	(void)event;
	(void)ns;
	*(int *)rows +=
	    sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_FULLSCAN_STEP, 1);
	return 0;
}

/* The figures of a report: of all bans, of ids and of networks. */
struct report {
	struct figures *all, *ids, *nets;
	int rows; /* that were read */
};

/* Count so many bans that fill makes, as a report does. */
static struct report
count(struct scratch *s, const char *name, const char *fill, int bans)
{
	struct archive_filter filter = ARCHIVE_FILTER_ALL;
	const struct counting how = {
		.by = 1u << FIGURES_BY_ID | 1u << FIGURES_BY_NET |
		    1u << FIGURES_BY_USER,
		.prefix4 = COUNTING_PREFIX_4,
		.prefix6 = COUNTING_PREFIX_6,
		.ids_counted = true,
		.most = MOST,
	};
	struct report r = { 0 };
	struct archive a;
	struct err e = { 0 };
	char wanted[64];

	filter.now_us = NOW_US;
	assert_ok(archive_open(&a, scratch_path(s, name), 1000, false, &e), &e);
	snprintf(wanted, sizeof(wanted),
	    "CREATE TEMP TABLE wanted AS SELECT %d AS n", bans);
	assert_ok(db_exec(&a.db, wanted, &e), &e);
	assert_ok(db_exec(&a.db, fill, &e), &e);
	sqlite3_trace_v2(a.db.handle, SQLITE_TRACE_PROFILE, count_rows,
	    &r.rows);
	assert_ok(counting_run(&a, &filter, &how, &r.all, &e), &e);
	assert_ok(counting_run_most(&a, &filter, &how, r.all, FIGURES_BY_ID,
		      &r.ids, &e),
	    &e);
	if (!figures_has_most_nets(r.all))
		assert_ok(counting_run_most(&a, &filter, &how, r.all,
			      FIGURES_BY_NET, &r.nets, &e),
		    &e);
	archive_close(&a);
	return r;
}

static void
free_report(struct report *r)
{
	figures_free(r->all);
	figures_free(r->ids);
	figures_free(r->nets);
}

/* Check the first of the ids or networks, and how many of them are kept. */
static void
assert_first(const struct figures *f, enum figures_by by, const char *name,
    int bans, size_t kept)
{
	struct figures_entry entries[MOST + 1];

	assert_int_equal(figures_top(f, by, FIGURES_BANS, MOST + 1, entries),
	    kept);
	assert_string_equal(entries[0].name, name);
	assert_int_equal(entries[0].counts[FIGURES_BANS], bans);
	assert_int_equal(entries[0].counts[FIGURES_FAILURES], 2 * bans);
	assert_int_equal(entries[0].counts[FIGURES_SECONDS], 60 * bans);
}

/*
 * Each id comes once; the networks differ in the rows, and so does whether all
 * IPv6 is written as usual. Failures and time are counted of the networks with
 * most bans alone.
 */
static void
a_report_reads_all_bans_once(void **state)
{
	static const struct {
		const char *fill, *id, *net;
		int nets;  /* of FEW bans */
		bool once; /* networks are counted together with all bans */
	} rows[] = {
		{ FILL("printf('2001:db8::%x', i)"), "2001:db8::1",
		    "2001:db8::/64", 1, true },
		{ FILL("printf('2001:DB8::%X', i)"), "2001:DB8::1",
		    "2001:db8::/64", 1, true },
		{ FILL("printf('2001:db8:0:%x::1', i)"), "2001:db8:0:100::1",
		    "2001:db8:0:100::/64", FEW, false },
		{ FILL("printf('2001:DB8:0:%X::1', i)"), "2001:DB8:0:100::1",
		    "2001:db8:0:100::/64", FEW, true },
	};
	char name[32];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct report few, twice;

		snprintf(name, sizeof(name), "few%d", (int)i);
		few = count(*state, name, rows[i].fill, FEW);
		snprintf(name, sizeof(name), "twice%d", (int)i);
		twice = count(*state, name, rows[i].fill, 2 * FEW);
		assert_int_equal(twice.rows - few.rows, FEW);
		assert_int_equal(twice.nets == NULL, rows[i].once);
		assert_first(few.ids, FIGURES_BY_ID, rows[i].id, 1, MOST);
		assert_first(rows[i].once ? few.all : few.nets, FIGURES_BY_NET,
		    rows[i].net, FEW / rows[i].nets,
		    rows[i].nets < MOST ? (size_t)rows[i].nets : MOST);
		assert_int_equal(figures_keys(few.all, FIGURES_BY_NET),
		    rows[i].nets);
		free_report(&few);
		free_report(&twice);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_unit_test(a_report_reads_all_bans_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
