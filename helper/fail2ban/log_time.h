/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Times as log lines have them. A log tells local time and no zone: here
 * "local" seconds are counted since the epoch as if the place were in UTC, and
 * a zone's rules (TZ of this process; tzset is the caller's) make them seconds
 * since the epoch. Pure: no clock.
 */
#ifndef FAIL2BAN_LOG_TIME_H
#define FAIL2BAN_LOG_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

/* The length of "2026-11-23 18:48:38", of "Nov 23 18:48:38". */
#define LOG_TIME_DATE 19
#define LOG_TIME_MONTH 15

/*
 * A local minute and its readings: the same one twice but for the hour that the
 * end of summer time repeats. The last minute asked for is kept, because lines
 * of the same minute come together and mktime is slow. All zero at first.
 */
struct log_time_zone {
	bool known;
	int64_t minute, early, late;
	bool in_late; /* of the repeated hour, as onward read it */
};

/* A date that lacks the year. */
struct log_time_day {
	int month, day;
	int64_t second; /* of the day */
};

/*
 * The years of a log whose stamps lack them. year is that of the first stamp;
 * where it is UNKNOWN, the latest year in which that is not more than a day
 * after newest, seconds since the epoch or UNKNOWN too.
 */
struct log_time_year {
	int64_t year, newest;
	int64_t before;	 /* local seconds of the stamp before, or UNKNOWN */
	int64_t current; /* its year */
};

/* A minute as a stamp has it, "2026-11-23 18:48:". All zero at first. */
#define LOG_TIME_MINUTE 17

struct log_time_minute {
	char text[LOG_TIME_MINUTE];
	int64_t local;
};

/*
 * Read "2026-11-23 18:48:38", or with a T, at the beginning of s: local
 * seconds. 1 with a time, 0 where there is nothing of that form, -1 where it
 * has the form and is no time. known, which may be NULL, is the minute that was
 * read before: most stamps are of the same.
 */
int log_time_read(const char *s, size_t len, struct log_time_minute *known,
    int64_t *local);

/* The same for "Nov 23 18:48:38", "Nov  3 18:48:38". */
int log_time_read_day(const char *s, size_t len, struct log_time_day *day);

/*
 * Seconds since the epoch of local seconds. Of two readings: onward takes the
 * early one unless that is before the line before (but for some seconds of
 * disorder, until a late one was taken); before takes the late one unless that
 * is after the line it stands in. Either line may be UNKNOWN.
 */
int64_t log_time_onward(struct log_time_zone *zone, int64_t local,
    int64_t before);
int64_t log_time_before(struct log_time_zone *zone, int64_t local,
    int64_t after);

/*
 * Local seconds of the next stamp without a year: of the year in which it is
 * nearest to the one before. UNKNOWN where no year is known, or has that day.
 */
int64_t log_time_in_order(struct log_time_year *y, struct log_time_zone *zone,
    const struct log_time_day *day);

/*
 * Read a length of time as fail2ban writes it into its log, cut to seconds:
 * "13.85068126618291s", "1m 30s", "2w 3d", and before 1.0 "16:00:00",
 * "2 days, 3:00:00"; "permanent" is -1. *unit is what it was rounded to.
 * False where it is none. (fail2ban 1.0.2, server/mytime.py: seconds2str;
 * 0.11.2 writes a Python timedelta.)
 */
bool log_time_read_span(const char *s, size_t len, int64_t *seconds,
    int64_t *unit);

#endif
