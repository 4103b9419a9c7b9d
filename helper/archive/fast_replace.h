/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The view bans restores the log lines of a ban by SQL's replace(). SQLite's
 * own copies a text byte by byte, also where it has nothing to replace, and
 * that is a third of what it takes to read many bans. (SQLite 3.40.1, func.c:
 * replaceFunc.)
 */
#ifndef ARCHIVE_FAST_REPLACE_H
#define ARCHIVE_FAST_REPLACE_H

#include "archive/archive.h"

/*
 * Let an open archive have a faster replace() with the same results, for
 * whoever reads all bans. Errors are db_error's. (SQLite: Application-Defined
 * SQL Functions: a function of the program takes the place of a built-in one.)
 */
int fast_replace_install(struct archive *a, struct err *e);

#endif
