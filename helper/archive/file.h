/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The archive as a file in a folder. These functions check that it is ours
 * before SQLite opens it, move it aside whole, and know the files beside it. No
 * function here opens the archive itself: closing it would drop SQLite's locks.
 */
#ifndef ARCHIVE_FILE_H
#define ARCHIVE_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/err.h"

/*
 * BESIDE_WAL and the like are the endings that make the names of the files
 * beside the archive from its own name. The Makefile makes these from
 * archive/beside.
 */
#include "beside.inc"

/* Make the folder (0700) of the archive at path. It may exist already. */
int archive_file_make_folder(const char *path, struct err *e);

/*
 * Check that a regular file lies at path, or no file, and that no other user
 * may write it or its folder. st->st_mode is 0 when there is no file. Fails as
 * file_trust_check_folder and file_trust_check do, and with EX_DATAERR when it
 * is not a regular file.
 */
int archive_file_check(const char *path, struct stat *st, struct err *e);

/*
 * The two halves of archive_file_check: the folder, where EX_NOINPUT says that
 * there is none; and the file in it.
 */
int archive_file_check_folder(const char *path, struct err *e);
int archive_file_check_itself(const char *path, struct stat *st, struct err *e);

/*
 * Return true when the archive is empty or missing, but has a WAL. SQLite would
 * delete that WAL with the bans in it.
 */
bool archive_file_is_torn(const char *path, const struct stat *st);

/*
 * Move the archive aside, with its -wal and -journal, to PATH SUFFIX TIME,
 * which is written to aside; suffix is BESIDE_CORRUPT or BESIDE_REPLACED. The
 * caller has the write lock. A process that has the file open keeps it. When a
 * step is cut off, the next call does the rest. Fails with EX_IOERR.
 */
int archive_file_set_aside(const char *path, const char *suffix,
    char aside[PATH_MAX], struct err *e);

/* Count the damaged archives that were moved aside and lie beside it. */
int archive_file_count_corrupt(const char *path);

/*
 * Flush a file that SQLite has closed, and its name, to disk. Return 0, or -1
 * with errno.
 */
int archive_file_sync(const char *path);

/* Remove a copy of an archive, and SQLite's files beside it, if they exist. */
void archive_file_remove(const char *path);

/*
 * Set, look for and clear the mark that a process met damage. The next
 * reconcile examines a marked archive and clears the mark. Failures are not
 * reported.
 */
void archive_file_suspect(const char *path);
bool archive_file_is_suspect(const char *path);
void archive_file_clear(const char *path);

/* Return true when the WAL has at least so many bytes. */
bool archive_file_has_wal(const char *path, off_t bytes);

/* Flush the WAL to disk. Failures are not reported. */
void archive_file_sync_wal(const char *path);

/*
 * Let the WAL have at least so many bytes on disk, so that events can be
 * written while the disk is full. Its content stays. Failures are not reported.
 */
void archive_file_reserve_wal(const char *path, off_t bytes);

#endif
