/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban/log_time.h"

#include <string.h>
#include <time.h>

#include "base/timestamp.h"

#define MINUTE 60
#define HOUR 3600
#define DAY 86400
#define HALF_A_YEAR (180 * DAY)

/* The last second of the year 9999. */
#define NEWEST_MAX INT64_C(253402300799)

/* Lines of several threads may be out of order by this many seconds. */
#define DISORDER 10

/* Return two digits as a number, -1 where they are not digits. */
static int
two(const char *s)
{
	unsigned tens = (unsigned)s[0] - '0', ones = (unsigned)s[1] - '0';

	return tens > 9 || ones > 9 ? -1 : (int)(tens * 10 + ones);
}

/* Return the local seconds at which a day begins; UNKNOWN for no such day. */
static int64_t
day_begins(int64_t year, int month, int day)
{
	int64_t days;

	return timestamp_days(year, month, day, &days) ? days * DAY : UNKNOWN;
}

/*
 * Read "18:48:38" from the 8 bytes at s. Return 1 and the second of the day, 0
 * for another text, -1 where no day has that second.
 */
static int
read_clock(const char *s, int64_t *second)
{
	int h = two(s), m = two(s + 3), sec = two(s + 6);

	if (h < 0 || m < 0 || sec < 0 || s[2] != ':' || s[5] != ':')
		return 0;
	*second = h * HOUR + m * MINUTE + sec;
	return h > 23 || m > 59 || sec > 60 ? -1 : 1;
}

/* Read a stamp without the help of a known minute. */
static int
read_date(const char *s, int64_t *local)
{
	int century = two(s), year = two(s + 2), month = two(s + 5);
	int day = two(s + 8), status;
	int64_t begin, second;

	if (century < 0 || year < 0 || month < 0 || day < 0 || s[4] != '-' ||
	    s[7] != '-' || (s[10] != ' ' && s[10] != 'T'))
		return 0;
	if ((status = read_clock(s + 11, &second)) != 1)
		return status;
	begin = day_begins(century * 100 + year, month, day);
	if (begin == UNKNOWN)
		return -1;
	*local = begin + second;
	return 1;
}

int
log_time_read(const char *s, size_t len, struct log_time_minute *known,
    int64_t *local)
{
	int second, status;

	if (len < LOG_TIME_DATE)
		return 0;
	second = two(s + LOG_TIME_MINUTE);
	if (known != NULL && second >= 0 && second < MINUTE &&
	    memcmp(s, known->text, LOG_TIME_MINUTE) == 0) {
		*local = known->local + second;
		return 1;
	}
	status = read_date(s, local);
	if (known != NULL && status == 1 && second < MINUTE) {
		memcpy(known->text, s, LOG_TIME_MINUTE);
		known->local = *local - second;
	}
	return status;
}

int
log_time_read_day(const char *s, size_t len, struct log_time_day *day)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char digits[2];

	if (len < LOG_TIME_MONTH || s[3] != ' ' || s[6] != ' ')
		return 0;
	for (day->month = 1; day->month <= 12; day->month++) {
		if (memcmp(names + (day->month - 1) * 3, s, 3) == 0)
			break;
	}
	digits[0] = s[4];
	digits[1] = s[5];
	if (digits[0] == ' ')
		digits[0] = '0';
	day->day = two(digits);
	if (day->month > 12 || day->day < 0)
		return 0;
	return read_clock(s + 7, &day->second);
}

/* Return true when a clock of TZ shows that local minute at that second. */
static bool
shows(int64_t second, int64_t minute)
{
	time_t t = (time_t)second;
	struct tm tm;

	return localtime_r(&t, &tm) != NULL &&
	    (int64_t)timegm(&tm) == minute * MINUTE;
}

/* Find the readings of a minute and keep them in the zone. */
static void
learn(struct log_time_zone *zone, int64_t minute)
{
	/* Clocks go back by an hour, on one island by half of it. */
	static const int64_t back[] = { HOUR, HOUR / 2 };
	time_t t = (time_t)(minute * MINUTE);
	struct tm tm = { 0 };

	gmtime_r(&t, &tm);
	tm.tm_isdst = -1;
	zone->known = true;
	zone->minute = minute;
	zone->early = zone->late = (int64_t)mktime(&tm);
	for (size_t i = 0; i < ARRAY_LEN(back); i++) {
		if (shows(zone->early - back[i], minute)) {
			zone->early -= back[i];
			return;
		}
		if (shows(zone->late + back[i], minute)) {
			zone->late += back[i];
			return;
		}
	}
}

/* Return the second of the minute, and learn the minute if it is new. */
static int64_t
enter(struct log_time_zone *zone, int64_t local)
{
	int64_t second = local % MINUTE, minute = local / MINUTE;

	if (second < 0) {
		second += MINUTE;
		minute--;
	}
	if (!zone->known || zone->minute != minute)
		learn(zone, minute);
	return second;
}

int64_t
log_time_onward(struct log_time_zone *zone, int64_t local, int64_t before)
{
	int64_t second = enter(zone, local);
	int64_t slack = zone->in_late ? 0 : DISORDER;

	zone->in_late = zone->early != zone->late && before != UNKNOWN &&
	    zone->early + second < before - slack;
	return (zone->in_late ? zone->late : zone->early) + second;
}

int64_t
log_time_before(struct log_time_zone *zone, int64_t local, int64_t after)
{
	int64_t second = enter(zone, local);

	if (after != UNKNOWN && zone->late + second > after + DISORDER)
		return zone->early + second;
	return zone->late + second;
}

/* Return the local seconds of that day in a year; UNKNOWN for no such day. */
static int64_t
of_year(const struct log_time_day *day, int64_t year)
{
	int64_t begin = day_begins(year, day->month, day->day);

	return begin == UNKNOWN ? UNKNOWN : begin + day->second;
}

static int64_t
year_of(int64_t second)
{
	time_t t = (time_t)second;
	struct tm tm;

	return gmtime_r(&t, &tm) == NULL ? 1970 : (int64_t)tm.tm_year + 1900;
}

/* Find the year of the first stamp, which is not after newest. */
static int64_t
latest_year(struct log_time_year *y, struct log_time_zone *zone,
    const struct log_time_day *day)
{
	int64_t year, local;

	if (y->newest < 0 || y->newest > NEWEST_MAX)
		return UNKNOWN;
	year = year_of(y->newest) + 1;
	/* A leap day may be eight years ago. */
	for (int i = 0; i < 10; i++, year--) {
		local = of_year(day, year);
		if (local != UNKNOWN &&
		    log_time_before(zone, local, y->newest) <=
			y->newest + DAY) {
			y->current = year;
			return local;
		}
	}
	return UNKNOWN;
}

static int64_t
distance(int64_t a, int64_t b)
{
	return a > b ? a - b : b - a;
}

/* Find the year of a later stamp, most of the time the current one. */
static int64_t
nearest_year(struct log_time_year *y, const struct log_time_day *day)
{
	int64_t first = y->current - 1, best = of_year(day, y->current), local;

	if (best != UNKNOWN && distance(best, y->before) < HALF_A_YEAR)
		return best;
	for (int64_t year = first; year <= first + 2; year++) {
		local = of_year(day, year);
		if (local == UNKNOWN ||
		    (best != UNKNOWN &&
			distance(local, y->before) >=
			    distance(best, y->before)))
			continue;
		best = local;
		y->current = year;
	}
	return best;
}

int64_t
log_time_in_order(struct log_time_year *y, struct log_time_zone *zone,
    const struct log_time_day *day)
{
	int64_t local;

	if (y->before != UNKNOWN) {
		local = nearest_year(y, day);
	} else if (y->year != UNKNOWN) {
		y->current = y->year;
		local = of_year(day, y->year);
	} else {
		local = latest_year(y, zone, day);
	}
	if (local != UNKNOWN)
		y->before = local;
	return local;
}

/*
 * Read digits at s, and a point with more digits. Return their length, 0 where
 * there are none or too many. *n is the number, cut.
 */
static size_t
take_number(const char *s, size_t len, int64_t *n)
{
	size_t i = 0, point;

	for (*n = 0; i < len && s[i] >= '0' && s[i] <= '9'; i++) {
		if (__builtin_mul_overflow(*n, 10, n) ||
		    __builtin_add_overflow(*n, s[i] - '0', n))
			return 0;
	}
	if (i == 0 || i == len || s[i] != '.')
		return i;
	point = i++;
	while (i < len && s[i] >= '0' && s[i] <= '9')
		i++;
	return i == point + 1 ? 0 : i;
}

static bool
add(int64_t *sum, int64_t n, int64_t unit)
{
	return !__builtin_mul_overflow(n, unit, &n) &&
	    !__builtin_add_overflow(*sum, n, sum);
}

/* Read "3:00:00" or "2 days, 3:00:00", with a fraction or not. */
static bool
read_timedelta(const char *s, size_t len, int64_t *seconds)
{
	static const char *const days[] = { " days, ", " day, " };
	int64_t n;
	size_t at = take_number(s, len, &n), used;

	*seconds = 0;
	for (size_t i = 0; i < ARRAY_LEN(days); i++) {
		used = strlen(days[i]);
		if (len - at < used || memcmp(s + at, days[i], used) != 0)
			continue;
		if (!add(seconds, n, DAY))
			return false;
		s += at + used;
		len -= at + used;
		at = take_number(s, len, &n);
		break;
	}
	if (at == 0 || at > 2 || len - at < 6 || s[at] != ':' ||
	    s[at + 3] != ':' || two(s + at + 1) < 0)
		return false;
	if (!add(seconds, n, HOUR) || !add(seconds, two(s + at + 1), MINUTE))
		return false;
	used = take_number(s + at + 4, len - at - 4, &n);
	return used == len - at - 4 && add(seconds, n, 1);
}

/*
 * Find the unit of a letter, and what fail2ban rounds to in a text whose first
 * unit it is.
 */
static bool
unit_of(char letter, int64_t *unit, int64_t *rounded)
{
	static const struct {
		char letter;
		int64_t unit, rounded;
	} units[] = {
		{ 's', 1, 1 },
		{ 'm', MINUTE, 1 },
		{ 'h', HOUR, 10 },
		{ 'd', DAY, MINUTE },
		{ 'w', 7 * DAY, HOUR },
		{ 'y', INT64_C(365) * DAY, DAY },
	};

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (units[i].letter == letter) {
			*unit = units[i].unit;
			*rounded = units[i].rounded;
			return true;
		}
	}
	return false;
}

/* Read "1y 3w 4d", "59m 50s" or "13.8s". */
static bool
read_units(const char *s, size_t len, int64_t *seconds, int64_t *rounded)
{
	int64_t n, unit, other;
	size_t at = 0, used;

	*seconds = 0;
	for (bool first = true; at < len; first = false) {
		if (!first && s[at++] != ' ')
			return false;
		used = take_number(s + at, len - at, &n);
		at += used;
		if (used == 0 || at == len ||
		    !unit_of(s[at++], &unit, first ? rounded : &other) ||
		    !add(seconds, n, unit))
			return false;
	}
	return len > 0;
}

bool
log_time_read_span(const char *s, size_t len, int64_t *seconds, int64_t *unit)
{
	static const char for_ever[] = "permanent";

	*unit = 1;
	*seconds = 0;
	if (len == 1 && s[0] == '0')
		return true;
	if (len == strlen(for_ever) && memcmp(s, for_ever, len) == 0) {
		*seconds = -1;
		return true;
	}
	return read_units(s, len, seconds, unit) ||
	    (*unit = 1, read_timedelta(s, len, seconds));
}
