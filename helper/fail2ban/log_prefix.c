/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban/log_prefix.h"

#include <stdbool.h>
#include <string.h>

#define US INT64_C(1000000)

/* Zones differ from UTC by quarters of an hour, and by less than this. */
#define QUARTER 900
#define FAR_EAST (15 * 3600)

/* The rest of the line. */
struct rest {
	const char *s, *end;
};

enum stamp_kind {
	STAMP_NONE,
	STAMP_LOCAL,
	STAMP_ZONED, /* it has its zone */
	STAMP_DAY,   /* it lacks the year */
	STAMP_WRONG, /* it has the form and is no time */
};

struct stamp {
	enum stamp_kind kind;
	int64_t local, us, east;
	struct log_time_day day;
};

static size_t
left(const struct rest *r)
{
	return (size_t)(r->end - r->s);
}

static bool
next_is(const struct rest *r, const char *text, size_t n)
{
	return left(r) >= n && memcmp(r->s, text, n) == 0;
}

static bool
take(struct rest *r, const char *text)
{
	size_t n = strlen(text);

	if (!next_is(r, text, n))
		return false;
	r->s += n;
	return true;
}

static bool
take_spaces(struct rest *r)
{
	const char *begin = r->s;

	while (r->s < r->end && *r->s == ' ')
		r->s++;
	return r->s > begin;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Return true for a character of a name: a letter, a digit, "_", "-" or ".". */
static bool
is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '.';
}

/* Take "[7268]", which may be missing, and the colon. */
static bool
take_pid(struct rest *r, int64_t *pid)
{
	*pid = 0;
	if (take(r, "[")) {
		while (r->s < r->end && is_digit(*r->s)) {
			if (*pid < INT32_MAX)
				*pid = *pid * 10 + (*r->s - '0');
			r->s++;
		}
		if (!take(r, "]"))
			return false;
	}
	return take(r, ":");
}

/* Take ",748" or ".748123456"; return microseconds, 0 where it is missing. */
static int64_t
take_fraction(struct rest *r)
{
	int64_t us = 0, unit = US / 10;

	if (left(r) < 2 || (*r->s != ',' && *r->s != '.') || !is_digit(r->s[1]))
		return 0;
	for (r->s++; r->s < r->end && is_digit(*r->s); r->s++, unit /= 10)
		us += (*r->s - '0') * unit;
	return us;
}

/* Take "Z", "+01:00" or "+0100" as seconds east of UTC. */
static bool
take_zone(struct rest *r, int64_t *east)
{
	int64_t digits[4];
	bool west = next_is(r, "-", 1);
	const char *s = r->s + 1;

	*east = 0;
	if (take(r, "Z"))
		return true;
	if (!west && !next_is(r, "+", 1))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(digits); i++, s++) {
		if (i == 2 && s < r->end && *s == ':')
			s++;
		if (s >= r->end || !is_digit(*s))
			return false;
		digits[i] = *s - '0';
	}
	*east = (digits[0] * 10 + digits[1]) * 3600 +
	    (digits[2] * 10 + digits[3]) * 60;
	if (west)
		*east = -*east;
	r->s = s;
	return true;
}

/* Take a stamp of any kind, if there is one. */
static struct stamp
take_stamp(struct rest *r, struct log_time_minute *known)
{
	struct stamp stamp = { .kind = STAMP_NONE };
	int status = log_time_read(r->s, left(r), known, &stamp.local);
	bool dated = status != 0;

	if (!dated)
		status = log_time_read_day(r->s, left(r), &stamp.day);
	if (status == 0)
		return stamp;
	stamp.kind = dated ? STAMP_LOCAL : STAMP_DAY;
	r->s += dated ? LOG_TIME_DATE : LOG_TIME_MONTH;
	stamp.us = take_fraction(r);
	if (dated && take_zone(r, &stamp.east))
		stamp.kind = STAMP_ZONED;
	if (status < 0)
		stamp.kind = STAMP_WRONG;
	return stamp;
}

/* Take "fail2ban.actions        [7268]: NOTICE  ". */
static bool
take_new_part(struct rest *r, struct log_prefix_entry *entry)
{
	static const struct {
		const char *name;
		enum log_prefix_part part;
	} parts[] = {
		{ "filter", LOG_PREFIX_PART_FILTER },
		{ "actions", LOG_PREFIX_PART_ACTIONS },
		{ "observer", LOG_PREFIX_PART_OBSERVER },
		{ "server", LOG_PREFIX_PART_SERVER },
		{ "jail", LOG_PREFIX_PART_SERVER },
	};
	const char *name = r->s + strlen("fail2ban.");
	size_t len;

	if (!take(r, "fail2ban."))
		return false;
	while (r->s < r->end && is_word(*r->s))
		r->s++;
	len = (size_t)(r->s - name);
	entry->part = LOG_PREFIX_PART_OTHER;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (strlen(parts[i].name) == len &&
		    memcmp(parts[i].name, name, len) == 0)
			entry->part = parts[i].part;
	}
	take_spaces(r);
	if (!take_pid(r, &entry->pid) || !take_spaces(r))
		return false;
	name = r->s;
	while (r->s < r->end && *r->s >= 'A' && *r->s <= 'Z')
		r->s++;
	return r->s > name && (take_spaces(r) || r->s == r->end);
}

/* Take a part whose text is the same as that of one before: most are. */
static bool
take_known_part(struct log_prefix *p, struct rest *r,
    struct log_prefix_entry *entry)
{
	for (size_t i = 0; i < LOG_PREFIX_PARTS; i++) {
		size_t at = (p->last + i) % LOG_PREFIX_PARTS;
		const struct log_prefix_part_text *known = &p->parts[at];

		if (known->len == 0 || !next_is(r, known->text, known->len))
			continue;
		r->s += known->len;
		take_spaces(r);
		entry->part = known->part;
		entry->pid = known->pid;
		p->last = at;
		return true;
	}
	return false;
}

static bool
take_part(struct log_prefix *p, struct rest *r, struct log_prefix_entry *entry)
{
	const char *begin = r->s;
	struct log_prefix_part_text *known;
	size_t len;

	if (take_known_part(p, r, entry))
		return true;
	if (!take_new_part(r, entry)) {
		r->s = begin;
		return false;
	}
	len = (size_t)(r->s - begin);
	if (len <= LOG_PREFIX_TEXT && r->s[-1] == ' ') {
		p->last = (p->last + 1) % LOG_PREFIX_PARTS;
		known = &p->parts[p->last];
		memcpy(known->text, begin, len);
		known->len = len;
		known->part = entry->part;
		known->pid = entry->pid;
	}
	return true;
}

/* Take fail2ban's own stamp, which may be missing, and the part. */
static bool
take_own(struct log_prefix *p, struct rest *r, struct stamp *stamp,
    struct log_prefix_entry *entry)
{
	struct rest begin = *r;

	*stamp = take_stamp(r, &p->minute);
	if ((stamp->kind == STAMP_NONE || take_spaces(r)) &&
	    take_part(p, r, entry))
		return true;
	*r = begin;
	*stamp = (struct stamp){ .kind = STAMP_NONE };
	return false;
}

/*
 * Take the tag "fail2ban-server[7268]: " of syslog or the journal. After it
 * stands a line of fail2ban's own log or, in the journal, the bare message.
 */
static bool
take_tagged(struct log_prefix *p, struct rest *r, struct stamp *stamp,
    struct log_prefix_entry *entry)
{
	const char *begin = r->s;
	size_t len;

	if (take_own(p, r, stamp, entry))
		return true;
	if (!next_is(r, "fail2ban", 8))
		return false;
	while (r->s < r->end && is_word(*r->s))
		r->s++;
	len = (size_t)(r->s - begin);
	if (take_pid(r, &entry->pid) && take(r, " ")) {
		if (take_own(p, r, stamp, entry))
			return true;
		entry->part = LOG_PREFIX_PART_ANY;
		if (len == strlen("fail2ban"))
			return true;
	}
	r->s = begin;
	return false;
}

/* Take the name of a host; a word that ends in a colon is a program's tag. */
static bool
take_host(struct rest *r)
{
	const char *begin = r->s;

	while (r->s < r->end && *r->s != ' ')
		r->s++;
	return r->s > begin && r->s[-1] != ':' && take_spaces(r);
}

/* Skip "name  | ", with which the lines of several containers begin. */
static bool
skip_container(struct rest *r)
{
	struct rest at = *r;

	while (at.s < at.end && is_word(*at.s))
		at.s++;
	if (at.s == r->s || !take_spaces(&at) || !take(&at, "| "))
		return false;
	*r = at;
	return true;
}

/* Take the whole prefix: fail2ban's own stamp, an outer one, or both. */
static bool
take_prefix(struct log_prefix *p, struct rest *r, struct stamp *outer,
    struct stamp *own, struct log_prefix_entry *entry)
{
	outer->kind = STAMP_NONE;
	*own = take_stamp(r, &p->minute);
	if (own->kind == STAMP_NONE && skip_container(r))
		*own = take_stamp(r, &p->minute);
	if (own->kind == STAMP_NONE)
		return take_part(p, r, entry);
	if (!take_spaces(r))
		return false;
	if (take_part(p, r, entry))
		return true;
	*outer = *own;
	own->kind = STAMP_NONE;
	if (take_tagged(p, r, own, entry))
		return true;
	return take_host(r) && take_tagged(p, r, own, entry);
}

/* Date an entry by local seconds of TZ, in the order of the log. */
static void
date_onward(struct log_prefix *p, int64_t local, int64_t us,
    struct log_prefix_entry *entry)
{
	int64_t second = log_time_onward(&p->zone, local, p->before);

	p->before = second;
	entry->at_us = second * US + us;
}

/*
 * Date an entry by an outer stamp with a zone. fail2ban's own stamp, where
 * there is one, is more exact; the difference of both is fail2ban's zone.
 */
static void
date_zoned(struct log_prefix *p, const struct stamp *outer,
    const struct stamp *own, struct log_prefix_entry *entry)
{
	int64_t second = outer->local - outer->east, east;

	if (own->kind == STAMP_NONE) {
		entry->east = outer->east;
		entry->at_us = second * US + outer->us;
		return;
	}
	east = own->local - second + QUARTER / 2;
	east -= (east % QUARTER + QUARTER) % QUARTER;
	if (east < -FAR_EAST || east > FAR_EAST) {
		date_onward(p, own->local, own->us, entry);
		return;
	}
	entry->east = east;
	entry->at_us = (own->local - east) * US + own->us;
}

/* Set the entry's time and zone; return false where a stamp is no time. */
static bool
date(struct log_prefix *p, struct stamp *outer, struct stamp *own,
    struct log_prefix_entry *entry)
{
	entry->at_us = UNKNOWN;
	entry->east = UNKNOWN;
	if (outer->kind == STAMP_WRONG || own->kind == STAMP_WRONG)
		return false;
	if (own->kind == STAMP_DAY || own->kind == STAMP_ZONED ||
	    (own->kind == STAMP_LOCAL && outer->kind == STAMP_NONE)) {
		*outer = *own;
		own->kind = STAMP_NONE;
	}
	if (outer->kind == STAMP_ZONED) {
		date_zoned(p, outer, own, entry);
	} else if (own->kind == STAMP_LOCAL) {
		date_onward(p, own->local, own->us, entry);
	} else if (outer->kind == STAMP_LOCAL) {
		date_onward(p, outer->local, outer->us, entry);
	} else if (outer->kind == STAMP_DAY) {
		outer->local =
		    log_time_in_order(&p->year, &p->zone, &outer->day);
		if (outer->local == UNKNOWN)
			return false;
		date_onward(p, outer->local, outer->us, entry);
	}
	return true;
}

/* Return the end of the line without CR and LF. */
static const char *
end_of(const char *line, size_t len)
{
	while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
		len--;
	return line + len;
}

/* Cut off the NUL that fail2ban sends to syslog; some syslogs write it. */
static void
cut_nul(struct rest *r)
{
	if (left(r) >= 1 && r->end[-1] == '\0')
		r->end--;
	else if (left(r) >= 4 && memcmp(r->end - 4, "#000", 4) == 0)
		r->end -= 4;
}

void
log_prefix_init(struct log_prefix *p, int64_t year, int64_t newest)
{
	*p = (struct log_prefix){ .before = UNKNOWN };
	p->year = (struct log_time_year){ .year = year, .newest = newest };
	p->year.before = UNKNOWN;
}

int
log_prefix_read(struct log_prefix *p, const char *line, size_t len,
    struct log_prefix_entry *entry)
{
	struct rest r = { line, end_of(line, len) };
	struct stamp outer, own;

	if (!take_prefix(p, &r, &outer, &own, entry))
		return 0;
	if (outer.kind != STAMP_NONE)
		cut_nul(&r);
	entry->text = r.s;
	entry->len = left(&r);
	return date(p, &outer, &own, entry) ? 1 : -1;
}
