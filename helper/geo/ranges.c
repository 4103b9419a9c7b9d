/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "geo/ranges.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/macros.h"
#include "base/number.h"
#include "base/timestamp.h"

/* No range is longer in bytes: two addresses of IPv6, a country, two commas. */
#define LINE_MAX_BYTES 96

/* No comment is longer, as far as a search goes back in it. */
#define COMMENT_MAX 4096

/* A search passes over this many bytes of comments and damaged lines. */
#define SKIP_MAX ((size_t)64 << 10)

/* Addresses are searched by their first 16 bits first. */
#define BLOCKS 65536

struct range {
	struct address first, last;
	char country[2]; /* zeros: unknown */
};

/* A range of the text, and where its line and the next one begin. */
struct found {
	struct range range;
	size_t at, next;
};

struct line {
	const char *s;
	size_t len;
	size_t next; /* where the next line begins */
};

static struct line
line_at(const struct ranges *r, size_t at)
{
	struct line line = { .s = r->text + at };
	const char *end = memchr(line.s, '\n', r->len - at);

	line.len = end != NULL ? (size_t)(end - line.s) : r->len - at;
	line.next = at + line.len + (end != NULL ? 1 : 0);
	if (line.len > 0 && line.s[line.len - 1] == '\r')
		line.len--;
	return line;
}

static bool
is_comment(const struct line *line)
{
	return line->len == 0 || line->s[0] == '#';
}

/* Make an address of IPv4 from a number. */
static bool
take_number(int64_t v, struct address *a)
{
	*a = (struct address){ .family = AF_INET, .bits = 32 };
	for (int i = 0; i < 4; i++)
		a->bytes[i] = (unsigned char)(v >> (24 - 8 * i) & 0xff);
	return v <= UINT32_MAX;
}

/* Take the address before the next comma, and move *s past the comma. */
static bool
take_address(const char **s, const char *end, struct address *a)
{
	const char *at = *s, *begin = at;
	int64_t v = 0;

	for (; at < end && *at >= '0' && *at <= '9' && v <= UINT32_MAX; at++)
		v = v * 10 + (*at - '0');
	if (at > begin && at < end && *at == ',') {
		*s = at + 1;
		return take_number(v, a);
	}
	at = memchr(begin, ',', (size_t)(end - begin));
	if (at == NULL)
		return false;
	*s = at + 1;
	return address_parse(begin, (size_t)(at - begin), a) &&
	    address_is_single(a);
}

static bool
take_country(const char *s, const char *end, char country[2])
{
	if (end - s != 2)
		return false;
	if (s[0] == '?' && s[1] == '?') {
		memset(country, 0, 2);
		return true;
	}
	memcpy(country, s, 2);
	return s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z';
}

static bool
parse_range(const struct line *line, struct range *range)
{
	const char *s = line->s, *end = s + line->len;

	return line->len <= LINE_MAX_BYTES &&
	    take_address(&s, end, &range->first) &&
	    take_address(&s, end, &range->last) &&
	    take_country(s, end, range->country) &&
	    range->first.family == range->last.family &&
	    memcmp(range->first.bytes, range->last.bytes,
		sizeof(range->first.bytes)) <= 0;
}

bool
ranges_begin(struct ranges *ranges, const char *text, size_t len)
{
	struct range range;
	struct line line;

	*ranges = (struct ranges){ .text = text, .len = len, .damaged_at = -1 };
	while (ranges->begin < len) {
		line = line_at(ranges, ranges->begin);
		if (!is_comment(&line)) {
			if (!parse_range(&line, &range))
				return false;
			ranges->family = range.first.family;
			/* It does without them where there is no memory. */
			if (len < UINT32_MAX)
				ranges->blocks =
				    calloc(BLOCKS + 1, sizeof(*ranges->blocks));
			return true;
		}
		ranges->begin = line.next;
	}
	return false;
}

void
ranges_end(struct ranges *ranges)
{
	free(ranges->blocks);
}

/* Return where the line begins in which at lies, at from or after it. */
static size_t
start_of_line(const struct ranges *r, size_t from, size_t at)
{
	size_t least = at - from > COMMENT_MAX ? at - COMMENT_MAX : from;

	while (at > least && r->text[at - 1] != '\n')
		at--;
	return at;
}

/*
 * Find the first range that begins in [at, to). Return false when there is none
 * near.
 */
static bool
next_range(struct ranges *r, size_t at, size_t to, struct found *found)
{
	size_t end = to - at > SKIP_MAX ? at + SKIP_MAX : to;

	for (; at < end; at = found->next) {
		struct line line = line_at(r, at);

		found->at = at;
		found->next = line.next;
		if (parse_range(&line, &found->range) &&
		    found->range.first.family == r->family)
			return true;
		if (!is_comment(&line))
			r->damaged_at = (int64_t)at;
	}
	return false;
}

static int
compare(const struct address *a, const struct address *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

/*
 * Find the last range that begins in [from, to) and with a or before it. Return
 * false when there is none.
 */
static bool
search(struct ranges *r, size_t from, size_t to, const struct address *a,
    struct found *found)
{
	bool any = false;
	struct found next;

	/* It is found, or begins in [from, to). */
	while (from < to) {
		size_t at = start_of_line(r, from, from + (to - from) / 2);

		if (next_range(r, at, to, &next) &&
		    compare(&next.range.first, a) <= 0) {
			*found = next;
			any = true;
			from = next.next;
		} else {
			to = at;
		}
	}
	return any;
}

/* Return where the last line begins that may have an address whose first 16
 * bits are those of block, and whose others are 0. */
static size_t
find_block(struct ranges *r, unsigned block)
{
	const struct address a = { .bytes = { (unsigned char)(block >> 8),
				       (unsigned char)block } };
	struct found found = { .at = r->begin };

	if (block == BLOCKS)
		return r->len;
	if (r->blocks[block] == 0) {
		search(r, r->begin, r->len, &a, &found);
		r->blocks[block] = (uint32_t)found.at + 1;
	}
	return r->blocks[block] - 1;
}

void
ranges_find(struct ranges *ranges, const struct address *a, struct place *place)
{
	size_t from = ranges->begin, to = ranges->len;
	struct found found;

	if (a->family != ranges->family)
		return;
	if (ranges->blocks != NULL) {
		unsigned block = (unsigned)a->bytes[0] << 8 | a->bytes[1];

		from = find_block(ranges, block);
		/* The range may begin with the next block's first line. */
		to = find_block(ranges, block + 1);
		to += to < ranges->len;
	}
	if (search(ranges, from, to, a, &found) &&
	    compare(a, &found.range.last) <= 0)
		memcpy(place->country, found.range.country, 2);
}

/* Return the text after word in the comments, and set *len; or NULL. */
static const char *
after(const struct ranges *r, const char *word, size_t *len)
{
	size_t n = strlen(word), end = r->begin;

	for (size_t at = 0; at + n <= end; at++) {
		if (memcmp(r->text + at, word, n) == 0) {
			*len = end - at - n;
			return r->text + at + n;
		}
	}
	return NULL;
}

int64_t
ranges_date_us(const struct ranges *ranges)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char text[sizeof(" Thu, 25 Jun 2026 ")];
	const char *s, *month;
	int64_t day, year, days;
	size_t len = 0;

	s = after(ranges, "Generated:", &len);
	if (s == NULL || len < sizeof(text))
		return UNKNOWN;
	memcpy(text, s, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	s = text + strlen(" Thu, ");
	if (!number_take_digits(&s, &day) || day > 31 || *s++ != ' ')
		return UNKNOWN;
	for (month = months; *month != '\0' && strncmp(month, s, 3) != 0;)
		month += 3;
	s += strnlen(s, 4);
	if (*month == '\0' || !number_take_digits(&s, &year) ||
	    !timestamp_days(year, (int)(month - months) / 3 + 1, (int)day,
		&days))
		return UNKNOWN;
	return days * TIMESTAMP_DAY_US;
}
