/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The path of fail2ban's database. An event may not ask fail2ban for it, so
 * each reconcile notes the path that it found: as a symbolic link beside the
 * archive, ARCHIVE.fail2ban, which is replaced atomically and read in one
 * system call.
 */
#ifndef FAIL2BAN_DATABASE_PATH_H
#define FAIL2BAN_DATABASE_PATH_H

#include "config.h"

/* Set path to the configured path, else to the noted one, else to "". */
void database_path_get(const struct config *config, char path[PATH_MAX]);

/*
 * Note the path that fail2ban answered; "" when it has no database. Fails with
 * EX_CANTCREAT.
 */
int database_path_note(const struct config *config, const char *path,
    struct err *e);

#endif
