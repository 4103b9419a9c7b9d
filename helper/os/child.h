/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes that run another program: one that is left alone, and one that is
 * read from. */
#ifndef OS_CHILD_H
#define OS_CHILD_H

#include <sys/types.h>

#include "base/err.h"

/*
 * Make a process that is nobody's child: it has a session of its own, its
 * standard files are /dev/null and it has no others, its signals are the
 * defaults. Returns 1 in it and 0 here; -1 where it could
 * not be made, with EX_OSERR.
 */
int child_leave(struct err *e);

/*
 * A child whose standard output is read here. fd is the end of the pipe: the
 * caller closes it, or hands it on, before child_wait.
 */
struct child {
	pid_t pid; /* 0: none */
	int fd;
};

/*
 * Start a child. Returns 1 in it, where the caller becomes the other program,
 * and 0 here; -1 with EX_OSERR. Its standard error is that of this process. Its
 * signals are the defaults.
 */
int child_begin(struct child *child, struct err *e);

/*
 * Wait for its end. Returns its exit status, and 128 and the number of a signal
 * that killed it; -1 with EX_OSERR. Without a child it returns 0.
 */
int child_wait(struct child *child, struct err *e);

/* Ask the child to end (SIGTERM). */
void child_stop(const struct child *child);

#endif
