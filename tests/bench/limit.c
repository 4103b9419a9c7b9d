/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * limit DATABASE ID TIME
 *
 * Inserts one row into a database of one table, in WAL mode, and flushes once.
 * No program that keeps a ban with SQLite, and is a process of its own, can do
 * less: it is linked as the events' program is, and reads and checks nothing.
 * The database is made when it is not there.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>

#define MAKE \
	"PRAGMA page_size = 2048; PRAGMA journal_mode = WAL; " \
	"CREATE TABLE ban (ip, jail, time)"
#define INSERT "INSERT INTO ban VALUES (?, 'sshd', ?)"
#define WAL_PAGES 128 /* the most that the next process has to read */

static sqlite3_vfs vfs;

/*
 * SQLite flushes the folder too when it may have made the WAL (3.40.1,
 * os_unix.c, UNIXFILE_DIRSYNC): so it may not.
 */
static int
open_file(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags,
    int *out_flags)
{
	sqlite3_vfs *system = self->pAppData;
	struct stat st;

	if ((flags & SQLITE_OPEN_WAL) != 0 && stat(name, &st) == 0)
		flags &= ~SQLITE_OPEN_CREATE;
	return system->xOpen(system, name, file, flags, out_flags);
}

static int
run(sqlite3 *db, const char *id, const char *at)
{
	sqlite3_stmt *insert;

	if (sqlite3_prepare_v2(db, INSERT, -1, &insert, NULL) != SQLITE_OK &&
	    (sqlite3_exec(db, MAKE, NULL, NULL, NULL) != SQLITE_OK ||
		sqlite3_prepare_v2(db, INSERT, -1, &insert, NULL) != SQLITE_OK))
		return -1;
	sqlite3_bind_text(insert, 1, id, -1, SQLITE_STATIC);
	sqlite3_bind_text(insert, 2, at, -1, SQLITE_STATIC);
	sqlite3_step(insert);
	return sqlite3_finalize(insert) == SQLITE_OK ? 0 : -1;
}

int
main(int argc, char **argv)
{
	sqlite3 *db = NULL;

	if (argc != 4)
		return 64;
	sqlite3_initialize();
	vfs = *sqlite3_vfs_find(NULL);
	vfs.pAppData = sqlite3_vfs_find(NULL);
	vfs.zName = "limit";
	vfs.xOpen = open_file;
	if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK ||
	    sqlite3_open_v2(argv[1], &db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
		"limit") != SQLITE_OK ||
	    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL) !=
		SQLITE_OK ||
	    sqlite3_wal_autocheckpoint(db, WAL_PAGES) != SQLITE_OK ||
	    run(db, argv[2], argv[3]) != 0) {
		fprintf(stderr, "limit: %s\n", sqlite3_errmsg(db));
		return 74;
	}
	return sqlite3_close(db) == SQLITE_OK ? 0 : 74;
}
