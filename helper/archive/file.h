/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The archive as a file among files, before SQLite sees it: whether it is ours
 * to open, how it is moved aside whole, and what lies beside it. Nothing here
 * opens the file itself: closing it would drop SQLite's locks.
 */
#ifndef ARCHIVE_FILE_H
#define ARCHIVE_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/err.h"

/*
 * BESIDE_WAL and the like: what is added to the archive's name in the names of
 * the files beside it. The Makefile makes these from archive/beside.
 */
#include "beside.inc"

/* Make the folder (0700) in which the archive at path lies or will lie. */
int archive_file_make_folder(const char *path, struct err *e);

/*
 * A regular file of ours, which no other may write, or nothing at all lies at
 * path, in such a folder; *st says which, st_mode 0: nothing. Fails as
 * file_trust_check_folder does, and with EX_DATAERR where it is no regular
 * file.
 */
int archive_file_check(const char *path, struct stat *st, struct err *e);

/*
 * Whether there is a WAL beside a file that is empty or missing. SQLite would
 * delete that WAL, and the bans in it.
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

/* How many files lie beside it that were set aside as corrupt. */
int archive_file_count_corrupt(const char *path);

/*
 * Flush a file, closed by SQLite, and its name to disk. -1 and errno on
 * failure.
 */
int archive_file_sync(const char *path);

/* Remove a copy of an archive and what SQLite has beside it, if it is there. */
void archive_file_remove(const char *path);

/*
 * A mark that somebody met damage: the next reconcile looks at all of the
 * archive, and takes the mark away. No failure is told.
 */
void archive_file_suspect(const char *path);
bool archive_file_is_suspect(const char *path);
void archive_file_clear(const char *path);

/* Whether the WAL holds that many bytes. */
bool archive_file_has_wal(const char *path, off_t bytes);

/* Flush the WAL to disk. No failure is told. */
void archive_file_sync_wal(const char *path);

/*
 * Have the WAL hold that many bytes on disk, so that events can be written
 * while the disk is full. What it holds stays. No failure is told.
 */
void archive_file_reserve_wal(const char *path, off_t bytes);

#endif
