/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Merge the archives of other machines, or their exports, into this one, which
 * keeps the host of each ban. A source is known by its archive's id, and only
 * what has changed in it since the last merge is read. All sources are one run.
 */
#ifndef JOB_MERGE_HOSTS_H
#define JOB_MERGE_HOSTS_H

#include "job/merge/result.h"
#include "job/run.h"

/*
 * Merge the sources one by one, also after one failed. Waits while a replay or
 * another merge is at work. Fails with the code of the first source that
 * failed; with EX_TEMPFAIL when a signal interrupts it; and as run_open.
 */
int merge_hosts(const struct run_caller *caller,
    const struct merge_sources *sources, const char *what, merge_result_fn *fn,
    void *to, struct run_summary *summary, struct err *e);

#endif
