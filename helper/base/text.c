/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

/* U+FFFD, the replacement character. */
static const char replacement[] = "\xef\xbf\xbd";

int64_t
text_add_sat(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return b > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

int64_t
text_seconds_to_us(int64_t seconds)
{
	int64_t us;

	if (__builtin_mul_overflow(seconds, TEXT_US, &us))
		return seconds > 0 ? INT64_MAX : INT64_MIN;
	return us;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The digits at *s as a number, *s moved behind them; false if it is none. */
static bool
take_digits(const char **s, int64_t *v)
{
	const char *p = *s;

	for (*v = 0; is_digit(*p); p++) {
		if (__builtin_mul_overflow(*v, 10, v) ||
		    __builtin_add_overflow(*v, *p - '0', v))
			return false;
	}
	if (p == *s)
		return false;
	*s = p;
	return true;
}

int
text_parse_int(const char *s, int64_t min, int64_t max, int64_t *v,
    struct err *e)
{
	const char *p = s;
	bool negative = *p == '-';

	if (negative)
		p++;
	if (!take_digits(&p, v) || *p != '\0')
		return err_set(e, EX_USAGE, "'%.40s' is no whole number", s);
	if (negative)
		*v = -*v;
	if (*v < min || *v > max)
		return err_set(e, EX_USAGE,
		    "%.40s is not from %" PRId64 " to %" PRId64, s, min, max);
	return 0;
}

/*
 * Round seconds up to the next or not, by the digits behind the point: half
 * to even, as Python's round() does.
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
text_parse_time(const char *s, int64_t *us, int64_t *rounded, bool *exact,
    struct err *e)
{
	const char *p = s, *digits = "";
	int64_t seconds, cut, fraction = 0, unit = TEXT_US / 10;

	if (!take_digits(&p, &seconds))
		goto bad;
	if (*p == '.') {
		digits = ++p;
		for (; is_digit(*p); p++, unit /= 10)
			fraction += (*p - '0') * unit;
		if (p == digits)
			goto bad;
	}
	if (*p != '\0' || seconds >= INT64_MAX / TEXT_US - 1)
		goto bad;
	cut = seconds * TEXT_US + fraction;
	if (us != NULL)
		*us = cut;
	if (rounded != NULL)
		*rounded = seconds + (rounds_up(seconds, digits) ? 1 : 0);
	if (exact != NULL)
		*exact = *digits != '\0';
	return 0;
bad:
	return err_set(e, EX_USAGE, "'%.40s' is no time in seconds", s);
}

/* An age such as 7d before now; false if s does not have that form. */
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

	if (!take_digits(&s, &n) || s[0] == '\0' || s[1] != '\0')
		return false;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (units[i].unit != s[0])
			continue;
		if (__builtin_mul_overflow(n, units[i].seconds, &n))
			return false;
		*us = text_add_sat(now_us, -text_seconds_to_us(n));
		return true;
	}
	return false;
}

/* Exactly width digits as an int in [min, max], *s moved behind them. */
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

/* The zone at the end of an ISO time: seconds east, or *local. */
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

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
static int64_t
days_from_civil(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era_day = 365 * y + y / 4 - y / 100 + y / 400;
	int64_t year_day =
	    (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era_day + year_day - 719468;
}

static int
days_of_month(int year, int month)
{
	int next = month == 12 ? 1 : month + 1;

	return (int)(days_from_civil(month == 12 ? year + 1 : year, next, 1) -
	    days_from_civil(year, month, 1));
}

static bool
parse_iso(const char *s, int64_t *us)
{
	struct tm tm = { .tm_isdst = -1 };
	int year, month;
	int64_t east;
	bool local;

	if (!take_field(&s, 4, 1970, 9999, &year) || *s++ != '-' ||
	    !take_field(&s, 2, 1, 12, &month) || *s++ != '-' ||
	    !take_field(&s, 2, 1, days_of_month(year, month), &tm.tm_mday))
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
		*us = (int64_t)mktime(&tm) * TEXT_US;
	else
		*us =
		    (days_from_civil(year, month, tm.tm_mday) * 86400 +
			tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec - east) *
		    TEXT_US;
	return true;
}

int
text_parse_when(const char *s, int64_t now_us, int64_t *us, struct err *e)
{
	if (parse_age(s, now_us, us) || parse_iso(s, us) ||
	    text_parse_time(s, us, NULL, NULL, NULL) == 0)
		return 0;
	return err_set(e, EX_USAGE,
	    "'%.40s' is no time: give seconds since the epoch, "
	    "2026-11-23T18:48, or an age such as 7d",
	    s);
}

size_t
text_utf8_length(const char *s, size_t len)
{
	/* RFC 3629, section 4: the bounds of the second byte. */
	static const struct {
		unsigned char first, last, low, high, length;
	} forms[] = {
		{ 0x00, 0x7f, 0, 0, 1 },
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	const unsigned char *u = (const unsigned char *)s;

	for (size_t i = 0; len > 0 && i < ARRAY_LEN(forms); i++) {
		if (u[0] < forms[i].first || u[0] > forms[i].last)
			continue;
		if (forms[i].length == 1)
			return 1;
		if (len < forms[i].length || u[1] < forms[i].low ||
		    u[1] > forms[i].high)
			return 0;
		for (size_t k = 2; k < forms[i].length; k++) {
			if (u[k] < 0x80 || u[k] > 0xbf)
				return 0;
		}
		return forms[i].length;
	}
	return 0;
}

/* How many bytes of s are ASCII and no NUL, up to the first that is not. */
static size_t
plain_length(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && (signed char)s[n] > 0)
		n++;
	return n;
}

bool
text_is_utf8(const char *s, size_t len)
{
	for (size_t i = plain_length(s, len); i < len;) {
		size_t n = text_utf8_length(s + i, len - i);

		if (n == 0 || s[i] == '\0')
			return false;
		i += n;
	}
	return true;
}

char *
text_to_utf8(const char *s, size_t len, size_t *out_len)
{
	size_t at = 0;
	char *out;

	if (len > (SIZE_MAX - 1) / 3 || (out = malloc(len * 3 + 1)) == NULL)
		return NULL;
	for (size_t i = 0; i < len;) {
		size_t n = plain_length(s + i, len - i);

		if (n == 0)
			n = text_utf8_length(s + i, len - i);
		if (n == 0 || s[i] == '\0') {
			memcpy(out + at, replacement, 3);
			at += 3;
			i++;
			continue;
		}
		memcpy(out + at, s + i, n);
		at += n;
		i += n;
	}
	out[at] = '\0';
	if (out_len != NULL)
		*out_len = at;
	return out;
}

const char *
text_format_time(int64_t us, char buf[32])
{
	time_t t = (time_t)(us / TEXT_US);
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL ||
	    strftime(buf, 32, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		snprintf(buf, 32, "%" PRId64, us / TEXT_US);
	return buf;
}

const char *
text_format_seconds(int64_t seconds, char buf[32])
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

void
text_cut_to_folder(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash != NULL)
		slash[slash == path] = '\0';
}
