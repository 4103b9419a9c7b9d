/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check: print one line for a monitoring system, and exit with the status of
 * its plugins (0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN).
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "archive/backup.h"
#include "archive/file.h"
#include "archive/runs.h"
#include "base/escape.h"
#include "base/timestamp.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "event/spool.h"
#include "fail2ban/coverage.h"
#include "fail2ban/server.h"
#include "os/clock.h"

/* fail2ban must answer within these milliseconds. */
#define ANSWER_MS 5000

/* The exit statuses of a plugin. */
enum state { STATE_OK, STATE_WARNING, STATE_CRITICAL, STATE_UNKNOWN };

static const char *const words[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

/* The rank of each state: the report takes the worst. A known trouble counts
 * more than an unknown one. */
static const int badness[] = { 0, 2, 3, 1 };

/* The findings, one after another, and the worst state of them. */
struct report {
	enum state worst;
	char text[2048];
};

static void add(struct report *report, enum state state, const char *fmt, ...)
    PRINTF(3, 4);

static void
add(struct report *report, enum state state, const char *fmt, ...)
{
	size_t len = strlen(report->text);
	va_list ap;

	if (badness[state] > badness[report->worst])
		report->worst = state;
	if (len > 0 && len + 2 < sizeof(report->text)) {
		memcpy(report->text + len, "; ", 3);
		len += 2;
	}
	va_start(ap, fmt);
	vsnprintf(report->text + len, sizeof(report->text) - len, fmt, ap);
	va_end(ap);
}

/* By default fail2ban forgets a ban after a day: then a missed ban is lost. */
static int
check_runs(struct report *report, struct archive *archive,
    const struct config *config, int64_t now_us, struct err *e)
{
	int64_t last_us, age_us;

	if (archive_run_last(archive, RUN_RECONCILE, now_us, &last_us, e) != 0)
		return -1;
	if (last_us == UNKNOWN) {
		add(report, STATE_WARNING, "no reconcile was completed yet");
		return 0;
	}
	age_us = now_us - last_us;
	add(report,
	    age_us > TIMESTAMP_DAY_US			     ? STATE_CRITICAL :
		age_us / TIMESTAMP_US > 2 * config->interval ? STATE_WARNING :
							       STATE_OK,
	    "last reconcile %" PRId64 " s ago", age_us / TIMESTAMP_US);
	return 0;
}

static void
check_spool(struct report *report, const struct config *config, int64_t now_us)
{
	struct spool_state spool =
	    spool_look(config->spool, config->spool_limit, now_us);
	bool old;

	if (spool.unreadable) {
		add(report, STATE_UNKNOWN,
		    "%s: the spool cannot be read: run this as root",
		    config->spool);
		return;
	}
	old = spool.waiting > 0 &&
	    (now_us - spool.oldest_us) / TIMESTAMP_US > 2 * config->interval;

	add(report, old ? STATE_WARNING : STATE_OK,
	    "%" PRId64 " events in the spool", spool.waiting);
	if (spool.waiting >= config->spool_limit)
		add(report, STATE_CRITICAL, "the spool is full");
	if (spool.bad > 0)
		add(report, STATE_WARNING, "%" PRId64 " files there are bad",
		    spool.bad);
}

static void
check_archive(struct report *report, const struct config *config,
    int64_t now_us)
{
	int aside = archive_file_count_corrupt(config->archive);
	struct archive archive;
	struct err e;

	if (archive_open_read(&archive, config->archive, &e) != 0) {
		if (e.code == EX_NOPERM && geteuid() != 0)
			add(report, STATE_UNKNOWN, "%s: run this as root",
			    e.text);
		else
			add(report, STATE_CRITICAL, "%s", e.text);
		return;
	}
	if (archive_examine(&archive, false, 0, &e) != 0 ||
	    check_runs(report, &archive, config, now_us, &e) != 0)
		add(report, STATE_CRITICAL, "%s", e.text);
	archive_close(&archive);
	if (aside > 0)
		add(report, STATE_WARNING,
		    "%d damaged archives lie beside this one", aside);
}

/* Report what is wrong with our action in a jail. */
static void
check_action(struct report *report, const struct coverage_jail *jail)
{
	if (jail->state == COVERAGE_RENAMED)
		add(report, STATE_WARNING,
		    "jail %s: remove the parameter name=%s from its "
		    "action " COVERAGE_ACTION ", as it hides the jail's name",
		    jail->jail, jail->why);
	if (jail->state == COVERAGE_BROKEN)
		add(report, STATE_CRITICAL,
		    "jail %s: its action calls %s, which cannot be run (%s): "
		    "run ./install.sh",
		    jail->jail, jail->why, strerror(jail->reason));
}

/* Name the jails of the running server whose bans our action does not see. */
static void
check_jails(struct report *report, const struct config *config)
{
	struct fail2ban_server server;
	struct coverage coverage = { 0 };
	char names[512] = "";
	size_t len = 0;
	struct err e;

	if (fail2ban_server_open(&server, config->fail2ban_socket, ANSWER_MS,
		&e) != 0 ||
	    coverage_ask(&coverage, &server, &e) != 0)
		add(report, e.code == EX_UNAVAILABLE ? STATE_OK : STATE_UNKNOWN,
		    "the jails are not known (%s)", e.text);
	for (size_t i = 0; i < coverage.n; i++) {
		check_action(report, &coverage.jail[i]);
		if (coverage.jail[i].state == COVERAGE_NONE &&
		    len < sizeof(names))
			len += (size_t)snprintf(names + len,
			    sizeof(names) - len, " %s", coverage.jail[i].jail);
	}
	if (len > 0)
		add(report, STATE_WARNING,
		    "jails without the action, which ./install.sh turns on:%s",
		    names);
	coverage_free(&coverage);
	fail2ban_server_close(&server);
}

static int
run_check(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct report report = { STATE_OK, "" };
	char escaped[2 * sizeof(report.text)];
	int64_t now_us = clock_wall_us();
	int operands;

	if (options_parse(self, argc, argv, NULL, NULL, &operands, e) != 0)
		return -1;
	check_archive(&report, config, now_us);
	check_spool(&report, config, now_us);
	check_jails(&report, config);
	escape_text(escaped, sizeof(escaped), report.text, strlen(report.text));
	printf("fail2ban-archive %s: %s\n", words[report.worst], escaped);
	return (int)report.worst;
}

const struct command cmd_check = {
	.name = "check",
	.operands = "",
	.summary = "one line and an exit status for a monitoring system",
	.options = options_none,
	.run = run_check,
};
