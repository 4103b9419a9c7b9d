/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The wait of --follow, between two looks at the archive. */
#ifndef CMD_BANS_FOLLOW_H
#define CMD_BANS_FOLLOW_H

#include "cmd/bans/view.h"
#include "os/signals.h"

/*
 * Let a signal end the command, and not the process, from now on: the view's
 * output is open. Return the flag of os/signals.h.
 */
const volatile sig_atomic_t *follow_begin(struct view *view);

/*
 * Write what was printed, close the archive, wait for some milliseconds, and
 * open the archive again; view->filter.now_us becomes the present moment.
 * Return 1, or 0 when a signal came or the reader of standard output has gone.
 * Fails as output_flush and archive_open_read.
 */
int follow_wait(struct view *view, const struct config *config, struct err *e);

#endif
