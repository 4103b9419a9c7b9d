/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SQLite's errors as exit codes, statements used again, NULL and UNKNOWN. */
#include <sys/resource.h>
#include <sys/stat.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "os/db.h"
#include "scratch.h"

enum { SQL_ADD, SQL_GET, SQL_ALL, SQL_BAD, SQL_COUNT };

static const char *const sql[SQL_COUNT] = {
	[SQL_ADD] = "INSERT INTO t VALUES (?1, ?2)",
	[SQL_GET] = "SELECT n, s FROM t WHERE n IS ?1 AND s IS ?2",
	[SQL_ALL] = "SELECT n, s FROM t ORDER BY rowid",
	[SQL_BAD] = "SELECT a FROM nowhere",
};

#define MADE SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE

static void
open_at(struct db *db, const char *path, int flags)
{
	struct err e = { .text = "" };

	assert_ok(db_open(db, path, flags, NULL, 0, sql, SQL_COUNT, &e), &e);
}

static void
exec(struct db *db, const char *text)
{
	struct err e = { .text = "" };

	assert_ok(db_exec(db, text, &e), &e);
}

/* With a table t of two columns. */
static void
open_memory(struct db *db)
{
	open_at(db, ":memory:", MADE);
	exec(db, "CREATE TABLE t (n, s)");
}

static void
assert_fails(struct db *db, const char *text, int code, const char *why)
{
	struct err e = { .text = "" };

	assert_int_equal(db_exec(db, text, &e), -1);
	assert_error(&e, code, why);
	assert_int_equal(strncmp(e.text, db->name, strlen(db->name)), 0);
}

static void
what_is_locked_may_be_had_later(void **state)
{
	const char *path = scratch_path(*state, "db");
	struct db one, two;
	sqlite3_stmt *st;

	open_at(&one, path, MADE);
	exec(&one, "CREATE TABLE t (n, s)");
	open_at(&two, path, MADE);
	exec(&one, "BEGIN EXCLUSIVE");
	assert_fails(&two, "SELECT * FROM t", EX_TEMPFAIL,
	    "database is locked");
	exec(&one, "ROLLBACK");
	db_close(&two);

	exec(&one, "INSERT INTO t VALUES (1, 'x'), (2, 'y')");
	assert_non_null(st = db_statement(&one, SQL_ALL, NULL));
	assert_int_equal(db_step(&one, st, NULL), 1);
	assert_fails(&one, "DROP TABLE t", EX_TEMPFAIL, "locked");
	db_close(&one);
}

static void
what_is_no_database_or_broken_is_bad_data(void **state)
{
	struct scratch *s = *state;
	const char *junk = scratch_path(s, "junk");
	const char *broken = scratch_path(s, "broken");
	char bytes[4096];
	struct db db;
	FILE *file;

	memset(bytes, 'x', sizeof(bytes));
	scratch_write(junk, bytes, sizeof(bytes));
	open_at(&db, junk, SQLITE_OPEN_READWRITE);
	assert_fails(&db, "SELECT * FROM t", EX_DATAERR,
	    "file is not a database");
	db_close(&db);

	/* The first page is whole, the table's is not. */
	open_at(&db, broken, MADE);
	exec(&db, "PRAGMA page_size = 4096; CREATE TABLE t (n, s)");
	db_close(&db);
	file = fopen(broken, "r+");
	assert_non_null(file);
	assert_int_equal(fseek(file, 4096, SEEK_SET), 0);
	assert_int_equal(fwrite(bytes, 1, sizeof(bytes), file), 4096);
	assert_int_equal(fclose(file), 0);
	open_at(&db, broken, SQLITE_OPEN_READWRITE);
	assert_fails(&db, "SELECT * FROM t", EX_DATAERR, "malformed");
	db_close(&db);

	open_memory(&db);
	sqlite3_limit(db.handle, SQLITE_LIMIT_LENGTH, 1000);
	assert_fails(&db, "SELECT zeroblob(1001)", EX_DATAERR, "too big");
	db_close(&db);
}

static void
what_cannot_be_opened_is_no_input(void **state)
{
	struct scratch *s = *state;
	struct db db;
	struct err e = { .text = "" };

	assert_int_equal(db_open(&db, scratch_path(s, "none"),
			     SQLITE_OPEN_READWRITE, NULL, 0, sql, SQL_COUNT,
			     &e),
	    -1);
	assert_error(&e, EX_NOINPUT, "/none: unable to open database file");
	assert_null(db.handle);
	assert_null(db.statements);
	db_close(&db);
	assert_int_equal(access(scratch_path(s, "none"), F_OK), -1);
}

static void
what_may_only_be_read_is_a_matter_of_rights(void **state)
{
	const char *path = scratch_path(*state, "db");
	struct db db;

	open_at(&db, path, MADE);
	exec(&db, "CREATE TABLE t (n, s)");
	db_close(&db);
	open_at(&db, path, SQLITE_OPEN_READONLY);
	assert_fails(&db, "DELETE FROM t", EX_NOPERM, "readonly database");
	db_close(&db);
}

static int
deny(void *none, int what, const char *a, const char *b, const char *c,
    const char *d)
{
	(void)none;
	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return what == SQLITE_DELETE ? SQLITE_DENY : SQLITE_OK;
}

static void
what_is_not_allowed_is_a_matter_of_rights(void **state)
{
	struct db db;

	(void)state;
	open_memory(&db);
	sqlite3_set_authorizer(db.handle, deny, NULL);
	assert_fails(&db, "DELETE FROM t", EX_NOPERM, "not authorized");
	db_close(&db);
}

static void
what_is_full_is_an_io_error(void **state)
{
	struct db db;

	(void)state;
	open_memory(&db);
	exec(&db, "PRAGMA max_page_count = 2");
	assert_fails(&db, "INSERT INTO t VALUES (1, zeroblob(1000000))",
	    EX_IOERR, "database or disk is full");
	db_close(&db);
}

static void
what_cannot_be_written_is_an_io_error(void **state)
{
	struct rlimit saved, tight;
	struct db db;
	struct err e;
	int rc;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &saved), 0);
	tight = saved;
	tight.rlim_cur = 16384;
	open_at(&db, scratch_path(*state, "db"), MADE);
	exec(&db, "CREATE TABLE t (n, s)");
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	rc = db_exec(&db, "INSERT INTO t VALUES (1, zeroblob(100000))", &e);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &saved), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(rc, -1);
	assert_error(&e, EX_IOERR, "/db: disk I/O error");
	db_close(&db);
}

static void
what_else_fails_is_our_own_fault(void **state)
{
	struct db db;
	struct err e = { .text = "" };

	(void)state;
	open_memory(&db);
	exec(&db, "CREATE TABLE u (n UNIQUE); INSERT INTO u VALUES (1)");
	assert_fails(&db, "SELEC", EX_SOFTWARE, "syntax error");
	assert_fails(&db, "SELECT * FROM none", EX_SOFTWARE, "no such table");
	assert_fails(&db, "INSERT INTO u VALUES (1)", EX_SOFTWARE, "UNIQUE");
	assert_null(db_statement(&db, SQL_BAD, &e));
	assert_error(&e, EX_SOFTWARE, ":memory:: no such table: nowhere");
	assert_int_equal(db_exec(&db, "SELEC", NULL), -1);
	db_close(&db);
}

static void
a_name_is_escaped_before_it_is_told(void **state)
{
	struct db db;
	struct err e;

	(void)state;
	assert_int_equal(db_open(&db, "/none/\x1b[2J", SQLITE_OPEN_READONLY,
			     NULL, 0, sql, SQL_COUNT, &e),
	    -1);
	assert_error(&e, EX_NOINPUT, "/none/\\x1b[2J: ");
}

static void
a_file_is_not_trusted_with_functions(void **state)
{
	struct db db;
	int on = -1;

	(void)state;
	open_memory(&db);
	sqlite3_db_config(db.handle, SQLITE_DBCONFIG_DEFENSIVE, -1, &on);
	assert_int_equal(on, 1);
	sqlite3_db_config(db.handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, -1, &on);
	assert_int_equal(on, 0);
	/* A schema that was written to would be one of the attacker's. */
	assert_fails(&db,
	    "PRAGMA writable_schema = ON; DELETE FROM sqlite_master",
	    EX_SOFTWARE, "may not be modified");
	db_close(&db);
}

static void
a_statement_is_prepared_once_and_comes_clean(void **state)
{
	struct db db;
	struct err e = { .text = "" };
	sqlite3_stmt *st;

	(void)state;
	open_memory(&db);
	st = db_statement(&db, SQL_ADD, &e);
	assert_non_null(st);
	db_bind_int(st, 1, 7);
	db_bind_text(st, 2, "x");
	assert_ok(db_run(&db, st, &e), &e);
	/* What was bound before is bound no more. */
	assert_ptr_equal(db_statement(&db, SQL_ADD, &e), st);
	assert_ok(db_run(&db, st, &e), &e);

	/* One that was left in the middle begins again. */
	st = db_statement(&db, SQL_ALL, &e);
	assert_int_equal(db_step(&db, st, &e), 1);
	assert_int_equal(db_int(st, 0), 7);
	assert_ptr_equal(db_statement(&db, SQL_ALL, &e), st);
	assert_int_equal(db_step(&db, st, &e), 1);
	assert_int_equal(db_int(st, 0), 7);
	assert_string_equal(db_text(st, 1), "x");
	assert_int_equal(db_step(&db, st, &e), 1);
	assert_int_equal(db_int(st, 0), UNKNOWN);
	assert_null(db_text(st, 1));
	assert_int_equal(db_step(&db, st, &e), 0);
	/* At its end it is reset: it holds no lock. */
	assert_false(sqlite3_stmt_busy(st));
	st = db_statement(&db, SQL_GET, &e);
	assert_int_equal(db_step(&db, st, &e), 1);
	assert_int_equal(sqlite3_bind_int(st, 1, 8), SQLITE_MISUSE);
	assert_int_equal(db_step(&db, st, &e), 0);
	assert_int_equal(sqlite3_bind_int(st, 1, 8), SQLITE_OK);
	st = db_statement(&db, SQL_ALL, &e);
	assert_int_equal(db_step(&db, st, &e), 1);
	assert_ok(db_run(&db, st, &e), &e);
	assert_false(sqlite3_stmt_busy(st));
	db_close(&db);
}

static void
a_statement_that_fails_is_reset_and_may_be_tried_again(void **state)
{
	struct db db;
	struct err e = { .text = "" };
	sqlite3_stmt *st;

	(void)state;
	open_memory(&db);
	exec(&db, "CREATE UNIQUE INDEX i ON t (n)");
	st = db_statement(&db, SQL_ADD, &e);
	db_bind_int(st, 1, 7);
	assert_ok(db_run(&db, st, &e), &e);
	st = db_statement(&db, SQL_ADD, &e);
	db_bind_int(st, 1, 7);
	assert_int_equal(db_run(&db, st, &e), -1);
	assert_error(&e, EX_SOFTWARE, "UNIQUE constraint failed: t.n");
	assert_false(sqlite3_stmt_busy(st));
	st = db_statement(&db, SQL_ADD, &e);
	db_bind_int(st, 1, 8);
	assert_ok(db_run(&db, st, &e), &e);
	db_close(&db);
}

static void
what_is_bound_comes_back(void **state)
{
	static const int64_t numbers[] = { 0, 1, -1, INT64_MAX, INT64_MIN + 1,
		UNKNOWN };
	static const char *const texts[] = { "", "x", "\n'\"", NULL };
	struct db db;
	struct err e = { .text = "" };
	sqlite3_stmt *st;
	size_t i, k;

	(void)state;
	open_memory(&db);
	for (i = 0; i < ARRAY_LEN(numbers) * ARRAY_LEN(texts); i++) {
		k = i / ARRAY_LEN(numbers);
		st = db_statement(&db, SQL_ADD, &e);
		db_bind_int(st, 1, numbers[i % ARRAY_LEN(numbers)]);
		db_bind_text(st, 2, texts[k]);
		assert_ok(db_run(&db, st, &e), &e);
		st = db_statement(&db, SQL_GET, &e);
		db_bind_int(st, 1, numbers[i % ARRAY_LEN(numbers)]);
		db_bind_text(st, 2, texts[k]);
		assert_int_equal(db_step(&db, st, &e), 1);
		assert_int_equal(db_int(st, 0),
		    numbers[i % ARRAY_LEN(numbers)]);
		assert_int_equal(sqlite3_column_type(st, 0) == SQLITE_NULL,
		    numbers[i % ARRAY_LEN(numbers)] == UNKNOWN);
		if (texts[k] == NULL)
			assert_int_equal(sqlite3_column_type(st, 1),
			    SQLITE_NULL);
		else
			assert_string_equal(db_text(st, 1), texts[k]);
		assert_int_equal(db_step(&db, st, &e), 0);
	}
	db_close(&db);
}

static void
values_are_bound_by_their_letters_and_run(void **state)
{
	struct db db;
	struct err e = { .text = "" };
	sqlite3_stmt *st;

	(void)state;
	open_memory(&db);
	assert_ok(db_query(&db, SQL_ADD, &e, "it", INT64_MAX, "x"), &e);
	assert_ok(db_query(&db, SQL_ADD, &e, "it", UNKNOWN, NULL), &e);
	assert_ok(db_query(&db, SQL_ADD, &e, "nd", -3), &e);
	assert_ok(db_query(&db, SQL_ADD, &e, "d", INT32_MAX), &e);

	/* A statement that returns rows is run to its end, too. */
	assert_ok(db_query(&db, SQL_ALL, &e, ""), &e);
	assert_non_null(st = db_bind(&db, SQL_ALL, &e, ""));
	assert_false(sqlite3_stmt_busy(st));
	assert_int_equal(db_step(&db, st, &e), 1);
	assert_int_equal(db_int(st, 0), INT64_MAX);
	assert_string_equal(db_text(st, 1), "x");
	assert_int_equal(db_step(&db, st, &e), 1);
	assert_int_equal(sqlite3_column_type(st, 0), SQLITE_NULL);
	assert_int_equal(sqlite3_column_type(st, 1), SQLITE_NULL);
	assert_int_equal(db_step(&db, st, &e), 1);
	assert_int_equal(sqlite3_column_type(st, 0), SQLITE_NULL);
	assert_int_equal(db_int(st, 1), -3);
	assert_int_equal(db_step(&db, st, &e), 1);
	assert_int_equal(db_int(st, 0), INT32_MAX);
	assert_int_equal(sqlite3_column_type(st, 1), SQLITE_NULL);
	assert_int_equal(db_step(&db, st, &e), 0);

	assert_int_equal(db_query(&db, SQL_BAD, &e, "i", INT64_C(1)), -1);
	assert_error(&e, EX_SOFTWARE, "no such table: nowhere");
	assert_null(db_bind(&db, SQL_BAD, &e, "i", INT64_C(1)));
	db_close(&db);
}

static void
a_row_is_found_or_not(void **state)
{
	struct db db;
	struct err e = { .text = "" };

	(void)state;
	open_memory(&db);
	exec(&db, "INSERT INTO t VALUES (1, 'x'), (NULL, 'y')");
	assert_int_equal(db_has_row(&db, SQL_GET, &e, "dt", 1, "x"), 1);
	assert_int_equal(db_has_row(&db, SQL_GET, &e, "it", UNKNOWN, "y"), 1);
	assert_int_equal(db_has_row(&db, SQL_GET, &e, "dt", 1, "y"), 0);
	assert_int_equal(db_has_row(&db, SQL_BAD, &e, ""), -1);
	/* It leaves no statement that holds a lock. */
	assert_int_equal(db_has_row(&db, SQL_ALL, &e, ""), 1);
	exec(&db, "DROP TABLE t");
	db_close(&db);
}

static void
closing_never_checkpoints(void **state)
{
	struct scratch *s = *state;
	struct db db;
	struct err e = { .text = "" };
	struct stat before, after;
	sqlite3_stmt *st;
	int i;

	open_at(&db, scratch_path(s, "db"), MADE);
	exec(&db,
	    "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;"
	    "CREATE TABLE t (n, s); INSERT INTO t VALUES (1, 'x')");
	assert_int_equal(stat(scratch_path(s, "db"), &before), 0);
	db_close(&db);
	for (i = 0; i < 2; i++) {
		assert_int_equal(stat(scratch_path(s, "db"), &after), 0);
		assert_int_equal(after.st_size, before.st_size);
		assert_int_equal(stat(scratch_path(s, "db-wal"), &after), 0);
		assert_true(after.st_size > 0);

		/* What the WAL holds is there all the same. */
		open_at(&db, scratch_path(s, "db"), SQLITE_OPEN_READWRITE);
		st = db_statement(&db, SQL_ALL, &e);
		assert_non_null(st);
		assert_int_equal(db_step(&db, st, &e), 1);
		assert_string_equal(db_text(st, 1), "x");
		db_close(&db);
	}
	/* Twice is once. */
	db_close(&db);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_unit_test(what_is_locked_may_be_had_later),
		scratch_unit_test(what_is_no_database_or_broken_is_bad_data),
		scratch_unit_test(what_cannot_be_opened_is_no_input),
		scratch_unit_test(what_may_only_be_read_is_a_matter_of_rights),
		cmocka_unit_test(what_is_not_allowed_is_a_matter_of_rights),
		cmocka_unit_test(what_is_full_is_an_io_error),
		scratch_unit_test(what_cannot_be_written_is_an_io_error),
		cmocka_unit_test(what_else_fails_is_our_own_fault),
		cmocka_unit_test(a_name_is_escaped_before_it_is_told),
		cmocka_unit_test(a_file_is_not_trusted_with_functions),
		cmocka_unit_test(a_statement_is_prepared_once_and_comes_clean),
		cmocka_unit_test(
		    a_statement_that_fails_is_reset_and_may_be_tried_again),
		cmocka_unit_test(what_is_bound_comes_back),
		cmocka_unit_test(values_are_bound_by_their_letters_and_run),
		cmocka_unit_test(a_row_is_found_or_not),
		scratch_unit_test(closing_never_checkpoints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
