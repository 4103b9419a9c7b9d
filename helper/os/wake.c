/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "os/wake.h"

#include <errno.h>
#include <stddef.h>
#include <sys/time.h>

#include "base/macros.h"

#define AGAIN_US 20000

static void
on_alarm(int sig UNUSED)
{
	/* The call returns with EINTR: that is all that is wanted. */
}

void
wake_begin(struct wake *wake, int ms)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval timer = {
		.it_interval = { 0, AGAIN_US },
		.it_value = { ms / 1000, ms % 1000 * 1000 },
	};
	sigset_t alarm;

	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, &wake->action);
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &alarm, &wake->mask);
	setitimer(ITIMER_REAL, &timer, NULL);
}

void
wake_end(const struct wake *wake)
{
	struct itimerval none = { { 0, 0 }, { 0, 0 } };
	int saved = errno;

	setitimer(ITIMER_REAL, &none, NULL);
	sigprocmask(SIG_SETMASK, &wake->mask, NULL);
	sigaction(SIGALRM, &wake->action, NULL);
	errno = saved;
}
