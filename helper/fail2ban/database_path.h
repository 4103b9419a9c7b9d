/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where fail2ban's database lies. An event may not ask fail2ban, so each
 * reconcile notes what it found out: a symbolic link beside the archive,
 * ARCHIVE.fail2ban, made at one stroke and read in one system call.
 */
#ifndef FAIL2BAN_DATABASE_PATH_H
#define FAIL2BAN_DATABASE_PATH_H

#include "config.h"

/* The configured path, else the noted one, else "". */
void database_path_get(const struct config *config, char path[PATH_MAX]);

/* Note a path that fail2ban gave; "": it has no database. */
int database_path_note(const struct config *config, const char *path,
    struct err *e);

#endif
