/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals: a stop that a user or systemd asks for, and a way out of a system
 * call that sleeps too long.
 */
#ifndef OS_SIGNALS_H
#define OS_SIGNALS_H

#include <signal.h>

/*
 * Catch SIGTERM, SIGINT and SIGHUP, and return the flag that they set: it is 0
 * until one of them arrives. Long work looks at the flag now and then. SIGPIPE
 * is ignored from now on, so that a write to a closed pipe fails with EPIPE
 * instead of killing the process.
 */
const volatile sig_atomic_t *signals_stop_flag(void);

/* The signal handler and mask that signals_wake_end restores. */
struct signals_wake {
	struct sigaction action;
	sigset_t mask;
};

/*
 * Interrupt a system call that may sleep for ever, such as flock(2): SIGALRM
 * makes it return with EINTR ms milliseconds from now, at least 1, and then
 * again every 20 ms, because a single signal could arrive just before the call
 * sleeps. signals_wake_end restores what was there before, and leaves errno as
 * it is.
 */
void signals_wake_begin(struct signals_wake *wake, int ms);
void signals_wake_end(const struct signals_wake *wake);

#endif
