/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SQLite's own way to the files of the system, but for three things.
 *
 * A WAL that is there is opened without being told to make it: SQLite flushes
 * the folder too, at the first commit, where it may have made one (3.40.1,
 * os_unix.c, UNIXFILE_DIRSYNC), and with a process for each event that is each
 * time.
 *
 * It sleeps no longer than it is told to: SQLite tries for ten seconds to get
 * a lock of the WAL's that a stopped process has (3.40.1, wal.c,
 * walTryBeginRead), whatever its busy timeout is.
 *
 * And it changes the owner only of a WAL that belongs to somebody else.
 */
#ifndef ARCHIVE_SQLITE_VFS_H
#define ARCHIVE_SQLITE_VFS_H

#include <stdint.h>

/*
 * A WAL of that length, 128 frames of ARCHIVE_PAGE bytes, is known to be there
 * for good. A shorter one may be that of a process that was killed between
 * making it and flushing the folder.
 */
#define SQLITE_VFS_WAL_WHOLE (128 * 2072)

/* Its name, for db_open; NULL, the system's own, where it fails. */
const char *sqlite_vfs_name(void);

/* SQLite sleeps no more from this time of CLOCK_MONOTONIC on. */
void sqlite_vfs_sleep_until(int64_t steady_ms);

#endif
