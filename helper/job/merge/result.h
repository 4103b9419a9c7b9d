/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The result of a source of a merge. */
#ifndef JOB_MERGE_RESULT_H
#define JOB_MERGE_RESULT_H

#include <stdint.h>

#include "job/merge/sources.h"

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

#endif
