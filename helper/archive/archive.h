/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The archive: one SQLite file. The files of this folder are the only ones that
 * know its tables. A writer holds the lock of os/lock.h from archive_begin to
 * archive_commit. Times are microseconds since the epoch. Where SQLite fails,
 * the codes are db_error's.
 */
#ifndef ARCHIVE_ARCHIVE_H
#define ARCHIVE_ARCHIVE_H

#include <limits.h>
#include <stdint.h>

#include "archive/sqlite_vfs.h"
#include "ban/ban.h"
#include "base/work.h"
#include "os/db.h"
#include "os/lock.h"

/*
 * The most bytes to which the WAL may grow: while events write, and while a
 * process writes much at a stretch.
 */
#define ARCHIVE_WAL_EVENT SQLITE_VFS_WAL_WHOLE
#define ARCHIVE_WAL_BULK (6 * 1024 * 1024)

struct elsewhere;

struct archive {
	struct db db;
	struct lock lock;
	bool locked;
	bool writing; /* a transaction is open */
	bool alone;   /* no other process can open the file */
	char path[PATH_MAX];
	int lock_ms;	   /* the longest wait for the lock */
	int busy_ms;	   /* the part of it that the last wait left */
	int wal_limit;	   /* a WAL of more bytes is checkpointed */
	bool lazy;	   /* commits are not durable: archive_set_durable */
	uint64_t dev, ino; /* of the file that is open */
	const struct watch
	    *watch; /* of the work of archive/copy/backup.h, or NULL */
	/* The bans lie there (archive/elsewhere.h); NULL: in the file. */
	struct elsewhere *elsewhere;
};

/*
 * Open the archive at path for writing. Its folder (0700), its file (0600) and
 * its schema are made or brought up to date. lock_ms is the longest wait for
 * the lock, here and in archive_begin. The lock is held on return, until
 * archive_commit, archive_rollback or archive_unlock. briefly is for one short
 * transaction: no other process can read the archive meanwhile, if none has it
 * open by then (a->alone).
 *
 * Fails with EX_TEMPFAIL when the lock is not had in time, and also when
 * briefly is set and an older program made the archive; with EX_DATAERR when
 * the file is no archive; with EX_PROTOCOL when it is newer than this program.
 */
int archive_open(struct archive *a, const char *path, int lock_ms, bool briefly,
    struct err *e);

/*
 * Open the archive for reading. This takes no lock and makes no file. While
 * there is no archive and another process has the lock, as in a restore, this
 * waits for that process. Fails with EX_NOINPUT when there is no archive, or an
 * older program made it.
 */
int archive_open_read(struct archive *a, const char *path, struct err *e);

/*
 * Make a an archive whose bans lie elsewhere (archive/elsewhere.h), for
 * reading. archive_close ends `of`.
 */
void archive_open_elsewhere(struct archive *a, struct elsewhere *of);

/*
 * Roll back an open transaction, release the lock, and close the archive. When
 * damage was met, a mark is left for the next reconcile (archive/file.h).
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
 * Begin and end a write transaction. archive_begin takes the lock. It fails
 * with EX_TEMPFAIL when the lock is not had in time, with EX_IOERR when another
 * file lies at the path by now. After any failure in between, the caller calls
 * archive_rollback.
 */
int archive_begin(struct archive *a, struct err *e);
int archive_commit(struct archive *a, struct err *e);
void archive_rollback(struct archive *a);

/*
 * Release the lock that archive_open took. Call it when no transaction follows
 * at once.
 */
void archive_unlock(struct archive *a);

/* Return true when another process waits for the lock that is held here. */
bool archive_is_wanted(const struct archive *a);

/*
 * Make room after the disk was full: roll back, and copy the WAL into the
 * database, so that the next transaction is written at the WAL's start. The
 * lock is held on success.
 */
int archive_make_room(struct archive *a, struct err *e);

/*
 * Choose whether a commit is on disk when archive_commit returns. At first
 * every commit is. A commit that is not durable is on disk after the next
 * durable commit of any process, or after the next checkpoint: that is enough
 * for work that can be done again as a whole, such as a replay.
 */
int archive_set_durable(struct archive *a, bool durable, struct err *e);

/* Let SQLite keep up to kib KiB of the archive in memory. */
int archive_set_cache(struct archive *a, int kib, struct err *e);

/*
 * Have SQLite overwrite with zeros what is removed from here on, so that it
 * cannot be found in the file any more (sqlite.org/pragma.html#secure_delete).
 */
int archive_overwrite_removed(struct archive *a, struct err *e);

/*
 * Copy the WAL into the archive; the empty WAL keeps its room on disk. A reader
 * that still needs the WAL prevents the copying; it is not waited for.
 */
int archive_empty_wal(struct archive *a, struct err *e);

/*
 * Write the archive anew, without the room that removed bans have left. This
 * takes long; no process waits for the lock meanwhile (os/lock.h), and events
 * go to the spool. SQLite writes its copy to the folder of SQLITE_TMPDIR. No
 * transaction is open. Fails with EX_TEMPFAIL when the lock is not had in time,
 * or while another vacuum is at work.
 */
int archive_vacuum(struct archive *a, struct err *e);

/*
 * Get or set a number that the archive keeps about itself, by its key (table
 * meta). *v is UNKNOWN when the key is not set.
 */
int archive_get_number(struct archive *a, const char *key, int64_t *v,
    struct err *e);
int archive_set_number(struct archive *a, const char *key, int64_t v,
    struct err *e);

/* The key of the newest rev with which a ban has gone that is forgotten. */
#define ARCHIVE_FORGOTTEN "forgotten_rev"

/*
 * Set *since_us to the beginning of the ban that began last, or to UNKNOWN when
 * the archive is empty.
 */
int archive_newest(struct archive *a, int64_t *since_us, struct err *e);

/*
 * Do the same of the bans of this machine that began after_us or later;
 * UNKNOWN: there is none.
 */
int archive_newest_here(struct archive *a, int64_t after_us, int64_t *since_us,
    struct err *e);

/*
 * Set *us to when the last ban began or ended, as far as an index tells, or to
 * UNKNOWN when the archive is empty.
 */
int archive_last_event(struct archive *a, int64_t *us, struct err *e);

#endif
