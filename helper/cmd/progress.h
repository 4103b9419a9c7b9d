/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line on the terminal that shows how far a replay has come. Nothing is shown
 * when standard error is no terminal.
 */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include "job/replay_source.h"

struct progress {
	/* The rest is for progress.c. */
	bool begun, writing, shown;
	int64_t begun_ms, shown_ms; /* of CLOCK_MONOTONIC */
};

/* Return true when standard error is a terminal. */
bool progress_is_wanted(void);

/*
 * A replay_progress_fn; to is a struct progress, all zero for each source.
 * Shows something twice a second at most. The speed and the time that is left
 * are those of the reading, and of the writing later.
 */
void progress_show(void *to, const struct replay_progress *progress);

/* Remove the line. */
void progress_end(struct progress *p);

#endif
