/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reconcile: reconcile once, or at each interval in the foreground. */
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>

#include "base/number.h"
#include "cmd/command.h"
#include "cmd/metrics.h"
#include "cmd/options.h"
#include "cmd/progress.h"
#include "cmd/push_start.h"
#include "job/reconcile/reconcile.h"
#include "os/log.h"
#include "os/signals.h"

struct wanted {
	int64_t every; /* seconds; 0: once */
	bool no_push;
};

static int
take_option(void *to, const char *name, const char *value, struct err *e)
{
	struct wanted *wanted = to;

	if (strcmp(name, "no-push") == 0) {
		wanted->no_push = true;
		return 0;
	}
	if (number_parse(value, 1, 86400, &wanted->every, e) != 0)
		return err_wrap(e, "--every");
	return 0;
}

/*
 * Sleep until a time of CLOCK_MONOTONIC, or until a signal. The signals are
 * blocked except during the sleep itself, so that none is missed.
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

static void say(int level, const char *fmt, ...) PRINTF(2, 3);

/* Log a warning; also to syslog when the archive was damaged. A run_say_fn. */
static void
say(int level, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (level == LOG_CRIT)
		log_to_syslog();
	log_line(level, "%s", text);
	if (level == LOG_CRIT)
		log_leave_syslog();
}

/* Write the metrics, also where the reconcile has failed. */
static void
write_metrics(const struct config *config, bool failed)
{
	struct err e;

	if (config->metrics_file[0] != '\0' &&
	    metrics_write(config, config->metrics_file, METRICS_ARCHIVE, failed,
		&e) != 0)
		log_line(LOG_WARNING, "metrics_file: %s", e.text);
}

/*
 * Make one reconcile, and print what it did. Then start a push if one is due,
 * also where the reconcile has failed: what events brought is there to push.
 */
static int
run_once(const struct run_caller *caller, bool push, struct err *e)
{
	struct run_caller watched = *caller;
	struct run_summary summary;
	struct progress progress;
	int rc;

	watched.watch = progress_begin(&progress);
	rc = reconcile(&watched, &summary, e);
	progress_end(&progress);
	if (!summary.busy)
		write_metrics(caller->config, rc != 0);

	if (summary.busy)
		puts("reconcile: another one is running");
	if (summary.done)
		printf("reconcile: %" PRId64 " rows read, %" PRId64
		       " events from the spool, %" PRId64
		       " bans added, %" PRId64 " changed, %" PRId64 " bad\n",
		    summary.rows, summary.spooled, summary.added,
		    summary.changed, summary.bad);
	if (push && !summary.busy && *caller->stop == 0)
		push_start(caller->config);
	return rc;
}

/* Reconcile at each interval; log a failure, and go on. */
static int
run_every(const struct run_caller *caller, const struct wanted *wanted)
{
	struct timespec next, now;
	struct err e;

	clock_gettime(CLOCK_MONOTONIC, &next);
	while (*caller->stop == 0) {
		if (run_once(caller, !wanted->no_push, &e) != 0)
			log_line(LOG_ERR, "%s", e.text);
		fflush(stdout);
		next.tv_sec += wanted->every;
		clock_gettime(CLOCK_MONOTONIC, &now);
		/* A process that was stopped for long does not catch up. */
		if (next.tv_sec < now.tv_sec)
			next = now;
		sleep_until(&next, caller->stop);
	}
	return 0;
}

static int
run_reconcile(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct run_caller caller = { .config = config, .say = say };
	struct wanted wanted = { .every = 0 };
	int operands;

	if (options_parse(self, argc, argv, take_option, &wanted, &operands,
		e) != 0)
		return -1;
	caller.stop = signals_stop_flag();
	return wanted.every > 0 ? run_every(&caller, &wanted) :
				  run_once(&caller, !wanted.no_push, e);
}

static const struct option_spec options[] = {
	{ "every", "SECONDS",
	    "stay, and run at once and then at each interval" },
	{ "no-push", NULL, "start no push at the end" },
	{ NULL, NULL, NULL },
};

const struct command cmd_reconcile = {
	.name = "reconcile",
	.operands = "",
	.summary = "bring what fail2ban's database holds into the archive",
	.options = options,
	.run = run_reconcile,
};
