/* SPDX-License-Identifier: GPL-2.0-or-later */
/* statx is an extension of the C library's. */
#define _GNU_SOURCE /* NOLINT(*-reserved-identifier,cert-dcl*) */

#include "fail2ban/database.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "os/clock.h"

#define NEWEST_VERSION 4
#define PROGRESS_STEPS 10000
#define CHUNK_BYTES (1024 * 1024)

/* A reading ends after this many milliseconds, which fail2ban may have to wait
 * for its lock. */
#define CHUNK_MS 50

/* The longest data of a row, and the longest name of a jail or id. */
#define DATA_BYTES (4 * 1024 * 1024)
#define NAME_BYTES (4 * 1024 * 1024)

/* A look-up in "bans" reads so many rows of one index before it tries the
 * other. */
#define FIND_ALONE 8
/* A look-up has read all rows. */
#define FIND_END 2

/*
 * SQL_READ_BIPS has this column: 1 for a twin, 0 where "bans" has another row
 * of the same ban, NULL where it has none.
 */
#define TWIN 8

enum {
	SQL_VERSION,
	SQL_FIND_BANS,
	SQL_FIND_SECOND,
	SQL_FIND_BIPS,
	SQL_FIND_LAST,
	SQL_FIND_JAIL,
	SQL_READ_BANS,
	SQL_READ_BANS_OLD,
	SQL_READ_BIPS,
	SQL_READ_BIPS_ALL,
	SQL_KEY,
	SQL_NEWEST,
	SQL_LAST_OF_BANS,
	SQL_LAST_OF_BIPS,
	SQL_NEWEST_OLD,
	SQL_NO_TABLES,
	SQL_COUNT
};

/* A row: its columns and its key; ?1 is the longest data wanted. */
#define DATA_LENGTH \
	"CASE typeof(data) WHEN 'blob' THEN length(data) " \
	"ELSE length(CAST(data AS BLOB)) END"
#define ROW(bantime, bancount) \
	"SELECT rowid, " bantime ", " bancount ", CASE WHEN " DATA_LENGTH \
	" <= ?1 THEN CAST(data AS BLOB) END, " DATA_LENGTH \
	", jail, ip, timeofban FROM "

/*
 * The same columns for a look-up, in a simple form, because each event compiles
 * it. Where data are no BLOB, length() may return less than their bytes. The
 * last column, FOUND, is 1 for the row that is looked for: other rows, of the
 * same id or second, may come before it.
 */
#define FIND(wanted) \
	"SELECT rowid, bantime, bancount, CASE WHEN " wanted \
	" AND length(data) <= ?1 THEN data END, length(data), " wanted \
	" FROM "
#define FOUND 5

static const char *const sql[SQL_COUNT] = {
	[SQL_VERSION] = "SELECT version FROM fail2banDb LIMIT 1",
	[SQL_FIND_BANS] = FIND("timeofban = ?4")
	"bans WHERE jail = ?2 AND ip = ?3 ORDER BY rowid DESC",
	[SQL_FIND_SECOND] = FIND("ip = ?3")
	"bans INDEXED BY bans_jail_timeofban_ip "
	"WHERE jail = ?2 AND timeofban = ?4 ORDER BY rowid DESC",
	[SQL_FIND_BIPS] = FIND("timeofban = ?4")
	"bips WHERE ip = ?3 AND jail = ?2",
	[SQL_FIND_LAST] =
	    "SELECT timeofban FROM bips WHERE ip = ?2 AND jail = ?1",
	[SQL_FIND_JAIL] =
	    "SELECT jail FROM bans WHERE ip = ?1 AND +timeofban = ?2 "
	    "UNION ALL SELECT jail FROM bips WHERE ip = ?1 AND +timeofban = ?2",
	[SQL_READ_BANS] = ROW("bantime",
	    "bancount") "bans WHERE rowid > ?2 ORDER BY rowid LIMIT ?3",
	[SQL_READ_BANS_OLD] =
	    ROW("-2", "NULL") "bans WHERE rowid > ?2 ORDER BY rowid LIMIT ?3",
	[SQL_READ_BIPS] =
	    "SELECT rowid, bantime, bancount, CASE WHEN twin THEN NULL "
	    "WHEN " DATA_LENGTH
	    " <= ?1 THEN CAST(data AS BLOB) END, "
	    "CASE WHEN twin THEN NULL ELSE " DATA_LENGTH
	    " END, jail, ip, "
	    "timeofban, twin FROM (SELECT rowid, *, (SELECT "
	    "max(b.bantime IS bips.bantime AND b.bancount IS bips.bancount "
	    "AND b.data IS bips.data) "
	    "FROM bans AS b INDEXED BY bans_jail_ip WHERE b.jail = "
	    "bips.jail AND b.ip = bips.ip AND b.timeofban = bips.timeofban) "
	    "AS twin FROM bips WHERE rowid > ?2 ORDER BY rowid LIMIT ?3)",
	/* For a database that lacks that index. */
	[SQL_READ_BIPS_ALL] = ROW("bantime",
	    "bancount") "bips WHERE rowid > ?2 ORDER BY rowid LIMIT ?3",
	[SQL_KEY] = "SELECT timeofban, jail, ip FROM bans WHERE rowid = ?1",
	[SQL_LAST_OF_BANS] = "SELECT max(rowid) FROM bans",
	[SQL_LAST_OF_BIPS] = "SELECT max(rowid) FROM bips",
	[SQL_NEWEST] = "SELECT max(timeofban) FROM bips",
	[SQL_NEWEST_OLD] =
	    "SELECT timeofban FROM bans ORDER BY rowid DESC LIMIT 1",
	[SQL_NO_TABLES] =
	    ("SELECT count(*) FROM sqlite_schema WHERE (type <> 'table' "
	     "OR rootpage = 0) AND name IN ('bans', 'bips', 'fail2banDb')"),
};

/* SQLite calls this every PROGRESS_STEPS steps; it gives up on true. */
static int
is_late(void *db)
{
	struct fail2ban_database *f = db;

	f->late = clock_steady_ms() >= f->deadline_ms;
	return f->late;
}

/* Return born_us of an open file. */
static int64_t
birth_of(int fd)
{
#ifdef STATX_BTIME
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &st) == 0 &&
	    (st.stx_mask & STATX_BTIME) != 0)
		return st.stx_btime.tv_sec * INT64_C(1000000) +
		    st.stx_btime.tv_nsec / 1000;
#else
	(void)fd;
#endif
	return 0;
}

/*
 * Read the file's identity and its change counter, the big-endian number of 4
 * bytes at offset 24 (sqlite.org/fileformat2).
 */
static int
read_header(struct fail2ban_database *f, int fd, struct err *e)
{
	unsigned char header[100];
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_errno(e, EX_IOERR, "%s", f->path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, EX_DATAERR, "%s: not a regular file",
		    f->path);
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	f->born_us = birth_of(fd);
	if (pread(fd, header, sizeof(header), 0) != sizeof(header) ||
	    memcmp(header, "SQLite format 3", 16) != 0)
		return err_set(e, EX_DATAERR, "%s: not an SQLite database",
		    f->path);
	f->counter = (int64_t)header[24] << 24 | header[25] << 16 |
	    header[26] << 8 | header[27];
	return 0;
}

int
fail2ban_database_look(struct fail2ban_database *f, const char *path,
    struct err *e)
{
	int fd, rc;

	*f = (struct fail2ban_database){ 0 };
	if ((size_t)snprintf(f->path, sizeof(f->path), "%s", path) >=
	    sizeof(f->path))
		return err_set(e, EX_NOINPUT,
		    "fail2ban's database: path too long");
	/*
	 * The file is closed before SQLite opens it: a close drops all locks
	 * that the process has on the file.
	 */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_errno(e, errno == EACCES ? EX_NOPERM : EX_NOINPUT,
		    "fail2ban's database: %s", path);
	rc = read_header(f, fd, e);
	close(fd);
	return rc == 0 ? 0 : err_wrap(e, "fail2ban's database");
}

int
fail2ban_database_open(struct fail2ban_database *f, const char *path,
    int busy_ms, int deadline_ms, struct err *e)
{
	if (busy_ms > deadline_ms)
		busy_ms = deadline_ms;
	if (fail2ban_database_look(f, path, e) != 0)
		return -1;
	if (db_open(&f->db, path, SQLITE_OPEN_READONLY, NULL, busy_ms, sql,
		SQL_COUNT, e) != 0)
		return err_wrap(e, "fail2ban's database");
	f->deadline_ms = clock_steady_ms() + deadline_ms;
	sqlite3_db_config(f->db.handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_db_config(f->db.handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0,
	    NULL);
	sqlite3_progress_handler(f->db.handle, PROGRESS_STEPS, is_late, f);
	return 0;
}

void
fail2ban_database_close(struct fail2ban_database *f)
{
	db_close(&f->db);
}

/* Read a number of a cell, cut to a whole one; false where it is no number. */
static bool
cell_number(sqlite3_stmt *st, int i, int64_t *v)
{
	double d;

	switch (sqlite3_column_type(st, i)) {
	case SQLITE_INTEGER:
		*v = sqlite3_column_int64(st, i);
		return true;
	case SQLITE_FLOAT:
		d = sqlite3_column_double(st, i);
		if (!(d > -9e18 && d < 9e18))
			return false;
		*v = (int64_t)d;
		return true;
	default:
		return false;
	}
}

/*
 * An <F-ID> may be most of a log line, and an id that is too long for an action
 * command is found only here; NAME_BYTES is the limit.
 */
static bool
is_name_length(int bytes)
{
	return bytes > 0 && bytes <= NAME_BYTES;
}

static int
cell_text(sqlite3_stmt *st, int i, char **text)
{
	const char *s = db_text(st, i);

	*text = utf8_mend(s, (size_t)sqlite3_column_bytes(st, i), NULL);
	return *text != NULL ? 0 : -1;
}

/*
 * Take over the columns that ROW and FIND begin with: rowid, bantime, bancount,
 * data, which are copied unchanged, and their length. Fails with EX_OSERR.
 */
static int
take_ticket(sqlite3_stmt *st, int64_t max_data, struct fail2ban_row *row,
    struct err *e)
{
	const void *data;

	row->rowid = sqlite3_column_int64(st, 0);
	if (!cell_number(st, 1, &row->seconds) || row->seconds == -2)
		row->seconds = UNKNOWN;
	else if (row->seconds < 0)
		row->seconds = -1;
	if (!cell_number(st, 2, &row->bancount) || row->bancount < 0)
		row->bancount = UNKNOWN;
	data = sqlite3_column_blob(st, 3);
	row->data_len = (size_t)sqlite3_column_int64(st, 4);
	if (data == NULL)
		return 0;
	row->data_len = (size_t)sqlite3_column_bytes(st, 3);
	if ((int64_t)row->data_len > max_data)
		return 0;
	if ((row->data = malloc(row->data_len)) == NULL)
		return err_no_memory(e);
	memcpy(row->data, data, row->data_len);
	return 0;
}

/* Take over all columns of ROW. Fails with EX_OSERR. */
static int
take_row(sqlite3_stmt *st, struct fail2ban_row *row, struct err *e)
{
	*row = (struct fail2ban_row){ .rowid = sqlite3_column_int64(st, 0) };
	if (sqlite3_column_count(st) > TWIN) {
		row->again = sqlite3_column_type(st, TWIN) != SQLITE_NULL;
		row->twin = sqlite3_column_int64(st, TWIN) == 1;
	}
	if (row->twin)
		return 0;
	if (sqlite3_column_type(st, 5) != SQLITE_TEXT ||
	    sqlite3_column_type(st, 6) != SQLITE_TEXT ||
	    !is_name_length(sqlite3_column_bytes(st, 5)) ||
	    !is_name_length(sqlite3_column_bytes(st, 6)) ||
	    !cell_number(st, 7, &row->timeofban) || row->timeofban < 0 ||
	    row->timeofban > INT64_MAX / TIMESTAMP_US - 1) {
		row->bad = true;
		return 0;
	}
	if (cell_text(st, 5, &row->jail) != 0 ||
	    cell_text(st, 6, &row->ident) != 0)
		return err_no_memory(e);
	return take_ticket(st, DATA_BYTES, row, e);
}

void
fail2ban_row_free(struct fail2ban_row *row)
{
	free(row->jail);
	free(row->ident);
	free(row->data);
	*row = (struct fail2ban_row){ 0 };
}

/*
 * Set *v to the one number of a statement without parameters; UNKNOWN where it
 * has no row.
 */
static int
one_number(struct fail2ban_database *f, int which, int64_t *v, struct err *e)
{
	sqlite3_stmt *st = db_statement(&f->db, which, e);
	int rc = st == NULL ? -1 : db_step(&f->db, st, e);

	*v = UNKNOWN;
	if (rc < 0)
		return err_wrap(e, "fail2ban's database");
	if (rc == 1)
		cell_number(st, 0, v);
	sqlite3_reset(st);
	return 0;
}

int
fail2ban_database_distrust(struct fail2ban_database *f, struct err *e)
{
	int64_t n;

	sqlite3_limit(f->db.handle, SQLITE_LIMIT_LENGTH, 8 * DATA_BYTES);
	if (db_exec(&f->db, "PRAGMA cell_size_check = ON", e) != 0)
		return err_wrap(e, "fail2ban's database");
	if (one_number(f, SQL_NO_TABLES, &n, e) != 0)
		return -1;
	if (n == 0)
		return 0;
	return err_set(e, EX_DATAERR,
	    "fail2ban's database: %s: its tables are not ordinary tables",
	    f->db.name);
}

int
fail2ban_database_check(struct fail2ban_database *f, struct err *e)
{
	struct err why = { 0 };
	sqlite3_stmt *st = db_statement(&f->db, SQL_VERSION, &why);
	int64_t version = 0;
	int rc = -1;

	if (st != NULL && (rc = db_step(&f->db, st, &why)) == 1) {
		if (sqlite3_column_type(st, 0) == SQLITE_INTEGER)
			version = db_int(st, 0);
		sqlite3_reset(st);
	}
	if (rc < 0 && why.code != EX_SOFTWARE)
		return err_set(e, why.code, "fail2ban's database: %s",
		    why.text);
	if (version < 1)
		return err_set(e, EX_DATAERR,
		    "fail2ban's database: %s: not a database of fail2ban",
		    f->db.name);
	if (version > NEWEST_VERSION)
		return err_set(e, EX_PROTOCOL,
		    "fail2ban's database: %s: version %" PRId64
		    " is newer than this program, which "
		    "knows up to %d: install a newer fail2ban-archive",
		    f->db.name, version, NEWEST_VERSION);
	f->version = (int)version;
	return 0;
}

/*
 * Step to the next row of a look-up. Returns 1 with the row that is looked for,
 * 0 with another one, FIND_END, and -1 on failure.
 */
static int
find_next(struct fail2ban_database *f, sqlite3_stmt *st, int64_t max_data,
    struct fail2ban_row *row, struct err *e)
{
	int rc = db_step(&f->db, st, e);

	if (rc != 1)
		return rc == 0 ? FIND_END : rc;
	if (!db_int(st, FOUND))
		return 0;
	if (take_ticket(st, max_data, row, e) == 0)
		return 1;
	fail2ban_row_free(row);
	return -1;
}

static sqlite3_stmt *
bind_find(struct fail2ban_database *f, int which, const char *jail,
    const char *ident, int64_t timeofban, int64_t max_data, struct err *e)
{
	return db_bind(&f->db, which, e, "itti", max_data, jail, ident,
	    timeofban);
}

/*
 * The rows of the id and those of the second both have the row, if it is there,
 * and one index has each of these, the newest first. Nearly always the row is
 * among the first of its id. After a few others, the rows of both are read in
 * turn, up to the end of the shorter: an id may have thousands of rows, and so
 * may a second. A database that lacks an index is searched by the other one.
 */
static int
find_in_bans(struct fail2ban_database *f, const char *jail, const char *ident,
    int64_t timeofban, int64_t max_data, struct fail2ban_row *row,
    struct err *e)
{
	sqlite3_stmt *st[2] = { NULL, NULL };
	struct err ignored;
	bool by_second;
	int rc = 0;

	if (f->in_order)
		st[0] = bind_find(f, SQL_FIND_SECOND, jail, ident, timeofban,
		    max_data, &ignored);
	by_second = st[0] != NULL;
	if (!by_second)
		st[0] = bind_find(f, SQL_FIND_BANS, jail, ident, timeofban,
		    max_data, e);
	if (st[0] == NULL)
		return -1;
	for (int n = 0; rc == 0; n++) {
		if (n == FIND_ALONE)
			st[1] = bind_find(f,
			    by_second ? SQL_FIND_BANS : SQL_FIND_SECOND, jail,
			    ident, timeofban, max_data, &ignored);
		rc = find_next(f, st[0], max_data, row, e);
		if (rc == 0 && st[1] != NULL)
			rc = find_next(f, st[1], max_data, row, e);
	}
	sqlite3_reset(st[0]);
	sqlite3_reset(st[1]);
	return rc;
}

static int
find_in_bips(struct fail2ban_database *f, const char *jail, const char *ident,
    int64_t timeofban, int64_t max_data, struct fail2ban_row *row,
    struct err *e)
{
	sqlite3_stmt *st =
	    bind_find(f, SQL_FIND_BIPS, jail, ident, timeofban, max_data, e);
	int rc;

	if (st == NULL)
		return -1;
	rc = find_next(f, st, max_data, row, e);
	sqlite3_reset(st);
	return rc;
}

int
fail2ban_database_find(struct fail2ban_database *f, const char *jail,
    const char *ident, int64_t timeofban, int64_t max_data,
    struct fail2ban_row *row, struct err *e)
{
	int rc;

	*row = (struct fail2ban_row){ .timeofban = timeofban };
	rc = find_in_bans(f, jail, ident, timeofban, max_data, row, e);
	if (rc == FIND_END)
		rc = find_in_bips(f, jail, ident, timeofban, max_data, row, e);
	if (rc < 0)
		return err_wrap(e, "fail2ban's database");
	return rc == 1;
}

int
fail2ban_database_find_last(struct fail2ban_database *f, const char *jail,
    const char *ident, int64_t *timeofban, struct err *e)
{
	sqlite3_stmt *st = db_bind(&f->db, SQL_FIND_LAST, e, "tt", jail, ident);
	int rc;

	if (st == NULL)
		return err_wrap(e, "fail2ban's database");
	rc = db_step(&f->db, st, e);
	if (rc == 1)
		*timeofban = db_int(st, 0);
	sqlite3_reset(st);
	return rc < 0 ? err_wrap(e, "fail2ban's database") : rc;
}

int
fail2ban_database_find_jail(struct fail2ban_database *f, const char *ident,
    int64_t timeofban, char **jail, struct err *e)
{
	sqlite3_stmt *st =
	    db_bind(&f->db, SQL_FIND_JAIL, e, "ti", ident, timeofban);
	const char *name;
	int rc;

	*jail = NULL;
	if (st == NULL)
		return err_wrap(e, "fail2ban's database");
	while ((rc = db_step(&f->db, st, e)) == 1) {
		name = db_text(st, 0);
		if (name == NULL)
			break;
		if (*jail == NULL)
			*jail = utf8_mend(name, strlen(name), NULL);
		if (*jail == NULL || strcmp(*jail, name) != 0)
			break;
	}
	sqlite3_reset(st);
	if (rc == 0 && *jail != NULL)
		return 1;
	free(*jail);
	*jail = NULL;
	return rc < 0 ? err_wrap(e, "fail2ban's database") : 0;
}

int
fail2ban_database_hold(struct fail2ban_database *f, struct err *e)
{
	if (db_exec(&f->db, "BEGIN", e) != 0)
		return err_wrap(e, "fail2ban's database");
	return 0;
}

void
fail2ban_database_release(struct fail2ban_database *f)
{
	sqlite3_exec(f->db.handle, "ROLLBACK", NULL, NULL, NULL);
}

static sqlite3_stmt *
read_statement(struct fail2ban_database *f, enum fail2ban_table table,
    struct err *e)
{
	sqlite3_stmt *st;

	if (table == FAIL2BAN_BANS)
		return db_statement(&f->db,
		    f->version < 3 ? SQL_READ_BANS_OLD : SQL_READ_BANS, e);
	if ((st = db_statement(&f->db, SQL_READ_BIPS, e)) != NULL)
		return st;
	return db_statement(&f->db, SQL_READ_BIPS_ALL, e);
}

/* Return the bytes of a row's long texts, also where the row is bad. */
static size_t
bytes_of(sqlite3_stmt *st, const struct fail2ban_row *row)
{
	return (size_t)sqlite3_column_bytes(st, 5) +
	    (size_t)sqlite3_column_bytes(st, 6) +
	    (row->data != NULL ? row->data_len : 0);
}

int
fail2ban_database_read(struct fail2ban_database *f, enum fail2ban_table table,
    int64_t after, struct fail2ban_row *rows, size_t room, size_t *n,
    struct err *e)
{
	int64_t until_ms = clock_steady_ms() + CHUNK_MS;
	sqlite3_stmt *st;
	size_t bytes = 0;
	int rc = 0;

	*n = 0;
	if (table == FAIL2BAN_BIPS && f->version < 4)
		return 0;
	if ((st = read_statement(f, table, e)) == NULL)
		return err_wrap(e, "fail2ban's database");
	db_bind_int(st, 1, DATA_BYTES);
	db_bind_int(st, 2, after);
	db_bind_int(st, 3, (int64_t)room);
	while (*n < room && bytes < CHUNK_BYTES &&
	    (*n == 0 || clock_steady_ms() < until_ms) &&
	    (rc = db_step(&f->db, st, e)) == 1) {
		if ((rc = take_row(st, &rows[*n], e)) != 0) {
			fail2ban_row_free(&rows[*n]);
			break;
		}
		bytes += bytes_of(st, &rows[(*n)++]);
	}
	sqlite3_reset(st);
	/* After some rows the next call meets the failure again. */
	return rc >= 0 || *n > 0 ? 0 : err_wrap(e, "fail2ban's database");
}

/* Add a text and its NUL to a hash. */
static void
hash_text(struct sha256_ctx *hash, const char *text)
{
	if (text == NULL)
		text = "";
	sha256_update(hash, strlen(text) + 1, (const uint8_t *)text);
}

int
fail2ban_database_key(struct fail2ban_database *f, int64_t rowid, char key[64],
    struct err *e)
{
	sqlite3_stmt *st = db_bind(&f->db, SQL_KEY, e, "i", rowid);
	int rc = st != NULL ? db_step(&f->db, st, e) : -1;

	key[0] = '\0';
	if (rc < 0)
		return err_wrap(e, "fail2ban's database");
	if (rc == 1) {
		struct sha256_ctx hash;
		char hex[DIGEST_HEX], time[32];
		int64_t t = UNKNOWN;

		cell_number(st, 0, &t);
		snprintf(time, sizeof(time), "%" PRId64, t);
		sha256_init(&hash);
		hash_text(&hash, time);
		hash_text(&hash, db_text(st, 1));
		hash_text(&hash, db_text(st, 2));
		digest_end_hex(&hash, hex);
		snprintf(key, 64, "%.32s", hex);
	}
	sqlite3_reset(st);
	return 0;
}

int
fail2ban_database_newest(struct fail2ban_database *f, int64_t *timeofban,
    struct err *e)
{
	return one_number(f, f->version < 4 ? SQL_NEWEST_OLD : SQL_NEWEST,
	    timeofban, e);
}

int
fail2ban_database_last(struct fail2ban_database *f, enum fail2ban_table table,
    int64_t *rowid, struct err *e)
{
	return one_number(f,
	    table == FAIL2BAN_BANS ? SQL_LAST_OF_BANS : SQL_LAST_OF_BIPS, rowid,
	    e);
}
