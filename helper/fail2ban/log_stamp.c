/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban/log_stamp.h"

#include <stdio.h>
#include <string.h>

#define US INT64_C(1000000)

/* TAI64 counts from 2^62, and is ahead of the epoch's seconds by 10. */
#define TAI_DIGITS 24
#define TAI_EPOCH ((INT64_C(1) << 62) + 10)

static size_t
left(const char *s, const char *end)
{
	return (size_t)(end - s);
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Return the number of digits at s, at most max. */
static size_t
digits(const char *s, const char *end, size_t max)
{
	size_t n = 0;

	while (n < max && s + n < end && is_digit(s[n]))
		n++;
	return n;
}

/* Take that many digits as a number; they are there. */
static int64_t
take_digits(const char **s, size_t n)
{
	int64_t v = 0;

	for (; n > 0; n--)
		v = v * 10 + (*(*s)++ - '0');
	return v;
}

static bool
take_char(const char **s, const char *end, char c)
{
	if (*s == end || **s != c)
		return false;
	(*s)++;
	return true;
}

/* Return true at a blank and at the end. */
static bool
is_apart(const char *s, const char *end)
{
	return s == end || *s == ' ' || *s == '\t';
}

/* Take ",748" or ".748123456", which may be missing. */
static void
take_fraction(const char **s, const char *end, struct log_stamp *stamp)
{
	int64_t unit = US / 10;

	stamp->us = 0;
	if (left(*s, end) < 2 || (**s != ',' && **s != '.') ||
	    !is_digit((*s)[1]))
		return;
	for ((*s)++; *s < end && is_digit(**s); (*s)++, unit /= 10) {
		stamp->us += (**s - '0') * unit;
		stamp->fine |= unit == 0;
	}
}

/* Take "Z", "+01", "+0100" or "+01:00" as seconds east of UTC. */
static bool
take_zone(const char **s, const char *end, int64_t *east)
{
	const char *at = *s;
	int64_t minutes;
	bool west;

	*east = 0;
	if (take_char(s, end, 'Z'))
		return true;
	if (at == end || (*at != '+' && *at != '-'))
		return false;
	west = *at++ == '-';
	if (digits(at, end, 2) < 2)
		return false;
	minutes = take_digits(&at, 2) * 60;
	if (left(at, end) > 2 && *at == ':' && digits(at + 1, end, 2) == 2)
		at++;
	if (digits(at, end, 2) == 2)
		minutes += take_digits(&at, 2);
	*east = west ? -minutes * 60 : minutes * 60;
	*s = at;
	return true;
}

/*
 * Take " UTC" or " +0100" after a stamp. After a stamp with the day of the week
 * any name of a zone may stand; TZ tells what it means.
 */
static void
take_zone_apart(const char **s, const char *end, bool weekday,
    struct log_stamp *stamp)
{
	const char *at = *s, *name;
	size_t n;

	if (!take_char(&at, end, ' '))
		return;
	name = at;
	while (at < end && *at >= 'A' && *at <= 'Z')
		at++;
	n = left(name, at);
	if (n == 3 &&
	    (memcmp(name, "UTC", n) == 0 || memcmp(name, "GMT", n) == 0)) {
		stamp->kind = LOG_STAMP_ZONED;
		stamp->east = 0;
	} else if (n == 0 && take_zone(&at, end, &stamp->east)) {
		stamp->kind = LOG_STAMP_ZONED;
	} else if (!weekday || n < 2 || n > 5) {
		return;
	}
	if (is_apart(at, end))
		*s = at;
	else
		stamp->kind = LOG_STAMP_LOCAL;
}

/* Take "2026-11-23 18:48:38" in its forms, and its zone. */
static bool
take_date(const char **s, const char *end, bool weekday,
    struct log_time_minute *known, struct log_stamp *stamp)
{
	char text[LOG_TIME_DATE];
	int status;

	if (left(*s, end) < LOG_TIME_DATE || !is_digit(**s))
		return false;
	memcpy(text, *s, sizeof(text));
	if (text[4] == '/' && text[7] == '/')
		text[4] = text[7] = '-';
	if (text[10] == '_')
		text[10] = 'T';
	status = log_time_read(text, sizeof(text), known, &stamp->local);
	if (status == 0)
		return false;
	*s += sizeof(text);
	stamp->kind = LOG_STAMP_LOCAL;
	take_fraction(s, end, stamp);
	if (take_zone(s, end, &stamp->east))
		stamp->kind = LOG_STAMP_ZONED;
	else
		take_zone_apart(s, end, weekday, stamp);
	if (status < 0)
		stamp->kind = LOG_STAMP_WRONG;
	return true;
}

/* Give a stamp without a year the year that stands beside it. */
static void
set_year(struct log_stamp *stamp, int64_t year, struct log_time_minute *known)
{
	char text[48];
	int second = (int)stamp->day.second;
	int n = snprintf(text, sizeof(text), "%04d-%02d-%02d %02d:%02d:%02d",
	    (int)year, stamp->day.month, stamp->day.day, second / 3600,
	    second / 60 % 60, second % 60);

	stamp->kind =
	    log_time_read(text, (size_t)n, known, &stamp->local) == 1 ?
	    LOG_STAMP_LOCAL :
	    LOG_STAMP_WRONG;
}

/* Take " 2026" or " CET 2026", which follow a day of the week and its time. */
static bool
take_year_after(const char **s, const char *end, int64_t *year,
    struct log_stamp *zone)
{
	const char *at = *s;

	take_zone_apart(&at, end, true, zone);
	if (!take_char(&at, end, ' ') || digits(at, end, 5) != 4)
		return false;
	*year = take_digits(&at, 4);
	*s = at;
	return true;
}

/* Take "Nov 23 18:48:38", "Nov  3 ...", "Nov 3 ..." or "Nov 23 2026 ...". */
static bool
take_day(const char **s, const char *end, bool weekday,
    struct log_time_minute *known, struct log_stamp *stamp)
{
	char text[LOG_TIME_MONTH] = "";
	struct log_stamp zone = { .kind = LOG_STAMP_NONE };
	const char *at = *s + 3;
	int64_t year = UNKNOWN;
	size_t n;
	int status;

	if (left(*s, end) < LOG_TIME_MONTH - 1 || !take_char(&at, end, ' '))
		return false;
	take_char(&at, end, ' ');
	if ((n = digits(at, end, 2)) == 0)
		return false;
	memcpy(text, *s, 3);
	memcpy(text + 3, "    ", 4);
	memcpy(text + 6 - n, at, n);
	at += n;
	if (!take_char(&at, end, ' '))
		return false;
	if (digits(at, end, 5) == 4) {
		year = take_digits(&at, 4);
		if (!take_char(&at, end, ' '))
			return false;
	}
	if (left(at, end) < 8)
		return false;
	memcpy(text + 7, at, 8);
	if ((status = log_time_read_day(text, sizeof(text), &stamp->day)) == 0)
		return false;
	*s = at + 8;
	stamp->kind = status < 0 ? LOG_STAMP_WRONG : LOG_STAMP_DAY;
	take_fraction(s, end, stamp);
	if (year == UNKNOWN && weekday)
		take_year_after(s, end, &year, &zone);
	if (year != UNKNOWN && status > 0)
		set_year(stamp, year, known);
	if (zone.kind == LOG_STAMP_ZONED && stamp->kind == LOG_STAMP_LOCAL) {
		stamp->kind = LOG_STAMP_ZONED;
		stamp->east = zone.east;
	}
	return true;
}

/* Take "Mon " or "Mon, ". */
static bool
take_weekday(const char **s, const char *end)
{
	static const char names[] = "SunMonTueWedThuFriSat";
	size_t n = left(*s, end) > 4 && (*s)[3] == ',' ? 4 : 3;

	if (left(*s, end) <= n || (*s)[n] != ' ')
		return false;
	for (size_t i = 0; i < sizeof(names) - 1; i += 3) {
		if (memcmp(*s, names + i, 3) == 0) {
			*s += n + 1;
			return true;
		}
	}
	return false;
}

/*
 * Take seconds since the epoch, or in brackets since the boot, to which
 * journalctl may add the time since the line before.
 */
static bool
take_seconds(const char **s, const char *end, bool bracket,
    struct log_stamp *stamp)
{
	size_t n = digits(*s, end, 12);
	bool whole;

	if (n == 0 || n > 11)
		return false;
	stamp->local = take_digits(s, n);
	whole = *s == end || **s != '.';
	take_fraction(s, end, stamp);
	stamp->east = UNKNOWN;
	stamp->kind = LOG_STAMP_ZONED;
	if (n >= 9 && (!whole || n == 10))
		return true;
	stamp->kind = LOG_STAMP_UPTIME;
	if (left(*s, end) > 2 && (*s)[0] == ' ' && (*s)[1] == '<') {
		while (*s < end && **s != ']')
			(*s)++;
	}
	return bracket && !whole;
}

/* Take a TAI64N label. */
static bool
take_tai(const char **s, const char *end, struct log_stamp *stamp)
{
	static const char hex[] = "0123456789abcdef";
	uint64_t v[2] = { 0, 0 };
	const char *digit;

	if (left(*s, end) <= TAI_DIGITS || **s != '@')
		return false;
	for (size_t i = 0; i < TAI_DIGITS; i++) {
		if ((*s)[i + 1] == '\0' ||
		    (digit = strchr(hex, (*s)[i + 1])) == NULL)
			return false;
		v[i / 16] = v[i / 16] << 4 | (uint64_t)(digit - hex);
	}
	if (v[0] < TAI_EPOCH || v[0] - TAI_EPOCH > INT32_MAX * INT64_C(100) ||
	    v[1] >= 1000000000)
		return false;
	*s += TAI_DIGITS + 1;
	stamp->kind = LOG_STAMP_ZONED;
	stamp->local = (int64_t)(v[0] - TAI_EPOCH);
	stamp->us = (int64_t)(v[1] / 1000);
	stamp->east = UNKNOWN;
	return true;
}

struct log_stamp
log_stamp_take(const char **s, const char *end, struct log_time_minute *known)
{
	struct log_stamp stamp = { .kind = LOG_STAMP_NONE };
	const char *at = *s;
	bool bracket = take_char(&at, end, '['), weekday;

	while (bracket && at < end && *at == ' ')
		at++;
	weekday = take_weekday(&at, end);
	if ((take_date(&at, end, weekday, known, &stamp) ||
		take_day(&at, end, weekday, known, &stamp) ||
		take_tai(&at, end, &stamp) ||
		take_seconds(&at, end, bracket, &stamp)) &&
	    (!bracket || take_char(&at, end, ']')) && is_apart(at, end))
		*s = at;
	else
		stamp.kind = LOG_STAMP_NONE;
	return stamp;
}
