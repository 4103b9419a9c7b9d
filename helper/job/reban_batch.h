/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ids on their way into a jail of the running fail2ban, some at a time. Each is
 * noted in the archive before it is sent, so that the ban that comes of it is
 * known. Errors are those of fail2ban_socket.h.
 */
#ifndef JOB_REBAN_BATCH_H
#define JOB_REBAN_BATCH_H

#include "base/address.h"
#include "fail2ban/server.h"
#include "job/run.h"

/*
 * Ids that are sent at a time: until all their actions are over, the server
 * answers nobody. (fail2ban 1.0.2, server/actions.py: addBannedIP.)
 */
#define REBAN_BATCH_BATCH 50

struct reban_batch {
	struct run *run;
	bool dry_run; /* nothing is sent: it is said what would be */
	int64_t sent, there, refused;

	/* The rest is for sending.c. */
	int64_t shown;	     /* refusals that were told of */
	struct address *own; /* this machine's addresses */
	size_t own_n;
	/* Of the jail that is being filled. */
	const char *jail;
	struct fail2ban_list held;
	struct address *ignored;
	size_t ignored_n;
	bool ignoreself;
	/* Its next batch. */
	const char *ids[REBAN_BATCH_BATCH];
	int64_t timeofban[REBAN_BATCH_BATCH];
	size_t n;
};

/* Release with reban_batch_end, on failure too. */
int reban_batch_begin(struct reban_batch *s, struct run *run, bool dry_run,
    struct err *e);
void reban_batch_end(struct reban_batch *s);

/*
 * Ask what a jail holds, and what it ignores; then it can be filled. The name
 * is the caller's. Fails with EX_NOINPUT where fail2ban has no such jail. To be
 * left in any case: what was not flushed is forgotten.
 */
int reban_batch_enter(struct reban_batch *s, const char *jail, struct err *e);
void reban_batch_leave(struct reban_batch *s);

/* Whether the jail holds an id. */
bool reban_batch_holds(const struct reban_batch *s, const char *id);

/* Whether the jail would not ban this address by itself. */
bool reban_batch_ignores(const struct reban_batch *s, const struct address *a);

/* Why an address of a list is not to be banned; NULL where it may be. */
const char *reban_batch_find_refusal(const struct reban_batch *s,
    const struct address *a);

/* Count an id as refused; why is told for the first few. */
void reban_batch_refuse(struct reban_batch *s, const char *id, const char *why);

/* Tell why something is not banned, as long as *shown is small. */
void reban_batch_tell(int64_t *shown, const char *what, const char *why);

/*
 * One more id for the batch, which lives until that is flushed; one that the
 * jail holds is counted. timeofban: of the ban that goes on, UNKNOWN: it is a
 * list's. A full batch is flushed.
 */
int reban_batch_add(struct reban_batch *s, const char *id, int64_t timeofban,
    struct err *e);

/*
 * Note and send the batch. The archive's lock is not held meanwhile, for the
 * actions wait for it.
 */
int reban_batch_flush(struct reban_batch *s, struct err *e);

#endif
