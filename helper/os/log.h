/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of the running program, to standard error, and also to syslog for
 * the event verbs, whose standard error is not read. Control characters in a
 * line are escaped, so that no text from outside can forge a line.
 */
#ifndef OS_LOG_H
#define OS_LOG_H

#include <stdbool.h>
#include <syslog.h>

#include "base/macros.h"

/*
 * Write every line to syslog too from now on, with facility daemon. Call it
 * once, before the first line.
 */
void log_to_syslog(void);

/* Write lines to standard error only from now on. */
void log_leave_syslog(void);

/* Write one line; level is a level of syslog(3). */
void log_line(int level, const char *fmt, ...) PRINTF(2, 3);

/* Write to syslog only, because standard error may be a pipe that is full. */
void log_record(int level, const char *fmt, ...) PRINTF(2, 3);

#endif
