/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The times in log lines. A log has local times without a zone. "Local" seconds
 * count from 1970 on the local clock, as if it showed UTC; the rules of TZ turn
 * them into seconds since the epoch (the caller calls tzset). Pure: no clock.
 */
#ifndef FAIL2BAN_LOG_TIME_H
#define FAIL2BAN_LOG_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

/* The lengths of "2026-11-23 18:48:38" and of "Nov 23 18:48:38". */
#define LOG_TIME_DATE 19
#define LOG_TIME_MONTH 15

/*
 * A local minute and its two readings in seconds since the epoch. They differ
 * only in the hour that the end of summer time repeats. The minute that was
 * converted last is kept: lines of the same minute come together, and mktime is
 * slow. All zeros at first.
 */
struct log_time_zone {
	bool known;
	int64_t minute, early, late;
	bool in_late; /* log_time_onward took the late reading last */
};

/* A date without a year. */
struct log_time_day {
	int month, day;
	int64_t second; /* of the day */
};

/*
 * The years of a log whose stamps lack them. year is the year of the first
 * stamp; where it is UNKNOWN, the first stamp gets the latest year in which it
 * is at most a day after newest. newest is in seconds since the epoch, or
 * UNKNOWN.
 */
struct log_time_year {
	int64_t year, newest;
	int64_t before;	 /* local seconds of the stamp before, or UNKNOWN */
	int64_t current; /* its year */
};

/* The minute of a stamp, "2026-11-23 18:48:". All zeros at first. */
#define LOG_TIME_MINUTE 17

struct log_time_minute {
	char text[LOG_TIME_MINUTE];
	int64_t local;
};

/*
 * Read "2026-11-23 18:48:38", or with a T, at the beginning of s, as local
 * seconds. Return 1 for a time, 0 for another text, and -1 for a text of that
 * form that is no time. known, which may be NULL, is the minute that was read
 * before: most stamps are of the same minute.
 */
int log_time_read(const char *s, size_t len, struct log_time_minute *known,
    int64_t *local);

/* Read "Nov 23 18:48:38" or "Nov  3 18:48:38"; return as log_time_read. */
int log_time_read_day(const char *s, size_t len, struct log_time_day *day);

/*
 * Return local seconds as seconds since the epoch. In the repeated hour, which
 * has two readings, log_time_onward takes the early one, unless that is more
 * than some seconds before the previous line, at `before`; once it took a late
 * one, those seconds are 0. log_time_before takes the late one, unless that is
 * after its own line, at `after`. before and after may be UNKNOWN.
 */
int64_t log_time_onward(struct log_time_zone *zone, int64_t local,
    int64_t before);
int64_t log_time_before(struct log_time_zone *zone, int64_t local,
    int64_t after);

/*
 * Return the local seconds of the next stamp without a year, in the year in
 * which it is nearest to the stamp before. UNKNOWN where no year is known, or
 * none has that day.
 */
int64_t log_time_in_order(struct log_time_year *y, struct log_time_zone *zone,
    const struct log_time_day *day);

/*
 * Read a length of time as fail2ban writes it into its log, cut to seconds:
 * "13.85068126618291s", "1m 30s", "2w 3d", and before 1.0 "16:00:00",
 * "2 days, 3:00:00"; "permanent" is -1. fail2ban rounded it to a multiple of
 * *unit. Return false for another text. (fail2ban 1.0.2, server/mytime.py:
 * seconds2str; 0.11.2 writes a Python timedelta.)
 */
bool log_time_read_span(const char *s, size_t len, int64_t *seconds,
    int64_t *unit);

#endif
