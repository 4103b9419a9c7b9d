/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Care of the archive as a whole: examine it, copy it, put a copy in its place.
 * These functions read every page, so they are slow for a large archive.
 */
#ifndef ARCHIVE_COPY_BACKUP_H
#define ARCHIVE_COPY_BACKUP_H

#include "archive/archive.h"

/*
 * Examine an open archive: each page and row must be where it belongs. thorough
 * asks for more: each index agrees with its table, each reference holds, and
 * the tables and indexes are those of this program. wait_ms is the longest time
 * to take; 0: no limit. Fails with EX_DATAERR and the first fault that is found
 * (the archive counts as damaged when that is a page or a row); with
 * EX_TEMPFAIL when the time was too short.
 */
int archive_examine(struct archive *a, bool thorough, int wait_ms,
    struct err *e);

/*
 * Open a copy of an archive for reading, in any folder and with any owner.
 * Fails with EX_NOINPUT, and with EX_DATAERR or EX_PROTOCOL as archive_open
 * does.
 */
int archive_open_copy(struct archive *a, const char *file, struct err *e);

/*
 * Copy an open archive, as it is at one moment, to one file. The copy is
 * examined, and it is on disk when this returns. Events go on meanwhile. Fails
 * with EX_CANTCREAT when file exists already.
 */
int archive_backup(struct archive *a, const char *file, struct err *e);

/*
 * Copy an open archive, as it is at one moment, to a new file that the caller
 * writes to and then removes. The copy is neither examined nor flushed to disk.
 */
int archive_copy(struct archive *a, const char *file, struct err *e);

/*
 * Put a copy of an archive in the place of the one at path, which is moved
 * aside whole; aside is its new name, "" when there was none. The copy is
 * examined first, and stays. The restored archive gets an id of its own,
 * because its revs begin again from the copy's. lock_ms is the longest wait for
 * the lock.
 */
int archive_restore(const char *path, const char *file, int lock_ms,
    char aside[PATH_MAX], struct err *e);

#endif
