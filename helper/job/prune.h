/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Remove old bans by hand, or make them anonymous: a run of its own. */
#ifndef JOB_PRUNE_H
#define JOB_PRUNE_H

#include "job/retention.h"

struct prune_options {
	/* Bans from before these times; UNKNOWN: that is not wanted. */
	int64_t remove_us, anonymize_us;
	bool dry_run;	 /* only count the bans */
	const char *how; /* the options, for the list of runs */
};

struct prune_summary {
	struct run_summary run;
	int64_t removed, anonymized; /* bans, also those of a dry run */
};

/*
 * Prune the archive, after a reconcile that is at work has ended. The times are
 * made earlier where the clock runs ahead of the proven time. summary is filled
 * on failure too. Fails with EX_TEMPFAIL when a signal interrupts it, and as
 * run_open and run_main.
 */
int prune(const struct run_caller *caller, const struct prune_options *options,
    struct prune_summary *summary, struct err *e);

#endif
