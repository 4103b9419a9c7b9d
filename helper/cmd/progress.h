/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line on the terminal that shows how far a long piece of work has come, its
 * rate and the time that is left. Nothing is shown when standard error is no
 * terminal, nor in the first half second, nor while the terminal is stopped:
 * the work does not wait for it.
 */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include <stdbool.h>

#include "base/work.h"

struct progress {
	/* The rest is for progress.c. */
	struct watch watch;
	bool begun, shown;
	const char *doing;
	int64_t begun_ms, shown_ms; /* of CLOCK_MONOTONIC */
	int64_t begun_count, begun_done;
};

/*
 * Return a watch that shows the work, as long as p lives; NULL, which shows
 * nothing, when standard error is no terminal.
 */
const struct watch *progress_begin(struct progress *p);

/* Remove the line. */
void progress_end(struct progress *p);

#endif
