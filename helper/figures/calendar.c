/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "figures/calendar.h"

#include <time.h>

#include "base/timestamp.h"

#define HOUR_US (3600 * TIMESTAMP_US)

/* The weekday of 1970-01-01, a thursday. */
#define FIRST_WEEKDAY 3

static int64_t
divide(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

struct calendar_moment
calendar_look_up(bool utc, int64_t us)
{
	time_t seconds = (time_t)divide(us, TIMESTAMP_US);
	int64_t day = divide(us, TIMESTAMP_DAY_US);
	struct calendar_moment m = {
		.day = day,
		.hour = (int)((us - day * TIMESTAMP_DAY_US) / HOUR_US),
	};
	struct tm tm;

	if (!utc && localtime_r(&seconds, &tm) != NULL &&
	    timestamp_days(tm.tm_year + INT64_C(1900), tm.tm_mon + 1,
		tm.tm_mday, &day)) {
		m.day = day;
		m.hour = tm.tm_hour;
	}
	m.weekday = (int)(((m.day + FIRST_WEEKDAY) % 7 + 7) % 7);
	return m;
}

const struct calendar_moment *
calendar_at(struct calendar *c, int64_t us)
{
	int64_t quarter = divide(us, TIMESTAMP_QUARTER_US);
	size_t at = (uint64_t)quarter % CALENDAR_SLOTS;

	/* The quarter before 1970 looks like a free slot. */
	if (c->slots[at].after != quarter + 1 || quarter == -1) {
		c->slots[at].after = quarter + 1;
		c->slots[at].moment = calendar_look_up(c->utc, us);
	}
	return &c->slots[at].moment;
}

int64_t
calendar_begin_us(bool utc, int64_t day)
{
	struct tm tm = { .tm_year = 70, .tm_isdst = -1 };
	int64_t us = day * TIMESTAMP_DAY_US;
	time_t seconds;

	if (utc || day < 0 || day > INT32_MAX - 1)
		return us;
	tm.tm_mday = (int)day + 1;
	if ((seconds = mktime(&tm)) == (time_t)-1)
		return us;
	us = (int64_t)seconds * TIMESTAMP_US;
	/* A day that begins with a change of the clock has no midnight. */
	while (calendar_look_up(utc, us).day < day)
		us += TIMESTAMP_QUARTER_US;
	return us;
}
