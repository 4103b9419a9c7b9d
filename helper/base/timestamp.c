/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/timestamp.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <time.h>

#include "base/number.h"

/* The leap days of the years 1 to 1969. */
#define LEAP_DAYS_1970 477

/* The last moment of the year 9999. */
#define LAST_US (INT64_C(253402300799) * TIMESTAMP_US + TIMESTAMP_US - 1)

int64_t
timestamp_from_seconds(int64_t seconds)
{
	int64_t us;

	if (__builtin_mul_overflow(seconds, TIMESTAMP_US, &us))
		return seconds > 0 ? INT64_MAX : INT64_MIN;
	return us;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * Return true when the digits after the point round seconds up: half to even,
 * as Python's round() does.
 */
static bool
rounds_up(int64_t seconds, const char *digits)
{
	if (digits[0] != '5')
		return digits[0] > '5';
	for (digits++; is_digit(*digits); digits++) {
		if (*digits != '0')
			return true;
	}
	return seconds % 2 != 0;
}

int
timestamp_parse_ticket(const char *s, int64_t *us, int64_t *rounded,
    bool *exact, struct err *e)
{
	const char *p = s, *digits = "";
	int64_t seconds, cut, fraction = 0, unit = TIMESTAMP_US / 10;

	if (!number_take_digits(&p, &seconds))
		goto bad;
	if (*p == '.') {
		digits = ++p;
		for (; is_digit(*p); p++, unit /= 10)
			fraction += (*p - '0') * unit;
		if (p == digits)
			goto bad;
	}
	if (*p != '\0' || seconds >= INT64_MAX / TIMESTAMP_US - 1)
		goto bad;
	cut = seconds * TIMESTAMP_US + fraction;
	if (us != NULL)
		*us = cut;
	if (rounded != NULL)
		*rounded = seconds + (rounds_up(seconds, digits) ? 1 : 0);
	if (exact != NULL)
		*exact = *digits != '\0';
	return 0;
bad:
	return err_set(e, EX_USAGE, "'%.40s' is not a time in seconds", s);
}

/* Parse an age before now, such as 7d; return false when s is none. */
static bool
parse_age(const char *s, int64_t now_us, int64_t *us)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = {
		{ 's', 1 },
		{ 'm', 60 },
		{ 'h', 3600 },
		{ 'd', 86400 },
		{ 'w', 604800 },
	};
	int64_t n;

	if (!number_take_digits(&s, &n) || s[0] == '\0' || s[1] != '\0')
		return false;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (units[i].unit != s[0])
			continue;
		if (__builtin_mul_overflow(n, units[i].seconds, &n))
			return false;
		*us = number_add_sat(now_us, -timestamp_from_seconds(n));
		return true;
	}
	return false;
}

bool
timestamp_days(int64_t year, int month, int day, int64_t *days)
{
	static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243,
		273, 304, 334, 365 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	int64_t past = year - 1;

	if (year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1 ||
	    day > before[month] - before[month - 1] + (leap && month == 2))
		return false;
	*days = 365 * (year - 1970) + past / 4 - past / 100 + past / 400 -
	    LEAP_DAYS_1970 + before[month - 1] + day - 1 + (leap && month > 2);
	return true;
}

/* Read exactly width digits from min to max, and move *s past them. */
static bool
take_field(const char **s, int width, int min, int max, int *v)
{
	*v = 0;
	for (int i = 0; i < width; i++, (*s)++) {
		if (!is_digit(**s))
			return false;
		*v = *v * 10 + (**s - '0');
	}
	return *v >= min && *v <= max;
}

/* Parse the zone at the end of an ISO time: seconds east, or *local. */
static bool
parse_zone(const char *s, bool *local, int64_t *east)
{
	int hours, minutes = 0, sign;

	*local = *s == '\0';
	*east = 0;
	if (*local || strcmp(s, "Z") == 0)
		return true;
	if (*s != '+' && *s != '-')
		return false;
	sign = *s++ == '-' ? -1 : 1;
	if (!take_field(&s, 2, 0, 23, &hours))
		return false;
	if (*s != '\0') {
		s += *s == ':';
		if (!take_field(&s, 2, 0, 59, &minutes))
			return false;
	}
	*east = sign * (hours * 3600 + minutes * 60);
	return *s == '\0';
}

static bool
parse_iso(const char *s, int64_t *us)
{
	struct tm tm = { .tm_isdst = -1 };
	int year, month;
	int64_t east, days;
	bool local;

	if (!take_field(&s, 4, 1970, 9999, &year) || *s++ != '-' ||
	    !take_field(&s, 2, 1, 12, &month) || *s++ != '-' ||
	    !take_field(&s, 2, 1, 31, &tm.tm_mday) ||
	    !timestamp_days(year, month, tm.tm_mday, &days))
		return false;
	if (*s == 'T' || *s == ' ') {
		s++;
		if (!take_field(&s, 2, 0, 23, &tm.tm_hour) || *s++ != ':' ||
		    !take_field(&s, 2, 0, 59, &tm.tm_min))
			return false;
		if (*s == ':') {
			s++;
			if (!take_field(&s, 2, 0, 60, &tm.tm_sec))
				return false;
		}
	}
	if (!parse_zone(s, &local, &east))
		return false;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	if (local)
		*us = (int64_t)mktime(&tm) * TIMESTAMP_US;
	else
		*us = (days * 86400 + tm.tm_hour * 3600 + tm.tm_min * 60 +
			  tm.tm_sec - east) *
		    TIMESTAMP_US;
	return true;
}

/* Parse a month, "2026-11". */
static bool
parse_month(const char *s, int64_t *us)
{
	struct tm tm = { .tm_mday = 1, .tm_isdst = -1 };
	int year, month;

	if (!take_field(&s, 4, 1970, 9999, &year) || *s++ != '-' ||
	    !take_field(&s, 2, 1, 12, &month) || *s != '\0')
		return false;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	*us = (int64_t)mktime(&tm) * TIMESTAMP_US;
	return true;
}

/* Return how many days ago the last day of that name was, -1: it is no name. */
static int
days_since(const char *s, int weekday)
{
	static const char *const names[] = { "sunday", "monday", "tuesday",
		"wednesday", "thursday", "friday", "saturday" };

	for (int i = 0; i < (int)ARRAY_LEN(names); i++) {
		if (strcasecmp(s, names[i]) == 0 ||
		    (strlen(s) == 3 && strncasecmp(s, names[i], 3) == 0))
			return (weekday - i + 7) % 7;
	}
	return -1;
}

/* Parse the name of a day, week, month or year: the time when it began. */
static bool
parse_name(const char *s, int64_t now_us, int64_t *us)
{
	time_t now = (time_t)(now_us / TIMESTAMP_US);
	struct tm tm = { 0 };
	bool last = strncasecmp(s, "last ", 5) == 0;
	int days;

	if (localtime_r(&now, &tm) == NULL)
		return false;
	if (strcasecmp(s, "today") == 0) {
		days = 0;
	} else if (strcasecmp(s, "yesterday") == 0) {
		days = 1;
	} else if ((days = days_since(s, tm.tm_wday)) < 0) {
		if (!last && strncasecmp(s, "this ", 5) != 0)
			return false;
		s += 5;
		days = 0;
		if (strcasecmp(s, "week") == 0) {
			days =
			    days_since("monday", tm.tm_wday) + (last ? 7 : 0);
		} else if (strcasecmp(s, "month") == 0) {
			tm.tm_mday = 1;
			tm.tm_mon -= last;
		} else if (strcasecmp(s, "year") == 0) {
			tm.tm_mday = 1;
			tm.tm_mon = 0;
			tm.tm_year -= last;
		} else {
			return false;
		}
	}
	tm.tm_mday -= days;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	*us = (int64_t)mktime(&tm) * TIMESTAMP_US;
	return true;
}

int
timestamp_parse_when(const char *s, int64_t now_us, int64_t *us, struct err *e)
{
	if (strcasecmp(s, "now") == 0) {
		*us = now_us;
		return 0;
	}
	if (parse_age(s, now_us, us) || parse_iso(s, us) ||
	    parse_month(s, us) || parse_name(s, now_us, us) ||
	    timestamp_parse_ticket(s, us, NULL, NULL, NULL) == 0)
		return 0;
	return err_set(e, EX_USAGE,
	    "'%.40s' is not a time: give seconds since the epoch, "
	    "2026-11-23T18:48, an age such as 7d, or a name such as yesterday",
	    s);
}

const char *
timestamp_format(int64_t us, char buf[32])
{
	time_t t = (time_t)(us / TIMESTAMP_US);
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL ||
	    strftime(buf, 32, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		snprintf(buf, 32, "%" PRId64, us / TIMESTAMP_US);
	return buf;
}

const char *
timestamp_format_utc(int64_t us, bool exact, char buf[32])
{
	time_t seconds;
	struct tm tm;
	size_t n;

	us = us < 0 ? 0 : us > LAST_US ? LAST_US : us;
	seconds = (time_t)(us / TIMESTAMP_US);
	gmtime_r(&seconds, &tm);
	n = strftime(buf, 32, "%Y-%m-%dT%H:%M:%S", &tm);
	if (exact)
		snprintf(buf + n, 32 - n, ".%06" PRId64 "Z", us % TIMESTAMP_US);
	else
		snprintf(buf + n, 32 - n, "Z");
	return buf;
}

const char *
timestamp_format_seconds(int64_t seconds, char buf[32])
{
	static const struct {
		char name;
		int64_t length;
	} units[] = {
		{ 'd', 86400 },
		{ 'h', 3600 },
		{ 'm', 60 },
		{ 's', 1 },
	};
	size_t i = 0;
	int n;

	if (seconds < 0) {
		snprintf(buf, 32, "for ever");
		return buf;
	}
	while (i < ARRAY_LEN(units) - 1 && seconds < units[i].length)
		i++;
	n = snprintf(buf, 32, "%" PRId64 "%c", seconds / units[i].length,
	    units[i].name);
	seconds %= units[i].length;
	if (++i < ARRAY_LEN(units) && seconds >= units[i].length)
		snprintf(buf + n, 32 - (size_t)n, " %" PRId64 "%c",
		    seconds / units[i].length, units[i].name);
	return buf;
}
