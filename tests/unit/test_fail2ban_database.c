/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The databases that fail2ban has made since 0.8, and files that are none. */
#include <sys/stat.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "fail2ban/database.h"
#include "scratch.h"

#define T INT64_C(1795458480)
#define T_TEXT "1795458480"
#define ANY (1024 * 1024)

/* The schemas of fail2ban 1.0.2 (server/database.py: _CREATE_SCRIPTS) and
 * before. */
#define SCHEMA(n) \
	"CREATE TABLE fail2banDb(version INTEGER);" \
	"INSERT INTO fail2banDb VALUES (" n \
	");" \
	"CREATE TABLE jails(name TEXT NOT NULL UNIQUE," \
	" enabled INTEGER NOT NULL DEFAULT 1);"
#define BANS_OLD \
	"CREATE TABLE bans(jail TEXT NOT NULL, ip TEXT," \
	" timeofban INTEGER NOT NULL, data JSON);"
#define BANS \
	"CREATE TABLE bans(jail TEXT NOT NULL, ip TEXT," \
	" timeofban INTEGER NOT NULL, bantime INTEGER NOT NULL," \
	" bancount INTEGER NOT NULL default 1, data JSON);"
#define BANS_INDEXES \
	"CREATE INDEX bans_jail_timeofban_ip" \
	" ON bans(jail, timeofban);" \
	"CREATE INDEX bans_jail_ip ON bans(jail, ip);" \
	"CREATE INDEX bans_ip ON bans(ip);"
#define BIPS \
	"CREATE TABLE bips(ip TEXT NOT NULL," \
	" jail TEXT NOT NULL, timeofban INTEGER NOT NULL," \
	" bantime INTEGER NOT NULL," \
	" bancount INTEGER NOT NULL default 1, data JSON," \
	" PRIMARY KEY(ip, jail));" \
	"CREATE INDEX bips_timeofban ON bips(timeofban);" \
	"CREATE INDEX bips_ip ON bips(ip);"

/* clang-format off */

static const char *const schemas[] = {
	NULL,
	SCHEMA("1") BANS_OLD BANS_INDEXES,
	SCHEMA("2") BANS_OLD BANS_INDEXES,
	SCHEMA("3") BANS BANS_INDEXES,
	SCHEMA("4") BANS BANS_INDEXES BIPS,
};

/* clang-format on */

/* Make a database; return its path. */
static const char *
make(struct scratch *s, const char *schema, const char *rows)
{
	const char *path = scratch_path(s, "fail2ban.sqlite3");
	sqlite3 *db;

	unlink(path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, schema, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(db, rows, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	sqlite3_close(db);
	return path;
}

static void
open_db(struct fail2ban_database *f, const char *path)
{
	struct err e = { .text = "" };

	assert_ok(fail2ban_database_open(f, path, 0, 60000, &e), &e);
	assert_int_equal(f->version, 0);
	assert_ok(fail2ban_database_check(f, &e), &e);
}

static void
open_new(struct fail2ban_database *f, struct scratch *s, int version,
    const char *rows)
{
	open_db(f, make(s, schemas[version], rows));
	assert_int_equal(f->version, version);
}

static int
find(struct fail2ban_database *f, const char *ident, struct fail2ban_row *row)
{
	struct err e = { .text = "" };
	int rc;

	memset(row, 0, sizeof(*row));
	rc = fail2ban_database_find(f, "sshd", ident, T, ANY, row, &e);
	if (rc == -1)
		fail_msg("%s", e.text);
	return rc;
}

static void
assert_data(const struct fail2ban_row *row, const char *data)
{
	assert_int_equal(row->data_len, strlen(data));
	assert_memory_equal(row->data, data, row->data_len);
}

static void
the_version_is_found_out(void **state)
{
	struct fail2ban_database f;
	int version;

	for (version = 1; version <= 4; version++) {
		open_new(&f, *state, version, "");
		fail2ban_database_close(&f);
	}
}

static void
each_foreign_database_has_its_error(void **state)
{
	static const struct {
		const char *schema;
		int code;
		const char *error;
	} rows[] = {
		{ SCHEMA("5"), EX_PROTOCOL,
		    "version 5 is newer than this program, which knows up to "
		    "4" },
		{ SCHEMA("9223372036854775807"), EX_PROTOCOL, "is newer" },
		{ SCHEMA("0"), EX_DATAERR, "not a database of fail2ban" },
		{ SCHEMA("-1"), EX_DATAERR, "not a database of fail2ban" },
		{ SCHEMA("NULL"), EX_DATAERR, "not a database of fail2ban" },
		{ SCHEMA("'x'"), EX_DATAERR, "not a database of fail2ban" },
		{ SCHEMA("4.5"), EX_DATAERR, "not a database of fail2ban" },
		{ "CREATE TABLE fail2banDb(version INTEGER)", EX_DATAERR,
		    "not a database of fail2ban" },
		{ "CREATE TABLE fail2banDb(x)", EX_DATAERR,
		    "not a database of fail2ban" },
		{ "CREATE TABLE t(x)", EX_DATAERR,
		    "not a database of fail2ban" },
	};
	struct fail2ban_database f;
	struct err e;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(fail2ban_database_open(&f,
				     make(*state, rows[i].schema, ""), 0, 60000,
				     &e),
		    0);
		e = (struct err){ .text = "" };
		assert_int_equal(fail2ban_database_check(&f, &e), -1);
		assert_error(&e, rows[i].code, rows[i].error);
		assert_error(&e, rows[i].code, "fail2ban.sqlite3");
		fail2ban_database_close(&f);
	}
}

static void
each_file_that_cannot_be_opened_has_its_error(void **state)
{
	struct scratch *s = *state;
	struct fail2ban_database f;
	struct err e = { .text = "" };
	char path[PATH_MAX + 2];

	assert_int_equal(
	    fail2ban_database_open(&f, scratch_path(s, "none"), 0, 60000, &e),
	    -1);
	assert_error(&e, EX_NOINPUT, "fail2ban's database: /tmp/unit.");
	assert_error(&e, EX_NOINPUT, "/none: No such file or directory");
	assert_int_equal(fail2ban_database_open(&f, s->folder, 0, 60000, &e),
	    -1);
	assert_error(&e, EX_DATAERR, "not a regular file");
	assert_int_equal(mkfifo(scratch_path(s, "fifo"), 0600), 0);
	alarm(60); /* no process writes to the pipe */
	assert_int_equal(
	    fail2ban_database_open(&f, scratch_path(s, "fifo"), 0, 60000, &e),
	    -1);
	alarm(0);
	assert_error(&e, EX_DATAERR, "not a regular file");
	scratch_write(scratch_path(s, "empty"), "", 0);
	assert_int_equal(
	    fail2ban_database_open(&f, scratch_path(s, "empty"), 0, 60000, &e),
	    -1);
	assert_error(&e, EX_DATAERR, "not an SQLite database");
	scratch_write(scratch_path(s, "short"), "SQLite format 3", 16);
	assert_int_equal(
	    fail2ban_database_open(&f, scratch_path(s, "short"), 0, 60000, &e),
	    -1);
	assert_error(&e, EX_DATAERR, "not an SQLite database");
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(fail2ban_database_open(&f, path, 0, 60000, &e), -1);
	assert_error(&e, EX_NOINPUT, "path too long");
}

static void
a_broken_database_is_bad_data(void **state)
{
	const char *path = make(*state, schemas[4], "");
	struct fail2ban_database f;
	struct err e = { .text = "" };
	char bytes[8192];
	FILE *file = fopen(path, "r+");

	memset(bytes, 'x', sizeof(bytes));
	assert_non_null(file);
	assert_int_equal(fseek(file, 100, SEEK_SET), 0);
	assert_int_equal(fwrite(bytes, 1, sizeof(bytes), file), sizeof(bytes));
	assert_int_equal(fclose(file), 0);
	assert_ok(fail2ban_database_open(&f, path, 0, 60000, &e), &e);
	assert_int_equal(fail2ban_database_check(&f, &e), -1);
	assert_error(&e, EX_DATAERR, "malformed");
	fail2ban_database_close(&f);
}

static void
a_locked_database_is_a_temporary_failure(void **state)
{
	const char *path = make(*state, schemas[4], "");
	struct fail2ban_database f;
	struct fail2ban_row row;
	struct err e = { .text = "" };
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL),
	    SQLITE_OK);
	assert_ok(fail2ban_database_open(&f, path, 0, 60000, &e), &e);
	assert_int_equal(fail2ban_database_check(&f, &e), -1);
	assert_error(&e, EX_TEMPFAIL, "database is locked");
	assert_int_equal(
	    fail2ban_database_find(&f, "sshd", "192.0.2.1", T, ANY, &row, &e),
	    -1);
	assert_error(&e, EX_TEMPFAIL, "database is locked");
	sqlite3_close(db);
	assert_ok(fail2ban_database_check(&f, &e), &e);
	fail2ban_database_close(&f);
}

static void
the_file_is_known_by_device_inode_and_counter(void **state)
{
	const char *path = make(*state, schemas[4], "");
	struct fail2ban_database f;
	struct stat st;
	int64_t counter;
	sqlite3 *db;

	assert_int_equal(stat(path, &st), 0);
	open_db(&f, path);
	assert_int_equal(f.dev, st.st_dev);
	assert_int_equal(f.ino, st.st_ino);
	assert_string_equal(f.path, path);
	counter = f.counter;
	fail2ban_database_close(&f);

	/* The counter stands still, and counts each transaction that writes. */
	open_db(&f, path);
	assert_int_equal(f.counter, counter);
	fail2ban_database_close(&f);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_exec(db,
	    "INSERT INTO jails VALUES ('a', 1);"
	    "INSERT INTO jails VALUES ('b', 1)",
	    NULL, NULL, NULL);
	sqlite3_close(db);
	open_db(&f, path);
	assert_int_equal(f.counter, counter + 2);
	fail2ban_database_close(&f);
}

static void
a_counter_is_never_negative(void **state)
{
	const char *path = make(*state, schemas[4], "");
	struct fail2ban_database f;
	struct err e = { .text = "" };
	FILE *file = fopen(path, "r+");

	assert_non_null(file);
	assert_int_equal(fseek(file, 24, SEEK_SET), 0);
	assert_int_equal(fwrite("\xff\xfe\xfd\xfc", 1, 4, file), 4);
	assert_int_equal(fclose(file), 0);
	assert_ok(fail2ban_database_open(&f, path, 0, 60000, &e), &e);
	assert_int_equal(f.counter, INT64_C(0xfffefdfc));
	fail2ban_database_close(&f);
}

static void
the_last_ban_of_an_id_is_found(void **state)
{
	struct fail2ban_database f;
	int64_t timeofban = 0;
	struct err e = { .text = "" };

	open_new(&f, *state, 4,
	    "INSERT INTO bips(ip, jail, timeofban, bantime, bancount) VALUES"
	    " ('192.0.2.1', 'other', 1795458481, 600, 1),"
	    " ('192.0.2.1', 'sshd', 1795458482, 600, 1)");
	assert_int_equal(fail2ban_database_find_last(&f, "sshd", "192.0.2.1",
			     &timeofban, &e),
	    1);
	assert_int_equal(timeofban, 1795458482);
	assert_int_equal(fail2ban_database_find_last(&f, "sshd", "192.0.2.2",
			     &timeofban, &e),
	    0);
	fail2ban_database_close(&f);
}

static void
a_ban_is_found_by_jail_ident_and_time(void **state)
{
	struct fail2ban_database f;
	struct fail2ban_row row;
	struct err e = { .text = "" };

	open_new(&f, *state, 4,
	    "INSERT INTO bans VALUES"
	    " ('other', '192.0.2.1', " T_TEXT
	    ", 1, 1, '{}'),"
	    " ('sshd', '192.0.2.2', " T_TEXT
	    ", 2, 1, '{}'),"
	    " ('sshd', '192.0.2.1', 1795458481, 3, 1, '{}'),"
	    " ('sshd', '192.0.2.1', " T_TEXT
	    ", 600, 4, CAST('{\"failures\":5}'"
	    " AS BLOB)),"
	    " ('sshd', '192.0.2.1', 1795458479, 5, 1, '{}')");
	assert_int_equal(find(&f, "192.0.2.1", &row), 1);
	assert_int_equal(row.rowid, 4);
	assert_false(row.bad);
	assert_null(row.jail);
	assert_null(row.ident);
	assert_int_equal(row.timeofban, T);
	assert_int_equal(row.seconds, 600);
	assert_int_equal(row.bancount, 4);
	assert_data(&row, "{\"failures\":5}");
	fail2ban_row_free(&row);
	assert_null(row.jail);
	assert_null(row.data);

	assert_int_equal(find(&f, "192.0.2.3", &row), 0);
	assert_int_equal(find(&f, "192.0.2.", &row), 0);
	assert_int_equal(find(&f, "", &row), 0);
	assert_int_equal(find(&f, "192.0.2.1' OR '1", &row), 0);
	assert_int_equal(fail2ban_database_find(&f, "sshd", "192.0.2.1", T + 2,
			     ANY, &row, &e),
	    0);
	assert_int_equal(
	    fail2ban_database_find(&f, "SSHD", "192.0.2.1", T, ANY, &row, &e),
	    0);
	fail2ban_database_close(&f);
}

static void
the_newest_row_of_bans_is_found_before_bips(void **state)
{
#define OLDER "('sshd', '192.0.2.1', " T_TEXT ", 600, 1, 'older')"
#define NEWER "('sshd', '192.0.2.1', " T_TEXT ", 1200, 2, 'newer')"
#define BIP \
	"INSERT INTO bips VALUES ('192.0.2.1', 'sshd', " T_TEXT \
	", 2400, 3, 'bip');"
	static const struct {
		const char *rows;
		int64_t seconds, bancount;
		const char *data;
	} rows[] = {
		{ "INSERT INTO bans VALUES " OLDER, 600, 1, "older" },
		{ "INSERT INTO bans VALUES " OLDER "," NEWER, 1200, 2,
		    "newer" },
		{ BIP, 2400, 3, "bip" },
		{ BIP "INSERT INTO bans VALUES " OLDER, 600, 1, "older" },
		{ BIP "INSERT INTO bans VALUES " OLDER "," NEWER, 1200, 2,
		    "newer" },
		/* A ban of another second in bans does not count. */
		{ BIP "INSERT INTO bans VALUES ('sshd', '192.0.2.1', 1, 7, 7,"
		      "'x')",
		    2400, 3, "bip" },
	};
	struct fail2ban_database f;
	struct fail2ban_row row;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		open_new(&f, *state, 4, rows[i].rows);
		assert_int_equal(find(&f, "192.0.2.1", &row), 1);
		assert_int_equal(row.seconds, rows[i].seconds);
		assert_int_equal(row.bancount, rows[i].bancount);
		assert_data(&row, rows[i].data);
		fail2ban_row_free(&row);
		fail2ban_database_close(&f);
	}
}

static void
an_ident_may_be_any_text(void **state)
{
	static const char *const idents[] = { "2001:db8::1", "198.51.100.0/24",
		"any text", "a'b\"c", "\xc3\xa9", "--", "%_*", "a\nb" };
	struct fail2ban_database f;
	struct fail2ban_row row;
	char *insert;
	size_t i;

	for (i = 0; i < ARRAY_LEN(idents); i++) {
		insert = sqlite3_mprintf(
		    "INSERT INTO bans VALUES"
		    " ('sshd', %Q, " T_TEXT ", 600, 1, '{}')",
		    idents[i]);
		open_new(&f, *state, 4, insert);
		sqlite3_free(insert);
		assert_int_equal(find(&f, idents[i], &row), 1);
		fail2ban_row_free(&row);
		fail2ban_database_close(&f);
	}
}

static void
a_cell_is_read_by_its_type(void **state)
{
	static const struct {
		const char *bantime, *bancount, *data;
		int64_t seconds, count;
		const char *bytes;
	} rows[] = {
		{ "600", "1", "'{}'", 600, 1, "{}" },
		{ "0", "0", "'{}'", 0, 0, "{}" },
		{ "-1", "1", "'{}'", -1, 1, "{}" },
		{ "-2", "1", "'{}'", UNKNOWN, 1, "{}" },
		{ "-3", "1", "'{}'", -1, 1, "{}" },
		{ "45.2831853", "1", "'{}'", 45, 1, "{}" },
		{ "45.9999", "2.5", "'{}'", 45, 2, "{}" },
		{ "-1.0", "1", "'{}'", -1, 1, "{}" },
		{ "1e300", "1", "'{}'", UNKNOWN, 1, "{}" },
		{ "-1e300", "1e300", "'{}'", UNKNOWN, UNKNOWN, "{}" },
		{ "9e999", "-9e999", "'{}'", UNKNOWN, UNKNOWN, "{}" },
		{ "100000000000000", "1", "'{}'", 100000000000000, 1, "{}" },
		{ "'x'", "'x'", "'{}'", UNKNOWN, UNKNOWN, "{}" },
		{ "x'00'", "x'00'", "'{}'", UNKNOWN, UNKNOWN, "{}" },
		{ "'600'", "'1'", "'{}'", 600, 1, "{}" },
		{ "600", "-1", "'{}'", 600, UNKNOWN, "{}" },
		{ "600", "1", "NULL", 600, 1, NULL },
		{ "600", "1", "x'7b7d'", 600, 1, "{}" },
		{ "600", "1", "x'ff'", 600, 1, "\xff" },
		{ "600", "1", "''", 600, 1, NULL },
		{ "600", "1", "42", 600, 1, "42" },
	};
	struct fail2ban_database f;
	struct fail2ban_row row;
	char insert[300];
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(insert, sizeof(insert),
		    "INSERT INTO bans VALUES ('sshd', 'x', " T_TEXT
		    ", %s, %s, %s)",
		    rows[i].bantime, rows[i].bancount, rows[i].data);
		open_new(&f, *state, 4, insert);
		assert_int_equal(find(&f, "x", &row), 1);
		assert_false(row.bad);
		assert_int_equal(row.seconds, rows[i].seconds);
		assert_int_equal(row.bancount, rows[i].count);
		if (rows[i].bytes == NULL)
			assert_null(row.data);
		else
			assert_data(&row, rows[i].bytes);
		fail2ban_row_free(&row);
		fail2ban_database_close(&f);
	}
}

static void
data_that_are_too_long_are_left_out(void **state)
{
	struct fail2ban_database f;
	struct fail2ban_row row;
	struct err e = { .text = "" };
	int64_t max;

	open_new(&f, *state, 4,
	    "INSERT INTO bans VALUES ('sshd', 'x', " T_TEXT
	    ", 600, 1, CAST('12345678' AS BLOB))");
	for (max = 0; max <= 9; max++) {
		assert_int_equal(
		    fail2ban_database_find(&f, "sshd", "x", T, max, &row, &e),
		    1);
		assert_int_equal(row.seconds, 600);
		if (max < 8)
			assert_null(row.data);
		else
			assert_data(&row, "12345678");
		fail2ban_row_free(&row);
	}
	fail2ban_database_close(&f);
}

/* Schemas without the constraints: another program may have dropped them. */
#define LOOSE \
	SCHEMA("4") \
	"CREATE TABLE bans(jail, ip, timeofban, bantime, bancount," \
	" data);" \
	"CREATE TABLE bips(ip, jail, timeofban, bantime, bancount," \
	" data);"

static void
a_row_of_the_wrong_types_is_bad(void **state)
{
	static const struct {
		const char *values;
		bool bad;
	} rows[] = {
		{ "'sshd', 'x', 1795458480", false },
		{ "'sshd', 'x', 0", false },
		{ "'sshd', 'x', 1795458480.0", false },
		{ "'sshd', 'x', 9223372036852", false },
		{ "NULL, 'x', 1", true },
		{ "'sshd', NULL, 1", true },
		{ "'sshd', 'x', NULL", true },
		{ "7, 'x', 1", true },
		{ "'sshd', 7, 1", true },
		{ "'sshd', 7.5, 1", true },
		{ "x'73', 'x', 1", true },
		{ "'sshd', x'73', 1", true },
		{ "'', 'x', 1", true },
		{ "'sshd', '', 1", true },
		{ "'sshd', 'x', '1'", true },
		{ "'sshd', 'x', x'31'", true },
		{ "'sshd', 'x', -1", true },
		{ "'sshd', 'x', 9223372036854", true },
		{ "'sshd', 'x', 9223372036854775807", true },
		{ "'sshd', 'x', 1e300", true },
	};
	struct fail2ban_database f;
	struct fail2ban_row row;
	struct err e = { .text = "" };
	char insert[400];
	size_t i, n;

	for (i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		snprintf(insert, sizeof(insert),
		    "INSERT INTO %s (rowid, jail, ip, timeofban, bantime,"
		    " bancount, data) VALUES (7, %s, 600, 1, '{}')",
		    i % 2 == 0 ? "bans" : "bips", rows[i / 2].values);
		open_db(&f, make(*state, LOOSE, insert));
		assert_ok(fail2ban_database_read(&f,
			      i % 2 == 0 ? FAIL2BAN_BANS : FAIL2BAN_BIPS, 0,
			      &row, 1, &n, &e),
		    &e);
		assert_int_equal(n, 1);
		if (row.bad != rows[i / 2].bad)
			fail_msg("%s: %d", rows[i / 2].values, row.bad);
		assert_int_equal(row.rowid, 7);
		if (row.bad) {
			assert_null(row.jail);
			assert_null(row.ident);
			assert_null(row.data);
		}
		fail2ban_row_free(&row);
		fail2ban_database_close(&f);
	}
}

static void
texts_that_are_not_utf8_are_mended(void **state)
{
	struct fail2ban_database f;
	struct fail2ban_row row;
	struct err e = { .text = "" };
	size_t n;

	open_new(&f, *state, 4,
	    "INSERT INTO bans VALUES (CAST(x'61ff' AS TEXT),"
	    " CAST(x'620063' AS TEXT), " T_TEXT ", 600, 1, x'00ff')");
	assert_ok(fail2ban_database_read(&f, FAIL2BAN_BANS, 0, &row, 1, &n, &e),
	    &e);
	assert_int_equal(n, 1);
	assert_string_equal(row.jail, "a\xef\xbf\xbd");
	assert_string_equal(row.ident, "b\357\277\275c");
	assert_int_equal(row.data_len, 2);
	assert_memory_equal(row.data, "\0\xff", 2);
	fail2ban_row_free(&row);
	fail2ban_database_close(&f);
}

#define MANY_ROWS \
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n" \
	" WHERE i < 1000) INSERT INTO "

static void
tables_are_read_in_chunks_to_their_end(void **state)
{
	static const struct {
		int version;
		enum fail2ban_table table;
		const char *insert;
		int64_t seconds, bancount;
	} rows[] = {
		{ 1, FAIL2BAN_BANS,
		    "bans SELECT 'sshd', 'x' || i, i, '{}'"
		    " FROM n",
		    UNKNOWN, UNKNOWN },
		{ 2, FAIL2BAN_BANS,
		    "bans SELECT 'sshd', 'x' || i, i, '{}'"
		    " FROM n",
		    UNKNOWN, UNKNOWN },
		{ 3, FAIL2BAN_BANS,
		    "bans SELECT 'sshd', 'x' || i, i, 600, 2,"
		    " '{}' FROM n",
		    600, 2 },
		{ 4, FAIL2BAN_BANS,
		    "bans SELECT 'sshd', 'x' || i, i, 600, 2,"
		    " '{}' FROM n",
		    600, 2 },
		{ 4, FAIL2BAN_BIPS,
		    "bips SELECT 'x' || i, 'sshd', i, 600, 2,"
		    " '{}' FROM n",
		    600, 2 },
	};
	struct fail2ban_database f;
	struct fail2ban_row chunk[64];
	struct err e = { .text = "" };
	char insert[400], ident[16];
	int64_t after;
	size_t i, k, n;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(insert, sizeof(insert), MANY_ROWS "%s",
		    rows[i].insert);
		open_new(&f, *state, rows[i].version, insert);
		after = 0;
		do {
			assert_ok(fail2ban_database_read(&f, rows[i].table,
				      after, chunk, ARRAY_LEN(chunk), &n, &e),
			    &e);
			for (k = 0; k < n; k++) {
				assert_int_equal(chunk[k].rowid, after + 1);
				after = chunk[k].rowid;
				snprintf(ident, sizeof(ident), "x%d",
				    (int)after);
				assert_string_equal(chunk[k].ident, ident);
				assert_string_equal(chunk[k].jail, "sshd");
				assert_int_equal(chunk[k].timeofban, after);
				assert_int_equal(chunk[k].seconds,
				    rows[i].seconds);
				assert_int_equal(chunk[k].bancount,
				    rows[i].bancount);
				assert_data(&chunk[k], "{}");
				fail2ban_row_free(&chunk[k]);
			}
		} while (n == ARRAY_LEN(chunk));
		assert_int_equal(after, 1000);
		fail2ban_database_close(&f);
	}
}

static void
before_version_4_there_are_no_bips(void **state)
{
	struct fail2ban_database f;
	struct fail2ban_row row;
	struct err e = { .text = "" };
	size_t n;
	int version;

	for (version = 1; version <= 3; version++) {
		open_new(&f, *state, version, "");
		n = 7;
		assert_ok(fail2ban_database_read(&f, FAIL2BAN_BIPS, 0, &row, 1,
			      &n, &e),
		    &e);
		assert_int_equal(n, 0);
		fail2ban_database_close(&f);
	}
}

static void
a_chunk_ends_after_a_mebibyte(void **state)
{
	struct fail2ban_database f;
	struct fail2ban_row rows[10];
	struct err e = { .text = "" };
	size_t n, i;

	/* Rows of 0.4 MiB; the third exceeds the chunk. One is too long to be
	 * read. */
	open_new(&f, *state, 4,
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
	    " WHERE i < 5) INSERT INTO bans SELECT 'sshd', 'x', i, 600, 1,"
	    " zeroblob(CASE i WHEN 1 THEN 4194305 ELSE 419430 END) FROM n");
	assert_ok(fail2ban_database_read(&f, FAIL2BAN_BANS, 0, rows,
		      ARRAY_LEN(rows), &n, &e),
	    &e);
	assert_int_equal(n, 4);
	assert_null(rows[0].data);
	assert_int_equal(rows[0].data_len, 4194305);
	assert_int_equal(rows[1].data_len, 419430);
	for (i = 0; i < n; i++)
		fail2ban_row_free(&rows[i]);
	assert_ok(fail2ban_database_read(&f, FAIL2BAN_BANS, 4, rows,
		      ARRAY_LEN(rows), &n, &e),
	    &e);
	assert_int_equal(n, 1);
	assert_int_equal(rows[0].rowid, 5);
	fail2ban_row_free(&rows[0]);
	fail2ban_database_close(&f);
}

static void
rows_before_a_failure_are_returned_first(void **state)
{
	struct fail2ban_database f;
	struct fail2ban_row rows[10];
	struct err e = { .text = "" };
	size_t n;

	open_new(&f, *state, 4,
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
	    " WHERE i < 4) INSERT INTO bans SELECT 'sshd',"
	    " hex(zeroblob(CASE i WHEN 3 THEN 100000 ELSE 2 END)), i, 600, 1,"
	    " '{}' FROM n");
	sqlite3_limit(f.db.handle, SQLITE_LIMIT_LENGTH, 100000);
	assert_ok(fail2ban_database_read(&f, FAIL2BAN_BANS, 0, rows,
		      ARRAY_LEN(rows), &n, &e),
	    &e);
	assert_int_equal(n, 2);
	for (size_t i = 0; i < n; i++)
		fail2ban_row_free(&rows[i]);
	assert_int_equal(fail2ban_database_read(&f, FAIL2BAN_BANS, 2, rows,
			     ARRAY_LEN(rows), &n, &e),
	    -1);
	assert_int_equal(n, 0);
	fail2ban_database_close(&f);
}

/*
 * After each call fail2ban can write at once: a shared lock that stays would
 * make it lose a ban.
 */
static void
no_lock_is_held_between_two_calls(void **state)
{
	struct scratch *s = *state;
	struct fail2ban_database f;
	struct fail2ban_row rows[2];
	struct err e = { .text = "" };
	int64_t v;
	char key[64];
	sqlite3 *db;
	size_t n, step;

	open_new(&f, s, 4,
	    "INSERT INTO bans VALUES ('sshd', 'x', " T_TEXT
	    ", 600, 1, '{}'),"
	    " ('sshd', 'x', " T_TEXT
	    ", 600, 1, '{}'),"
	    " ('sshd', 'y', " T_TEXT
	    ", 600, 1, '{}');"
	    "INSERT INTO bips VALUES ('x', 'sshd', " T_TEXT ", 600, 1, '{}')");
	assert_int_equal(sqlite3_open(f.path, &db), SQLITE_OK);
	for (step = 0; step < 7; step++) {
		n = 0;
		switch (step) {
		case 0:
			assert_ok(fail2ban_database_check(&f, &e), &e);
			break;
		case 1:
			assert_int_equal(find(&f, "x", &rows[0]), n = 1);
			break;
		case 2:
			assert_int_equal(find(&f, "none", &rows[0]), 0);
			break;
		case 3:
			assert_ok(fail2ban_database_read(&f, FAIL2BAN_BANS, 0,
				      rows, 2, &n, &e),
			    &e);
			assert_int_equal(n, 2);
			break;
		case 4:
			assert_ok(fail2ban_database_read(&f, FAIL2BAN_BIPS, 0,
				      rows, 1, &n, &e),
			    &e);
			assert_int_equal(n, 1);
			break;
		case 5:
			assert_ok(fail2ban_database_key(&f, 1, key, &e), &e);
			break;
		default:
			assert_ok(fail2ban_database_newest(&f, &v, &e), &e);
		}
		assert_int_equal(sqlite3_exec(db,
				     "BEGIN EXCLUSIVE; INSERT INTO jails "
				     "VALUES (hex(randomblob(9)), 1); COMMIT",
				     NULL, NULL, NULL),
		    SQLITE_OK);
		while (n > 0)
			fail2ban_row_free(&rows[--n]);
	}
	sqlite3_close(db);
	fail2ban_database_close(&f);
}

static void
the_database_is_opened_read_only(void **state)
{
	struct fail2ban_database f;
	struct err e = { .text = "" };

	open_new(&f, *state, 4, "");
	assert_int_equal(db_exec(&f.db, "DELETE FROM bans", &e), -1);
	assert_int_equal(e.code, EX_NOPERM);
	fail2ban_database_close(&f);
}

static void
two_rows_have_two_keys(void **state)
{
	char keys[8][64];
	struct fail2ban_database f;
	struct err e = { .text = "" };
	open_new(&f, *state, 4,
	    "INSERT INTO bans VALUES"
	    " ('sshd', '192.0.2.1', 1795458480, 600, 1, '{}'),"
	    " ('sshd', '192.0.2.1', 1795458481, 600, 1, '{}'),"
	    " ('a-jail-of-a-long-name', '192.0.2.1', 1795458480, 1, 1, ''),"
	    " ('sshd', 'a' || char(10) || 'b', 1795458480, 600, 1, '{}'),"
	    " ('sshd', replace(hex(zeroblob(99)), '0', 'x'), 1795458480, 6, 1,"
	    " ''), ('sshd', NULL, 1795458480, 600, 1, '{}')");
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		assert_ok(fail2ban_database_key(&f, (int64_t)i, keys[i], &e),
		    &e);
		assert_int_equal(strlen(keys[i]), i == 0 || i == 7 ? 0 : 32);
		assert_int_equal(strspn(keys[i], "0123456789abcdef"),
		    strlen(keys[i]));
		for (size_t other = 0; other < i && i < 7; other++)
			assert_string_not_equal(keys[i], keys[other]);
	}
	fail2ban_database_close(&f);
}

static void
the_newest_time_is_read(void **state)
{
	static const struct {
		int version;
		const char *rows;
		int64_t newest;
	} rows[] = {
		{ 1, "", UNKNOWN },
		{ 3, "", UNKNOWN },
		{ 4, "", UNKNOWN },
		{ 2,
		    "INSERT INTO bans (rowid, jail, ip, timeofban) VALUES"
		    " (3, 'sshd', 'x', 7), (9, 'sshd', 'x', 8)",
		    8 },
		{ 3,
		    "INSERT INTO bans (rowid, jail, ip, timeofban, bantime)"
		    " VALUES (3, 'sshd', 'x', 7, 1), (9, 'sshd', 'x', 8, 1)",
		    8 },
		{ 4,
		    "INSERT INTO bans (rowid, jail, ip, timeofban, bantime)"
		    " VALUES (3, 'sshd', 'x', 7, 1), (9, 'sshd', 'x', 8, 1);"
		    "INSERT INTO bips (jail, ip, timeofban, bantime) VALUES"
		    " ('sshd', 'x', 8, 1), ('sshd', 'y', 5, 1)",
		    8 },
	};
	struct fail2ban_database f;
	struct err e = { .text = "" };
	int64_t newest;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		open_new(&f, *state, rows[i].version, rows[i].rows);
		assert_ok(fail2ban_database_newest(&f, &newest, &e), &e);
		assert_int_equal(newest, rows[i].newest);
		fail2ban_database_close(&f);
	}
}

/* Return the number of steps of SQLite's machine since the last call. */
static int
steps(struct fail2ban_database *f)
{
	int i, n = 0;

	for (i = 0; i < f->db.count; i++) {
		if (f->db.statements[i] == NULL)
			continue;
		n += sqlite3_stmt_status(f->db.statements[i],
		    SQLITE_STMTSTATUS_VM_STEP, 1);
		assert_int_equal(sqlite3_stmt_status(f->db.statements[i],
				     SQLITE_STMTSTATUS_FULLSCAN_STEP, 1),
		    0);
		assert_int_equal(sqlite3_stmt_status(f->db.statements[i],
				     SQLITE_STMTSTATUS_SORT, 1),
		    0);
	}
	return n;
}

/* Add one ban, n others of its jail and second, and n others of its id. */
#define CROWD \
	"INSERT INTO bans VALUES ('sshd', '192.0.2.1', " T_TEXT \
	", 600, 1, '{}');" \
	"INSERT INTO bips VALUES ('192.0.2.2', 'sshd', " T_TEXT \
	", 600, 1, '{}');" \
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n" \
	" WHERE i < %d) INSERT INTO bans SELECT CASE i %% 2 WHEN 0" \
	" THEN 'sshd' ELSE 'other' END, CASE i %% 2 WHEN 0" \
	" THEN 'x' || i ELSE '192.0.2.1' END, " T_TEXT \
	", 600, 1, '{}'" \
	" FROM n;" \
	"INSERT OR IGNORE INTO bips SELECT CASE rowid %% 2 WHEN 0" \
	" THEN 'y' || rowid ELSE '192.0.2.2' END, CASE rowid %% 2 WHEN 0" \
	" THEN 'sshd' ELSE 'j' || rowid END, " T_TEXT \
	", 600, 1, '{}'" \
	" FROM bans;"

static void
the_look_up_costs_the_same_among_many_rows(void **state)
{
	static const char *const idents[] = { "192.0.2.1", "192.0.2.2",
		"192.0.2.3" };
	static const char *const then[] = { "", "ANALYZE" };
	static const int crowds[] = { 2, 5000 };
	struct fail2ban_database f;
	struct fail2ban_row row;
	char rows[1000];
	int cost[ARRAY_LEN(idents)] = { 0 }, now;
	size_t i, k, c;

	for (i = 0; i < ARRAY_LEN(then); i++) {
		for (c = 0; c < ARRAY_LEN(crowds); c++) {
			snprintf(rows, sizeof(rows), CROWD "%s", crowds[c],
			    then[i]);
			open_new(&f, *state, 4, rows);
			steps(&f);
			for (k = 0; k < ARRAY_LEN(idents); k++) {
				assert_int_equal(find(&f, idents[k], &row),
				    k < 2);
				fail2ban_row_free(&row);
				now = steps(&f);
				assert_true(now > 0);
				if (i == 0 && c == 0)
					cost[k] = now;
				assert_int_equal(now, cost[k]);
			}
			fail2ban_database_close(&f);
		}
	}
}

/* So many bans of one id at other times, and so many bans of the second. */
#define LONG_HISTORY \
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n" \
	" WHERE i < %d) INSERT INTO bans SELECT 'sshd', '192.0.2.1'," \
	" " T_TEXT \
	" + i, 600, 1, '{}' FROM n;" \
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n" \
	" WHERE i < %d) INSERT INTO bans SELECT 'sshd', 'x' || i, " T_TEXT \
	", 600, 1, '{}' FROM n;"
#define OLDEST \
	"INSERT INTO bans VALUES ('sshd', '192.0.2.1', " T_TEXT \
	", 600, 1, '{}');"

/* Look up a ban of the second; return the steps that SQLite takes. */
static int
cost_of(struct scratch *s, const char *oldest, int bans, int crowd,
    bool in_order)
{
	struct fail2ban_database f;
	struct fail2ban_row row;
	char rows[1000];
	int cost;

	snprintf(rows, sizeof(rows), "%s" LONG_HISTORY, oldest, bans, crowd);
	open_new(&f, s, 4, rows);
	f.in_order = in_order;
	steps(&f);
	assert_int_equal(find(&f, "192.0.2.1", &row), oldest[0] != '\0');
	fail2ban_row_free(&row);
	cost = steps(&f);
	fail2ban_database_close(&f);
	return cost;
}

/*
 * An event looked again and again for a row that was not there yet, and read
 * all rows of the id each time.
 */
static void
the_look_up_reads_neither_a_long_history_nor_a_crowded_second(void **state)
{
	static const char *const oldest[] = { "", OLDEST };

	for (size_t i = 0; i < ARRAY_LEN(oldest); i++) {
		for (int in_order = 0; in_order < 2; in_order++) {
			int few = cost_of(*state, oldest[i], 100, 2, in_order),
			    crowd =
				cost_of(*state, oldest[i], 2, 100, in_order);

			assert_true(few < 400);
			assert_true(crowd < 400);
			assert_int_equal(few,
			    cost_of(*state, oldest[i], 5000, 2, in_order));
			assert_int_equal(crowd,
			    cost_of(*state, oldest[i], 2, 5000, in_order));
		}
	}
}

/* A database of somebody's may have fewer indexes than fail2ban makes. */
static void
a_row_is_found_without_an_index(void **state)
{
	static const char *const drops[] = { "DROP INDEX bans_jail_ip",
		"DROP INDEX bans_jail_timeofban_ip" };
	struct fail2ban_database f;
	struct fail2ban_row row;
	char rows[1000];

	for (size_t i = 0; i < ARRAY_LEN(drops); i++) {
		for (int in_order = 0; in_order < 2; in_order++) {
			snprintf(rows, sizeof(rows), OLDEST LONG_HISTORY "%s",
			    50, 50, drops[i]);
			open_new(&f, *state, 4, rows);
			f.in_order = in_order;
			assert_int_equal(find(&f, "192.0.2.1", &row), 1);
			assert_int_equal(row.rowid, 1);
			fail2ban_row_free(&row);
			assert_int_equal(find(&f, "192.0.2.9", &row), 0);
			fail2ban_database_close(&f);
		}
	}
}

/* Return SQLite's plan for a statement, in one line. */
static void
explain(struct fail2ban_database *f, const char *sql, char *plan, size_t cap)
{
	char *text = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);
	sqlite3_stmt *st;
	size_t at = 0;

	if (sqlite3_prepare_v2(f->db.handle, text, -1, &st, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(f->db.handle));
	plan[0] = '\0';
	while (sqlite3_step(st) == SQLITE_ROW && at < cap)
		at += (size_t)snprintf(plan + at, cap - at, "%s; ",
		    (const char *)sqlite3_column_text(st, 3));
	sqlite3_finalize(st);
	sqlite3_free(text);
}

static void
the_look_up_uses_the_index_of_jail_and_id(void **state)
{
	static const char *const plans[] = {
		"USING INDEX bans_jail_ip (jail=? AND ip=?)",
		"USING INDEX sqlite_autoindex_bips_1 (ip=? AND jail=?)",
	};
	struct fail2ban_database f;
	struct fail2ban_row row;
	char rows[1000], plan[400];
	size_t found = 0;
	int i;

	snprintf(rows, sizeof(rows), CROWD, 100);
	open_new(&f, *state, 4, rows);
	assert_int_equal(find(&f, "192.0.2.3", &row), 0);
	for (i = 0; i < f.db.count; i++) {
		/* All prepared statements, except that of the version. */
		if (f.db.statements[i] == NULL ||
		    strstr(f.db.sql[i], "fail2banDb") != NULL)
			continue;
		assert_true(found < ARRAY_LEN(plans));
		explain(&f, f.db.sql[i], plan, sizeof(plan));
		if (strstr(plan, plans[found]) == NULL ||
		    strstr(plan, "TEMP B-TREE") != NULL)
			fail_msg("%s", plan);
		found++;
	}
	assert_int_equal(found, ARRAY_LEN(plans));
	fail2ban_database_close(&f);
}

/* Only a statement that asks for the greatest value reads a whole table. */
static void
no_statement_sorts(void **state)
{
	struct fail2ban_database f;
	char plan[400];
	int i;

	open_new(&f, *state, 4, "");
	for (i = 0; i < f.db.count; i++) {
		explain(&f, f.db.sql[i], plan, sizeof(plan));
		if (strstr(plan, "TEMP B-TREE") != NULL)
			fail_msg("%s: %s", f.db.sql[i], plan);
	}
	fail2ban_database_close(&f);
}

/* The index of times would be slow: a thousand bans may have one second. */
static void
a_row_of_bips_is_found_in_bans_by_jail_and_id(void **state)
{
	struct fail2ban_row rows[4];
	struct fail2ban_database f;
	struct err e = { .text = "" };
	char plan[400];
	size_t n = 0, found = 0;

	open_new(&f, *state, 4,
	    "INSERT INTO bans VALUES('sshd', 'a', 1, 600, 1, x'7b7d');"
	    "INSERT INTO bips VALUES('a', 'sshd', 1, 600, 1, x'7b7d');"
	    "INSERT INTO bips VALUES('b', 'sshd', 1, 600, 1, x'7b7d');"
	    "INSERT INTO bips VALUES('a', 'web', 1, 600, 1, x'7b7d')");
	/* A slow reading returns fewer rows at a time. */
	for (size_t read = 0; read < 3; read += n) {
		assert_ok(fail2ban_database_read(&f, FAIL2BAN_BIPS,
			      (int64_t)read, rows, 4, &n, &e),
		    &e);
		assert_in_range(n, 1, 3 - read);
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(rows[i].twin, read + i == 0);
			assert_int_equal(rows[i].jail == NULL, read + i == 0);
			fail2ban_row_free(&rows[i]);
		}
	}
	for (int i = 0; i < f.db.count; i++) {
		if (f.db.statements[i] == NULL ||
		    strstr(f.db.sql[i], "AS twin") == NULL)
			continue;
		explain(&f, f.db.sql[i], plan, sizeof(plan));
		if (strstr(plan, "bans_jail_ip (jail=? AND ip=?)") == NULL)
			fail_msg("%s", plan);
		found++;
	}
	assert_int_equal(found, 1);
	fail2ban_database_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_unit_test(
		    a_row_of_bips_is_found_in_bans_by_jail_and_id),
		scratch_unit_test(the_version_is_found_out),
		scratch_unit_test(each_foreign_database_has_its_error),
		scratch_unit_test(
		    each_file_that_cannot_be_opened_has_its_error),
		scratch_unit_test(a_broken_database_is_bad_data),
		scratch_unit_test(a_locked_database_is_a_temporary_failure),
		scratch_unit_test(
		    the_file_is_known_by_device_inode_and_counter),
		scratch_unit_test(a_counter_is_never_negative),
		scratch_unit_test(the_last_ban_of_an_id_is_found),
		scratch_unit_test(a_ban_is_found_by_jail_ident_and_time),
		scratch_unit_test(the_newest_row_of_bans_is_found_before_bips),
		scratch_unit_test(an_ident_may_be_any_text),
		scratch_unit_test(a_cell_is_read_by_its_type),
		scratch_unit_test(data_that_are_too_long_are_left_out),
		scratch_unit_test(a_row_of_the_wrong_types_is_bad),
		scratch_unit_test(texts_that_are_not_utf8_are_mended),
		scratch_unit_test(tables_are_read_in_chunks_to_their_end),
		scratch_unit_test(before_version_4_there_are_no_bips),
		scratch_unit_test(a_chunk_ends_after_a_mebibyte),
		scratch_unit_test(rows_before_a_failure_are_returned_first),
		scratch_unit_test(no_lock_is_held_between_two_calls),
		scratch_unit_test(the_database_is_opened_read_only),
		scratch_unit_test(two_rows_have_two_keys),
		scratch_unit_test(the_newest_time_is_read),
		scratch_unit_test(the_look_up_costs_the_same_among_many_rows),
		scratch_unit_test(
		    the_look_up_reads_neither_a_long_history_nor_a_crowded_second),
		scratch_unit_test(a_row_is_found_without_an_index),
		scratch_unit_test(the_look_up_uses_the_index_of_jail_and_id),
		scratch_unit_test(no_statement_sorts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
