/* SPDX-License-Identifier: GPL-2.0-or-later */
/* push, as fail2ban-archive-push has it. */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "archive/copy/push_due.h"
#include "base/number.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/push_options.h"
#include "fleet/machine.h"
#include "fleet/push.h"
#include "os/clock.h"
#include "os/log.h"
#include "os/signals.h"

#define LOOK_MS 200
#define EVERY_MAX 86400

/* The least wait after a failure, unless the interval is shorter. */
#define FIRST_WAIT_MS 5000

/* The refused bans that are named one by one, of one process. */
#define NAMED 20

struct options {
	bool init, migrate, once;
	int64_t every; /* 0: once */
};

static int
take(void *to, const char *name, const char *value, struct err *e)
{
	struct options *o = to;

	if (strcmp(name, "every") == 0)
		return number_parse(value, 1, EVERY_MAX, &o->every, e) == 0 ?
		    0 :
		    err_wrap(e, "--every");
	*(strcmp(name, "init") == 0	  ? &o->init :
		strcmp(name, "once") == 0 ? &o->once :
					    &o->migrate) = true;
	return 0;
}

static int
make_schema(const struct config *config, const struct options *o,
    const volatile sig_atomic_t *stop, struct err *e)
{
	char where[FLEET_WHERE] = "";
	int from = 0, to = 0;

	if ((o->init ? push_init : push_migrate)(config->push, stop, &from, &to,
		where, e) != 0)
		return err_wrap(e, "push");
	if (from == to)
		printf(
		    "The central schema is in %s already, with version %d; "
		    "nothing is to be done.\n",
		    where, to);
	else if (from == 0)
		printf("The central schema is made in %s, with version %d.\n",
		    where, to);
	else
		printf(
		    "The central schema in %s has version %d now, and had "
		    "%d.\n",
		    where, to, from);
	return 0;
}

static void
say_refused(int64_t ban, const struct err *e)
{
	static int said;

	if (said < NAMED)
		log_line(LOG_WARNING,
		    "push: ban %" PRId64 " is left out, as it is refused: %s",
		    ban, e->text);
	else if (said == NAMED)
		log_line(LOG_WARNING,
		    "push: more bans are refused; they are not named");
	said += said <= NAMED;
}

/* Print one line about a push that was completed. */
static void
say_sent(const struct push *push)
{
	char refused[48] = "";

	if (push->refused > 0)
		snprintf(refused, sizeof(refused), ", %" PRId64 " refused",
		    push->refused);
	if (push->sent == 0 && push->refused == 0)
		printf("push: nothing new");
	else
		printf("push: %" PRId64 " %s sent%s", push->sent,
		    push->sent == 1 ? "change" : "changes", refused);
	printf("; the fleet has all%s changes up to %" PRId64 "\n",
	    push->refused > 0 ? " other" : "", push->state.rev);
}

/* Wait, until a signal comes. */
static void
wait_ms(int64_t ms, const volatile sig_atomic_t *stop)
{
	int64_t until_ms = clock_steady_ms() + ms;

	for (int64_t left = ms; *stop == 0 && left > 0;
	     left = until_ms - clock_steady_ms())
		poll(NULL, 0, left < LOOK_MS ? (int)left : LOOK_MS);
}

/* Push at each interval; print a line where something was sent. */
static int
push_every(struct push *push, int64_t every, struct err *e)
{
	const char *host = push->state.host;
	int64_t least_ms = every * 1000, failed_ms = UNKNOWN, begun_ms, next_ms;

	if (least_ms > FIRST_WAIT_MS)
		least_ms = FIRST_WAIT_MS;
	while (*push->stop == 0) {
		begun_ms = clock_steady_ms();
		if (push_once(push, e) == 0) {
			failed_ms = UNKNOWN;
			next_ms = machine_wait_ms(host, every, clock_wall_us());
			if (push->sent + push->refused > 0) {
				say_sent(push);
				fflush(stdout);
			}
		} else if (*push->stop == 0) {
			/* The same failure is said once. */
			if (failed_ms == UNKNOWN || e->code != EX_TEMPFAIL)
				log_line(LOG_ERR, "push: %s", e->text);
			/* One that sent a part was not in vain. */
			if (failed_ms == UNKNOWN || push->sent > 0)
				failed_ms = begun_ms;
			next_ms = push_due_wait_ms(host, begun_ms - failed_ms,
			    least_ms, every);
		} else {
			break;
		}
		wait_ms(next_ms, push->stop);
	}
	return 0;
}

static int
run_fleet_push(const struct command *self, const struct config *config,
    int argc, char **argv, struct err *e)
{
	struct options o = { .every = 0 };
	struct push push = { .config = config, .refuse = say_refused };
	int operands;

	if (options_parse(self, argc, argv, take, &o, &operands, e) != 0)
		return -1;
	if (o.init + o.migrate + o.once + (o.every > 0) > 1)
		return err_set(e, EX_USAGE,
		    "--init, --migrate, --once and --every exclude each other");
	push.stop = signals_stop_flag();
	if (o.init || o.migrate)
		return make_schema(config, &o, push.stop, e);
	if (config->push[0] == '\0')
		return err_set(e, EX_CONFIG,
		    "%s: the key push is not set: set it to a conninfo, such "
		    "as \"service=fleet\"",
		    config->file);
	if (o.every > 0)
		return push_every(&push, o.every, e);
	if (push_once(&push, e) != 0)
		return err_wrap(e, "push");
	say_sent(&push);
	return 0;
}

const struct command cmd_fleet_push = {
	.name = "push",
	.operands = "",
	.summary = "send what has changed to the PostgreSQL of a fleet",
	.options = push_options,
	.run = run_fleet_push,
};
