/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the program has to say while it works: to standard error, and to
 * syslog where nobody reads standard error (the event verbs). Control
 * characters in the line are escaped, so that no text from outside can forge
 * a line of its own.
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <syslog.h>

#include "macros.h"

/*
 * From now on every line goes to syslog as well (facility daemon). Call it
 * once, before the first line.
 */
void log_to_syslog(void);

/* Lines less urgent than level (LOG_DEBUG .. LOG_CRIT) are dropped. */
void log_set_level(int level);

/* Write one line; level is one of syslog(3)'s. */
void log_line(int level, const char *fmt, ...) PRINTF(2, 3);

/* Like log_line, for a text of any length that must not be cut (syslog). */
void log_whole(int level, const char *text);

#endif
