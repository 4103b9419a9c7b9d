/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands before a message of fail2ban's, in its own log file, in syslog's,
 * in the journal's text, in that of a container:
 *
 *   2026-11-23 18:48:38,748 fail2ban.actions        [7268]: NOTICE  ...
 *   Nov 23 18:48:38 host fail2ban.actions[7268]: NOTICE ...
 *   2026-11-23T18:48:38.748123+01:00 host fail2ban.actions[7268]: NOTICE ...
 *   Nov 23 18:48:38 host fail2ban-server[1]: 2026-11-23 18:48:38,748
 * fail2ban... Nov 23 18:48:38 host fail2ban[7268]: ...
 *   2026-11-23T17:48:38.748123456Z 2026-11-23 18:48:38,748 fail2ban...
 *   name  | 2026-11-23 18:48:38,748 fail2ban...
 *
 * What another program says of fail2ban is not taken for fail2ban's. Pure.
 * (fail2ban 1.0.2, server/server.py: setLogTarget; helpers.py:
 * getVerbosityFormat. 0.8 has no pid.)
 */
#ifndef LOG_PREFIX_H
#define LOG_PREFIX_H

#include <stddef.h>
#include <stdint.h>

#include "log_time.h"

/* Which part of fail2ban wrote the line: bits, so that a rule can name some. */
enum log_part {
	LOG_PART_ACTIONS = 1,
	LOG_PART_OBSERVER = 2,
	LOG_PART_FILTER = 4,
	LOG_PART_SERVER = 8, /* or a jail */
	LOG_PART_OTHER = 16,
	LOG_PART_ANY = 31, /* the journal's text does not say */
};

/*
 * What the lines before tell of the next. year is that of the first line that
 * lacks it; where it is UNKNOWN, the latest year in which that line is not
 * more than a day after newest, seconds since the epoch.
 */
struct log_prefix {
	int64_t year, newest;
	struct log_zone zone;
	int64_t before; /* seconds of the line before, or UNKNOWN */
	int64_t local;	/* the same, local, where it lacked the year */
};

struct log_entry {
	int64_t at_us; /* UNKNOWN: no stamp, or no year for it */
	int64_t east;  /* its local times are seconds east; UNKNOWN: as TZ */
	int64_t pid;   /* 0 where there is none */
	enum log_part part;
	const char *text; /* of the line, without what ends it */
	size_t len;
};

void log_prefix_init(struct log_prefix *p, int64_t year, int64_t newest);

/*
 * Take a line apart; entry points into it. 1: it is fail2ban's; 0: it is not;
 * -1: it is, with a stamp that is no time.
 */
int log_prefix_read(struct log_prefix *p, const char *line, size_t len,
    struct log_entry *entry);

#endif
