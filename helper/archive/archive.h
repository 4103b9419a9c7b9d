/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The archive: one SQLite file, and the only room that knows its tables. All
 * that writes holds the lock of lock.h from archive_begin to archive_commit.
 * Times are microseconds since the epoch. What fails with SQLite's errors
 * gives the codes of db_error.
 */
#ifndef ARCHIVE_ARCHIVE_H
#define ARCHIVE_ARCHIVE_H

#include <limits.h>
#include <stdint.h>

#include "ban/ban.h"
#include "os/db.h"
#include "os/lock.h"
#include "archive/sqlite_vfs.h"

/*
 * How long the WAL may grow, in bytes: for events, and for a process that
 * writes much and then gives it back to the events.
 */
#define ARCHIVE_WAL_EVENT SQLITE_VFS_WAL_WHOLE
#define ARCHIVE_WAL_BULK (6 * 1024 * 1024)

struct archive {
	struct db db;
	struct lock lock;
	bool locked;
	bool writing; /* a transaction is open */
	char path[PATH_MAX];
	int lock_ms;	   /* how long to wait for a lock */
	int busy_ms;	   /* what the last wait left of that */
	int wal_limit;	   /* bytes of WAL that begin a checkpoint */
	bool lazy;	   /* see archive_set_durable */
	uint64_t dev, ino; /* of the file that is open */
};

/*
 * Open the archive at path for writing: its folder (0700), its file (0600)
 * and its schema are made or brought up to date. lock_ms: how long to wait for
 * the lock, here and in archive_begin. The lock is held on return, until the
 * first archive_commit. briefly: for one short transaction, in which nobody
 * else can read it. Fails with EX_TEMPFAIL when the lock is not had, and
 * briefly where an older program made it, EX_DATAERR when the file is no
 * archive, EX_PROTOCOL when it is newer than this program.
 */
int archive_open(struct archive *a, const char *path, int lock_ms, bool briefly,
    struct err *e);

/*
 * Open it for reading; takes no lock and makes nothing. Fails with
 * EX_NOINPUT when there is none.
 */
int archive_open_read(struct archive *a, const char *path, struct err *e);

/*
 * Roll back what is open, let the lock go, close. Where damage was met, a mark
 * is left for the next reconcile.
 */
void archive_close(struct archive *a);

/*
 * Move a damaged archive aside; why says what is damaged. message gets the
 * line for the log that says so, or "" when another process has moved it
 * already. The caller closes the archive next. Fails with EX_TEMPFAIL when the
 * lock is not had in time, with EX_IOERR when the file cannot be moved.
 */
#define ARCHIVE_ABANDONED (PATH_MAX + 1024)
int archive_abandon(struct archive *a, const char *why,
    char message[ARCHIVE_ABANDONED], struct err *e);

/*
 * One write transaction. archive_begin takes the lock and fails with
 * EX_TEMPFAIL as archive_open does, and with EX_IOERR when another file lies
 * at the path by now. After a failure anywhere, archive_rollback.
 */
int archive_begin(struct archive *a, struct err *e);
int archive_commit(struct archive *a, struct err *e);
void archive_rollback(struct archive *a);

/*
 * Let the lock go that archive_open took, when no transaction follows at once.
 */
void archive_unlock(struct archive *a);

/* Whether an event, or another process, waits for the lock that is held. */
bool archive_is_wanted(const struct archive *a);

/*
 * After a failure for want of room: the WAL is emptied into the database, so
 * that another try begins at its start. The lock is held on success.
 */
int archive_make_room(struct archive *a, struct err *e);

/*
 * Whether what is committed is on disk at once, as it is from the beginning.
 * Without, it is once anybody's next commit is, or a checkpoint: for what can
 * be done again as a whole, such as reading fail2ban's database.
 */
int archive_set_durable(struct archive *a, bool durable, struct err *e);

/* How much of the archive to keep in memory. */
int archive_set_cache(struct archive *a, int kib, struct err *e);

/*
 * Empty the WAL into the archive, and have it keep its room on disk; readers
 * that still need it prevent that, and are not waited for.
 */
int archive_empty_wal(struct archive *a, struct err *e);

/* A number of the archive's own by its key; UNKNOWN where it is not set. */
int archive_get_number(struct archive *a, const char *key, int64_t *v,
    struct err *e);
int archive_set_number(struct archive *a, const char *key, int64_t v,
    struct err *e);

/* When the newest ban began; UNKNOWN in an empty archive. */
int archive_newest(struct archive *a, int64_t *since_us, struct err *e);

#endif
