/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check: print one line for a monitoring system, and exit with the status of
 * its plugins (0 OK, 1 WARNING, 2 CRITICAL).
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "archive/backup.h"
#include "archive/file.h"
#include "archive/runs.h"
#include "base/escape.h"
#include "base/timestamp.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "event/spool.h"
#include "os/clock.h"

#define DAY_US (INT64_C(86400) * TIMESTAMP_US)

enum state { STATE_OK, STATE_WARNING, STATE_CRITICAL };

static const char *const words[] = { "OK", "WARNING", "CRITICAL" };

/* The findings, one after another, and the worst state of them. */
struct report {
	enum state worst;
	char text[1024];
};

static void add(struct report *report, enum state state, const char *fmt, ...)
    PRINTF(3, 4);

static void
add(struct report *report, enum state state, const char *fmt, ...)
{
	size_t len = strlen(report->text);
	va_list ap;

	if (state > report->worst)
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
	    age_us > DAY_US				     ? STATE_CRITICAL :
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
	bool old = spool.waiting > 0 &&
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
