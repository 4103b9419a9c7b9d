/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/sqlite_vfs.h"

#include <sqlite3.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/clock.h"

#define NAME "fail2ban-archive"

/* SQLite keeps the address of a VFS for as long as the process runs. */
static sqlite3_vfs vfs;
static int64_t until_ms = INT64_MAX;

static int
is_whole(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_size >= SQLITE_VFS_WAL_WHOLE;
}

/*
 * Change the owner only when it is another one: as root, SQLite changes it for
 * each WAL that it opens, which is a write to the inode. (3.40.1, os_unix.c:
 * unixOpen, robustFchown)
 */
static int
change_owner(int fd, uid_t owner, gid_t group)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && st.st_uid == owner && st.st_gid == group)
		return 0;
	return fchown(fd, owner, group);
}

static int
open_file(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags,
    int *out_flags)
{
	sqlite3_vfs *system = self->pAppData;

	if ((flags & SQLITE_OPEN_WAL) != 0 && is_whole(name))
		flags &= ~SQLITE_OPEN_CREATE;
	return system->xOpen(system, name, file, flags, out_flags);
}

/*
 * Copy an absolute path as it is. SQLite asks for each of its folders whether
 * that is a link (3.40.1, os_unix.c, unixFullPathname); file_trust_check_folder
 * has asked, and O_NOFOLLOW asks for the file.
 */
static int
full_path(sqlite3_vfs *self, const char *path, int cap, char *full)
{
	sqlite3_vfs *system = self->pAppData;
	size_t len = strlen(path);

	if (path[0] != '/' || len >= (size_t)cap)
		return system->xFullPathname(system, path, cap, full);
	memcpy(full, path, len + 1);
	return SQLITE_OK;
}

static int
sleep_us(sqlite3_vfs *self, int us)
{
	sqlite3_vfs *system = self->pAppData;

	return clock_steady_ms() < until_ms ? system->xSleep(system, us) : us;
}

const char *
sqlite_vfs_name(void)
{
	sqlite3_vfs *system;

	if (vfs.zName != NULL)
		return vfs.zName;
	if ((system = sqlite3_vfs_find(NULL)) == NULL)
		return NULL;
	vfs = *system;
	vfs.pNext = NULL;
	vfs.pAppData = system;
	vfs.zName = NAME;
	vfs.xOpen = open_file;
	vfs.xFullPathname = full_path;
	vfs.xSleep = sleep_us;
	if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK) {
		vfs.zName = NULL;
		return NULL;
	}
	if (system->iVersion >= 3)
		system->xSetSystemCall(system, "fchown",
		    (sqlite3_syscall_ptr)change_owner);
	return vfs.zName;
}

void
sqlite_vfs_sleep_until(int64_t steady_ms)
{
	until_ms = steady_ms;
}
