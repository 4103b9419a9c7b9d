/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ban ids in a running fail2ban, through its socket: live bans of the archive
 * that fail2ban has lost with its database, or the addresses of a block list.
 * Each id is noted in the archive before it is sent, so that the event of its
 * ban is recognised.
 */
#ifndef JOB_REBAN_REBAN_H
#define JOB_REBAN_REBAN_H

#include "job/reban/batch.h"

/* A list that another program writes. */
struct reban_pipe {
	int fd; /* reban closes it */
	/* Called at the end of the list, before anything is banned: a failure
	 * says that the list is not all of it. */
	int (*end)(void *to, struct err *e);
	void *to;
};

struct reban_options {
	const char *jail; /* NULL: all jails, for lost bans only */
	const char *list; /* a file, "-": standard input; NULL: lost bans */
	struct reban_pipe *pipe; /* where the list is read, or NULL: the file */
	bool force; /* ban a list again that was completed before */
	reban_would_fn *would_ban; /* a dry run calls it; NULL: ban */
};

struct reban_summary {
	struct run_summary run;
	int64_t sent, server_has, refused; /* ids */
};

/*
 * Ban the lost bans or the list. Waits while another reban is at work. summary
 * is filled on failure too: run.known_id when the same list was completed
 * before for the same jail, run.done when something was done. Fails with the
 * codes of fail2ban/server.h, with EX_NOINPUT when fail2ban has no such jail,
 * with EX_DATAERR when the list has no address and is no pipe's, with
 * EX_TEMPFAIL when a signal interrupts it, and as the pipe's end. What was sent
 * before is banned; calling it again sends the rest.
 */
int reban(const struct run_caller *caller, const struct reban_options *options,
    struct reban_summary *summary, struct err *e);

#endif
