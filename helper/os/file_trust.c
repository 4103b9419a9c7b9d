/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "os/file_trust.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define OTHERS_WRITE (S_IWGRP | S_IWOTH)

/*
 * A file is this program's own, so its mode and owner may be changed. A folder
 * may serve others, as /tmp, /var/log and a home do: it must stay as it is.
 */
#define OTHER_FOLDER "choose a folder that only root or you may write"

static int
check_owner(const char *path, const struct stat *st, struct err *e)
{
	if (st->st_uid == 0 || st->st_uid == geteuid())
		return 0;
	return err_set(e, EX_NOPERM,
	    "%s: belongs to user %ld, who could change it: %s", path,
	    (long)st->st_uid,
	    S_ISDIR(st->st_mode) ? OTHER_FOLDER :
				   "run this as that user, or chown it");
}

static int
check_mode(const char *path, const struct stat *st, struct err *e)
{
	if ((st->st_mode & OTHERS_WRITE) == 0)
		return 0;
	return err_set(e, EX_NOPERM,
	    "%s: group or others may write it (mode %03o): %s", path,
	    (unsigned)st->st_mode & 0777,
	    S_ISDIR(st->st_mode) ? OTHER_FOLDER : "chmod go-w it");
}

int
file_trust_check(const char *path, const struct stat *st, struct err *e)
{
	if (check_owner(path, st, e) != 0)
		return -1;
	return check_mode(path, st, e);
}

static int
check_folder(const char *path, bool last, struct err *e)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return err_errno(e,
		    errno == ENOENT	? EX_NOINPUT :
			errno == EACCES ? EX_NOPERM :
					  EX_IOERR,
		    "%s", path);
	if (S_ISLNK(st.st_mode))
		return err_set(e, EX_NOPERM,
		    "%s: a symbolic link: name the folder itself", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, EX_NOPERM, "%s: not a folder", path);
	if (check_owner(path, &st, e) != 0)
		return -1;
	if (!last && (st.st_mode & S_ISVTX) != 0)
		return 0;
	return check_mode(path, &st, e);
}

int
file_trust_check_folder(const char *path, struct err *e)
{
	size_t len = strlen(path);
	char part[PATH_MAX], *slash = part;

	if (path[0] != '/' || len >= sizeof(part))
		return err_set(e, EX_NOPERM, "%s: not an absolute path", path);
	memcpy(part, path, len + 1);
	while (len > 1 && part[len - 1] == '/')
		part[--len] = '\0';
	if (check_folder("/", len == 1, e) != 0)
		return -1;
	while (len > 1 && slash != NULL) {
		slash = strchr(slash + 1, '/');
		if (slash != NULL)
			*slash = '\0';
		if (check_folder(part, slash == NULL, e) != 0)
			return -1;
		if (slash != NULL)
			*slash = '/';
	}
	return 0;
}
