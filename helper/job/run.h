/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A run is a long piece of work on the archive that the table run remembers;
 * enum run_kind has the kinds. A run reads first, without the archive's lock,
 * and then writes in short transactions, so that events get in between. Between
 * two transactions it stops when run_is_over; what it has committed stays.
 *
 * Nothing in job/ writes to standard output or standard error. A warning goes
 * through run_say to a function that the command gives; the results go up to
 * the command in a struct run_summary, and the command prints them.
 */
#ifndef JOB_RUN_H
#define JOB_RUN_H

#include <signal.h>
#include <syslog.h>

#include "archive/history/closed_past.h"
#include "archive/history/proven_time.h"
#include "archive/runs.h"
#include "base/work.h"
#include "config.h"
#include "ingest/merge.h"

/*
 * Take a warning for the log; level is one of syslog(3)'s. LOG_CRIT: the
 * archive was damaged. log_line of os/log.h is such a function.
 */
typedef void run_say_fn(int level, const char *fmt, ...) PRINTF(2, 3);

/* A command gives this to a run that it starts. All of it outlives the run. */
struct run_caller {
	const struct config *config;
	const volatile sig_atomic_t *stop; /* not 0 once a signal came */
	run_say_fn *say;
	const struct watch *watch; /* or NULL */
};

struct run {
	const struct config *config;
	const volatile sig_atomic_t *stop;
	run_say_fn *say;
	const struct watch *watch; /* or NULL */
	const char *host;    /* whose bans are archived; NULL: this machine's */
	int64_t deadline_ms; /* of CLOCK_MONOTONIC */
	bool read_only;	     /* the archive is only read, the run not noted */
	bool idle;	     /* the run found nothing to do */
	bool cut_off;	     /* it was stopped before all was done */
	int64_t events;	     /* events that a replay took out of a syslog */
	/*
	 * Which bans are not added that the archive lacks: none, those of
	 * forgotten ids, or also those from before the end of a pruned ban.
	 */
	enum { REFUSE_NONE, REFUSE_FORGOTTEN, REFUSE_PAST } refuse;
	int64_t refused; /* sightings and lines of such bans */
	bool only_lines; /* for struct merge */
	struct archive archive;
	struct archive_run row;	   /* the run's own in the table run */
	struct closed_past closed; /* for refuse */
	struct proven_time proven; /* as it was at run_open */
	int64_t opened_ms;	   /* the moment of run_open, CLOCK_MONOTONIC */

	/* The rest is for run.c. */
	bool noted;	    /* row is in the archive */
	bool ending;	    /* only the run's end is left to note */
	bool bulk;	    /* see run_be_bulk */
	int64_t writing_ms; /* when the transaction began */
	int64_t wanted_ms;  /* when another process last waited; 0: never */
	char message[512];  /* the first run_report, or the failure */
};

/* The results of a run, for the command to print. */
struct run_summary {
	bool busy; /* another run of the kind is at work; nothing was done */
	bool done; /* all or some of the work was done: see the rest */
	bool cut_off;
	int64_t rows, spooled, added, changed, skipped, bad, events;
	/* The run that completed the same work before; 0: there is none. */
	int64_t known_id, known_us;
};

/* Make a run that is not begun, of a kind and without a deadline. */
void run_init(struct run *run, const struct run_caller *caller,
    enum run_kind kind);

/*
 * Return the descriptor of the lock file that lets one run of a kind work at a
 * time; closing it lets the next one work. Fails with EX_TEMPFAIL when another
 * run has it. run_wait_turn waits for that run, and says so; it fails with
 * EX_TEMPFAIL when a signal comes first.
 */
int run_take_turn(const struct config *config, enum run_kind kind,
    struct err *e);
int run_wait_turn(const struct run_caller *caller, enum run_kind kind,
    struct err *e);

/*
 * Open the archive; its lock is free on return. run_close closes it, and must
 * be called on failure too. Fails as archive_open.
 */
int run_open(struct run *run, struct err *e);
void run_close(struct run *run);

/* Open the archive of an open run again, after archive_close of run->archive.
 */
int run_reopen(struct run *run, struct err *e);

/* A job does its work, or fails and fills e. */
typedef int run_work_fn(void *job, struct err *e);

/*
 * Write what belongs to the run's end, in the transaction that notes it.
 * completed: the work did not fail and was not cut off.
 */
typedef int run_end_fn(void *job, bool completed, struct err *e);

/*
 * Do the work of an open run, and note its end, whatever becomes of the work:
 * completed, failed or interrupted, and the failure or the run's message. end
 * may be NULL. The WAL is then emptied. Fails as work and end do, and as
 * run_begin.
 */
int run_main(struct run *run, run_work_fn *work, run_end_fn *end, void *job,
    struct err *e);

/* Put what the run has done so far into summary: the counts and cut_off. */
void run_sum_up(const struct run *run, struct run_summary *summary);

/*
 * Find a run that completed this one's work: of its kind, with the content and
 * the options in run->row. Sets summary->known_id and known_us. Returns 1 when
 * there is one, else 0; -1 on failure.
 */
int run_find_known(struct run *run, struct run_summary *summary, struct err *e);

/*
 * Hand a warning to the command. run_report also makes the first one the run's
 * message in the table run.
 */
void run_say(const struct run *run, int level, const char *fmt, ...)
    PRINTF(3, 4);
void run_report(struct run *run, int level, const char *text);

/* Return true, and set cut_off, when time is up or a signal came. */
bool run_is_over(struct run *run);

/* Return the milliseconds that are left before the deadline, at least 1. */
int run_left_ms(const struct run *run);

/*
 * Begin a write transaction; merge takes note of its changes, and run_commit
 * adds them to the run's row. The first transaction notes the run as well, so a
 * run that died before it has changed nothing. After a failure in between, call
 * run_rollback. Fails as archive_begin and archive_commit.
 */
int run_begin(struct run *run, struct merge *merge, struct err *e);
int run_commit(struct run *run, const struct merge *merge, struct err *e);
void run_rollback(struct run *run);

/*
 * Set merge to merge into an archive as the run does, in a transaction that is
 * not the run's.
 */
void run_prepare(struct run *run, struct archive *archive, struct merge *merge);

/*
 * Commit and begin anew when an event waits for the archive, or when the
 * transaction has lasted long enough. Call it after every few writes.
 */
int run_give_way(struct run *run, struct merge *merge, struct err *e);

/* Note the run in the archive now, before it writes anything else. */
int run_note(struct run *run, struct err *e);

/*
 * Keep more pages in memory, for a run that reads or writes the same ones again
 * and again: the bans of a day lie far apart in the indexes of ids.
 */
int run_keep_pages(struct run *run, struct err *e);

/*
 * Expect the run to write much, and not in the order of time: it writes for
 * longer at a stretch while no event waits, and keeps more pages in memory.
 */
int run_be_bulk(struct run *run, struct err *e);

/*
 * Return the time after which nothing can have been noted: the later of the
 * clock and the proven time, and a minute, because a clock is set back by
 * seconds now and then. What was noted later was noted by a wrong clock.
 */
int64_t run_latest_us(const struct run *run);

/*
 * Return the time by which the run judges what is over: the clock's, or the
 * proven one when the clock is more than an hour ahead of it.
 */
int64_t run_trusted_us(const struct run *run);

/*
 * Return when the running fail2ban was started, in microseconds since the
 * epoch; 0 where none runs. The server makes its socket when it starts.
 */
int64_t run_server_start_us(const struct run *run);

/* The functions from here on are pure. */

/*
 * Return the seconds since the last completed run, which ended at last_us, when
 * they are a gap: longer than two intervals (seconds). Return UNKNOWN where
 * they are none, or where last_us is UNKNOWN: no run was completed yet.
 */
int64_t run_find_gap(int64_t last_us, int64_t started_us, int64_t interval);

/*
 * Return how many milliseconds to wait for the archive's lock when left_ms are
 * left before the deadline: some even at the end, because the run's end is
 * still to be noted.
 */
int run_lock_ms(int left_ms);

/*
 * Return how many milliseconds a transaction may last: few for some seconds
 * after another process waited, at wanted_ms (0: none has).
 */
int64_t run_stretch_ms(bool bulk, int64_t wanted_ms, int64_t now_ms);

#endif
