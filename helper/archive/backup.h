/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Care of the archive as a whole: is it sound, a copy of it, and a copy in its
 * place. All of these read every page and take as long.
 */
#ifndef ARCHIVE_BACKUP_H
#define ARCHIVE_BACKUP_H

#include "archive/archive.h"

/*
 * Look at all of an open archive: every page and row is where it belongs.
 * thorough: also, each index says what its table says, each reference holds,
 * and the tables and indexes are this program's. wait_ms: for how long; 0: to
 * the end. Fails with EX_DATAERR and the first thing that is wrong, where it is
 * a page or a row the archive counts as damaged then; with EX_TEMPFAIL when
 * there was not enough time.
 */
int archive_examine(struct archive *a, bool thorough, int wait_ms,
    struct err *e);

/*
 * Open a copy of an archive to read it, wherever it lies and whoever may write
 * there. Fails with EX_NOINPUT, EX_DATAERR or EX_PROTOCOL as archive_open.
 */
int archive_open_copy(struct archive *a, const char *file, struct err *e);

/*
 * Copy an open archive as it is at one moment into one file, examined and on
 * disk when this returns; events go on meanwhile. Fails with EX_CANTCREAT where
 * file exists already.
 */
int archive_backup(struct archive *a, const char *file, struct err *e);

/*
 * Copy an open archive as it is at one moment into a new file, an archive to
 * write to that nobody needs for long: it is not examined, nor flushed to disk.
 */
int archive_copy(struct archive *a, const char *file, struct err *e);

/*
 * Put a copy of an archive in the place of the one at path, which is moved
 * aside whole, its new name in aside ("": there was none). The copy is examined
 * first, and stays. The revisions of the restored archive begin anew, so it
 * gets an id of its own. lock_ms: how long to wait for the writers.
 */
int archive_restore(const char *path, const char *file, int lock_ms,
    char aside[PATH_MAX], struct err *e);

#endif
