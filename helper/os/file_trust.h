/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trust in files: only root and the user that we run as may be able to change a
 * file. A file that others may write is not read as our config, and not used as
 * our archive.
 */
#ifndef OS_FILE_TRUST_H
#define OS_FILE_TRUST_H

#include <sys/stat.h>

#include "base/err.h"

/*
 * Check the folder at path, which is absolute, and each folder above it: it is
 * a folder and not a symbolic link, it belongs to us or to root, and group and
 * others may not write it. A folder above may be sticky as /tmp is, because
 * users cannot remove each other's files there. Fails with EX_NOPERM and a
 * message that says what to do; with EX_NOINPUT, EX_NOPERM or EX_IOERR when a
 * folder cannot be examined.
 */
int file_trust_check_folder(const char *path, struct err *e);

/* Check the owner and the mode of a file; st is its fstat(2) or lstat(2). */
int file_trust_check(const char *path, const struct stat *st, struct err *e);

#endif
