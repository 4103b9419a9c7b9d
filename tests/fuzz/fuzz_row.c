/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A row of fail2ban's database with any values in its cells. The database is a
 * real file, but its columns have no types, so that each cell gets the value of
 * the input: a byte of version (3 bits) and table (1 bit), then rowid, jail,
 * ip, timeofban, bantime, bancount and data, each a kind and its bytes.
 */
#include "base/timestamp.h"
#include "base/utf8.h"
#include "fail2ban/database.h"
#include "fuzz.h"

#define MAX_DATA 64
#define COLUMNS "(rowid, jail, ip, timeofban, bantime, bancount, data) "
#define CELLS 7
#define FIRST (-INT64_MAX) /* not UNKNOWN, which is NULL */

/* clang-format off */

enum { SQL_VERSION, SQL_NO_BANS, SQL_NO_BIPS, SQL_PUT_BAN, SQL_PUT_BIP,
	SQL_JUDGE, SQL_COUNT };

static const char *const sql[SQL_COUNT] = {
	[SQL_VERSION] = "UPDATE fail2banDb SET version = ?1",
	[SQL_NO_BANS] = "DELETE FROM bans",
	[SQL_NO_BIPS] = "DELETE FROM bips",
	[SQL_PUT_BAN] = "INSERT INTO bans " COLUMNS
	    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[SQL_PUT_BIP] = "INSERT INTO bips " COLUMNS
	    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	/* True when a row must be a ban; true when it has the read values. */
	[SQL_JUDGE] = "SELECT typeof(jail) = 'text' AND typeof(ip) = 'text' "
	    "AND length(CAST(jail AS BLOB)) > 0 "
	    "AND length(CAST(ip AS BLOB)) > 0 "
	    "AND typeof(timeofban) = 'integer' "
	    "AND timeofban BETWEEN 0 AND 9223372036854775807 / 1000000 - 1, "
	    "jail IS ?1 AND ip IS ?2 AND timeofban IS ?3 "
	    "FROM (SELECT jail, ip, timeofban FROM bans "
	    "UNION ALL SELECT jail, ip, timeofban FROM bips)",
};

/* clang-format on */

static const char schema[] =
    "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
    "CREATE TABLE fail2banDb(version); INSERT INTO fail2banDb VALUES (0);"
    "CREATE TABLE bans(jail, ip, timeofban, bantime, bancount, data);"
    "CREATE INDEX bans_jail_ip ON bans(jail, ip);"
    "CREATE TABLE bips(ip, jail, timeofban, bantime, bancount, data);"
    "CREATE INDEX bips_jail_ip ON bips(ip, jail);";

static struct db writer;

struct input {
	const uint8_t *at;
	size_t left;
};

/* Take the next *n bytes, fewer at the end. */
static const void *
take(struct input *in, size_t *n)
{
	const uint8_t *at = in->at;

	if (*n > in->left)
		*n = in->left;
	in->at += *n;
	in->left -= *n;
	return at;
}

static void
take_number(struct input *in, void *number, size_t n)
{
	memset(number, 0, n);
	memcpy(number, take(in, &n), n);
}

/* Bind the next cell: a whole number, a real one, a text, bytes, or none. */
static void
bind_cell(sqlite3_stmt *st, int i, struct input *in)
{
	unsigned char kind, length;
	const void *bytes;
	int64_t whole;
	double real;
	size_t n;

	take_number(in, &kind, 1);
	if (kind % 5 == 1) {
		take_number(in, &whole, sizeof(whole));
		sqlite3_bind_int64(st, i, whole);
	} else if (kind % 5 == 2) {
		take_number(in, &real, sizeof(real));
		sqlite3_bind_double(st, i, real);
	} else if (kind % 5 != 0) {
		take_number(in, &length, 1);
		n = length;
		bytes = take(in, &n);
		if (kind % 5 == 3)
			sqlite3_bind_text(st, i, bytes, (int)n, SQLITE_STATIC);
		else
			sqlite3_bind_blob(st, i, bytes, (int)n, SQLITE_STATIC);
	}
}

/* Return false when SQLite refuses the rowid, or it is below FIRST. */
static bool
write_row(struct input in)
{
	unsigned char head;
	struct err e;
	sqlite3_stmt *st;
	bool written;

	take_number(&in, &head, 1);
	must(db_exec(&writer, "BEGIN", &e) == 0);
	must(db_query(&writer, SQL_VERSION, &e, "d", (int)(head & 7)) == 0);
	for (int i = SQL_NO_BANS; i <= SQL_NO_BIPS; i++)
		must(db_run(&writer, db_statement(&writer, i, &e), &e) == 0);
	st = db_statement(&writer, (head & 8) == 0 ? SQL_PUT_BAN : SQL_PUT_BIP,
	    &e);
	must(st != NULL);
	for (int i = 1; i <= CELLS; i++)
		bind_cell(st, i, &in);
	written = db_run(&writer, st, &e) == 0 &&
	    sqlite3_last_insert_rowid(writer.handle) > FIRST;
	must(db_exec(&writer, "COMMIT", &e) == 0);
	return written;
}

static void
check_row(const struct fail2ban_row *row)
{
	if (row->bad) {
		must(row->jail == NULL && row->ident == NULL);
		must(row->data == NULL);
		return;
	}
	must(row->jail[0] != '\0' && row->ident[0] != '\0');
	must(utf8_is_valid(row->jail, strlen(row->jail)));
	must(utf8_is_valid(row->ident, strlen(row->ident)));
	must(row->timeofban >= 0 && row->timeofban < INT64_MAX / TIMESTAMP_US);
	must(row->seconds == UNKNOWN || row->seconds >= -1);
	must(row->bancount == UNKNOWN || row->bancount >= 0);
}

/* A row that was read is found again, unless it was mended or cut. */
static void
check_find(struct fail2ban_database *f, const struct fail2ban_row *row)
{
	struct fail2ban_row found = { 0 };
	struct err e;
	sqlite3_stmt *st = db_statement(&writer, SQL_JUDGE, &e);
	bool surely;

	must(st != NULL);
	db_bind_text(st, 1, row->jail);
	db_bind_text(st, 2, row->ident);
	db_bind_int(st, 3, row->timeofban);
	must(db_step(&writer, st, &e) == 1);
	must(!row->bad || db_int(st, 0) == 0);
	surely = !row->bad && f->version == 4 && db_int(st, 1) == 1;
	sqlite3_reset(st);
	if (!surely)
		return;
	must(fail2ban_database_find(f, row->jail, row->ident, row->timeofban,
		 MAX_DATA, &found, &e) == 1);
	must(found.jail == NULL && found.ident == NULL && !found.bad);
	must(found.timeofban == row->timeofban);
	must(found.seconds == row->seconds && found.bancount == row->bancount);
	must((found.data != NULL) ==
	    (row->data != NULL && row->data_len <= MAX_DATA));
	must(found.data == NULL ||
	    (found.data_len == row->data_len &&
		memcmp(found.data, row->data, row->data_len) == 0));
	fail2ban_row_free(&found);
}

static size_t
check_table(struct fail2ban_database *f, enum fail2ban_table table)
{
	struct fail2ban_row rows[2];
	struct err e;
	size_t n;

	must(fail2ban_database_read(f, table, FIRST, rows, 2, &n, &e) == 0);
	must(n <= 1);
	if (n == 1) {
		check_row(&rows[0]);
		check_find(f, &rows[0]);
		fail2ban_row_free(&rows[0]);
	}
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *path;
	struct fail2ban_database f;
	struct err e = { 0 };
	int64_t newest;
	char key[64];
	bool written;
	size_t n;

	if (path == NULL) {
		path = fuzz_path("fail2ban.sqlite3");
		must(db_open(&writer, path,
			 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL, 0,
			 sql, SQL_COUNT, &e) == 0);
		must(db_exec(&writer, schema, &e) == 0);
	}
	written = write_row((struct input){ data, size });
	must(fail2ban_database_open(&f, path, 0, 60000, &e) == 0);
	if (fail2ban_database_check(&f, &e) == 0) {
		must(f.version >= 1 && f.version <= 4);
		n = check_table(&f, FAIL2BAN_BANS);
		n += check_table(&f, FAIL2BAN_BIPS);
		must(f.version < 4 || n == written);
		must(fail2ban_database_newest(&f, &newest, &e) == 0);
		must(fail2ban_database_key(&f,
			 sqlite3_last_insert_rowid(writer.handle), key,
			 &e) == 0);
		must(utf8_is_valid(key, strlen(key)));
	} else {
		must(e.code == EX_DATAERR || e.code == EX_PROTOCOL);
		fuzz_must_say(&e);
	}
	fail2ban_database_close(&f);
	return 0;
}
