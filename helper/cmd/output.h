/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The output of a command that reads the archive. It is collected, and written
 * in pieces between which the archive is let go: its reader may wait, as a
 * pager does that is left open, and a ban meanwhile costs no more for it.
 */
#ifndef CMD_OUTPUT_H
#define CMD_OUTPUT_H

#include <signal.h>
#include <stdio.h>

#include "archive/read/queries.h"
#include "cmd/progress.h"

struct output {
	FILE *to; /* print to this; never fails but for lack of memory */
	char *text;
	size_t len;
	size_t piece; /* so many bytes are collected before they are written */
	/*
	 * The flag of os/signals.h, which ends a wait for the reader; NULL: a
	 * signal ends the process.
	 */
	const volatile sig_atomic_t *stop;
	/* The reader has gone, or the flag was set: no more is written. */
	bool left;

	/* Progress is shown while the output goes to a file. */
	struct progress progress;
	const struct watch *watch;
	int64_t bans, first_us; /* the number so far; when the first began */
};

/* Open an output, for output_finish to close. Fails with EX_OSERR. */
int output_open(struct output *out, struct err *e);

/* Print the present ban of a cursor. Returns 0, or -1 and e. */
typedef int output_ban_fn(struct output *out, void *context,
    struct archive_cursor *ban, struct err *e);

/* Print each ban of a cursor. Fails as print does, or with EX_IOERR. */
int output_bans(struct output *out, struct archive_cursor *bans,
    output_ban_fn *print, void *context, struct err *e);

/* Return true when so much was collected that it is to be written. */
bool output_is_full(const struct output *out);

/* Write what was collected. Fails with EX_IOERR, EX_OSERR. */
int output_flush(struct output *out, struct err *e);

/*
 * Write what is left, also where the command fails with e, which rc tells, and
 * close the output. Returns rc, or -1 with EX_IOERR or EX_OSERR.
 */
int output_finish(struct output *out, int rc, struct err *e);

#endif
