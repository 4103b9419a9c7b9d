/* SPDX-License-Identifier: GPL-2.0-or-later */
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

#include "fail2ban/birth.h"
#include "base/escape.h"
#include "os/clock.h"

#define NEWEST_VERSION 4
#define PROGRESS_STEPS 10000
#define CHUNK_BYTES (1024 * 1024)

enum {
	SQL_VERSION,
	SQL_FIND_BANS,
	SQL_FIND_BIPS,
	SQL_READ_BANS,
	SQL_READ_BANS_OLD,
	SQL_READ_BIPS,
	SQL_READ_BIPS_ALL,
	SQL_KEY,
	SQL_NEWEST,
	SQL_NEWEST_OLD,
	SQL_NO_TABLES,
	SQL_COUNT
};

/* What a row says beside its key; ?1 the longest data wanted. */
#define DATA_LENGTH \
	"length(CASE typeof(data) WHEN 'blob' THEN data " \
	"ELSE CAST(data AS BLOB) END)"
#define ROW(bantime, bancount) \
	"SELECT rowid, " bantime ", " bancount ", CASE WHEN " DATA_LENGTH \
	" <= ?1 THEN CAST(data AS BLOB) END, " DATA_LENGTH \
	", jail, ip, timeofban FROM "

/*
 * The same for a look-up, as simple as can be: each event compiles it. Where
 * data are no BLOB, length() may say less than it is.
 */
#define FIND \
	"SELECT rowid, bantime, bancount, " \
	"CASE WHEN length(data) <= ?1 THEN data END, length(data) FROM "

static const char *const sql[SQL_COUNT] = {
	[SQL_VERSION] = "SELECT version FROM fail2banDb LIMIT 1",
	/* The unary + keeps SQLite from the index that is the wrong one. */
	[SQL_FIND_BANS] = FIND
	"bans WHERE jail = ?2 AND ip = ?3 AND +timeofban = ?4 "
	"ORDER BY rowid DESC LIMIT 1",
	[SQL_FIND_BIPS] =
	    FIND "bips WHERE ip = ?3 AND jail = ?2 AND +timeofban = ?4",
	[SQL_READ_BANS] = ROW("bantime",
	    "bancount") "bans WHERE rowid > ?2 ORDER BY rowid LIMIT ?3",
	[SQL_READ_BANS_OLD] =
	    ROW("-2", "NULL") "bans WHERE rowid > ?2 ORDER BY rowid LIMIT ?3",
	[SQL_READ_BIPS] =
	    "SELECT rowid, bantime, bancount, CASE WHEN twin THEN NULL "
	    "WHEN " DATA_LENGTH
	    " <= ?1 THEN CAST(data AS BLOB) END, "
	    "CASE WHEN NOT twin THEN " DATA_LENGTH
	    " END, jail, ip, "
	    "timeofban, twin FROM (SELECT rowid, *, EXISTS (SELECT 1 "
	    "FROM bans AS b INDEXED BY bans_jail_ip WHERE b.jail = "
	    "bips.jail "
	    "AND b.ip = bips.ip AND b.timeofban = bips.timeofban "
	    "AND b.bantime IS bips.bantime AND b.bancount IS bips.bancount "
	    "AND b.data IS bips.data) AS twin FROM bips WHERE rowid > ?2 "
	    "ORDER BY rowid LIMIT ?3)",
	/* Where that index is missing. */
	[SQL_READ_BIPS_ALL] = ROW("bantime",
	    "bancount") "bips WHERE rowid > ?2 ORDER BY rowid LIMIT ?3",
	[SQL_KEY] = "SELECT timeofban, jail, ip FROM bans WHERE rowid = ?1",
	[SQL_NEWEST] = "SELECT max(timeofban) FROM bips",
	[SQL_NEWEST_OLD] =
	    "SELECT timeofban FROM bans ORDER BY rowid DESC LIMIT 1",
	[SQL_NO_TABLES] =
	    ("SELECT count(*) FROM sqlite_schema WHERE (type <> 'table' "
	     "OR rootpage = 0) AND name IN ('bans', 'bips', 'fail2banDb')"),
};

/* SQLite asks every PROGRESS_STEPS steps whether to give up. */
static int
is_late(void *db)
{
	struct fail2ban_database *f = db;

	f->late = clock_steady_ms() >= f->deadline_ms;
	return f->late;
}

/* The big-endian number of 4 bytes at offset 24, sqlite.org/fileformat2. */
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
		    "fail2ban's database: path too "
		    "long");
	/* Closed before SQLite opens it: closing drops a process's locks. */
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

/* One number of a statement without parameters; UNKNOWN for no row. */
static int
one_number(struct fail2ban_database *f, int which, int64_t *v, struct err *e)
{
	sqlite3_stmt *st = db_statement(&f->db, which, e);
	int rc = st == NULL ? -1 : db_step(&f->db, st, e);

	*v = UNKNOWN;
	if (rc < 0)
		return err_wrap(e, "fail2ban's database");
	if (rc == 1)
		fail2ban_row_number(st, 0, v);
	sqlite3_reset(st);
	return 0;
}

int
fail2ban_database_distrust(struct fail2ban_database *f, struct err *e)
{
	int64_t n;

	sqlite3_limit(f->db.handle, SQLITE_LIMIT_LENGTH, 8 * FAIL2BAN_ROW_DATA);
	if (db_exec(&f->db, "PRAGMA cell_size_check = ON", e) != 0)
		return err_wrap(e, "fail2ban's database");
	if (one_number(f, SQL_NO_TABLES, &n, e) != 0)
		return -1;
	if (n == 0)
		return 0;
	return err_set(e, EX_DATAERR,
	    "fail2ban's database: %s: its tables are none", f->db.name);
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
		    "fail2ban's database: %s: not a "
		    "database of fail2ban",
		    f->db.name);
	if (version > NEWEST_VERSION)
		return err_set(e, EX_PROTOCOL,
		    "fail2ban's database: %s: "
		    "version %" PRId64
		    " is newer than this program, which "
		    "knows up to %d: install a newer fail2ban-archive",
		    f->db.name, version, NEWEST_VERSION);
	f->version = (int)version;
	return 0;
}

static int
find_in(struct fail2ban_database *f, int which, const char *jail,
    const char *ident, int64_t timeofban, int64_t max_data,
    struct fail2ban_row *row, struct err *e)
{
	sqlite3_stmt *st = db_statement(&f->db, which, e);
	int rc;

	if (st == NULL)
		return err_wrap(e, "fail2ban's database");
	db_bind_int(st, 1, max_data);
	db_bind_text(st, 2, jail);
	db_bind_text(st, 3, ident);
	db_bind_int(st, 4, timeofban);
	*row = (struct fail2ban_row){ .timeofban = timeofban };
	rc = db_step(&f->db, st, e);
	if (rc == 1 && fail2ban_row_take_said(st, max_data, row, e) != 0) {
		fail2ban_row_free(row);
		rc = -1;
	}
	sqlite3_reset(st);
	return rc < 0 ? err_wrap(e, "fail2ban's database") : rc;
}

int
fail2ban_database_find(struct fail2ban_database *f, const char *jail,
    const char *ident, int64_t timeofban, int64_t max_data,
    struct fail2ban_row *row, struct err *e)
{
	int rc =
	    find_in(f, SQL_FIND_BANS, jail, ident, timeofban, max_data, row, e);

	if (rc != 0)
		return rc;
	return find_in(f, SQL_FIND_BIPS, jail, ident, timeofban, max_data, row,
	    e);
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

int
fail2ban_database_read(struct fail2ban_database *f, enum fail2ban_table table,
    int64_t after, struct fail2ban_row *rows, size_t room, size_t *n,
    struct err *e)
{
	sqlite3_stmt *st;
	size_t bytes = 0;
	int rc = 0;

	*n = 0;
	if (table == FAIL2BAN_BIPS && f->version < 4)
		return 0;
	if ((st = read_statement(f, table, e)) == NULL)
		return err_wrap(e, "fail2ban's database");
	db_bind_int(st, 1, FAIL2BAN_ROW_DATA);
	db_bind_int(st, 2, after);
	db_bind_int(st, 3, (int64_t)room);
	while (*n < room && bytes < CHUNK_BYTES &&
	    (rc = db_step(&f->db, st, e)) == 1) {
		if ((rc = fail2ban_row_take(st, &rows[(*n)++], e)) != 0)
			break;
		bytes += rows[*n - 1].name_len;
		if (rows[*n - 1].data != NULL)
			bytes += rows[*n - 1].data_len;
	}
	sqlite3_reset(st);
	if (rc >= 0)
		return 0;
	while (*n > 0)
		fail2ban_row_free(&rows[--*n]);
	return err_wrap(e, "fail2ban's database");
}

int
fail2ban_database_key(struct fail2ban_database *f, int64_t rowid, char key[64],
    struct err *e)
{
	sqlite3_stmt *st = db_statement(&f->db, SQL_KEY, e);
	int rc = -1;

	key[0] = '\0';
	if (st != NULL) {
		db_bind_int(st, 1, rowid);
		rc = db_step(&f->db, st, e);
	}
	if (rc < 0)
		return err_wrap(e, "fail2ban's database");
	if (rc == 1) {
		char raw[64];
		int64_t t = UNKNOWN;

		fail2ban_row_number(st, 0, &t);
		snprintf(raw, sizeof(raw), "%" PRId64 " %.20s %s", t,
		    db_text(st, 1) != NULL ? db_text(st, 1) : "",
		    db_text(st, 2) != NULL ? db_text(st, 2) : "");
		escape_text(key, 64, raw, strlen(raw));
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
