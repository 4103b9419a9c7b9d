/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far a long work has come, on a terminal; nothing anywhere else. */
#ifndef OS_PROGRESS_H
#define OS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool on; /* standard error is a terminal */
	int64_t begun_ms, shown_ms;
};

/* A work begins. */
void progress_begin(struct progress *p);

/*
 * It has come to at of size bytes (UNKNOWN: nobody knows) and so many rows.
 * Called as often as one likes: it shows something twice a second.
 */
void progress_show(struct progress *p, const char *name, int64_t at,
    int64_t size, int64_t rows);

/* All is read, and so much of it is written; its time begins with that. */
void progress_show_writing(struct progress *p, const char *name, int64_t done,
    int64_t all);

/* It is over: the line is cleared. */
void progress_end(struct progress *p);

#endif
