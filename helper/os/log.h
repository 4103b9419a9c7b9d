/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the program has to say while it works: to standard error, and to
 * syslog where nobody reads standard error (the event verbs). Control
 * characters in the line are escaped, so that no text from outside can forge
 * a line of its own.
 */
#ifndef OS_LOG_H
#define OS_LOG_H

#include <stdbool.h>
#include <syslog.h>

#include "base/macros.h"

/*
 * From now on every line goes to syslog as well (facility daemon). Call it
 * once, before the first line.
 */
void log_to_syslog(void);

/* From now on they go to standard error alone. */
void log_leave_syslog(void);

/* Write one line; level is one of syslog(3)'s. */
void log_line(int level, const char *fmt, ...) PRINTF(2, 3);

/* Like log_line, to syslog alone: standard error may be a pipe that fills. */
void log_record(int level, const char *fmt, ...) PRINTF(2, 3);

#endif
