/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check: a monitoring plugin. It prints one line, and exits with the status of
 * such plugins (0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN).
 */
#include "cmd/check/check.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/number.h"
#include "base/timestamp.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "os/clock.h"

#define SERVICE "fail2ban-archive"

/* -t in seconds, unless it is given, and the most that it can be. */
#define TIMEOUT 10
#define TIMEOUT_MOST 3600

/* The steps of a check, and what each does, for the line of one that is late.
 */
static const struct step {
	const char *doing;
	void (*run)(struct check *check);
} steps[] = {
	{ "reading the archive", check_archive },
	{ "reading the spool", check_spool },
	{ "asking fail2ban", check_server },
	{ "looking for silent jails", check_silence },
	{ "reading fail2ban's database", check_database },
	{ "looking for events in syslog", check_last_resort },
	{ "looking at the disk", check_disk },
	{ "looking for the last push", check_push },
	{ "looking for the timer", check_timer },
};

static const struct step restart_step = { "asking fail2ban", check_restart };

int
check_left_ms(const struct check *check, int most)
{
	int64_t left = check->deadline_ms - clock_steady_ms();

	if (left < 1)
		return 1;
	return left > most ? most : (int)left;
}

bool
check_is_late(const struct check *check)
{
	return clock_steady_ms() >= check->deadline_ms;
}

bool
check_lacks_rights(const struct err *e)
{
	return e->code == EX_NOPERM && geteuid() != 0;
}

const char *
check_setup(void)
{
	static const char *const paths[] = { "/usr/sbin/" SERVICE "-setup",
		"/usr/local/sbin/" SERVICE "-setup" };

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		if (access(paths[i], X_OK) == 0)
			return SERVICE "-setup";
	}
	return "./install.sh";
}

static int
take_option(void *to, const char *name, const char *value, struct err *e)
{
	struct check *check = to;
	int rc = 0;

	if (strcmp(name, "warning") == 0)
		rc = range_parse(&check->warning, value, e);
	else if (strcmp(name, "critical") == 0)
		rc = range_parse(&check->critical, value, e);
	else if (strcmp(name, "push-warning") == 0)
		rc = range_parse(&check->push_warning, value, e);
	else if (strcmp(name, "push-critical") == 0)
		rc = range_parse(&check->push_critical, value, e);
	else if (strcmp(name, "timeout") == 0)
		rc = number_parse(value, 1, TIMEOUT_MOST, &check->timeout, e);
	else if (strcmp(name, "verbose") == 0)
		check->verbose = true;
	else if (strcmp(name, "after-restart") == 0)
		check->after_restart = true;
	else if (strcmp(value, "text") == 0 || strcmp(value, "json") == 0)
		check->json = value[0] == 'j';
	else
		rc = err_set(e, EX_USAGE, "must be text or json");
	return rc == 0 ? 0 : err_wrap(e, "--%s", name);
}

/* Run a step, or fail because the time is over, before it or during it. */
static int
run_step(struct check *check, const struct step *step, struct err *e)
{
	if (!check_is_late(check))
		step->run(check);
	if (!check_is_late(check))
		return 0;
	return err_set(e, EX_TEMPFAIL,
	    "no answer within %d s, which ended while %s; -t SECONDS gives it "
	    "more time",
	    (int)check->timeout, step->doing);
}

static void
add_figures(struct check *check)
{
	struct plugin *plugin = &check->plugin;

	snprintf(check->reconcile_limits, sizeof(check->reconcile_limits),
	    ";%s;%s;0", check->warning.text, check->critical.text);
	plugin_figure(plugin, "reconcile_age", check->reconcile_age, "s",
	    check->reconcile_limits);
	plugin_figure(plugin, "spool", check->spooled, "",
	    ";" CHECK_SPOOL_LIMITS ";0");
	plugin_figure(plugin, "live", plugin->total, "", ";;;0");
	plugin_figure(plugin, "bans", check->bans, "c", "");
	plugin_figure(plugin, "archive", check->archive_bytes, "B", "");
	plugin_figure(plugin, "gaps", check->gaps, "c", "");
	if (check->config->push[0] == '\0')
		return;
	snprintf(check->push_limits, sizeof(check->push_limits), ";%s;%s;0",
	    check->push_warning.text, check->push_critical.text);
	plugin_figure(plugin, "push_age", check->push_age, "s",
	    check->push_limits);
	plugin_figure(plugin, "push_backlog", check->push_backlog, "", ";;;0");
}

/* Set the limits that are not given. No push is so old that it is CRITICAL. */
static void
set_limits(struct check *check)
{
	const struct config *config = check->config;

	if (check->warning.text[0] == '\0')
		range_set_end(&check->warning, 2 * config->interval);
	if (check->critical.text[0] == '\0')
		range_set_end(&check->critical, TIMESTAMP_DAY);
	if (check->push_warning.text[0] == '\0')
		range_set_end(&check->push_warning,
		    config->push_interval > 0 ? 2 * config->push_interval :
						TIMESTAMP_DAY);
	if (check->push_critical.text[0] == '\0')
		check->push_critical =
		    (struct range){ .start = -HUGE_VAL, .end = HUGE_VAL };
}

static int
run_steps(struct check *check, struct err *e)
{
	if (check->after_restart)
		return run_step(check, &restart_step, e);
	set_limits(check);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		if (run_step(check, &steps[i], e) != 0)
			return -1;
	}
	add_figures(check);
	return 0;
}

static void
print_check(const struct check *check)
{
	if (check->json) {
		plugin_print_json(&check->plugin, stdout);
		return;
	}
	plugin_print_line(&check->plugin, stdout);
	if (check->verbose)
		plugin_print_points(&check->plugin, stdout);
}

/* These take the place of the program's handler, whose exit status is another.
 */
#define NO_ROOM "no room on disk for the archive's -shm"

static void
on_bus_error(int sig UNUSED)
{
	static const char text[] = SERVICE " UNKNOWN: " NO_ROOM "\n";
	ssize_t ignored = write(STDOUT_FILENO, text, sizeof(text) - 1);

	(void)ignored;
	_exit(PLUGIN_UNKNOWN);
}

static void
on_bus_error_json(int sig UNUSED)
{
	static const char text[] =
	    "{\"version\":1,\"error\":3,\"errorString\":\"" NO_ROOM
	    "\",\"data\":{\"state\":\"UNKNOWN\",\"status\":3}}\n";
	ssize_t ignored = write(STDOUT_FILENO, text, sizeof(text) - 1);

	(void)ignored;
	_exit(PLUGIN_UNKNOWN);
}

static int
run_check(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct check check = {
		.config = config,
		.now_us = clock_wall_us(),
		.timeout = TIMEOUT,
		.plugin = { .name = SERVICE, .total = UNKNOWN },
		.reconcile_age = UNKNOWN,
		.spooled = UNKNOWN,
		.bans = UNKNOWN,
		.gaps = UNKNOWN,
		.archive_bytes = UNKNOWN,
		.rev = UNKNOWN,
		.push_age = UNKNOWN,
		.push_backlog = UNKNOWN,
	};
	int64_t began_ms = clock_steady_ms();
	int operands, rc;

	if (options_parse(self, argc, argv, take_option, &check, &operands,
		e) != 0)
		return -1;
	signal(SIGBUS, check.json ? on_bus_error_json : on_bus_error);
	check.deadline_ms = began_ms + check.timeout * 1000;
	rc = run_steps(&check, e);
	if (rc == 0) {
		print_check(&check);
		rc = (int)plugin_state(&check.plugin);
	}
	coverage_free(&check.coverage);
	archive_health_free_jails(&check.jails);
	free(check.gap);
	plugin_free(&check.plugin);
	return rc;
}

/* Return true when the command line, which may be wrong, asks for JSON. */
static bool
wants_json(int argc, char **argv)
{
	bool json = false;

	for (int i = 1; i < argc; i++) {
		const char *next = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(argv[i], "--format") == 0 ||
		    strcmp(argv[i], "-f") == 0)
			json = strcmp(next, "json") == 0;
		else if (strcmp(argv[i], "--format=json") == 0 ||
		    strcmp(argv[i], "-fjson") == 0)
			json = true;
	}
	return json;
}

static void
fail_check(int argc, char **argv, const struct err *e)
{
	plugin_print_failure(SERVICE, e, wants_json(argc, argv), stdout);
}

static const struct option_spec options[] = {
	{ "warning", "RANGE",
	    "the seconds since a reconcile that are no WARNING" },
	{ "critical", "RANGE", "the seconds that are not CRITICAL" },
	{ "push-warning", "RANGE", "the same of the last push to a fleet" },
	{ "push-critical", "RANGE", "the same; by default none is CRITICAL" },
	{ "timeout", "SECONDS", "the time for all of it, instead of 10" },
	{ "verbose", NULL, "a line for each point, with what mends it" },
	{ "after-restart", NULL, "compare fail2ban's live bans with these" },
	{ "format", "text|json", "a line, or JSON for LibreNMS and Zabbix" },
	{ NULL, NULL, NULL },
};

const struct command cmd_check = {
	.name = "check",
	.operands = "",
	.summary = "one line and an exit status for a monitoring system",
	.options = options,
	.fail = fail_check,
	.run = run_check,
};
