/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The runs that the archive remembers. Writing is done between archive_begin
 * and archive_commit. Errors are db_error's.
 */
#ifndef ARCHIVE_RUNS_H
#define ARCHIVE_RUNS_H

#include "archive/archive.h"

enum run_kind {
	RUN_RECONCILE,
	RUN_REPLAY,
	RUN_MERGE,
	RUN_REBAN,
	RUN_PRUNE,
	RUN_FORGET,
	RUN_KINDS /* how many there are; also: any kind, or an unknown one */
};

enum run_state {
	RUN_RUNNING,
	RUN_COMPLETED,
	RUN_FAILED,
	RUN_INTERRUPTED,
	RUN_STATES /* how many there are; also: an unknown one */
};

/*
 * Return the word for a kind or a state, which stands in the table run and is
 * printed: "reconcile", "completed". RUN_KINDS and RUN_STATES are "unknown".
 */
const char *archive_run_kind_name(enum run_kind kind);
const char *archive_run_state_name(enum run_state state);

/* Return the kind of that name, or RUN_KINDS when there is none. */
enum run_kind archive_run_kind_from_name(const char *name);

/*
 * Write the path of the file that a run of that kind locks while it runs on the
 * archive at path to name. A prune may be part of a reconcile: so these, and a
 * run that forgets an id, lock the same file.
 */
#define ARCHIVE_RUN_LOCK_PATH (PATH_MAX + 16)
void archive_run_lock_path(const char *path, enum run_kind kind,
    char name[ARCHIVE_RUN_LOCK_PATH]);

/* A row of the table run: what a run has done. */
struct archive_run {
	int64_t id; /* 0: not archived yet */
	enum run_kind kind;
	enum run_state state;
	const char *source;  /* what a replay or reban reads, or NULL */
	const char *message; /* or NULL */
	int64_t started_us, finished_us; /* UNKNOWN while it runs */
	/* Seconds since the last completed run; UNKNOWN: no gap. */
	int64_t gap_seconds;
	bool lossy; /* the gap is longer than fail2ban remembers */
	int64_t rows, spooled, added, changed, skipped, bad;
	const char *content; /* SHA-256 of what it reads, or NULL */
	const char *how;     /* its options, or NULL */
};

/*
 * Find the end of the last run of a kind that was completed by until_us;
 * *last_us is UNKNOWN when there is none.
 */
int archive_run_last(struct archive *a, enum run_kind kind, int64_t until_us,
    int64_t *last_us, struct err *e);

/*
 * Save a run as it is now. When its id is 0, it is a new one and gets an id; a
 * run of its kind that still counts as running has then been cut off, because
 * only one run of a kind runs at a time.
 */
int archive_run_save(struct archive *a, struct archive_run *run, struct err *e);

/*
 * Find the last completed run of run's kind with the same content and the same
 * options. *id is 0 when there is none; *finished_us is when it ended.
 */
int archive_run_find(struct archive *a, const struct archive_run *run,
    int64_t *id, int64_t *finished_us, struct err *e);

/*
 * Hand the last runs of a kind, or of all (RUN_KINDS), to fn, the newest first;
 * at most limit of them. The texts of a run live until fn returns. When fn
 * returns -1, no further run follows.
 */
typedef int archive_run_fn(void *to, const struct archive_run *run);
int archive_run_list(struct archive *a, enum run_kind kind, int64_t limit,
    archive_run_fn *fn, void *to, struct err *e);

/* A time without a reconcile, in which the archive may have missed something.
 */
struct archive_gap {
	int64_t from_us, until_us;
	bool lossy; /* it was longer than fail2ban remembers */
};

/*
 * Load the gaps that reach into [since_us, until_us), of which any may be
 * UNKNOWN, the oldest first. The caller frees *gaps; it is NULL on failure.
 */
int archive_run_gaps(struct archive *a, int64_t since_us, int64_t until_us,
    struct archive_gap **gaps, size_t *n, struct err *e);

#endif
