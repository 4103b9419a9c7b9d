/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

/* The one piece of state of its kind: where lines go and which are dropped. */
static int max_level = LOG_INFO;
static bool use_syslog;

void
log_to_syslog(void)
{
	use_syslog = true;
	openlog("fail2ban-archive", LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void
log_set_level(int level)
{
	max_level = level;
}

void
log_line(int level, const char *fmt, ...)
{
	char text[1024], line[1536];
	va_list ap;

	if (level > max_level)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_escape(line, sizeof(line), text, strlen(text));
	fprintf(stderr, "fail2ban-archive: %s\n", line);
	if (use_syslog)
		syslog(level, "%s", line);
}

void
log_whole(int level, const char *text)
{
	fprintf(stderr, "fail2ban-archive: %.200s\n", text);
	if (use_syslog)
		syslog(level, "%s", text);
}
