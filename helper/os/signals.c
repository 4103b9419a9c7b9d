/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "os/signals.h"

#include <errno.h>
#include <stddef.h>
#include <sys/time.h>

#include "base/macros.h"

/* The time between two interruptions. */
#define AGAIN_US 20000

static volatile sig_atomic_t stop;

static void
on_stop(int sig UNUSED)
{
	stop = 1;
}

const volatile sig_atomic_t *
signals_stop_flag(void)
{
	struct sigaction action = { .sa_handler = on_stop }, before;

	sigemptyset(&action.sa_mask);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	/* nohup(1) has it ignored. */
	if (sigaction(SIGHUP, NULL, &before) == 0 &&
	    before.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	return &stop;
}

static void
on_alarm(int sig UNUSED)
{
	/* A handler must exist so that the system call returns with EINTR. */
}

void
signals_wake_begin(struct signals_wake *wake, int ms)
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
signals_wake_end(const struct signals_wake *wake)
{
	struct itimerval none = { { 0, 0 }, { 0, 0 } };
	int saved = errno;

	setitimer(ITIMER_REAL, &none, NULL);
	sigprocmask(SIG_SETMASK, &wake->mask, NULL);
	sigaction(SIGALRM, &wake->action, NULL);
	errno = saved;
}
