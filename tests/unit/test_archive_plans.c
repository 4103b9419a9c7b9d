/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SQLite answers an event and a reconcile by an index, whatever the number of
 * bans, as EXPLAIN QUERY PLAN shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "archive/archive.h"
#include "archive/statements.h"
#include "scratch.h"

#define STEPS 7
#define BANS 600

/*
 * Fill the archive with 600 bans of two jails and 50 idents, every 20th of
 * them alive, and with runs of two kinds.
 */
static const char fill[] =
    "INSERT INTO jail (name) VALUES ('sshd'), ('web');"
    "INSERT INTO ban (jail, ident, timeofban, since_us, nth, seconds, origin, "
    "  seen, ended_us, ended_why, restored, rev, life_us, pending_us, "
    "  added_us, made_us) "
    "WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600) "
    "SELECT 1 + i % 2, '192.0.2.' || i % 50, i, i * 1000000, 0, 600, 'log', 1, "
    "  CASE WHEN i % 20 > 0 THEN (i + 600) * 1000000 END, "
    "  CASE WHEN i % 20 > 0 THEN 'expired' END, 0, i, 0, 0, i * 1000000, "
    "  i * 1000000 FROM n;"
    "INSERT INTO source (path, dev, ino, counter, mark_rowid, full_us, "
    "  full_bans, full_bips) VALUES ('a', 1, 1, 0, 0, 0, 0, 0), "
    "  ('b', 1, 2, 0, 0, 0, 0, 0);"
    "INSERT INTO run (kind, state, started_us) "
    "WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) "
    "SELECT CASE i % 2 WHEN 1 THEN 'reconcile' ELSE 'backup' END, 'completed', "
    "  i FROM n;";

#define BY_ID "INTEGER PRIMARY KEY"
#define BY_KEY "PRIMARY KEY" /* of a table without rowids */
#define LAST_ROW ""	     /* by its rowid */
/* The newest of the bans that live, of the others, and of those that are gone.
 */
#define NEXT_REV \
	{ "ban", "ban_rev" }, { "ban", "ban_rev" }, \
	{ \
		"gone", LAST_ROW \
	}

/* A table of the plan, in its order, and the index that searches it. */
struct step {
	const char *table, *index;
};

static const struct plan {
	int which;
	const char *name;
	struct step steps[STEPS];
	const char *scanned;   /* a table that is read row by row, or NULL */
	bool sorts;	       /* a temporary B-tree may be made */
	int64_t first, second; /* the values that it is run with, or 0 */
	const char *fifth;     /* the same, or NULL */
	int64_t rev;	       /* the same of ?23, a new ban's rev */
} plans[] = {
#define PLAN(sql) .which = sql, .name = #sql
	{ PLAN(SQL_JAIL_GET), { { "jail", "sqlite_autoindex_jail_1" } } },
	{ PLAN(SQL_JAIL_NAMES), .scanned = "jail", .first = 1 },
	{ PLAN(SQL_FLUSHES), { { "flush", BY_KEY } } },
	{ PLAN(SQL_FLUSH_TOUCHES),
	    { { "ban", "ban_rev" }, { "ban", "ban_ended" } },
	    .second = 2000000000 },
	{ PLAN(SQL_HISTORY_LAST), { { "ban", "ban_history" } } },
	{ PLAN(SQL_HISTORY_EXACT), { { "ban", "ban_ticket" } } },
	/* This reads the sightings of the bans of one time. */
	{ PLAN(SQL_HISTORY_SPAN), { { "ban", "ban_ticket" } },
	    .scanned = "json_each" },
	{ PLAN(SQL_HISTORY_SECOND), { { "ban", "ban_ticket" } } },
	{ PLAN(SQL_HISTORY_NUMBER),
	    { { "ban", "ban_ticket" }, { "ban", "ban_ticket" } } },
	/* It reads from the last ban of the second back to an imported one. */
	{ PLAN(SQL_HISTORY_IMPORTED), { { "ban", "ban_ticket" } },
	    .scanned = "json_each" },
	{ PLAN(SQL_HISTORY),
	    { { "ban", "ban_history" }, { "ban", "ban_history" } } },
	{ PLAN(SQL_HISTORY_ANONYMOUS), { { "ban", "ban_history" } } },
	{ PLAN(SQL_KNOWN_AS), { { "ban", "ban_history" } } },
	{ PLAN(SQL_LINES_OF), { { "line", BY_KEY } } },
	{ PLAN(SQL_BAN_ADD), { NEXT_REV } },
	{ PLAN(SQL_BAN_CHANGE), { { "ban", BY_ID }, NEXT_REV } },
	{ PLAN(SQL_BAN_CHANGE_KEPT), { { "ban", BY_ID }, NEXT_REV } },
	{ PLAN(SQL_BAN_TOUCH), { { "ban", BY_ID }, NEXT_REV } },
	{ PLAN(SQL_BAN_MERGED), { NEXT_REV } },
	{ PLAN(SQL_BAN_RENUMBER), { { "ban", BY_ID }, { "ban", LAST_ROW } } },
	{ PLAN(SQL_BAN_SIGHTINGS), { { "ban", BY_ID } } },
	{ PLAN(SQL_BAN_SIGHTINGS_KEPT), { { "ban", BY_ID } } },
	{ PLAN(SQL_BAN_PARK), { { "ban", BY_ID } } },
	{ PLAN(SQL_BAN_REMOVE), { { "ban", BY_ID } } },
	{ PLAN(SQL_EVIDENCE_IS), { { "evidence", BY_ID } } },
	{ PLAN(SQL_EVIDENCE_GET), { { "evidence", BY_ID } } },
	{ PLAN(SQL_EVIDENCE_REMOVE), { { "evidence", BY_ID } } },
	{ PLAN(SQL_BAN_SOURCE), { { "ban", BY_ID } } },
	{ PLAN(SQL_NEW_FILE_ID), { { "ban", "ban_history" } } },
	{ PLAN(SQL_NEW_FILE_EVIDENCE), { { "evidence", BY_ID } } },
	{ PLAN(SQL_LIVE),
	    { { "ban", "ban_rev" }, { "jail", BY_ID }, { "flush", BY_KEY } } },
	/* This sorts the few bans that a server was found without. */
	{ PLAN(SQL_MISSED_BANS),
	    { { "ban", "ban_missed" }, { "y", "ban_history" },
		{ "jail", BY_ID }, { "flush", BY_KEY } },
	    .sorts = true },
	{ PLAN(SQL_MERGED_FIND), { { "ban", "ban_missed" } } },
	{ PLAN(SQL_MERGED_OF_SOURCE), { { "ban", "ban_missed" } } },
	{ PLAN(SQL_NEWEST_HERE), { { "ban", "ban_ticket" } },
	    .first = INT64_C(1) << 40 },
	{ PLAN(SQL_MERGED_OVERDUE), { { "ban", "ban_rev" } } },
	{ PLAN(SQL_MERGED_OVERDUE_COUNT), { { "ban", "ban_rev" } } },
	{ PLAN(SQL_MERGED_SAME), { { "ban", "ban_ticket" } } },
	{ PLAN(SQL_MERGED_LONG), { { "ban", "ban_ticket" } } },
	{ PLAN(SQL_UNCHANGED), { { "ban", BY_ID } } },
	{ PLAN(SQL_SERVER_HAS), { { "ban", BY_ID } } },
	{ PLAN(SQL_ROWS_GONE), { { "ban", BY_ID } } },
	{ PLAN(SQL_MISSED), { { "ban", BY_ID } } },
	{ PLAN(SQL_PRUNABLE),
	    { { "b", "ban_ended" }, { "jail", BY_ID }, { "o", "ban_ticket" } },
	    .first = 1000000000 },
	/* It finds none of the bans that are kept: as many end after it. */
	{ PLAN(SQL_PRUNABLE),
	    { { "b", "ban_ended" }, { "jail", BY_ID }, { "o", "ban_ticket" } },
	    .first = 1 },
	{ PLAN(SQL_PRUNABLE_SAME),
	    { { "b", "ban_ended" }, { "jail", BY_ID }, { "o", "ban_ticket" } },
	    .second = 1 },
	{ PLAN(SQL_PRUNABLE_CHANGED),
	    { { "b", "ban_rev" }, { "jail", BY_ID }, { "o", "ban_ticket" } },
	    .second = BANS - 9 },
	{ PLAN(SQL_PRUNE_KEPT), { { "ban", "ban_ticket" } } },
	{ PLAN(SQL_BAN_GREATEST), { { "ban", LAST_ROW } } },
	{ PLAN(SQL_TICKET_BANS), { { "ban", "ban_ticket" } } },
	/* This sorts the bans of one ticket. */
	{ PLAN(SQL_ANONYMIZABLE), { { "ban", "ban_ticket" } }, .sorts = true },
	{ PLAN(SQL_ANONYMOUS_NTH), { { "ban", "ban_ticket" } } },
	{ PLAN(SQL_ANONYMIZE),
	    { { "ban", BY_ID }, { "ban", LAST_ROW }, NEXT_REV } },
	{ PLAN(SQL_FORGET_LINES), { { "line", BY_KEY } }, .scanned = "jail" },
	{ PLAN(SQL_FORGET_REMOVED), { { "removed", BY_KEY } },
	    .scanned = "jail" },
	{ PLAN(SQL_FORGET_MARKS), .scanned = "source" },
	{ PLAN(SQL_LINES_LEFT),
	    { { "line", BY_KEY }, { "ban", "ban_history" } } },
	{ PLAN(SQL_LINES_DROP),
	    { { "line", BY_KEY }, { "ban", "ban_history" } } },
	{ PLAN(SQL_PRUNE_CLOSE), { { "ban", "ban_ticket" } } },
	{ PLAN(SQL_PRUNED_UNTIL), { { "meta", BY_KEY } } },
	{ PLAN(SQL_META_FROM), { { "meta", BY_KEY } } },
	{ PLAN(SQL_LINE_KNOWS),
	    { { "ban", "ban_history" }, { "line", BY_KEY } } },
	{ PLAN(SQL_NEXT_REV), { NEXT_REV }, .scanned = "CONSTANT" },
	{ PLAN(SQL_BAN_ADD_NEXT), .rev = 3000000000 },
	{ PLAN(SQL_LINES_ADD_2), .scanned = "2" },
	{ PLAN(SQL_LINES_ADD_4), .scanned = "4" },
	{ PLAN(SQL_LINES_ADD_8), .scanned = "8" },
	{ PLAN(SQL_LINE_IS_OF_BAN), { { "ban", "ban_history" } },
	    .scanned = "(subquery" },
	/* UNION sorts the bans of one second. */
	{ PLAN(SQL_PRUNE_REMEMBER),
	    { { "ban", "ban_ticket" }, { "ban", "ban_ticket" } },
	    .sorts = true },
	{ PLAN(SQL_PRUNE_EVIDENCE),
	    { { "evidence", BY_ID }, { "ban", "ban_ticket" } },
	    .scanned = "json_each" },
	{ PLAN(SQL_PRUNE_TOTAL), { { "ban", "ban_ticket" } } },
	/* This reads the bans of one ticket. */
	{ PLAN(SQL_PRUNE_GONE), { { "ban", "ban_ticket" }, NEXT_REV },
	    .scanned = "(subquery" },
	{ PLAN(SQL_PRUNE_BANS), { { "ban", "ban_ticket" } } },
	{ PLAN(SQL_PRUNE_LINES),
	    { { "line",
		  "PRIMARY KEY (jail=? AND ident=? AND host=? AND at_us>?" },
		{ "ban", "ban_ticket" }, { "ban", "ban_ticket" },
		{ "ban", "ban_ticket" }, { "ban", "ban_ticket" },
		{ "ban", "ban_history" }, { "ban", "ban_ticket" } } },
	{ PLAN(SQL_REMOVED_HAS), { { "removed", BY_KEY } } },
	{ PLAN(SQL_REMOVED), { { "removed", BY_KEY }, { "jail", BY_ID } } },
	{ PLAN(SQL_REMOVED_DROP), { { "removed", BY_KEY } } },
	/* This reads the last row, by its id. */
	{ PLAN(SQL_SOURCE_LAST), .scanned = "source" },
	{ PLAN(SQL_SOURCE_IDS), .scanned = "source" },
	{ PLAN(SQL_SOURCE_SAVE), { { "source", BY_ID } } },
	/* There are only a few jails. */
	{ PLAN(SQL_STATE), { { "ban", "ban_rev" }, { "ban", "ban_rev" } },
	    .scanned = "" },
	/* No bans are sorted: the index has their ids in order. */
	{ PLAN(SQL_TALLY_EACH_ID), { { "ban", "ban_history" } } },
	{ PLAN(SQL_TALLY_BEGINS), { { "ban", "ban_history" } } },
	/* This reads what has changed since. */
	{ PLAN(SQL_COUNTED_CHANGED),
	    { { "ban", "ban_rev" }, { "ban", "ban_rev" }, { "gone", BY_ID },
		{ "gone", BY_ID } },
	    .scanned = "", .sorts = true, .first = 599 },
	{ PLAN(SQL_COUNTED_NEXT), { { "ban", BY_ID } } },
	{ PLAN(SQL_COUNTED_HAS), { { "counted", BY_ID } } },
	{ PLAN(SQL_COUNTED_FORGET), { { "counted", BY_ID } } },
	/* This groups the bans of one block. */
	{ PLAN(SQL_COUNT_BLOCK), { { "ban", BY_ID } }, .scanned = "(subquery",
	    .sorts = true },
	{ PLAN(SQL_COUNT_GAPS), { { "run", BY_ID } }, .first = 99 },
	{ PLAN(SQL_RUN_CUT), { { "run", "run_running" } } },
	/* This reads from the last run back to one that is completed. */
	{ PLAN(SQL_RUN_LAST), .scanned = "run" },
	/* This reads back from the last second, and sorts its bans. */
	{ PLAN(SQL_NEWEST), .scanned = "ban", .sorts = true },
	/* This reads the last entry of the index. */
	{ PLAN(SQL_LAST_END), .scanned = "ban USING INDEX ban_ended" },
	/* This finds the bans of some ids, and sorts them. */
	{ PLAN(SQL_LIST_IDS),
	    { { "ban", BY_ID }, { "b", "ban_history" }, { "b", "ban_ip" },
		{ "jail", BY_ID } },
	    .scanned = "j", .sorts = true, .fifth = "[\"192.0.2.7\"]" },
	{ PLAN(SQL_EXPORT_IDS),
	    { { "ban", BY_ID }, { "b", "ban_history" }, { "b", "ban_ip" },
		{ "jail", BY_ID }, { "evidence", BY_ID } },
	    .scanned = "j", .sorts = true, .fifth = "[\"192.0.2.7\"]" },
	/* This finds the bans without an end, and sorts them. */
	{ PLAN(SQL_LIST_LIVE),
	    { { "ban", BY_ID }, { "ban", "ban_rev" }, { "jail", BY_ID } },
	    .sorts = true, .second = 600000000 },
	/* This reads the latest rows, and sorts them. */
	{ PLAN(SQL_AFTER),
	    { { "ban", BY_ID }, { "ban", BY_ID }, { "ban", BY_ID },
		{ "jail", BY_ID }, { "evidence", BY_ID } },
	    .sorts = true, .fifth = "599" },
	/* The revs are in order: nothing is sorted. */
	{ PLAN(SQL_CHANGES),
	    { { "ban", "ban_rev" }, { "jail", BY_ID }, { "evidence", BY_ID },
		{ "ban", "ban_rev" }, { "jail", BY_ID },
		{ "evidence", BY_ID } },
	    .fifth = "599" },
	{ PLAN(SQL_CHANGES_GONE), { { "gone", BY_ID } } },
	{ PLAN(SQL_MAY_BE_ANONYMOUS), { { "ban", BY_ID } } },
	{ PLAN(SQL_IMPORT_LIVE), { { "ban", "ban_rev" } } },
	{ PLAN(SQL_IMPORT_ENDED), { { "ban", "ban_rev" } } },
	{ PLAN(SQL_NET_MORE), { { "b", "ban_history" } }, .scanned = "j" },
	{ PLAN(SQL_ROW_BEFORE), .scanned = "ban", .second = INT64_MAX },
	/* SQLite counts the rows of an index in one step; there are few totals
	 * and jails. */
	{ PLAN(SQL_HEALTH_BANS), .scanned = "" },
	{ PLAN(SQL_HEALTH_JAILS), .scanned = "jail" },
	{ PLAN(SQL_HEALTH_RECENT), { { "ban", "ban_ticket" } } },
	{ PLAN(SQL_HEALTH_RESTART),
	    { { "ban", "ban_ended" }, { "flush", BY_KEY } },
	    .second = 2000000000 },
	/* There are only a few jails and databases. */
	{ PLAN(SQL_LATER), { { "ban", "ban_ended" } }, .scanned = "",
	    .first = INT64_MAX },
	{ PLAN(SQL_LATER_BANS), { { "ban", "ban_ended" } },
	    .first = INT64_MAX },
#undef PLAN
};

/* The plans that are wrong. */
static int failed;

/* Return the line of a plan after its verb; NULL: it has another verb. */
static const char *
after_verb(const char *line, const char *verb)
{
	size_t len = strlen(verb);

	if (strncmp(line, verb, len) != 0 || line[len] != ' ')
		return NULL;
	line += len + 1;
	/* SQLite wrote this word until 3.35. */
	return strncmp(line, "TABLE ", 6) == 0 ? line + 6 : line;
}

/* A line is "SEARCH ban USING COVERING INDEX ban_rev (rev>?)". */
static bool
is_step(const char *about, const struct step *step)
{
	char words[80];
	size_t len;

	if (step->index[0] == '\0')
		return strcmp(about, step->table) == 0;
	snprintf(words, sizeof(words), "%s ", step->table);
	if (strncmp(about, words, strlen(words)) != 0)
		return false;
	len = (size_t)snprintf(words, sizeof(words), "%s%s",
	    strstr(step->index, BY_KEY) != NULL ? "USING " : "INDEX ",
	    step->index);
	about = strstr(about, words);
	return about != NULL && (about[len] == '\0' || about[len] == ' ');
}

static void
assert_line(const struct plan *plan, const char *line, size_t *step)
{
	const char *about;

	if ((about = after_verb(line, "SEARCH")) != NULL) {
		if (*step < STEPS && plan->steps[*step].table != NULL &&
		    is_step(about, &plan->steps[*step])) {
			++*step;
			return;
		}
	} else if ((about = after_verb(line, "SCAN")) != NULL) {
		/* The texts of a JSON array are read one after another. */
		if (strstr(about, " VIRTUAL TABLE ") != NULL)
			return;
		if (plan->scanned != NULL &&
		    strncmp(about, plan->scanned, strlen(plan->scanned)) == 0)
			return;
	} else if (strstr(line, "TEMP B-TREE") == NULL || plan->sorts) {
		return;
	}
	print_error("%s: %s\n", plan->name, line);
	failed++;
}

static void
assert_plan(struct archive *a, const struct plan *plan)
{
	sqlite3_stmt *st;
	size_t step = 0;
	char *sql = sqlite3_mprintf("EXPLAIN QUERY PLAN %s",
	    archive_statements[plan->which]);

	assert_non_null(sql);
	assert_int_equal(sqlite3_prepare_v2(a->db.handle, sql, -1, &st, NULL),
	    SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW)
		assert_line(plan, (const char *)sqlite3_column_text(st, 3),
		    &step);
	sqlite3_finalize(st);
	sqlite3_free(sql);
	if (step < STEPS && plan->steps[step].table != NULL) {
		print_error("%s: not by %s\n", plan->name,
		    plan->steps[step].index);
		failed++;
	}
}

static void
open_archive(struct archive *a, struct scratch *s)
{
	struct err e = { .text = "" };

	assert_ok(archive_open(a, scratch_path(s, "archive.sqlite3"), 1000,
		      false, &e),
	    &e);
	assert_ok(db_exec(&a->db, fill, &e), &e);
}

static void
an_index_finds_the_rows(void **state)
{
	struct archive a;

	failed = 0;
	open_archive(&a, *state);
	for (size_t i = 0; i < ARRAY_LEN(plans); i++)
		assert_plan(&a, &plans[i]);
	archive_close(&a);
	assert_int_equal(failed, 0);
}

static void
an_index_finds_the_rows_after_analyze(void **state)
{
	struct archive a;
	struct err e = { .text = "" };

	failed = 0;
	open_archive(&a, *state);
	assert_ok(db_exec(&a.db, "ANALYZE", &e), &e);
	for (size_t i = 0; i < ARRAY_LEN(plans); i++)
		assert_plan(&a, &plans[i]);
	archive_close(&a);
	assert_int_equal(failed, 0);
}

/*
 * The plan of a max() looks the same when SQLite goes to the end of an index
 * and when it reads all of it. So each statement is run as well, with 7 for
 * nearly all values, and its steps are counted: all bans would take a step
 * each.
 */
static void
many_bans_take_no_more_steps_than_a_few(void **state)
{
	struct archive a;
	struct err e = { .text = "" };
	sqlite3_stmt *st;

	failed = 0;
	open_archive(&a, *state);
	for (size_t i = 0; i < ARRAY_LEN(plans); i++) {
		int rc, steps;

		assert_ok(db_exec(&a.db, "BEGIN", &e), &e);
		st = db_statement(&a.db, plans[i].which, &e);
		assert_non_null(st);
		for (int k = sqlite3_bind_parameter_count(st); k > 0; k--) {
			int64_t value = k == 1 ? plans[i].first :
			    k == 2	       ? plans[i].second :
			    k == 23	       ? plans[i].rev :
						 0;

			db_bind_int(st, k, value != 0 ? value : 7);
			if (k == 5 && plans[i].fifth != NULL)
				db_bind_text(st, k, plans[i].fifth);
		}
		sqlite3_stmt_status(st, SQLITE_STMTSTATUS_VM_STEP, 1);
		while ((rc = db_step(&a.db, st, &e)) == 1)
			continue;
		assert_ok(rc, &e);
		steps = sqlite3_stmt_status(st, SQLITE_STMTSTATUS_VM_STEP, 0);
		if (steps < 1 || steps >= BANS) {
			print_error("%s: %d steps\n", plans[i].name, steps);
			failed++;
		}
		assert_ok(db_exec(&a.db, "ROLLBACK", &e), &e);
	}
	archive_close(&a);
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_unit_test(an_index_finds_the_rows),
		scratch_unit_test(an_index_finds_the_rows_after_analyze),
		scratch_unit_test(many_bans_take_no_more_steps_than_a_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
