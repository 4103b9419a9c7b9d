/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For fallocate(2): the POSIX one may write over what it finds. */
#define _GNU_SOURCE /* NOLINT */
#include "archive/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/path.h"
#include "os/file_trust.h"

/* Room for the longest suffix that a name gets here. */
#define NAME_ROOM 64

static void
folder_of(const char *path, char folder[PATH_MAX])
{
	snprintf(folder, PATH_MAX, "%s", path);
	path_cut_to_folder(folder);
}

int
archive_file_make_folder(const char *path, struct err *e)
{
	char folder[PATH_MAX];

	folder_of(path, folder);
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return err_errno(e, EX_CANTCREAT, "%s", folder);
	return 0;
}

int
archive_file_check_folder(const char *path, struct err *e)
{
	char folder[PATH_MAX];

	folder_of(path, folder);
	return file_trust_check_folder(folder, e);
}

int
archive_file_check(const char *path, struct stat *st, struct err *e)
{
	*st = (struct stat){ 0 };
	if (archive_file_check_folder(path, e) != 0)
		return e->code == EX_NOINPUT ? 0 : -1;
	return archive_file_check_itself(path, st, e);
}

int
archive_file_check_itself(const char *path, struct stat *st, struct err *e)
{
	*st = (struct stat){ 0 };
	if (lstat(path, st) != 0)
		return errno == ENOENT ? 0 :
					 err_errno(e, EX_NOINPUT, "%s", path);
	if (!S_ISREG(st->st_mode))
		return err_set(e, EX_DATAERR, "%s: not a regular file", path);
	return file_trust_check(path, st, e);
}

bool
archive_file_has_wal(const char *path, off_t bytes)
{
	char wal[PATH_MAX + NAME_ROOM];
	struct stat st;

	snprintf(wal, sizeof(wal), "%s" BESIDE_WAL, path);
	return lstat(wal, &st) == 0 && st.st_size >= bytes;
}

bool
archive_file_is_torn(const char *path, const struct stat *st)
{
	return (st->st_mode == 0 || st->st_size == 0) &&
	    archive_file_has_wal(path, 1);
}

static int
sync_one(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), rc;

	if (fd < 0)
		return -1;
	rc = fsync(fd);
	close(fd);
	return rc;
}

/* Flush the folder of a file, so that the names in it are on disk. */
static int
sync_folder(const char *path)
{
	char folder[PATH_MAX] = ".";

	if (strchr(path, '/') != NULL)
		folder_of(path, folder);
	return sync_one(folder);
}

int
archive_file_sync(const char *path)
{
	return sync_one(path) != 0 ? -1 : sync_folder(path);
}

static bool
is_taken(const char *name)
{
	struct stat st;

	return lstat(name, &st) == 0;
}

/* Find a name that no file has yet, with -wal after it or without. */
static void
free_name(const char *path, const char *suffix, char aside[PATH_MAX])
{
	char stamp[32], wal[PATH_MAX + NAME_ROOM];
	time_t now = time(NULL);
	struct tm tm;
	int n = 1;

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(aside, PATH_MAX, "%s%s%s", path, suffix, stamp);
	do {
		snprintf(wal, sizeof(wal), "%s" BESIDE_WAL, aside);
		if (!is_taken(aside) && !is_taken(wal))
			return;
		snprintf(aside, PATH_MAX, "%s%s%s.%d", path, suffix, stamp,
		    ++n);
	} while (n < 1000);
}

/*
 * Give a file beside the archive its new name as well. A file system that knows
 * no second name renames it.
 */
static int
link_aside(const char *path, const char *aside, const char *suffix)
{
	char from[PATH_MAX + NAME_ROOM], to[PATH_MAX + NAME_ROOM];

	snprintf(from, sizeof(from), "%s%s", path, suffix);
	snprintf(to, sizeof(to), "%s%s", aside, suffix);
	if (link(from, to) == 0 || errno == ENOENT || rename(from, to) == 0)
		return 0;
	return -1;
}

static int
remove_beside(const char *path, const char *suffix)
{
	char name[PATH_MAX + NAME_ROOM];

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return unlink(name) == 0 || errno == ENOENT ? 0 : -1;
}

void
archive_file_remove(const char *path)
{
	remove_beside(path, "");
	remove_beside(path, BESIDE_WAL);
	remove_beside(path, BESIDE_SHM);
	remove_beside(path, BESIDE_JOURNAL);
}

int
archive_file_set_aside(const char *path, const char *suffix,
    char aside[PATH_MAX], struct err *e)
{
	if (strlen(path) + NAME_ROOM > PATH_MAX)
		return err_set(e, EX_IOERR, "%s: path too long", path);
	free_name(path, suffix, aside);
	if (link_aside(path, aside, BESIDE_WAL) != 0 ||
	    link_aside(path, aside, BESIDE_JOURNAL) != 0 ||
	    (rename(path, aside) != 0 && errno != ENOENT) ||
	    remove_beside(path, BESIDE_WAL) != 0 ||
	    remove_beside(path, BESIDE_JOURNAL) != 0 ||
	    remove_beside(path, BESIDE_SHM) != 0 || sync_folder(path) != 0)
		return err_errno(e, EX_IOERR, "%s: move to %s", path, aside);
	archive_file_clear(path);
	return 0;
}

/*
 * Return true when the name is that of a damaged archive, and not that of the
 * -wal or another file beside one. skip is the length of the name before the
 * time.
 */
static bool
is_first(int dir, const char *name, size_t skip)
{
	const char *dash = strchr(name + skip, '-');
	char whole[NAME_MAX + 1];
	struct stat st;

	if (dash == NULL)
		return true;
	snprintf(whole, sizeof(whole), "%.*s", (int)(dash - name), name);
	return strcmp(dash, BESIDE_WAL) == 0 &&
	    fstatat(dir, whole, &st, AT_SYMLINK_NOFOLLOW) != 0;
}

int
archive_file_count_corrupt(const char *path)
{
	const char *name = strrchr(path, '/');
	char folder[PATH_MAX], start[NAME_MAX + NAME_ROOM];
	struct dirent *entry;
	int n = 0;
	DIR *dir;

	folder_of(path, folder);
	snprintf(start, sizeof(start), "%.*s" BESIDE_CORRUPT, NAME_MAX,
	    name != NULL ? name + 1 : path);
	if ((dir = opendir(folder)) == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL) {
		if (strncmp(entry->d_name, start, strlen(start)) == 0 &&
		    is_first(dirfd(dir), entry->d_name, strlen(start)))
			n++;
	}
	closedir(dir);
	return n;
}

static void
suspect_name(const char *path, char name[PATH_MAX + NAME_ROOM])
{
	snprintf(name, PATH_MAX + NAME_ROOM, "%s" BESIDE_SUSPECT, path);
}

void
archive_file_suspect(const char *path)
{
	char name[PATH_MAX + NAME_ROOM];
	int fd;

	suspect_name(path, name);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
	    0600);
	if (fd >= 0)
		close(fd);
}

bool
archive_file_is_suspect(const char *path)
{
	char name[PATH_MAX + NAME_ROOM];

	suspect_name(path, name);
	return is_taken(name);
}

void
archive_file_clear(const char *path)
{
	remove_beside(path, BESIDE_SUSPECT);
}

static int
open_wal(const char *path)
{
	char name[PATH_MAX + NAME_ROOM];

	snprintf(name, sizeof(name), "%s" BESIDE_WAL, path);
	return open(name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
}

void
archive_file_sync_wal(const char *path)
{
	int fd = open_wal(path);

	if (fd < 0)
		return;
	fdatasync(fd);
	close(fd);
}

void
archive_file_reserve_wal(const char *path, off_t bytes)
{
	int fd = open_wal(path);

	if (fd < 0)
		return;
	if (fallocate(fd, 0, 0, bytes) == 0)
		fsync(fd);
	close(fd);
}
