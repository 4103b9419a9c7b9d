/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The faster replace() has the results of SQLite's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "archive/fast_replace.h"
#include "base/macros.h"

/*
 * Set result to what replace() makes of three expressions, as the literal of a
 * text. Where Y is empty, its type depends on SQLite's version.
 */
static void
ask(sqlite3 *db, const char *x, const char *y, const char *z, char *result,
    size_t room)
{
	char sql[400];
	sqlite3_stmt *st;

	snprintf(sql, sizeof(sql),
	    "SELECT quote(CAST(replace(%s, %s, %s) AS TEXT))", x, y, z);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	snprintf(result, room, "%s", (const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
}

static void
the_results_are_those_of_sqlite(void **state UNUSED)
{
	static const char *const values[] = { "NULL", "''", "'a'", "'aa'",
		"'ab'", "'aab'", "'aaaa'", "'abab'", "'xaby'", "'b'", "12",
		"1212", "2", "1.5", "'1.5'", "x'01'", "x'6101'",
		"'a' || x'01' || 'b' || x'01'", "x''", "'\xc3\xa4'",
		"'\xc3\xa4\xc3\xa4z'", "-1", "'long text of words'" };
	struct archive a = { 0 };
	sqlite3 *own;
	struct err e;

	assert_int_equal(sqlite3_open(":memory:", &own), SQLITE_OK);
	assert_int_equal(sqlite3_open(":memory:", &a.db.handle), SQLITE_OK);
	assert_int_equal(fast_replace_install(&a, &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		for (size_t j = 0; j < ARRAY_LEN(values); j++) {
			for (size_t k = 0; k < ARRAY_LEN(values); k++) {
				char ours[200], theirs[200];

				ask(own, values[i], values[j], values[k],
				    theirs, sizeof(theirs));
				ask(a.db.handle, values[i], values[j],
				    values[k], ours, sizeof(ours));
				assert_string_equal(ours, theirs);
			}
		}
	}
	sqlite3_close(own);
	sqlite3_close(a.db.handle);
}

static void
a_result_that_is_too_big_is_an_error(void **state UNUSED)
{
	struct archive a = { 0 };
	sqlite3_stmt *st;
	struct err e;

	assert_int_equal(sqlite3_open(":memory:", &a.db.handle), SQLITE_OK);
	assert_int_equal(fast_replace_install(&a, &e), 0);
	sqlite3_limit(a.db.handle, SQLITE_LIMIT_LENGTH, 1000);
	assert_int_equal(sqlite3_prepare_v2(a.db.handle,
			     "SELECT replace(hex(zeroblob(200)), '0', 'abc')",
			     -1, &st, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_TOOBIG);
	sqlite3_finalize(st);
	sqlite3_close(a.db.handle);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_results_are_those_of_sqlite),
		cmocka_unit_test(a_result_that_is_too_big_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
