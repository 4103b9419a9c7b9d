/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The path of fail2ban's database. An event may not ask fail2ban for it, so
 * install.sh and each reconcile note the path: as a symbolic link beside the
 * archive, ARCHIVE.fail2ban, which is replaced atomically and read in one
 * system call. The link to "none" notes that fail2ban has no database.
 */
#ifndef FAIL2BAN_DATABASE_PATH_H
#define FAIL2BAN_DATABASE_PATH_H

#include "config.h"

/* fail2ban's own default (fail2ban 1.0.2, config/fail2ban.conf: dbfile). */
#define DATABASE_PATH_DEFAULT "/var/lib/fail2ban/fail2ban.sqlite3"

/*
 * Set path to the configured path; else to the noted one, which is "" where
 * fail2ban has no database; else to the default path, if a file is there and
 * fail2ban's socket has its default path, too; else to "".
 */
void database_path_get(const struct config *config, char path[PATH_MAX]);

/*
 * Note the path that fail2ban answered; "" when it has no database. Fails with
 * EX_CANTCREAT.
 */
int database_path_note(const struct config *config, const char *path,
    struct err *e);

#endif
