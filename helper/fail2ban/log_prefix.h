/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The prefix of a line, everything before fail2ban's message: in fail2ban's own
 * log file, in syslog's, in the journal's text, in a container's log. These are
 * the forms:
 *
 *   2026-11-23 18:48:38,748 fail2ban.actions        [7268]: NOTICE  ...
 *   Nov 23 18:48:38 host fail2ban.actions[7268]: NOTICE ...
 *   2026-11-23T18:48:38.748123+01:00 host fail2ban.actions[7268]: NOTICE ...
 *   Nov 23 18:48:38 host fail2ban-server[1]: 2026-11-23 18:48:38,748 ...
 *   Nov 23 18:48:38 host fail2ban[7268]: ...
 *   2026-11-23T17:48:38.748123456Z 2026-11-23 18:48:38,748 ...
 *   name  | 2026-11-23 18:48:38,748 ...
 *
 * They are: the log file; syslog; syslog with an exact stamp; syslog around a
 * line of the log file; the journal, which drops the part that wrote the line;
 * a container's stamp; the name of one of several containers.
 *
 * A line in which another program mentions fail2ban is not fail2ban's. Pure.
 * (fail2ban 1.0.2, server/server.py: setLogTarget; helpers.py:
 * getVerbosityFormat. 0.8 has no pid.)
 */
#ifndef FAIL2BAN_LOG_PREFIX_H
#define FAIL2BAN_LOG_PREFIX_H

#include <stddef.h>
#include <stdint.h>

#include "fail2ban/log_time.h"

/* The part of fail2ban that wrote the line. A rule may combine these bits. */
enum log_prefix_part {
	LOG_PREFIX_PART_ACTIONS = 1,
	LOG_PREFIX_PART_OBSERVER = 2,
	LOG_PREFIX_PART_FILTER = 4,
	LOG_PREFIX_PART_SERVER = 8, /* or a jail */
	LOG_PREFIX_PART_OTHER = 16,
	LOG_PREFIX_PART_ANY = 31, /* the journal's text does not say */
};

/* The text of a part, "fail2ban.actions [7268]: NOTICE  ", and its meaning. */
#define LOG_PREFIX_TEXT 64

struct log_prefix_part_text {
	char text[LOG_PREFIX_TEXT];
	size_t len; /* 0: none */
	enum log_prefix_part part;
	int64_t pid;
};

/* The number of part texts that are kept; a log has few at a time. */
#define LOG_PREFIX_PARTS 4

/* The reader's memory of the lines before. */
struct log_prefix {
	struct log_time_year year;
	struct log_time_minute minute;
	struct log_time_zone zone;
	int64_t before; /* seconds of the line before, or UNKNOWN */
	struct log_prefix_part_text parts[LOG_PREFIX_PARTS];
	size_t last; /* the part that was met or noted last */
};

struct log_prefix_entry {
	int64_t at_us; /* UNKNOWN: no stamp, or no year for it */
	int64_t east;  /* zone of its local times, seconds east of UTC;
			  UNKNOWN: that of TZ */
	int64_t pid;   /* 0 where there is none */
	enum log_prefix_part part;
	const char *text; /* the message, without the end of the line */
	size_t len;
};

/* Set up p; year and newest are those of struct log_time_year. */
void log_prefix_init(struct log_prefix *p, int64_t year, int64_t newest);

/*
 * Read the prefix of a line; entry points into the line. Return 1 when the line
 * is fail2ban's, 0 when it is not, and -1 when it is fail2ban's but its stamp
 * is no time.
 */
int log_prefix_read(struct log_prefix *p, const char *line, size_t len,
    struct log_prefix_entry *entry);

#endif
