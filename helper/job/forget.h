/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forget an id: remove all that the archive knows of it, as a run. */
#ifndef JOB_FORGET_H
#define JOB_FORGET_H

#include "job/run.h"

/*
 * Remove the bans of an id, or of an address, from all jails; only count them
 * when dry_run is set. No run adds a ban of it from before this moment any
 * more. The run does not remember the id. *bans is set on failure too. Fails
 * with EX_DATAERR while the id is banned on this machine, with EX_TEMPFAIL when
 * a signal interrupts it, and as run_open and run_main.
 */
int forget(const struct run_caller *caller, const char *id, bool dry_run,
    int64_t *bans, struct err *e);

#endif
