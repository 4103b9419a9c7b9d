/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines that more than one command prints about a run. */
#ifndef CMD_SUMMARY_H
#define CMD_SUMMARY_H

#include "job/run.h"

/*
 * Print that an earlier run completed the work on source, when there is such a
 * run. command is the verb, source is the name that the user gave.
 */
void summary_print_known(const char *command, const char *source,
    const struct run_summary *summary);

/* Return what ends a summary's line: how to go on when the run was cut off. */
const char *summary_rest(const struct run_summary *summary);

#endif
