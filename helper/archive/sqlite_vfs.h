/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SQLite's way to the files of the system (a VFS), which differs from its usual
 * one in four things.
 *
 * It does not create a WAL that exists. SQLite flushes the folder at the first
 * commit when it may have created the WAL (3.40.1, os_unix.c,
 * UNIXFILE_DIRSYNC); with a process for each event, that is at every event.
 *
 * It sleeps no longer than it may. SQLite tries for ten seconds to get a lock
 * of the WAL that a stopped process has, whatever its busy timeout is (3.40.1,
 * wal.c, walTryBeginRead).
 *
 * It changes the owner of a WAL only when that has another owner.
 *
 * It takes an absolute path as it is: the caller has checked its folders, and
 * opens it with SQLITE_OPEN_NOFOLLOW.
 */
#ifndef ARCHIVE_SQLITE_VFS_H
#define ARCHIVE_SQLITE_VFS_H

#include <stdint.h>

/*
 * A WAL of at least so many bytes, 208 frames of a page of 2048 bytes, is on
 * disk with its name. A process that was killed between making a WAL and
 * flushing the folder leaves a shorter one.
 */
#define SQLITE_VFS_WAL_WHOLE (208 * 2072)

/*
 * Return the name of this VFS for db_open; NULL, which means SQLite's usual
 * one, on failure.
 */
const char *sqlite_vfs_name(void);

/* Let SQLite sleep no more from this time of CLOCK_MONOTONIC on. */
void sqlite_vfs_sleep_until(int64_t steady_ms);

#endif
