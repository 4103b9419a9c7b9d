/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban/database_path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "beside.inc"

static void
noted_path(const struct config *config, char path[PATH_MAX])
{
	char link[PATH_MAX + sizeof(BESIDE_FAIL2BAN)];
	ssize_t n;

	snprintf(link, sizeof(link), "%s" BESIDE_FAIL2BAN, config->archive);
	n = readlink(link, path, PATH_MAX - 1);
	path[n > 0 ? n : 0] = '\0';
}

void
database_path_get(const struct config *config, char path[PATH_MAX])
{
	if (config->fail2ban_database[0] != '\0')
		memcpy(path, config->fail2ban_database, PATH_MAX);
	else
		noted_path(config, path);
}

int
database_path_note(const struct config *config, const char *path, struct err *e)
{
	char link[PATH_MAX + sizeof(BESIDE_FAIL2BAN)], next[sizeof(link) + 4];
	char noted[PATH_MAX];

	noted_path(config, noted);
	if (strcmp(noted, path) == 0)
		return 0;
	snprintf(link, sizeof(link), "%s" BESIDE_FAIL2BAN, config->archive);
	snprintf(next, sizeof(next), "%s.new", link);
	if (path[0] == '\0')
		return unlink(link) == 0 || errno == ENOENT ?
		    0 :
		    err_errno(e, EX_CANTCREAT, "%s", link);
	unlink(next);
	if (symlink(path, next) != 0 || rename(next, link) != 0)
		return err_errno(e, EX_CANTCREAT, "%s", link);
	return 0;
}
