/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Send ids to a jail of the running fail2ban, some at a time. Each is noted in
 * the archive before it is sent, so that the event of its ban is recognised.
 * Errors are those of fail2ban/server.h.
 */
#ifndef JOB_REBAN_BATCH_H
#define JOB_REBAN_BATCH_H

#include "base/address.h"
#include "fail2ban/server.h"
#include "job/run.h"

/*
 * The number of ids that are sent at a time. The server answers no other
 * question until the actions for all of them have ended. (fail2ban 1.0.2,
 * server/actions.py: addBannedIP.)
 */
#define REBAN_BATCH_MAX 50

/* Take an id that would be banned in a jail; both may hold any characters. */
typedef void reban_would_fn(const char *ident, const char *jail);

struct reban_batch {
	/*
	 * The numbers of ids that were sent, banned already, and refused.
	 */
	int64_t sent, server_has, refused;

	/* The rest is for reban_batch.c, but for n. */
	struct run *run;
	reban_would_fn *would_ban; /* NULL: it is no dry run */
	int64_t shown;		   /* the number of refusals that were logged */
	struct address *own;	   /* this machine's addresses */
	size_t own_n;
	struct fail2ban_list jails; /* the server's, */
	bool asked;		    /* once it was asked for them */
	/* The jail that is entered: its name, its bans, what it ignores. */
	const char *jail;
	struct fail2ban_list banned;
	struct address *ignored;
	size_t ignored_n;
	char *singles; /* an action of it that cannot ban a network, or NULL */
	/* The ids that wait to be sent to it. */
	const char *ids[REBAN_BATCH_MAX];
	int64_t timeofban[REBAN_BATCH_MAX];
	size_t n;
};

/*
 * Begin to send for a run. In a dry run would_ban is called for each id, and no
 * id is sent; otherwise would_ban is NULL. Release with reban_batch_end, on
 * failure too. Fails with EX_OSERR when this machine's addresses cannot be
 * read.
 */
int reban_batch_begin(struct reban_batch *s, struct run *run,
    reban_would_fn *would_ban, struct err *e);
void reban_batch_end(struct reban_batch *s);

/*
 * Ask the server which ids a jail bans and which it ignores. The caller keeps
 * the name, and calls reban_batch_leave, on failure too, which forgets the ids
 * that were not flushed. Fails with EX_NOINPUT when fail2ban has no such jail.
 */
int reban_batch_enter(struct reban_batch *s, const char *jail, struct err *e);
void reban_batch_leave(struct reban_batch *s);

/* Return true when the jail bans the id already. */
bool reban_batch_server_has(const struct reban_batch *s, const char *id);

/*
 * Return why an address is not to be banned, from a list or as a lost ban: it
 * is reserved, this machine's own, or ignored by the jail. Return NULL when it
 * may be banned.
 */
const char *reban_batch_find_refusal(const struct reban_batch *s,
    const struct address *a);

/* Count an id as refused, and log why for the first few. */
void reban_batch_refuse(struct reban_batch *s, const char *id, const char *why);

/*
 * Log why something is not banned, while *shown is small; *shown counts the
 * calls.
 */
void reban_batch_say_why(const struct run *run, int64_t *shown,
    const char *what, const char *why);

/*
 * Add an id to the batch, and flush the batch when it is full. The caller keeps
 * the id until then. An id that the jail bans already is only counted.
 * timeofban: of the archived ban that goes on; UNKNOWN: the id is from a list.
 */
int reban_batch_add(struct reban_batch *s, const char *id, int64_t timeofban,
    struct err *e);

/*
 * Note the batch in the archive, and send it. The archive's lock is free while
 * the server works, because its actions wait for that lock.
 */
int reban_batch_flush(struct reban_batch *s, struct err *e);

#endif
