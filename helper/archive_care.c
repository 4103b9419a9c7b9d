/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive_care.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "archive_file.h"
#include "archive_sql.h"

/* How long a copy is waited for that another process uses. */
#define BUSY_MS 1000

/* ------------------------------------------------------------ examination --
 */

/* The first row of a check has to be good; NULL: there must be none. */
static int
expect(struct archive *a, int which, const char *good, struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, which, e);
	int rc;

	if (st == NULL || (rc = db_step(&a->db, st, e)) < 0)
		return -1;
	if (rc == 1 && (good == NULL || strcmp(db_text(st, 0), good) != 0)) {
		a->db.corrupt = true;
		rc = err_set(e, EX_DATAERR, "%s: %s", a->db.name,
		    good != NULL ? db_text(st, 0) :
				   "a row refers to one that is missing");
	}
	sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}

/* Whether each table, index and view of ours is as this program makes it. */
static int
compare_tables(struct archive *a, struct db *fresh, struct err *e)
{
	sqlite3_stmt *want, *have = db_statement(&a->db, SQL_HAS_TABLE, e);
	int rc = 1;

	if (have == NULL)
		return -1;
	if (sqlite3_prepare_v2(fresh->handle,
		"SELECT name, type, sql FROM sqlite_schema "
		"WHERE sql IS NOT NULL",
		-1, &want, NULL) != SQLITE_OK)
		return db_error(fresh, e);
	while (rc == 1 && sqlite3_step(want) == SQLITE_ROW) {
		for (int i = 0; i < 3; i++)
			db_bind_text(have, i + 1, db_text(want, i));
		rc = db_step(&a->db, have, e);
		if (rc == 0)
			err_set(e, EX_DATAERR,
			    "%s: %s %s is not this program's", a->db.name,
			    db_text(want, 1), db_text(want, 0));
		sqlite3_reset(have);
	}
	sqlite3_finalize(want);
	return rc == 1 ? 0 : -1;
}

/* And there is nothing that runs by itself. */
static int
examine_tables(struct archive *a, struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_TRIGGER, e);
	struct db fresh = { 0 };
	int64_t version;
	int rc;

	if (st == NULL || (rc = db_step(&a->db, st, e)) < 0)
		return -1;
	sqlite3_reset(st);
	if (rc == 1)
		return err_set(e, EX_DATAERR, "%s: it has a trigger",
		    a->db.name);
	if (archive_check_version(a, &version, e) != 0 ||
	    db_open(&fresh, ":memory:", SQLITE_OPEN_READWRITE, 0, NULL, 0, e) !=
		0)
		return -1;
	for (int i = 1; rc == 0 && i <= version; i++)
		rc = archive_make_tables(&fresh, i, e);
	if (rc == 0)
		rc = compare_tables(a, &fresh, e);
	db_close(&fresh);
	return rc;
}

int
archive_examine(struct archive *a, bool thorough, struct err *e)
{
	if (expect(a, thorough ? SQL_INTEGRITY : SQL_QUICK, "ok", e) == 0 &&
	    expect(a, SQL_REFERENCES, NULL, e) == 0 &&
	    (!thorough || examine_tables(a, e) == 0))
		return 0;
	return err_wrap(e, "archive");
}

/* ------------------------------------------------------------------ copies --
 */

int
archive_open_copy(struct archive *a, const char *file, struct err *e)
{
	int64_t version = 0;
	struct stat st;

	*a = (struct archive){ .lock = LOCK_INIT };
	if (stat(file, &st) != 0)
		return err_errno(e, EX_NOINPUT, "%s", file);
	if (!S_ISREG(st.st_mode))
		return err_set(e, EX_DATAERR, "%s: not a regular file", file);
	if (db_open(&a->db, file, SQLITE_OPEN_READONLY, BUSY_MS, archive_sql,
		ARCHIVE_SQL_COUNT, e) == 0 &&
	    db_exec(&a->db, "PRAGMA cell_size_check = ON", e) == 0 &&
	    archive_check_version(a, &version, e) == 0) {
		if (version > 0)
			return 0;
		err_set(e, EX_DATAERR, "%s: empty: not an archive of bans",
		    file);
	}
	archive_close(a);
	return -1;
}

/* Make an empty file of our own, and open it as a database. */
static int
create(struct db *db, const char *file, struct err *e)
{
	int fd = open(file,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_errno(e, EX_CANTCREAT, "%s", file);
	close(fd);
	return db_open(db, file, SQLITE_OPEN_READWRITE, BUSY_MS, NULL, 0, e);
}

static int
copy_pages(struct db *to, struct db *from, struct err *e)
{
	sqlite3_backup *backup =
	    sqlite3_backup_init(to->handle, "main", from->handle, "main");
	int rc;

	if (backup == NULL)
		return db_error(to, e);
	rc = sqlite3_backup_step(backup, -1);
	sqlite3_backup_finish(backup);
	if (rc == SQLITE_DONE)
		return 0;
	/* What failed is told by the side on which it did. */
	return db_error(sqlite3_errcode(to->handle) != SQLITE_OK ? to : from,
	    e);
}

/* Copy all into a new file, and run finish on it; on failure it is gone. */
static int
copy_to(struct archive *a, const char *file, const char *finish, struct err *e)
{
	struct db copy = { 0 };
	int rc = create(&copy, file, e);

	if (rc != 0)
		return -1;
	if (copy_pages(&copy, &a->db, e) != 0 || db_exec(&copy, finish, e) != 0)
		rc = -1;
	db_close(&copy);
	if (rc == 0 && archive_file_sync(file) != 0)
		rc = err_errno(e, EX_IOERR, "%s", file);
	if (rc != 0)
		archive_file_remove(file);
	return rc;
}

static int
examine_copy(const char *file, struct err *e)
{
	struct archive copy;
	int rc;

	if (archive_open_copy(&copy, file, e) != 0)
		return -1;
	rc = archive_examine(&copy, true, e);
	archive_close(&copy);
	return rc;
}

int
archive_backup(struct archive *a, const char *file, struct err *e)
{
	char tmp[PATH_MAX];
	int rc;

	if ((size_t)snprintf(tmp, sizeof(tmp), "%s.tmp-%ld", file,
		(long)getpid()) >= sizeof(tmp))
		return err_set(e, EX_CANTCREAT, "%s: path too long", file);
	if (access(file, F_OK) == 0)
		return err_set(e, EX_CANTCREAT,
		    "%s: is there already: name a file that is not", file);
	/* One file, without a WAL beside it. */
	if (copy_to(a, tmp, "PRAGMA journal_mode = DELETE", e) != 0)
		return -1;
	rc = examine_copy(tmp, e);
	/* Never over a file that came meanwhile. */
	if (rc == 0 && link(tmp, file) != 0)
		rc = err_errno(e, EX_CANTCREAT, "%s", file);
	archive_file_remove(tmp);
	if (rc == 0 && archive_file_sync(file) != 0)
		rc = err_errno(e, EX_IOERR, "%s", file);
	return rc;
}

/*
 * The copy gets ready to be the archive: it is another one than it was, and
 * what it knows of fail2ban's database may be long out of date.
 */
static const char begin_anew[] =
    "UPDATE meta SET value = lower(hex(randomblob(16))) WHERE key = 'id';"
    "UPDATE source SET counter = -1, full_us = 0, full_bans = 0, "
    "full_bips = 0;"
    "PRAGMA journal_mode = WAL";

static int
swap(const char *path, const char *tmp, int lock_ms, char aside[PATH_MAX],
    struct err *e)
{
	struct lock lock = LOCK_INIT;
	struct stat st;
	int rc = -1;

	aside[0] = '\0';
	if (lock_take(&lock, path, lock_ms, NULL, e) == 0 &&
	    archive_file_check(path, &st, e) == 0 &&
	    archive_file_set_aside(path, "replaced", aside, e) == 0) {
		if (st.st_mode == 0)
			aside[0] = '\0';
		rc = 0;
		if (rename(tmp, path) != 0 || archive_file_sync(path) != 0)
			rc = err_errno(e, EX_IOERR, "%s", path);
	}
	lock_close(&lock);
	return rc;
}

int
archive_restore(const char *path, const char *file, int lock_ms,
    char aside[PATH_MAX], struct err *e)
{
	struct archive copy;
	char tmp[PATH_MAX];
	int rc;

	if ((size_t)snprintf(tmp, sizeof(tmp), "%s.restore", path) >=
	    sizeof(tmp))
		return err_set(e, EX_CONFIG, "archive: path too long");
	if (archive_file_make_folder(path, e) != 0 ||
	    archive_open_copy(&copy, file, e) != 0)
		return -1;
	archive_file_remove(tmp); /* of a restore that was cut off */
	rc = archive_examine(&copy, true, e);
	if (rc == 0)
		rc = copy_to(&copy, tmp, begin_anew, e);
	archive_close(&copy);
	if (rc != 0)
		return -1;
	rc = swap(path, tmp, lock_ms, aside, e);
	archive_file_remove(tmp);
	return rc;
}
