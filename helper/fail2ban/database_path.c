/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban/database_path.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "beside.inc"

/* The note that fail2ban has no database. It is no path, as no / begins it. */
#define NO_DATABASE "none"

/* Read the note; "" and false where there is none. */
static bool
read_note(const struct config *config, char note[PATH_MAX])
{
	char link[PATH_MAX + sizeof(BESIDE_FAIL2BAN)];
	ssize_t n;

	snprintf(link, sizeof(link), "%s" BESIDE_FAIL2BAN, config->archive);
	n = readlink(link, note, PATH_MAX - 1);
	note[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/*
 * Set path to fail2ban's default database if that exists, else to "". A server
 * whose socket is not the default one has another database.
 */
static void
default_path(const struct config *config, char path[PATH_MAX])
{
	path[0] = '\0';
	if (strcmp(config->fail2ban_socket, CONFIG_FAIL2BAN_SOCKET) == 0 &&
	    access(DATABASE_PATH_DEFAULT, F_OK) == 0)
		snprintf(path, PATH_MAX, "%s", DATABASE_PATH_DEFAULT);
}

void
database_path_get(const struct config *config, char path[PATH_MAX])
{
	if (config->fail2ban_database[0] != '\0')
		memcpy(path, config->fail2ban_database, PATH_MAX);
	else if (!read_note(config, path))
		default_path(config, path);
	else if (path[0] != '/')
		path[0] = '\0';
}

int
database_path_note(const struct config *config, const char *path, struct err *e)
{
	char link[PATH_MAX + sizeof(BESIDE_FAIL2BAN)], next[sizeof(link) + 4];
	char noted[PATH_MAX];

	if (path[0] == '\0')
		path = NO_DATABASE;
	if (read_note(config, noted) && strcmp(noted, path) == 0)
		return 0;
	snprintf(link, sizeof(link), "%s" BESIDE_FAIL2BAN, config->archive);
	snprintf(next, sizeof(next), "%s.new", link);
	unlink(next);
	if (symlink(path, next) != 0 || rename(next, link) != 0)
		return err_errno(e, EX_CANTCREAT, "%s", link);
	return 0;
}
