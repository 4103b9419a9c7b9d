/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Times as text: parse fail2ban's <time> and the times and ages that people
 * type, print local time for people, count the days of the calendar. Pure, but
 * for the local time zone. Times are microseconds since the epoch unless the
 * name says otherwise.
 */
#ifndef BASE_TIMESTAMP_H
#define BASE_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Microseconds in a second. */
#define TIMESTAMP_US INT64_C(1000000)

/* Seconds in 24 hours, microseconds in them and in a quarter of an hour. */
#define TIMESTAMP_DAY INT64_C(86400)
#define TIMESTAMP_DAY_US (TIMESTAMP_DAY * TIMESTAMP_US)
#define TIMESTAMP_QUARTER_US (900 * TIMESTAMP_US)

/* Return seconds as microseconds; INT64_MIN or INT64_MAX on overflow. */
int64_t timestamp_from_seconds(int64_t seconds);

/*
 * Count the days from 1970-01-01 to a date of the Gregorian calendar into
 * *days. Return false when there is no such date, or when its year is not from
 * 1970 to 9999.
 */
bool timestamp_days(int64_t year, int month, int day, int64_t *days);

/*
 * Parse the text of fail2ban's <time>, str() of a Python number of seconds:
 * 1795458480.0, 1795458662.123456, 1795458484.8787563 or 1795458480.
 *
 * *us is the time cut to the microsecond. *rounded is the whole second that
 * fail2ban's database has for it: int(round(t)), half to even, computed from
 * the text and not from *us. *exact is true when the text has a fraction, even
 * ".0"; a ticket that fail2ban restored from its database has none. Each of the
 * three pointers may be NULL. Fails with EX_USAGE.
 * (fail2ban 1.0.2, server/database.py: addBan.)
 */
int timestamp_parse_ticket(const char *s, int64_t *us, int64_t *rounded,
    bool *exact, struct err *e);

/*
 * Parse a time as people give it: seconds since the epoch, ISO 8601
 * (2026-11-23, 2026-11-23T18:48, 2026-11-23 18:48:38Z, +01:00; local time
 * without a zone), an age before now such as 90s, 15m, 12h, 7d, 4w, or "now".
 * Or the name of a day, week, month or year, which is when it began in local
 * time: 2026-11, today, yesterday, monday or mon (today or the last one
 * before), "this week" and "last week", which begin on a monday, and so month
 * and year.
 * Fails with EX_USAGE.
 */
int timestamp_parse_when(const char *s, int64_t now_us, int64_t *us,
    struct err *e);

/* Print us into buf as local time, "2026-11-23 18:48:38", and return buf. */
const char *timestamp_format(int64_t us, char buf[32]);

/*
 * Print us into buf in UTC as ISO 8601 has it, "2026-11-23T18:48:38Z", or with
 * the microseconds "2026-11-23T18:48:38.250000Z", and return buf. A moment
 * before 1970 or after 9999 becomes the first or the last one of these years.
 */
const char *timestamp_format_utc(int64_t us, bool exact, char buf[32]);

/*
 * Print seconds into buf for people, in its two largest units: "10m", "1h 30m",
 * "7d"; a negative number is "for ever". Return buf.
 */
const char *timestamp_format_seconds(int64_t seconds, char buf[32]);

#endif
