/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A way out of a system call that may sleep for ever, such as flock(2): from
 * then on SIGALRM makes it return with EINTR, again and again, as one signal
 * could come just before the call sleeps.
 */
#ifndef OS_WAKE_H
#define OS_WAKE_H

#include <signal.h>

/* What is put back afterwards. */
struct wake {
	struct sigaction action;
	sigset_t mask;
};

/* In ms from now, at least 1; until wake_end, which leaves errno as it is. */
void wake_begin(struct wake *wake, int ms);
void wake_end(const struct wake *wake);

#endif
