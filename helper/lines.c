/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lines.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

/* How much is hashed, and the shortest piece that is worth its number. */
#define HASHED 4
#define PIECE_MIN 10

static size_t
hash(const char *s)
{
	uint32_t v;

	memcpy(&v, s, sizeof(v));
	return (v * UINT32_C(2654435761)) >> 23;
}

/* Places are characters to SQL, so only where each is one byte. */
static bool
is_ascii(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)s[i] >= 0x80)
			return false;
	}
	return true;
}

static void
keep_first(struct lines *lines, const char *s, size_t len)
{
	if (len < PIECE_MIN || len > LINES_COMPARED || !is_ascii(s, len) ||
	    (lines->first = malloc(len)) == NULL)
		return;
	memcpy(lines->first, s, len);
	lines->first_len = len;
	memset(lines->places, 0, sizeof(lines->places));
	for (size_t i = 0; i + HASHED <= len; i++)
		lines->places[hash(s + i)] = (uint16_t)(i + 1);
}

/* How far s is like the first line at place. */
static size_t
common(const struct lines *lines, size_t place, const char *s, size_t len)
{
	size_t n = 0, max = lines->first_len - place;

	if (len < max)
		max = len;
	while (n < max && lines->first[place + n] == s[n])
		n++;
	return n;
}

/*
 * The longest piece of the first line with which s begins, as far as two looks
 * can tell: at the place where a line that is alike would go on, and at the
 * last one that begins like s. Its length, 0 if it is too short to gain by.
 */
static size_t
find_piece(const struct lines *lines, size_t expected, const char *s,
    size_t len, size_t *place)
{
	size_t n = 0, other, hashed;

	if (len < PIECE_MIN || lines->first == NULL)
		return 0;
	if (expected < lines->first_len)
		n = common(lines, expected, s, len);
	*place = expected;
	hashed = lines->places[hash(s)];
	if (hashed != 0 && (other = common(lines, hashed - 1, s, len)) > n) {
		n = other;
		*place = hashed - 1;
	}
	return n >= PIECE_MIN ? n : 0;
}

static void
put_literal(struct buffer *out, const char **comma, const char *s, size_t len)
{
	if (len == 0)
		return;
	buffer_puts(out, *comma);
	json_put_text(out, s, len);
	*comma = ",";
}

/* The line by pieces of the first one. */
static void
put_pieces(const struct lines *lines, struct buffer *out, const char *s,
    size_t len)
{
	size_t at = 0, from = 0, expected = 0, place, n;
	const char *comma = "";
	char number[32];

	while (at < len) {
		n = find_piece(lines, expected, s + at, len - at, &place);
		if (n == 0) {
			at++;
			expected++;
			continue;
		}
		put_literal(out, &comma, s + from, at - from);
		snprintf(number, sizeof(number), "%s%zu", comma,
		    (place + 1) * LINES_PIECE + n);
		buffer_puts(out, number);
		comma = ",";
		at = from = at + n;
		expected = place + n;
	}
	put_literal(out, &comma, s + from, at - from);
}

void
lines_begin(struct lines *lines)
{
	lines->texts = lines->pieces = lines->line = (struct buffer){ 0 };
	lines->first = NULL;
	lines->first_len = 0;
	buffer_putc(&lines->texts, '[');
	buffer_putc(&lines->pieces, '[');
}

void
lines_add(struct lines *lines, const char *s, size_t len)
{
	struct buffer *line = &lines->line;
	const char *open = lines->texts.len == 1 ? "" : ",";

	buffer_cut(line, 0);
	json_put_inside(line, s, len);
	buffer_puts(&lines->texts, open);
	buffer_putc(&lines->texts, '"');
	buffer_put(&lines->texts, line->s, line->len);
	buffer_putc(&lines->texts, '"');

	buffer_puts(&lines->pieces, open);
	buffer_putc(&lines->pieces, '[');
	put_pieces(lines, &lines->pieces, line->s, line->len);
	buffer_putc(&lines->pieces, ']');
	if (open[0] == '\0')
		keep_first(lines, line->s, line->len);
}

char *
lines_take(struct lines *lines)
{
	struct buffer *shorter = lines->pieces.len < lines->texts.len ?
	    &lines->pieces :
	    &lines->texts;
	char *json = NULL;

	buffer_putc(shorter, ']');
	if (!lines->line.failed && !lines->texts.failed &&
	    !lines->pieces.failed)
		json = buffer_take(shorter);
	lines_free(lines);
	return json;
}

void
lines_free(struct lines *lines)
{
	free(lines->first);
	lines->first = NULL;
	buffer_free(&lines->texts);
	buffer_free(&lines->pieces);
	buffer_free(&lines->line);
}
