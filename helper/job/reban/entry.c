/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/reban/entry.h"

#include <string.h>

#include "base/list.h"

void
reban_found_put(struct reban_found *found, const struct address *a)
{
	struct address *grown;

	if (found->n == REBAN_ENTRIES_MAX) {
		found->full = true;
		return;
	}
	grown =
	    list_grow(found->list, &found->room, found->n + 1, sizeof(*grown));
	if (grown == NULL) {
		found->failed = true;
		return;
	}
	found->list = grown;
	found->list[found->n++] = *a;
}

void
reban_found_bad(struct reban_found *found, struct piece part, const char *why)
{
	if (found->bad++ > 0)
		return;
	found->why = why;
	found->part_len =
	    part.len < sizeof(found->part) ? part.len : sizeof(found->part);
	if (found->part_len > 0)
		memcpy(found->part, part.at, found->part_len);
}

bool
piece_is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool
piece_is_one(char c, const char *these)
{
	return c != '\0' && strchr(these, c) != NULL;
}

struct piece
piece_from(struct piece p, size_t n)
{
	return (struct piece){ p.at + n, p.len - n };
}

struct piece
piece_trim(struct piece p)
{
	while (p.len > 0 && piece_is_blank(p.at[0]))
		p = piece_from(p, 1);
	while (p.len > 0 && piece_is_blank(p.at[p.len - 1]))
		p.len--;
	return p;
}

bool
piece_begins(struct piece p, const char *text)
{
	size_t len = strlen(text);

	return p.len >= len && memcmp(p.at, text, len) == 0;
}

bool
piece_is(struct piece p, const char *text)
{
	return p.len == strlen(text) && piece_begins(p, text);
}

bool
piece_number(struct piece p, int *n)
{
	*n = 0;
	for (size_t i = 0; i < p.len && i < 10; i++) {
		if (p.at[i] < '0' || p.at[i] > '9' || i == 9)
			return false;
		*n = *n * 10 + (p.at[i] - '0');
	}
	return p.len > 0;
}

static bool
is_between(char c, const char *marks)
{
	return piece_is_blank(c) || piece_is_one(c, marks);
}

struct piece
piece_take_between(struct piece *rest, const char *marks)
{
	struct piece word;

	while (rest->len > 0 && is_between(rest->at[0], marks))
		*rest = piece_from(*rest, 1);
	word = (struct piece){ rest->at, 0 };
	while (word.len < rest->len && !is_between(rest->at[word.len], marks))
		word.len++;
	*rest = piece_from(*rest, word.len);
	return word;
}

struct piece
piece_take(struct piece *rest)
{
	return piece_take_between(rest, "");
}

/* Return the place of the first c in the piece, or its length. */
static size_t
find(struct piece p, char c)
{
	const char *at = p.len == 0 ? NULL : memchr(p.at, c, p.len);

	return at == NULL ? p.len : (size_t)(at - p.at);
}

/* Copy p without the zeros that fill its numbers up to three digits. */
static bool
unpad(struct piece p, char *text, size_t *n)
{
	size_t digits, zeros;

	for (*n = 0;; p = piece_from(p, 1)) {
		for (digits = 0; digits < p.len && p.at[digits] >= '0' &&
		     p.at[digits] <= '9';)
			digits++;
		zeros = 0;
		while (digits == 3 && zeros < 2 && p.at[zeros] == '0')
			zeros++;
		memcpy(text + *n, p.at + zeros, digits - zeros);
		*n += digits - zeros;
		p = piece_from(p, digits);
		if (p.len == 0 || p.at[0] != '.')
			return p.len == 0;
		text[(*n)++] = '.';
	}
}

bool
reban_entry_read_end(struct piece p, struct address *a)
{
	char text[sizeof("255.255.255.255")];
	size_t n;

	if (address_parse(p.at, p.len, a))
		return address_is_single(a);
	return p.len < sizeof(text) && unpad(p, text, &n) &&
	    address_parse(text, n, a);
}

bool
reban_entry_put_range(const struct address *first, const struct address *last,
    struct reban_found *found)
{
	struct address nets[ADDRESS_COVER_MAX];
	size_t n = address_cover(first, last, nets);

	for (size_t i = 0; i < n; i++)
		reban_found_put(found, &nets[i]);
	return n > 0;
}

static bool
read_range(struct piece p, struct reban_found *found)
{
	size_t dash = find(p, '-');
	struct address first, last;

	return dash < p.len &&
	    reban_entry_read_end(piece_trim((struct piece){ p.at, dash }),
		&first) &&
	    reban_entry_read_end(piece_trim(piece_from(p, dash + 1)), &last) &&
	    reban_entry_put_range(&first, &last, found);
}

static bool
is_port(struct piece p)
{
	int n;

	return p.len <= 5 && piece_number(p, &n) && n >= 1 && n <= 65535;
}

/* Read an address in brackets and what may follow it. */
static bool
read_brackets(struct piece p, struct address *a)
{
	size_t close = find(p, ']');
	struct piece inside, rest;
	char text[2 * ADDRESS_TEXT];

	if (close == p.len)
		return false;
	inside = (struct piece){ p.at + 1, close - 1 };
	rest = piece_from(p, close + 1);
	if (!address_parse(inside.at, inside.len, a) ||
	    memchr(inside.at, ':', inside.len) == NULL)
		return false;
	if (rest.len == 0 || (rest.at[0] == ':' && address_is_single(a)))
		return rest.len == 0 || is_port(piece_from(rest, 1));
	if (rest.at[0] != '/' || inside.len + rest.len > sizeof(text))
		return false;
	memcpy(text, inside.at, inside.len);
	memcpy(text + inside.len, rest.at, rest.len);
	return address_parse(text, inside.len + rest.len, a);
}

bool
reban_entry_read(struct piece p, struct reban_found *found)
{
	size_t colon = find(p, ':');
	struct address a;

	if (address_parse(p.at, p.len, &a) ||
	    (p.len > 0 && p.at[0] == '[' && read_brackets(p, &a)) ||
	    (colon < p.len && is_port(piece_from(p, colon + 1)) &&
		address_parse(p.at, colon, &a) && address_is_single(&a))) {
		reban_found_put(found, &a);
		return true;
	}
	return read_range(p, found);
}

bool
reban_entry_resembles(struct piece word)
{
	size_t dots = 0, colons = 0, others = 0;
	bool twice = false;

	for (size_t i = 0; i < word.len && i < 64; i++) {
		char c = word.at[i], lower = (char)(c | 0x20);

		twice = twice || (c == ':' && i > 0 && word.at[i - 1] == ':');
		dots += c == '.';
		colons += c == ':';
		if (!piece_is_one(c, ".:/-[]") && (c < '0' || c > '9') &&
		    (lower < 'a' || lower > 'f'))
			others++;
	}
	return others == 0 && word.len < 64 &&
	    (dots >= 3 || twice || colons == 7);
}
