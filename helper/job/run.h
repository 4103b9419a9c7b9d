/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A run, of any kind: what it writes, it writes in passing. The one of
 * reconcile has three parts: reconcile_spool the spool, scan fail2ban's
 * database, settle what has ended. Each works in chunks: what is read from
 * fail2ban is read first, with no lock of ours, then written in a short
 * transaction, with no lock of fail2ban's. Between chunks a part stops when
 * run_is_over, and the next run goes on there.
 */
#ifndef JOB_RUN_H
#define JOB_RUN_H

#include <signal.h>

#include "archive/runs.h"
#include "config.h"
#include "ingest/merge.h"

struct run {
	const struct config *config;
	const volatile sig_atomic_t *stop; /* set by SIGTERM */
	const char *host;    /* whose bans are read; NULL: this machine's */
	int64_t deadline_ms; /* CLOCK_MONOTONIC */
	bool cut_off;	     /* stopped before all was done */
	int64_t writing_ms;  /* since when it writes */
	bool bulk;	     /* much is written, see run_be_bulk */
	int64_t wanted_ms;   /* when another process waited for the archive */
	struct archive archive;
	struct archive_run row;
	bool run_noted;	   /* in the archive */
	bool ending;	   /* there is only its end to note */
	char message[512]; /* of the run; the first one stays */
};

/* Whether time is up or a signal came; then cut_off is set. */
bool run_is_over(struct run *run);

/* Milliseconds that are left, at least 1. */
int run_left_ms(const struct run *run);

/* How long to wait for the archive's lock now. */
int run_lock_ms(const struct run *run);

/* Put a line into the run's merge, and into the log. */
void run_say(struct run *run, int level, const char *text);

/*
 * Begin a write transaction and a record of its changes; run_commit adds
 * them to the run, run_rollback forgets them. The first one notes the run as
 * well: one that died before has done nothing. run_give_way, to be called
 * now and then on the way, does both when an event waits or when it has lasted
 * for long enough.
 */
int run_begin(struct run *run, struct merge *merge, struct err *e);
int run_commit(struct run *run, const struct merge *merge, struct err *e);
int run_give_way(struct run *run, struct merge *merge, struct err *e);
void run_rollback(struct run *run);

/*
 * Much is to be written, and not in the order of time: write longer at a
 * stretch, as long as nobody waits, and keep more pages in memory.
 */
int run_be_bulk(struct run *run, struct err *e);

/*
 * Note the run now, though nothing is written yet; and its end, where message,
 * which may be NULL, is what there is to say. The WAL is then emptied.
 */
int run_note(struct run *run, struct err *e);
int run_end(struct run *run, enum run_state state, const char *message,
    struct err *e);

/*
 * Whether a run has completed before what this one is to do: the same of the
 * same content. Then it is said on standard output, source being the content's
 * name. 1, 0 or -1.
 */
int run_is_known(struct run *run, const char *source, struct err *e);

/*
 * The turn of a kind of run: there is one at a time. Returns a descriptor, to
 * be closed; -1 with EX_TEMPFAIL where one is running.
 */
int run_take_turn(const struct config *config, enum run_kind kind,
    struct err *e);

/* The same, waited for; EX_TEMPFAIL when stop is set. */
int run_wait_turn(const struct config *config, enum run_kind kind,
    const volatile sig_atomic_t *stop, struct err *e);

/* When the running server was started; 0: there is none. */
int64_t run_server_start_us(const struct run *run);

#endif
