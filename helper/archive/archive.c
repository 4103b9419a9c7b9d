/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/archive.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "archive/elsewhere.h"
#include "archive/file.h"
#include "archive/schema.h"
#include "archive/sqlite_vfs.h"
#include "archive/statements.h"
#include "os/clock.h"

/* A reader waits so long for a checkpoint that needs the file alone. */
#define READ_BUSY_MS 1000
/* A reader opens the archive so often while other files take its place. */
#define OPEN_TRIES 5
/* The file grows by so much: the unused part can be written on a full disk. */
#define CHUNK_BYTES (1024 * 1024)

static int
take_lock(struct archive *a, struct err *e)
{
	if (a->locked)
		return 0;
	if (lock_take(&a->lock, a->path, a->lock_ms, &a->busy_ms, e) != 0)
		return -1;
	a->locked = true;
	/* SQLite waits for a writer that does not take our lock. */
	sqlite_vfs_sleep_until(clock_steady_ms() + a->busy_ms);
	if (a->db.handle != NULL)
		sqlite3_busy_timeout(a->db.handle, a->busy_ms);
	return 0;
}

void
archive_unlock(struct archive *a)
{
	lock_release(&a->lock);
	a->locked = false;
}

static int
check_whole(struct archive *a, const struct stat *st, struct err *e)
{
	if (!archive_file_is_torn(a->path, st))
		return 0;
	a->db.corrupt = true;
	return err_set(e, EX_DATAERR, "%s: empty or missing, but for its WAL",
	    a->path);
}

/*
 * Open the archive for this process alone, so that the WAL's index is in
 * memory: as a file it would need room on disk each time. A reader prevents
 * that; then the index is a file already.
 * (sqlite.org/wal.html, "Use of WAL Without Shared-Memory")
 */
static int
open_alone(struct archive *a, struct err *e)
{
	int rc;

	if (db_exec(&a->db, "PRAGMA locking_mode = EXCLUSIVE", e) != 0)
		return -1;
	sqlite3_busy_timeout(a->db.handle, 0);
	rc = archive_schema_migrate(&a->db, true, e);
	sqlite3_busy_timeout(a->db.handle, a->busy_ms);
	a->alone = rc == 0;
	if (rc == 0 || e->code != EX_TEMPFAIL)
		return rc;
	if (db_exec(&a->db, "PRAGMA locking_mode = NORMAL", e) != 0)
		return -1;
	return archive_schema_migrate(&a->db, true, e);
}

static int
open_file(struct archive *a, bool briefly, struct err *e)
{
	int chunk = CHUNK_BYTES;
	struct stat st;

	/* The folder is checked already. */
	if (archive_file_check_itself(a->path, &st, e) != 0 ||
	    check_whole(a, &st, e) != 0 ||
	    db_open(&a->db, a->path,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
		    SQLITE_OPEN_NOFOLLOW,
		sqlite_vfs_name(), a->busy_ms, archive_statements,
		ARCHIVE_STATEMENTS_COUNT, e) != 0)
		return -1;
	sqlite3_wal_autocheckpoint(a->db.handle, 0);
	sqlite3_file_control(a->db.handle, NULL, SQLITE_FCNTL_CHUNK_SIZE,
	    &chunk);
	if ((briefly ? open_alone(a, e) :
		       archive_schema_migrate(&a->db, false, e)) != 0 ||
	    db_exec(&a->db,
		"PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY",
		e) != 0)
		return -1;
	if (stat(a->path, &st) != 0)
		return err_errno(e, EX_NOINPUT, "%s", a->path);
	a->dev = st.st_dev;
	a->ino = st.st_ino;
	return 0;
}

static int
prepare(struct archive *a, const char *path, int lock_ms, struct err *e)
{
	*a = (struct archive){
		.lock = LOCK_INIT,
		.lock_ms = lock_ms,
		.wal_limit = ARCHIVE_WAL_EVENT,
	};
	if (strlen(path) + sizeof(BESIDE_JOURNAL) > sizeof(a->path))
		return err_set(e, EX_CONFIG, "archive: path too long");
	snprintf(a->path, sizeof(a->path), "%s", path);
	return 0;
}

/* Check the folder of the archive, and make it where it is missing. */
static int
make_folder(const char *path, struct err *e)
{
	if (archive_file_check_folder(path, e) == 0)
		return 0;
	if (e->code != EX_NOINPUT || archive_file_make_folder(path, e) != 0)
		return -1;
	return archive_file_check_folder(path, e);
}

int
archive_open(struct archive *a, const char *path, int lock_ms, bool briefly,
    struct err *e)
{
	/*
	 * The folder is checked before the lock files are made: in another
	 * user's folder they might be links. Who may change it is trusted from
	 * then on.
	 */
	if (prepare(a, path, lock_ms, e) == 0 && make_folder(path, e) == 0 &&
	    take_lock(a, e) == 0 && open_file(a, briefly, e) == 0)
		return 0;
	archive_close(a);
	return err_wrap(e, "archive");
}

/*
 * Note which file is open. Return false when another file lies at the path by
 * now. SQLite is asked after the path was looked at, so that what is noted is
 * the open file.
 */
static bool
note_file(struct archive *a)
{
	struct stat st = { 0 };
	int moved = 0;

	(void)stat(a->path, &st);
	a->dev = st.st_dev;
	a->ino = st.st_ino;
	sqlite3_file_control(a->db.handle, NULL, SQLITE_FCNTL_HAS_MOVED,
	    &moved);
	return moved == 0;
}

/*
 * Open the file to read, and find out its version. Another file may take its
 * place (archive/copy/new_file.h) before SQLite has opened the WAL, which is
 * then that of the other file: so look at the path after the first read.
 */
static int
open_present(struct archive *a, int64_t *version, struct err *e)
{
	for (int i = 0; i < OPEN_TRIES; i++) {
		int rc;

		if (db_open(&a->db, a->path,
			SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW, NULL,
			a->lock_ms, archive_statements,
			ARCHIVE_STATEMENTS_COUNT, e) != 0)
			return -1;
		rc = archive_schema_check(&a->db, version, e);
		if (note_file(a))
			return rc;
		db_close(&a->db);
		a->db.corrupt = false;
	}
	return err_set(e, EX_TEMPFAIL, "%s: replaced again and again", a->path);
}

/*
 * Check the file. Between the two renames of a restore no file lies there: wait
 * for the process that has the lock.
 */
static int
check_file(struct archive *a, struct stat *st, struct err *e)
{
	if (archive_file_check(a->path, st, e) != 0)
		return -1;
	if (st->st_mode == 0 && lock_wait(a->path, a->lock_ms))
		return archive_file_check(a->path, st, e);
	return 0;
}

/* Open to read; a reader cannot bring an older schema up to date. */
static int
open_to_read(struct archive *a, struct err *e)
{
	int64_t version = 0;
	struct stat st;

	if (check_file(a, &st, e) != 0 || check_whole(a, &st, e) != 0)
		return -1;
	if (st.st_mode != 0 && open_present(a, &version, e) != 0)
		return -1;
	if (version == archive_schema_newest)
		return 0;
	return err_set(e, EX_NOINPUT, "%s: %s", a->path,
	    version == 0 ?
		"no archive here yet: a reconcile makes one; if there was "
		"one, restore it first" :
		"of an older program: a reconcile brings it up to "
		"date");
}

int
archive_open_read(struct archive *a, const char *path, struct err *e)
{
	if (prepare(a, path, READ_BUSY_MS, e) == 0 && open_to_read(a, e) == 0)
		return 0;
	archive_close(a);
	return err_wrap(e, "archive");
}

void
archive_open_elsewhere(struct archive *a, struct elsewhere *of)
{
	*a = (struct archive){ .elsewhere = of, .db.name = "fleet" };
}

void
archive_close(struct archive *a)
{
	if (a->elsewhere != NULL) {
		a->elsewhere->calls->end(a->elsewhere);
		return;
	}
	archive_rollback(a);
	/* A copy has no path, and is never reconciled. */
	if (a->db.corrupt && a->path[0] != '\0')
		archive_file_suspect(a->path);
	db_close(&a->db);
	lock_close(&a->lock);
}

/* Return true when the file that is open is no longer the one at the path. */
static bool
is_replaced(const struct archive *a)
{
	struct stat now;

	return stat(a->path, &now) != 0 || (uint64_t)now.st_dev != a->dev ||
	    (uint64_t)now.st_ino != a->ino;
}

int
archive_abandon(struct archive *a, const char *why,
    char message[ARCHIVE_ABANDONED], struct err *e)
{
	char aside[PATH_MAX] = "";
	int rc = 0;

	message[0] = '\0';
	archive_rollback(a);
	db_close(&a->db);
	a->db.corrupt = false;
	if (take_lock(a, e) != 0)
		return -1;
	/* Another process may have moved it since it was opened. */
	if (a->ino == 0 || !is_replaced(a))
		rc = archive_file_set_aside(a->path, BESIDE_CORRUPT, aside, e);
	archive_unlock(a);
	if (rc == 0 && aside[0] != '\0')
		snprintf(message, ARCHIVE_ABANDONED,
		    "archive: damaged: %s; kept as %s, and a new one is begun: "
		    "what only the old one had is there, see "
		    "fail2ban-archive(8), DAMAGE",
		    why, aside);
	return rc;
}

static bool
has_grown(const struct archive *a)
{
	return archive_file_has_wal(a->path, a->wal_limit + 1);
}

/*
 * Copy the WAL into the database when it has grown, because a process that
 * opens the archive alone reads all of the WAL. The checkpoint is passive and
 * waits for no reader. The next transaction of this process is then written at
 * the WAL's start, and its commit cuts the file to the limit: so the file's
 * length shows the next process how full it is.
 * (sqlite.org/wal.html, "Ever-growing WAL"; pragma.html#journal_size_limit)
 */
static int
checkpoint_if_grown(struct archive *a, struct err *e)
{
	char pragma[64];

	if (!has_grown(a))
		return 0;
	snprintf(pragma, sizeof(pragma), "PRAGMA journal_size_limit = %d",
	    a->wal_limit);
	if (db_exec(&a->db, pragma, e) != 0)
		return -1;
	sqlite3_wal_checkpoint_v2(a->db.handle, NULL, SQLITE_CHECKPOINT_PASSIVE,
	    NULL, NULL);
	return 0;
}

/* Take the lock, and check that the open file is still the archive. */
static int
take_turn(struct archive *a, struct err *e)
{
	if (take_lock(a, e) != 0)
		return -1;
	if (!is_replaced(a))
		return 0;
	archive_unlock(a);
	return err_set(e, EX_IOERR, "%s: moved or replaced while it was open",
	    a->db.name);
}

/*
 * Checkpoint apart from the transaction that follows. A process that writes
 * much has a long WAL: it is flushed before the lock is taken, and another
 * process that waits for the checkpoint does not wait for the transaction too.
 */
static int
checkpoint_apart(struct archive *a, struct err *e)
{
	if (a->locked || !has_grown(a))
		return 0;
	archive_file_sync_wal(a->path);
	if (take_turn(a, e) != 0 || checkpoint_if_grown(a, e) != 0)
		return -1;
	archive_unlock(a);
	return 0;
}

int
archive_begin(struct archive *a, struct err *e)
{
	if (checkpoint_apart(a, e) != 0 || take_turn(a, e) != 0 ||
	    checkpoint_if_grown(a, e) != 0 ||
	    db_exec(&a->db, "BEGIN IMMEDIATE", e) != 0) {
		archive_rollback(a);
		return err_wrap(e, "archive");
	}
	a->writing = true;
	return 0;
}

int
archive_commit(struct archive *a, struct err *e)
{
	if (db_exec(&a->db, "COMMIT", e) != 0) {
		archive_rollback(a);
		return err_wrap(e, "archive: commit");
	}
	a->writing = false;
	archive_unlock(a);
	return 0;
}

void
archive_rollback(struct archive *a)
{
	if (a->writing)
		sqlite3_exec(a->db.handle, "ROLLBACK", NULL, NULL, NULL);
	a->writing = false;
	archive_unlock(a);
}

bool
archive_is_wanted(const struct archive *a)
{
	return a->locked && lock_is_wanted(&a->lock);
}

int
archive_make_room(struct archive *a, struct err *e)
{
	archive_rollback(a);
	if (take_lock(a, e) != 0)
		return err_wrap(e, "archive");
	sqlite3_wal_checkpoint_v2(a->db.handle, NULL, SQLITE_CHECKPOINT_PASSIVE,
	    NULL, NULL);
	return 0;
}

int
archive_set_durable(struct archive *a, bool durable, struct err *e)
{
	if (a->lazy == !durable)
		return 0;
	if (db_exec(&a->db,
		durable ? "PRAGMA synchronous = FULL" :
			  "PRAGMA synchronous = NORMAL",
		e) != 0)
		return err_wrap(e, "archive");
	a->lazy = !durable;
	return 0;
}

int
archive_set_cache(struct archive *a, int kib, struct err *e)
{
	char pragma[48];

	snprintf(pragma, sizeof(pragma), "PRAGMA cache_size = -%d", kib);
	return db_exec(&a->db, pragma, e);
}

int
archive_overwrite_removed(struct archive *a, struct err *e)
{
	return db_exec(&a->db, "PRAGMA secure_delete = ON", e);
}

int
archive_empty_wal(struct archive *a, struct err *e)
{
	int rc;

	if (take_lock(a, e) != 0)
		return err_wrap(e, "archive");
	/* This changes something only when the file at the path is not ours. */
	sqlite3_exec(a->db.handle, "PRAGMA journal_mode = WAL", NULL, NULL,
	    NULL);
	sqlite3_busy_timeout(a->db.handle, 0);
	rc = sqlite3_wal_checkpoint_v2(a->db.handle, NULL,
	    SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if (rc == SQLITE_OK)
		archive_file_reserve_wal(a->path, ARCHIVE_WAL_EVENT);
	else if (rc != SQLITE_BUSY)
		db_error(&a->db, e);
	archive_unlock(a);
	return rc == SQLITE_OK || rc == SQLITE_BUSY ? 0 :
						      err_wrap(e, "archive");
}

int
archive_vacuum(struct archive *a, struct err *e)
{
	char path[PATH_MAX + sizeof(BESIDE_VACUUM)];
	int alone, rc = -1;

	snprintf(path, sizeof(path), "%s" BESIDE_VACUUM, a->path);
	/* First the lock, for which events that are at work are waited for. */
	if (take_turn(a, e) != 0)
		return err_wrap(e, "archive");
	if ((alone = lock_alone(path, e)) >= 0) {
		rc = db_exec(&a->db, "VACUUM", e);
		close(alone);
	}
	archive_unlock(a);
	return rc == 0 ? archive_empty_wal(a, e) : err_wrap(e, "archive");
}

int
archive_get_number(struct archive *a, const char *key, int64_t *v,
    struct err *e)
{
	return db_number(&a->db, SQL_META_GET, v, e, "t", key);
}

int
archive_set_number(struct archive *a, const char *key, int64_t v, struct err *e)
{
	return db_query(&a->db, SQL_META_SET, e, "ti", key, v);
}

int
archive_newest(struct archive *a, int64_t *since_us, struct err *e)
{
	return db_number(&a->db, SQL_NEWEST, since_us, e, "");
}

int
archive_newest_here(struct archive *a, int64_t after_us, int64_t *since_us,
    struct err *e)
{
	/* A ban began within a second of its ticket's. */
	return db_number(&a->db, SQL_NEWEST_HERE, since_us, e, "i",
	    after_us / INT64_C(1000000) - 1);
}

int
archive_last_event(struct archive *a, int64_t *us, struct err *e)
{
	int64_t end;

	if (archive_newest(a, us, e) != 0 ||
	    db_number(&a->db, SQL_LAST_END, &end, e, "") != 0)
		return -1;
	if (end > *us)
		*us = end;
	return 0;
}
