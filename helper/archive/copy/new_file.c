/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/copy/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "archive/copy/new_file_inside.h"
#include "archive/file.h"
#include "archive/read/changes.h"
#include "archive/schema.h"
#include "archive/statements.h"
#include "base/list.h"
#include "base/path.h"

/*
 * The archive may give out so many numbers meanwhile: for 200 events a second
 * this is ten minutes.
 */
#define NUMBERS 131072

/* SQLite keeps so many KiB in memory, and once more while it sorts. */
#define CACHE_KIB "4096"

/* After this many steps SQLite asks whether it should give up. */
#define PROGRESS_STEPS 10000

/* The file needs no safety: after a failure the next run begins a new one. */
static const char settings[] =
    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF;"
    "PRAGMA synchronous = OFF; PRAGMA temp_store = FILE;"
    "PRAGMA cache_size = -" CACHE_KIB "; BEGIN";

/* Bans are added without the other indexes; a rev is found by this one. */
static const char other_indexes[] =
    "SELECT name, sql FROM sqlite_schema WHERE type = 'index' "
    "AND tbl_name = 'ban' AND sql IS NOT NULL AND name <> 'ban_rev'";

static const char whole_schema[] =
    "SELECT coalesce(group_concat(sql, ';'), '') FROM (SELECT sql "
    "FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name)";

/* Run SQL in which %w is a name; free it. */
static int
run_text(struct db *db, char *sql, struct err *e)
{
	int rc = sql != NULL ? db_exec(db, sql, e) : err_no_memory(e);

	sqlite3_free(sql);
	return rc;
}

int
new_file_fits(struct archive *a, int64_t bans, struct err *e)
{
	int64_t fits;

	if (db_number(&a->db, SQL_NEW_FILE_FITS, &fits, e, "i", bans) != 0)
		return -1;
	return fits == 1;
}

void
new_file_remove(const char *path)
{
	char name[PATH_MAX + sizeof(BESIDE_NEW)];

	snprintf(name, sizeof(name), "%s" BESIDE_NEW, path);
	archive_file_remove(name);
}

/* SQLite sorts in files beside the archive: /tmp may be in memory. */
static int
sort_beside(struct new_file *n, struct err *e)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s", n->path);
	path_cut_to_folder(folder);
	if ((n->folder = sqlite3_mprintf("%s", folder)) == NULL)
		return err_no_memory(e);
	sqlite3_temp_directory = n->folder;
	return 0;
}

/* Make the file with the mode and the owner of the archive's. */
static int
create(const struct new_file *n, const char *like, struct err *e)
{
	int fd = open(n->path,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat st;
	int rc = 0;

	if (fd < 0)
		return err_errno(e, EX_CANTCREAT, "%s", n->path);
	if (stat(like, &st) != 0 || fchmod(fd, st.st_mode & 07777) != 0 ||
	    fchown(fd, st.st_uid, st.st_gid) != 0)
		rc = err_errno(e, EX_CANTCREAT, "%s", n->path);
	close(fd);
	return rc;
}

static int
is_stopped(void *to)
{
	const struct new_file *n = to;

	return *n->stop != 0;
}

static int
open_empty(struct new_file *n, struct err *e)
{
	struct db *db = &n->archive.db;

	if (db_open(db, n->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW,
		NULL, 0, archive_statements, ARCHIVE_STATEMENTS_COUNT,
		e) != 0 ||
	    archive_schema_migrate(db, false, e) != 0)
		return -1;
	/* A defensive SQLite does not do without a journal. */
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
	if (db_exec(db, settings, e) != 0)
		return -1;
	sqlite3_progress_handler(db->handle, PROGRESS_STEPS, is_stopped, n);
	return 0;
}

/* Fail when the archive has a table, an index or a view of others. */
static int
check_schema(struct new_file *n, struct archive *a, struct err *e)
{
	sqlite3_stmt *here = new_file_prepare(&a->db, whole_schema, e);
	sqlite3_stmt *there = here == NULL ?
	    NULL :
	    new_file_prepare(&n->archive.db, whole_schema, e);
	int rc = -1;

	if (there != NULL && db_step(&a->db, here, e) == 1 &&
	    db_step(&n->archive.db, there, e) == 1) {
		const char *x = db_text(here, 0), *y = db_text(there, 0);

		if (x == NULL || y == NULL)
			err_no_memory(e);
		else if (strcmp(x, y) == 0)
			rc = 0;
		else
			err_set(e, EX_UNAVAILABLE,
			    "%s: it has tables, indexes or views of others",
			    a->db.name);
	}
	sqlite3_finalize(here);
	sqlite3_finalize(there);
	return rc;
}

/* Drop the indexes that are made at the end. */
static int
drop_indexes(struct new_file *n, struct err *e)
{
	struct db *db = &n->archive.db;
	sqlite3_stmt *st;
	int rc = 0;

	do {
		char **list, *drop;

		if ((st = new_file_prepare(db, other_indexes, e)) == NULL)
			return -1;
		if ((rc = db_step(db, st, e)) != 1) {
			sqlite3_finalize(st);
			break;
		}
		list = list_grow(n->indexes, &n->room, n->n + 1, sizeof(*list));
		if (list != NULL) {
			n->indexes = list;
			list[n->n] = strdup(db_text(st, 1));
		}
		drop = sqlite3_mprintf("DROP INDEX \"%w\"", db_text(st, 0));
		sqlite3_finalize(st);
		if (list == NULL || list[n->n] == NULL) {
			sqlite3_free(drop);
			return err_no_memory(e);
		}
		n->n++;
		rc = run_text(db, drop, e);
	} while (rc == 0);
	return rc;
}

int
new_file_greatest(struct archive *a, int64_t *v, struct err *e)
{
	char id[ARCHIVE_ID];
	int64_t rev;

	if (archive_changes_state(a, &rev, id, e) != 0 ||
	    db_number(&a->db, SQL_NEW_FILE_GREATEST, v, e, "") != 0)
		return -1;
	if (rev > *v)
		*v = rev;
	return 0;
}

/* Evidence gets numbers after that of a row that goes at the end. */
static int
number_evidence(struct new_file *n, struct archive *a, struct err *e)
{
	if (new_file_greatest(a, &n->first, e) != 0)
		return -1;
	n->first += NUMBERS;
	return new_file_run(&n->archive.db,
	    "INSERT INTO evidence (id) VALUES (?1)", n->first, e);
}

int
new_file_begin(struct new_file *n, struct archive *a,
    const volatile sig_atomic_t *stop, struct err *e)
{
	int64_t rev;

	*n =
	    (struct new_file){ .archive = { .lock = LOCK_INIT }, .stop = stop };
	if ((size_t)snprintf(n->path, sizeof(n->path), "%s" BESIDE_NEW,
		a->path) >= sizeof(n->path))
		return err_set(e, EX_CONFIG, "archive: path too long");
	archive_file_remove(n->path);
	if (archive_changes_state(a, &rev, n->id, e) != 0)
		return -1;
	/* The tables are read as they are at one moment. */
	if (sort_beside(n, e) != 0 || create(n, a->path, e) != 0 ||
	    open_empty(n, e) != 0 || check_schema(n, a, e) != 0 ||
	    drop_indexes(n, e) != 0 || db_exec(&a->db, "BEGIN", e) != 0)
		return -1;
	if (number_evidence(n, a, e) == 0 &&
	    new_file_copy_tables(n, &a->db, e) == 0)
		return db_exec(&a->db, "COMMIT", e);
	sqlite3_exec(a->db.handle, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

void
new_file_close(struct new_file *n)
{
	archive_close(&n->archive);
	for (size_t i = 0; i < n->n; i++)
		free(n->indexes[i]);
	free(n->indexes);
	new_file_free_ids(n->ids, n->ids_n);
	sqlite3_temp_directory = NULL;
	sqlite3_free(n->folder);
	if (n->path[0] != '\0')
		archive_file_remove(n->path);
	*n = (struct new_file){ .archive = { .lock = LOCK_INIT } };
}

int
new_file_check(const struct new_file *n, struct archive *a, struct err *e)
{
	char id[ARCHIVE_ID];
	int64_t rev;

	if (archive_changes_state(a, &rev, id, e) != 0)
		return -1;
	return strcmp(id, n->id) == 0 ?
	    0 :
	    err_set(e, EX_IOERR, "%s: moved or replaced meanwhile", a->path);
}

int
new_file_add_jail(struct new_file *n, const char *name,
    const struct archive_jail *jail, struct err *e)
{
	return db_query(&n->archive.db, SQL_NEW_FILE_JAIL, e, "it", jail->id,
	    name);
}

int
new_file_number(struct new_file *n, struct err *e)
{
	struct db *db = &n->archive.db;

	if (n->numbered)
		return 0;
	if (new_file_run(db, "UPDATE ban SET id = id + ?1, rev = rev + ?1",
		n->first, e) != 0)
		return -1;
	n->numbered = sqlite3_changes(db->handle) > 0;
	return 0;
}

int
new_file_make_indexes(struct new_file *n, struct err *e)
{
	for (size_t i = 0; i < n->n; i++) {
		if (db_exec(&n->archive.db, n->indexes[i], e) != 0)
			return -1;
	}
	return new_file_run(&n->archive.db,
	    "DELETE FROM evidence WHERE id = ?1", n->first, e);
}

int
new_file_flush(struct new_file *n, struct err *e)
{
	if (db_exec(&n->archive.db, "COMMIT", e) != 0)
		return -1;
	/* No other process opens the file: so its locks may go. */
	if (archive_file_sync_content(n->path) != 0)
		return err_errno(e, EX_IOERR, "%s", n->path);
	return db_exec(&n->archive.db, "BEGIN", e);
}

/*
 * Leave nothing in the archive's WAL: it becomes the new file's. Its length
 * must be on disk before the new file has its name, or else a power cut might
 * put the old WAL beside the new file (sqlite.org/howtocorrupt.html).
 */
static int
empty_wal(struct archive *a, struct err *e)
{
	if (sqlite3_wal_checkpoint_v2(a->db.handle, NULL,
		SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) != SQLITE_OK)
		return db_error(&a->db, e);
	if (archive_file_has_wal(a->path, 1))
		return err_set(e, EX_IOERR, "%s: its WAL is not empty",
		    a->db.name);
	archive_file_sync_wal(a->path);
	return 0;
}

/* Close the file as an archive with a WAL, whole and on disk. */
static int
finish(struct new_file *n, struct err *e)
{
	char wal[PATH_MAX + sizeof(BESIDE_WAL)];

	if (db_exec(&n->archive.db, "COMMIT; PRAGMA journal_mode = WAL", e) !=
	    0)
		return -1;
	db_close(&n->archive.db);
	/* Its WAL was never written. */
	snprintf(wal, sizeof(wal), "%s" BESIDE_WAL, n->path);
	if (archive_file_has_wal(n->path, 1) ||
	    (unlink(wal) != 0 && errno != ENOENT) ||
	    archive_file_sync_content(n->path) != 0)
		return err_errno(e, EX_IOERR, "%s", n->path);
	return 0;
}

int
new_file_take_place(struct new_file *n, struct archive *a, bool *done,
    struct err *e)
{
	*done = false;
	if (!a->alone || !a->locked)
		return err_set(e, EX_SOFTWARE, "%s: not open alone",
		    a->db.name);
	if (finish(n, e) != 0 || empty_wal(a, e) != 0)
		return -1;
	if (rename(n->path, a->path) != 0)
		return err_errno(e, EX_IOERR, "%s", a->path);
	*done = true;
	n->path[0] = '\0';
	/* Until it is closed, no other process can open the old file. */
	db_close(&a->db);
	return archive_file_sync(a->path) == 0 ?
	    0 :
	    err_errno(e, EX_IOERR, "%s", a->path);
}
