/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Remove old bans, or make them anonymous. They are found by index, without the
 * archive's lock, and changed in short transactions. A reconcile does this for
 * retention_days and anonymize_days of the configuration, and prune by hand.
 */
#ifndef JOB_RETENTION_H
#define JOB_RETENTION_H

#include "archive/history/prune.h"
#include "job/run.h"

enum retention { RETENTION_REMOVE, RETENTION_ANONYMIZE };

/*
 * Remove the bans that ended, and were archived, before before_us, or make them
 * anonymous. row counts them in rows, and is saved with them: it is that of the
 * run, or another one that the table run remembers too. Stops when run_is_over.
 * Fails as run_begin.
 */
int retention_run(struct run *run, enum retention what, int64_t before_us,
    struct archive_run *row, struct err *e);

/* The key of the time before which ids without a ban have nothing else. */
#define RETENTION_REST "rest_us"

/* Change a ticket in the transaction that is open. */
typedef int retention_ticket_fn(void *context, const struct prune_ticket *t,
    struct err *e);

/*
 * Change some tickets, in transactions that are as short as events need them.
 * Stops when run_is_over. Fails as run_begin and change do.
 */
int retention_each(struct run *run, const struct prune_ticket *list, size_t n,
    retention_ticket_fn *change, void *context, struct err *e);

/*
 * Remove what else is known of ids that have no ban any more: old lines of
 * logs, and notes of reban; then set RETENTION_REST. Stops when run_is_over.
 * Fails as run_begin.
 */
int retention_run_rest(struct run *run, int64_t before_us, struct err *e);

/*
 * Count the bans that retention_run would change, of those that ended or were
 * archived at from_us or later; UNKNOWN: of all. Fails with db_error's codes.
 */
int retention_count(struct run *run, enum retention what, int64_t from_us,
    int64_t before_us, int64_t *bans, struct err *e);

/* Make the row of a run that only removes or anonymises. */
struct archive_run retention_row(enum retention what);

/*
 * Return the time before which a ban of that many days is old. The age counts
 * to the proven time or to the clock, whichever is earlier: a clock that runs
 * ahead must not empty the archive.
 */
int64_t retention_before_us(const struct run *run, int64_t days);

#endif
