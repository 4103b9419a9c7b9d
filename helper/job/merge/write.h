/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A merge while it reads one source: changes are gathered, and written some
 * hundred at a time. In the transaction that writes changes stands up to which
 * rev the source is merged, so that a merge that is killed repeats nothing.
 */
#ifndef JOB_MERGE_WRITE_H
#define JOB_MERGE_WRITE_H

#include "archive/copy/merged.h"
#include "archive/copy/other_archive.h"
#include "archive/read/changes.h"
#include "job/merge/result.h"
#include "job/run.h"

/* The most changes that are gathered, and the most bytes of their texts. */
#define MERGE_CHUNK 500
#define MERGE_CHUNK_BYTES ((size_t)4 * 1024 * 1024)

struct hosts_merge {
	struct run run;
	struct merged known;
	const struct merge_sources *sources;
	merge_result_fn *fn;
	void *to;
	int status;	     /* of the first source that failed, or 0 */
	struct err first;    /* and why it failed */
	char id[ARCHIVE_ID]; /* the archive's own */

	/* The present source. */
	struct merge_result *result;
	const char *host;
	size_t source; /* its place in known; valid while it is read */
	bool begun;    /* merge_write_begin has found or made source */
	bool nameless; /* its bans have no numbers */
	bool keep_rev; /* its rev is no rev of an archive, or is at the end */
	int64_t line;  /* the number of the row or line that was read last */
	struct other_change changes[MERGE_CHUNK];
	size_t n, bytes;
	/* Ids that the archive had before, by their places in known. */
	struct {
		size_t source;
		int64_t rev, number;
	} formers[OTHER_ARCHIVE_FORMERS];
	size_t formers_n;
};

/* Begin with a source: *source is known already or new, of that id. */
int merge_write_begin(struct hosts_merge *h, const char *id, struct err *e);

/*
 * Take over a change, of which the ban is empty afterwards; it is checked, and
 * counted as bad when it is none.
 */
int merge_write_take(struct hosts_merge *h, struct other_change *change,
    struct err *e);

/* Count the present row or line as bad; log the first few. */
void merge_write_bad(struct hosts_merge *h, const struct err *why);

/* Write what is gathered. */
int merge_write_gathered(struct hosts_merge *h, struct err *e);

/*
 * All is read: remove what nothing stands for any more, and note the rev up to
 * which the source is merged.
 */
int merge_write_end(struct hosts_merge *h, int64_t rev, struct err *e);

/* Drop what is gathered. */
void merge_write_drop(struct hosts_merge *h);

/* The readers. Each returns 0 and fills h->result, or fails. */
int merge_archive(struct hosts_merge *h, const char *path, struct err *e);
int merge_export(struct hosts_merge *h, const char *path, struct err *e);

#endif
