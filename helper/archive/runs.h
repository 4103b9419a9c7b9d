/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The runs that the archive remembers. Writing is done between archive_begin
 * and archive_commit. Errors are db_error's.
 */
#ifndef ARCHIVE_RUNS_H
#define ARCHIVE_RUNS_H

#include "archive/archive.h"

/* What a run has done; see the table run. */
struct archive_run {
	int64_t id;
	const char *kind; /* "reconcile", "replay", "reban", "prune" */
	/* "running", "completed", "failed", "interrupted" */
	const char *state;
	const char *source; /* may be NULL */
	const char *message;
	int64_t started_us, finished_us; /* UNKNOWN while it runs */
	int64_t gap_seconds;		 /* UNKNOWN: no gap */
	bool lossy;
	int64_t rows, spooled, added, changed, skipped, bad;
	const char *content; /* SHA-256 of what was read, or NULL */
	const char *how;     /* options of what was wanted of it, or NULL */
};

/* When the last completed run of that kind ended; UNKNOWN: there is none. */
int archive_run_last(struct archive *a, const char *kind, int64_t *last_us,
    struct err *e);

/*
 * Save a run as it is now; id 0: a new one, whose id is then set. One of that
 * kind that is found running when another is new has been cut off, as runs of a
 * kind come one at a time.
 */
int archive_run_save(struct archive *a, struct archive_run *run, struct err *e);

/*
 * The last run of run's kind that completed what run is to do: the same of the
 * same content. *id is 0 where there is none, *finished_us when
 * it ended.
 */
int archive_run_find(struct archive *a, const struct archive_run *run,
    int64_t *id, int64_t *finished_us, struct err *e);

/* Hand the last runs of a kind, or of all (NULL), to fn, the newest first. */
typedef int archive_run_fn(void *to, const struct archive_run *run);
int archive_run_list(struct archive *a, const char *kind, int64_t limit,
    archive_run_fn *fn, void *to, struct err *e);

#endif
