/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "os/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "os/clock.h"
#include "os/signals.h"

/* The longest line, escaped. */
#define LINE_MAX_BYTES 1536
#define SYSLOG_MS 200

/* The only global state of the log: write lines to syslog too. */
static bool use_syslog;

void
log_to_syslog(void)
{
	struct signals_wake wake;

	use_syslog = true;
	/* Connect now: later there may be no descriptor left. */
	signals_wake_begin(&wake, SYSLOG_MS);
	openlog("fail2ban-archive", LOG_PID | LOG_NDELAY, LOG_DAEMON);
	signals_wake_end(&wake);
}

void
log_leave_syslog(void)
{
	use_syslog = false;
}

/*
 * Write to syslog, but give up after SYSLOG_MS: a syslog that no longer reads
 * would block us for ever. glibc tries again when the first try is interrupted.
 */
static void
to_syslog(int level, const char *line)
{
	int64_t began = clock_steady_ms();
	struct signals_wake wake;

	signals_wake_begin(&wake, SYSLOG_MS);
	syslog(level, "%s", line);
	signals_wake_end(&wake);
	/* After one timeout syslog is no longer used. */
	use_syslog = clock_steady_ms() - began < SYSLOG_MS;
}

static void make_line(char line[LINE_MAX_BYTES], const char *fmt, va_list ap)
    PRINTF(2, 0);

/* Format and escape one line. */
static void
make_line(char line[LINE_MAX_BYTES], const char *fmt, va_list ap)
{
	char text[LINE_MAX_BYTES * 2 / 3];

	vsnprintf(text, sizeof(text), fmt, ap);
	escape_text(line, LINE_MAX_BYTES, text, strlen(text));
}

void
log_line(int level, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	va_list ap;

	va_start(ap, fmt);
	make_line(line, fmt, ap);
	va_end(ap);
	fprintf(stderr, "fail2ban-archive: %s\n", line);
	if (use_syslog)
		to_syslog(level, line);
}

void
log_record(int level, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	va_list ap;

	if (!use_syslog)
		return;
	va_start(ap, fmt);
	make_line(line, fmt, ap);
	va_end(ap);
	to_syslog(level, line);
}
