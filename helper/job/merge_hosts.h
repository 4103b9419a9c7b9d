/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Merge the archives of other machines, or their exports, into this one, which
 * keeps the host of each ban. A source is known by its archive's id, and only
 * what has changed in it since the last merge is read. All sources are one run.
 */
#ifndef JOB_MERGE_HOSTS_H
#define JOB_MERGE_HOSTS_H

#include "job/merge_sources.h"
#include "job/run.h"

/* What became of one source. */
struct merge_result {
	const struct merge_source *source;
	enum {
		MERGE_DONE,
		MERGE_NOTHING_NEW, /* all its changes are merged already */
		MERGE_OLDER,	   /* an older copy than the one merged */
		MERGE_OWN,	   /* this archive itself, or a copy of it */
		MERGE_NO_SOURCE,   /* found in a folder: it has no bans */
		MERGE_FAILED,	   /* why says how */
	} what;
	bool again; /* all was read again: see the manual */
	int64_t rows, added, changed, refused, bad, foreign;
	struct err why;
};

/* The command takes the result of each source. */
typedef void merge_result_fn(void *to, const struct merge_result *result);

/*
 * Merge the sources one by one, also after one failed. Waits while a replay or
 * another merge is at work. Fails with the code of the first source that
 * failed; with EX_TEMPFAIL when a signal interrupts it; and as run_open.
 */
int merge_hosts(const struct run_caller *caller,
    const struct merge_sources *sources, const char *what, merge_result_fn *fn,
    void *to, struct run_summary *summary, struct err *e);

#endif
