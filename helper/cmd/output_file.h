/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that a command writes whole: it takes the place of an older one at
 * once, after it is on disk. Whoever reads it sees the old or the new one.
 */
#ifndef CMD_OUTPUT_FILE_H
#define CMD_OUTPUT_FILE_H

#include <limits.h>
#include <stdio.h>

#include "base/err.h"

struct output_file {
	FILE *to; /* print to this; output_file_close finds failed writes */
	const char *name;
	char tmp[PATH_MAX]; /* the file until then; "": standard output */
};

/*
 * Begin a file of that name; "-" is standard output. A file that is there keeps
 * its mode, a new one has 0600. The caller keeps the name until
 * output_file_close. Fails with EX_CANTCREAT, also where the name is that of
 * something else than a regular file, such as a link.
 */
int output_file_open(struct output_file *out, const char *name, struct err *e);

/*
 * The same for a file that other users are to read: it gets the mode 0644.
 */
int output_file_open_public(struct output_file *out, const char *name,
    struct err *e);

/*
 * Put the file in its place, or remove it when rc says that the command failed
 * with e. Returns rc, or -1 with EX_IOERR or EX_CANTCREAT.
 */
int output_file_close(struct output_file *out, int rc, struct err *e);

#endif
