/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/copy/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "archive/file.h"
#include "archive/runs.h"
#include "archive/schema.h"
#include "archive/statements.h"
#include "os/clock.h"

/* The longest wait for a copy that another process uses. */
#define BUSY_MS 1000

/*
 * SQLite examines a ban with its indexes and log lines in about so many steps
 * (3.40.1; 83 for the ban, 22 for a line): the time left is a guess.
 */
#define STEPS_OF_BAN 100

/* The pages that are copied at a time. */
#define PIECE 1000

/* From this version on the schema does not say what refers to what. */
#define REFERENCES_UNTIL 8

/* After this many steps SQLite asks whether it should give up. */
#define PROGRESS_STEPS 10000

/*
 * Run a check of SQLite's, which returns one row: "ok", or lines that say what
 * is wrong.
 */
static int
expect_ok(struct archive *a, int which, struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, which, e);
	const char *text, *line;
	int rc;

	if (st == NULL || (rc = db_step(&a->db, st, e)) < 0)
		return -1;
	text = rc == 1 ? db_text(st, 0) : "ok";
	if (strcmp(text, "ok") != 0) {
		a->db.corrupt = true;
		line = strrchr(text, '\n');
		rc = err_set(e, EX_DATAERR, "%s: %s", a->db.name,
		    line != NULL ? line + 1 : text);
	}
	sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}

/* Fail with why when the statement finds a row. */
static int
expect_none(struct archive *a, int which, const char *why, struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, which, e);
	int rc;

	if (st == NULL || (rc = db_step(&a->db, st, e)) < 0)
		return -1;
	sqlite3_reset(st);
	return rc == 0 ? 0 : err_set(e, EX_DATAERR, "%s: %s", a->db.name, why);
}

/* Check that the archive has the table, index or view of want's row. */
static int
compare_table(struct archive *a, sqlite3_stmt *want, struct err *e)
{
	const char *name = db_text(want, 0), *type = db_text(want, 1);
	sqlite3_stmt *have =
	    db_bind(&a->db, SQL_SCHEMA_OF, e, "tt", name, type);
	int rc;

	if (have == NULL || (rc = db_step(&a->db, have, e)) < 0)
		return -1;
	if (rc == 1 && db_text(have, 0) != NULL &&
	    archive_schema_is_same(db_text(have, 0), db_text(want, 2)))
		rc = 0;
	else
		rc = err_set(e, EX_DATAERR, "%s: %s %s is not this program's",
		    a->db.name, type, name);
	sqlite3_reset(have);
	return rc;
}

/* Check that each table, index and view is as this program makes it. */
static int
compare_tables(struct archive *a, struct db *fresh, struct err *e)
{
	sqlite3_stmt *want;
	int rc = 0;

	if (sqlite3_prepare_v2(fresh->handle,
		"SELECT name, type, sql FROM sqlite_schema "
		"WHERE sql IS NOT NULL",
		-1, &want, NULL) != SQLITE_OK)
		return db_error(fresh, e);
	while (rc == 0 && sqlite3_step(want) == SQLITE_ROW)
		rc = compare_table(a, want, e);
	sqlite3_finalize(want);
	return rc;
}

/* Look for an index that is not ours: it might refuse a row, and so a ban. */
static int
find_foreign_index(struct archive *a, struct db *fresh, struct err *e)
{
	sqlite3_stmt *have, *ours;
	int rc = 0;

	if (sqlite3_prepare_v2(a->db.handle,
		"SELECT name FROM sqlite_schema WHERE type = 'index' "
		"AND sql IS NOT NULL",
		-1, &have, NULL) != SQLITE_OK)
		return db_error(&a->db, e);
	if (sqlite3_prepare_v2(fresh->handle,
		"SELECT 1 FROM sqlite_schema WHERE type = 'index' "
		"AND name = ?1",
		-1, &ours, NULL) != SQLITE_OK) {
		sqlite3_finalize(have);
		return db_error(fresh, e);
	}
	while (rc == 0 && sqlite3_step(have) == SQLITE_ROW) {
		db_bind_text(ours, 1, db_text(have, 0));
		if (sqlite3_step(ours) != SQLITE_ROW)
			rc = err_set(e, EX_DATAERR,
			    "%s: index %s is not this program's", a->db.name,
			    db_text(have, 0));
		sqlite3_reset(ours);
	}
	sqlite3_finalize(ours);
	sqlite3_finalize(have);
	return rc;
}

/* Check that all tables are ours, and that no trigger runs by itself. */
static int
examine_tables(struct archive *a, struct err *e)
{
	struct db fresh = { 0 };
	int64_t version;
	int rc = 0;

	if (expect_none(a, SQL_TRIGGER, "it has a trigger", e) != 0 ||
	    archive_schema_check(&a->db, &version, e) != 0 ||
	    db_open(&fresh, ":memory:", SQLITE_OPEN_READWRITE, NULL, 0, NULL, 0,
		e) != 0)
		return -1;
	for (int i = 1; rc == 0 && i <= version; i++)
		rc = archive_schema_make(&fresh, i, e);
	if (rc == 0)
		rc = compare_tables(a, &fresh, e);
	if (rc == 0)
		rc = find_foreign_index(a, &fresh, e);
	db_close(&fresh);
	return rc;
}

/* Look for a row that refers to one that is missing. */
static int
examine_references(struct archive *a, struct err *e)
{
	static const char why[] = "a row refers to one that is missing";
	int64_t version;

	if (archive_schema_check(&a->db, &version, e) != 0)
		return -1;
	return expect_none(a,
	    version < REFERENCES_UNTIL ? SQL_REFERENCES : SQL_MISSING, why, e);
}

struct examination {
	struct archive *archive;
	int64_t deadline_ms;
	int64_t steps; /* of SQLite's */
	int64_t bans;  /* about as many are in the archive */
};

/* Show the work, and return true when it is late: SQLite then gives up. */
static int
look(void *to)
{
	struct examination *x = to;
	struct work work = {
		.name = x->archive->db.name,
		.doing = "examining",
		.unit = "bans",
		.all = x->bans,
	};

	x->steps += PROGRESS_STEPS;
	work.count = x->steps / STEPS_OF_BAN;
	work.done = work.count;
	work_show(x->archive->watch, &work);
	return clock_steady_ms() >= x->deadline_ms;
}

/* Let SQLite call look every few steps, if there is a watch or a deadline. */
static int
begin_looking(struct examination *x, struct err *e)
{
	sqlite3_stmt *st;

	if (x->archive->watch != NULL) {
		st = db_statement(&x->archive->db, SQL_BANS, e);
		if (st == NULL || db_step(&x->archive->db, st, e) < 0)
			return -1;
		x->bans = db_int(st, 0);
		sqlite3_reset(st);
	}
	if (x->archive->watch != NULL || x->deadline_ms < INT64_MAX)
		sqlite3_progress_handler(x->archive->db.handle, PROGRESS_STEPS,
		    look, x);
	return 0;
}

int
archive_examine(struct archive *a, bool thorough, int wait_ms, struct err *e)
{
	struct examination x = {
		.archive = a,
		.deadline_ms =
		    wait_ms > 0 ? clock_steady_ms() + wait_ms : INT64_MAX,
	};
	int rc = 0;

	/*
	 * The tables are checked first: until then an index may be anything. A
	 * row that refers to a missing one is no damage: an administrator has
	 * deleted a ban by hand.
	 */
	if ((thorough && examine_tables(a, e) != 0) ||
	    begin_looking(&x, e) != 0 ||
	    expect_ok(a, thorough ? SQL_INTEGRITY : SQL_QUICK, e) != 0 ||
	    (thorough &&
		(examine_references(a, e) != 0 ||
		    expect_none(a, SQL_NUMBERS, "numbers out of range", e) !=
			0)))
		rc = err_wrap(e, "archive");
	sqlite3_progress_handler(a->db.handle, 0, NULL, NULL);
	return rc;
}

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
	if (db_open(&a->db, file, SQLITE_OPEN_READONLY, NULL, BUSY_MS,
		archive_statements, ARCHIVE_STATEMENTS_COUNT, e) == 0 &&
	    db_exec(&a->db, "PRAGMA cell_size_check = ON", e) == 0 &&
	    archive_schema_check(&a->db, &version, e) == 0) {
		if (version > 0)
			return 0;
		err_set(e, EX_DATAERR, "%s: empty: not an archive of bans",
		    file);
	}
	archive_close(a);
	return -1;
}

/* Make a new file with mode 0600, and open it as a database. */
static int
create(struct db *db, const char *file, struct err *e)
{
	int fd = open(file,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_errno(e, EX_CANTCREAT, "%s", file);
	close(fd);
	return db_open(db, file, SQLITE_OPEN_READWRITE, NULL, BUSY_MS, NULL, 0,
	    e);
}

/* Show how many pages were copied. */
static void
show_copied(struct archive *from, sqlite3_backup *backup)
{
	int64_t all = sqlite3_backup_pagecount(backup);
	struct work work = {
		.name = from->db.name,
		.doing = "copying",
		.count = all - sqlite3_backup_remaining(backup),
		.unit = "pages",
		.all = all,
	};

	work.done = work.count;
	work_show(from->watch, &work);
}

/* Copy pieces of so many pages, -1: all at once. */
static int
copy_pieces(struct db *to, struct archive *archive, int pages, struct err *e)
{
	struct db *from = &archive->db;
	sqlite3_backup *backup =
	    sqlite3_backup_init(to->handle, "main", from->handle, "main");
	int rc;

	if (backup == NULL)
		return db_error(to, e);
	do {
		rc = sqlite3_backup_step(backup, pages);
		show_copied(archive, backup);
	} while (rc == SQLITE_OK);
	sqlite3_backup_finish(backup);
	if (rc == SQLITE_DONE)
		return 0;
	/* The side that failed has the error. */
	return db_error(sqlite3_errcode(to->handle) != SQLITE_OK ? to : from,
	    e);
}

/*
 * Copy all pages as they are at one moment. For a watch this is done in pieces,
 * all of which one transaction keeps at this moment.
 */
static int
copy_pages(struct db *to, struct archive *from, struct err *e)
{
	int rc;

	if (from->watch == NULL)
		return copy_pieces(to, from, -1, e);
	if (db_exec(&from->db, "BEGIN; SELECT 1 FROM meta", e) != 0)
		return -1;
	rc = copy_pieces(to, from, PIECE, e);
	sqlite3_exec(from->db.handle, "COMMIT", NULL, NULL, NULL);
	return rc;
}

/*
 * Copy all to a new file, and run the SQL of finish on it. On failure the file
 * is removed.
 */
static int
copy_to(struct archive *a, const char *file, const char *finish, struct err *e)
{
	struct db copy = { 0 };
	int rc = create(&copy, file, e);

	if (rc != 0)
		return -1;
	if (copy_pages(&copy, a, e) != 0 || db_exec(&copy, finish, e) != 0)
		rc = -1;
	db_close(&copy);
	if (rc == 0 && archive_file_sync(file) != 0)
		rc = err_errno(e, EX_IOERR, "%s", file);
	if (rc != 0)
		archive_file_remove(file);
	return rc;
}

int
archive_copy(struct archive *a, const char *file, struct err *e)
{
	struct db copy = { 0 };
	int rc = create(&copy, file, e);

	if (rc != 0)
		return -1;
	rc = copy_pages(&copy, a, e);
	db_close(&copy);
	if (rc != 0)
		archive_file_remove(file);
	return rc;
}

static int
examine_copy(const char *file, const struct watch *watch, struct err *e)
{
	struct archive copy;
	int rc;

	if (archive_open_copy(&copy, file, e) != 0)
		return -1;
	copy.watch = watch;
	rc = archive_examine(&copy, true, 0, e);
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
		    "%s: exists already: name a new file", file);
	/* In this mode it is one file, without a WAL. */
	if (copy_to(a, tmp, "PRAGMA journal_mode = DELETE", e) != 0)
		return -1;
	rc = examine_copy(tmp, a->watch, e);
	/* link() never replaces a file that another process has made. */
	if (rc == 0 && link(tmp, file) != 0 &&
	    (errno == EEXIST || rename(tmp, file) != 0))
		rc = err_errno(e, EX_CANTCREAT, "%s", file);
	archive_file_remove(tmp);
	if (rc == 0 && archive_file_sync(file) != 0)
		rc = err_errno(e, EX_IOERR, "%s", file);
	return rc;
}

/*
 * This SQL makes an archive of the copy. The archive gets an id of its own, and
 * reads fail2ban's database from its beginning again, because the copy's notes
 * about the database may be out of date.
 */
#define BEGIN_ANEW \
	"UPDATE meta SET value = lower(hex(randomblob(16))) " \
	"WHERE key = 'id';" \
	"UPDATE source SET counter = -1, full_us = 0, full_bans = 0, " \
	"full_bips = 0;" \
	"PRAGMA journal_mode = WAL"
static const char begin_anew[] = BEGIN_ANEW;

/* Moreover the id that the copy had is noted: see archive/copy/other_archive.h.
 */
static const char begin_anew_from[] =
    "INSERT OR REPLACE INTO meta SELECT 'former:' || value, "
    "(SELECT max(coalesce(max(rev), 0), coalesce((SELECT max(rev) "
    "FROM gone), 0)) FROM ban) || ' ' || coalesce((SELECT max(id) FROM ban), "
    "0) FROM meta WHERE key = 'id';" BEGIN_ANEW;

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
	    archive_file_set_aside(path, BESIDE_REPLACED, aside, e) == 0) {
		if (st.st_mode == 0)
			aside[0] = '\0';
		rc = 0;
		if (rename(tmp, path) != 0 || archive_file_sync(path) != 0)
			rc = err_errno(e, EX_IOERR, "%s", path);
	}
	lock_close(&lock);
	return rc;
}

/* Restore, while the caller keeps other restores and reconciles out. */
static int
restore_alone(const char *path, const char *file, int lock_ms,
    char aside[PATH_MAX], struct err *e)
{
	struct archive copy;
	char tmp[PATH_MAX];
	int64_t tables = 0;
	int rc;

	if ((size_t)snprintf(tmp, sizeof(tmp), "%s" BESIDE_RESTORE, path) >=
	    sizeof(tmp))
		return err_set(e, EX_CONFIG, "archive: path too long");
	if (archive_open_copy(&copy, file, e) != 0)
		return -1;
	archive_file_remove(tmp); /* a restore that was cut off has left it */
	rc = archive_examine(&copy, true, 0, e);
	/* An archive of an older version has no table of what has gone. */
	if (rc == 0)
		rc = db_number(&copy.db, SQL_IMPORT_CHANGES, &tables, e, "");
	if (rc == 0)
		rc = copy_to(&copy, tmp,
		    tables == 2 ? begin_anew_from : begin_anew, e);
	archive_close(&copy);
	if (rc != 0)
		return -1;
	rc = swap(path, tmp, lock_ms, aside, e);
	archive_file_remove(tmp);
	return rc;
}

int
archive_restore(const char *path, const char *file, int lock_ms,
    char aside[PATH_MAX], struct err *e)
{
	char turn_path[ARCHIVE_RUN_LOCK_PATH];
	struct stat st;
	int turn, rc;

	archive_run_lock_path(path, RUN_RECONCILE, turn_path);
	if (archive_file_make_folder(path, e) != 0 ||
	    archive_file_check(path, &st, e) != 0 ||
	    (turn = lock_alone(turn_path, e)) < 0)
		return -1;
	rc = restore_alone(path, file, lock_ms, aside, e);
	close(turn);
	return rc;
}
