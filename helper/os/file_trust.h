/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether only the user we run as, and root, can change a file: what others
 * may write is not read as our config, nor written as our archive.
 */
#ifndef OS_FILE_TRUST_H
#define OS_FILE_TRUST_H

#include <sys/stat.h>

#include "base/err.h"

/*
 * The folder at path, absolute, and each one above it: a folder, no symbolic
 * link, ours or root's, and not to be written by group or others; those above
 * may be as /tmp is, where nobody removes what is another's. Fails with
 * EX_NOPERM and what to do, or with EX_NOINPUT, EX_NOPERM where it cannot be
 * looked at.
 */
int file_trust_check_folder(const char *path, struct err *e);

/* A file of that name that is open or was looked at: st is its fstat. */
int file_trust_check(const char *path, const struct stat *st, struct err *e);

#endif
