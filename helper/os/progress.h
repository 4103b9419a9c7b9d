/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Show the progress of long work on a terminal; do nothing elsewhere. */
#ifndef OS_PROGRESS_H
#define OS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool on; /* standard error is a terminal */
	int64_t begun_ms, shown_ms;
};

/* Begin: the elapsed time counts from here. */
void progress_begin(struct progress *p);

/*
 * Show that at of size bytes and so many rows are read; size may be UNKNOWN.
 * Call it as often as you like: it prints at most twice a second.
 */
void progress_show(struct progress *p, const char *name, int64_t at,
    int64_t size, int64_t rows);

/* Show that all is read, and done of all lines are written. */
void progress_show_writing(struct progress *p, const char *name, int64_t done,
    int64_t all);

/* End: clear the line. */
void progress_end(struct progress *p);

#endif
