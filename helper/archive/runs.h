/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The runs that the archive remembers, and the databases of fail2ban that they
 * read. Writing is done between archive_begin and archive_commit; errors are
 * db_error's.
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

/* What changes when an event, or anybody, has anything to say. */
struct archive_state {
	int64_t rev;	    /* the newest */
	int64_t flushed_us; /* the last flushes of all jails, added up */
};

int archive_state(struct archive *a, struct archive_state *state,
    struct err *e);

/* A database of fail2ban, and how far it has been read. */
struct archive_source {
	int64_t id; /* 0: there is none yet */
	char path[PATH_MAX];
	int64_t dev, ino, counter;
	int64_t mark_rowid;
	char mark_key[64];
	int64_t full_us, full_bans, full_bips;
	/* What the last run that judged all live bans went by; UNKNOWN: none
	   did. */
	struct archive_state settled;
	int64_t server_us; /* when fail2ban was started */
	int64_t due_us;	   /* when the next of them is up; 0: in doubt */
	int64_t begun_us;  /* when it was first seen */
	int64_t born_us;   /* when its file was made; 0, UNKNOWN: nobody says */
};

/* The present one: the last that was added. */
int archive_source_last(struct archive *a, struct archive_source *s,
    struct err *e);

/* The id of the present one where s->dev and s->ino are its own, else 0. */
int archive_source_is(struct archive *a, const struct archive_source *s,
    int64_t *id, struct err *e);

/*
 * Begin with another database, seen at begun_us: sets s->id and the marks to
 * none.
 */
int archive_source_add(struct archive *a, struct archive_source *s,
    struct err *e);
/* Save how far it has been read. */
int archive_source_save(struct archive *a, const struct archive_source *s,
    struct err *e);

#endif
