/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reconcile: one run, or one at each interval in the foreground. */
#include <signal.h>
#include <stdio.h>
#include <sys/select.h>
#include <time.h>

#include "cmd/command.h"
#include "os/log.h"
#include "cmd/options.h"
#include "job/reconcile.h"
#include "os/signals.h"
#include "base/number.h"

static int
take_option(void *to, const char *name UNUSED, const char *value, struct err *e)
{
	int64_t *every = to;

	if (number_parse(value, 1, 86400, every, e) != 0)
		return err_wrap(e, "--every");
	return 0;
}

/*
 * Sleep until the time, of CLOCK_MONOTONIC, or a signal; SIGTERM is blocked
 * but for the sleep itself, so that none is missed.
 */
static void
sleep_until(const struct timespec *until, const volatile sig_atomic_t *stop)
{
	sigset_t blocked, before;
	struct timespec now, left;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGINT);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	clock_gettime(CLOCK_MONOTONIC, &now);
	left.tv_sec = until->tv_sec - now.tv_sec;
	left.tv_nsec = until->tv_nsec - now.tv_nsec;
	if (left.tv_nsec < 0) {
		left.tv_sec--;
		left.tv_nsec += 1000000000;
	}
	if (*stop == 0 && left.tv_sec >= 0)
		pselect(0, NULL, NULL, NULL, &left, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* A run that fails is told of, and the next one runs. */
static int
run_every(const struct config *config, int64_t every,
    const volatile sig_atomic_t *stop)
{
	struct timespec next, now;
	struct err e;

	clock_gettime(CLOCK_MONOTONIC, &next);
	while (*stop == 0) {
		if (reconcile(config, stop, &e) != 0)
			log_line(LOG_ERR, "%s", e.text);
		fflush(stdout);
		next.tv_sec += every;
		clock_gettime(CLOCK_MONOTONIC, &now);
		/* A process that was stopped for long does not catch up. */
		if (next.tv_sec < now.tv_sec)
			next = now;
		sleep_until(&next, stop);
	}
	return 0;
}

static int
run_reconcile(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	const volatile sig_atomic_t *stop;
	int64_t every = 0;
	int operands;

	if (options_parse(self, argc, argv, take_option, &every, &operands,
		e) != 0)
		return -1;
	stop = signals_stop_flag();
	if (every > 0)
		return run_every(config, every, stop);
	return reconcile(config, stop, e);
}

static const struct option_spec options[] = {
	{ "every", "SECONDS",
	    "stay, and run at once and then at each interval" },
	{ NULL, NULL, NULL },
};

const struct command cmd_reconcile = {
	.name = "reconcile",
	.operands = "",
	.summary = "bring what fail2ban's database holds into the archive",
	.options = options,
	.run = run_reconcile,
};
