/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/shared_text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

/* HASHED bytes are hashed at a time; a piece has SHORTEST to LONGEST bytes. */
#define HASHED 4
#define SHORTEST 6
#define LONGEST 250

/* Longer texts are kept as they are: an event must not take long. */
#define LINES_BYTES 16384

/* The number of lines that are compared with the first one. */
#define LINES_LOOKED_AT 32

/* The number of pieces that are compared before the longest are taken. */
#define ROOM 12

struct span {
	const char *at;
	size_t len;
};

/* The places in a line where a sequence of HASHED bytes begins, by its hash. */
struct places {
	struct span line;
	uint16_t of[256]; /* counted from 1; 0: none */
};

static size_t
hash(const char *s)
{
	uint32_t v;

	memcpy(&v, s, sizeof(v));
	return (v * UINT32_C(2654435761)) >> 24;
}

static void
find_places(struct places *places, const struct span *line)
{
	memset(places->of, 0, sizeof(places->of));
	places->line = *line;
	for (size_t i = 0; i + HASHED <= line->len; i++)
		places->of[hash(line->at + i)] = (uint16_t)(i + 1);
}

/*
 * Take the next line of an array; *s is the array's first byte, or the one
 * after a line. Return false at the end.
 */
static bool
next_line(const char **s, struct span *line)
{
	const char *end;

	/* Before a line there is [ or a comma, and the line's quote. */
	if (**s == ']' || (*s)[1] == ']')
		return false;
	line->at = *s + 2;
	for (end = line->at; *end != '"'; end++)
		end += *end == '\\';
	line->len = (size_t)(end - line->at);
	*s = end + 1;
	return true;
}

/* Return how many bytes of s are the same as in the line at place. */
static size_t
common(const struct span *line, size_t place, const struct span *s)
{
	size_t n = 0, max;

	if (place >= line->len)
		return 0;
	max = line->len - place < s->len ? line->len - place : s->len;
	while (n < max && line->at[place + n] == s->at[n])
		n++;
	return n;
}

/*
 * Return how many bytes at the start of s the line has somewhere, 0 when fewer
 * than SHORTEST. Only two places are tried: *expected, where a similar line
 * goes on, and the last place that begins like s. *expected becomes the better
 * one.
 */
static size_t
common_start(const struct places *places, const struct span *s,
    size_t *expected)
{
	size_t n, hashed, other;

	if (s->len < SHORTEST)
		return 0;
	n = common(&places->line, *expected, s);
	hashed = places->of[hash(s->at)];
	if (n < SHORTEST && hashed != 0 &&
	    (other = common(&places->line, hashed - 1, s)) > n) {
		n = other;
		*expected = hashed - 1;
	}
	return n < SHORTEST ? 0 : n;
}

/*
 * Find the parts of a piece that the line has too. Return their number, at most
 * room.
 */
static size_t
split(const struct span *piece, const struct places *places, struct span *parts,
    size_t room)
{
	struct span rest = *piece;
	size_t n = 0, len, expected = 0;

	while (rest.len > 0 && n < room) {
		len = common_start(places, &rest, &expected);
		if (len > 0)
			parts[n++] = (struct span){ rest.at, len };
		else
			len = 1;
		rest.at += len;
		rest.len -= len;
		expected += len;
	}
	return n;
}

static size_t
total(const struct span *spans, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += spans[i].len;
	return sum;
}

/*
 * Reduce the pieces to the parts that the line has too. A line that has less
 * than a third of them is of another kind, and changes nothing.
 */
static void
narrow(struct span *pieces, size_t *n, const struct span *line)
{
	struct places places;
	struct span parts[ROOM];
	size_t k = 0;

	find_places(&places, line);
	for (size_t i = 0; i < *n && k < ROOM; i++)
		k += split(&pieces[i], &places, parts + k, ROOM - k);
	if (total(parts, k) * 3 < total(pieces, *n))
		return;
	memcpy(pieces, parts, k * sizeof(*parts));
	*n = k;
}

static int
compare_lengths(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->len != y->len)
		return x->len > y->len ? -1 : 1;
	return x->at < y->at ? -1 : 1;
}

/* Return true when c is a further byte of a character in UTF-8. */
static bool
is_inside_character(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Cut a piece to LONGEST bytes and to whole characters. */
static void
trim(struct span *piece)
{
	const char *end;

	if (piece->len > LONGEST)
		piece->len = LONGEST;
	while (piece->len > 0 && is_inside_character(*piece->at)) {
		piece->at++;
		piece->len--;
	}
	/* After it there is at least the quote of the line. */
	end = piece->at + piece->len;
	while (piece->len > 0 && is_inside_character(*end)) {
		end--;
		piece->len--;
	}
}

/* Find the longest pieces that lines share. Return how many, at most 4. */
static size_t
find(const char *lines, struct span pieces[ROOM])
{
	const char *s = lines;
	struct span line;
	size_t n = 1;

	if (!next_line(&s, &pieces[0]) || *s == ']')
		return 0;
	for (int k = 0; k < LINES_LOOKED_AT && next_line(&s, &line); k++)
		narrow(pieces, &n, &line);
	for (size_t i = 0; i < n; i++)
		trim(&pieces[i]);
	qsort(pieces, n, sizeof(*pieces), compare_lengths);
	while (n > 0 && pieces[n - 1].len < SHORTEST)
		n--;
	return n < SHARED_TEXT_MAX ? n : SHARED_TEXT_MAX;
}

/* Return the number of the piece that begins at s, or -1. */
static int
piece_at(const char *s, const char *end, const struct span *pieces, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (*s == pieces[i].at[0] &&
		    (size_t)(end - s) >= pieces[i].len &&
		    memcmp(s, pieces[i].at, pieces[i].len) == 0)
			return (int)i;
	}
	return -1;
}

/* Write the lines with a mark for each piece; used[i]: piece i occurs. */
static void
mark(struct buffer *out, const char *lines, size_t len,
    const struct span *pieces, size_t n, bool used[SHARED_TEXT_MAX])
{
	const char *s = lines, *plain = lines, *end = lines + len;
	bool begins[256] = { false };

	for (size_t i = 0; i < n; i++)
		begins[(unsigned char)pieces[i].at[0]] = true;
	while (s < end) {
		int i = begins[(unsigned char)*s] ?
		    piece_at(s, end, pieces, n) :
		    -1;

		if (i < 0) {
			s++;
			continue;
		}
		buffer_put(out, plain, (size_t)(s - plain));
		buffer_putc(out, (char)(i + 1));
		used[i] = true;
		s += pieces[i].len;
		plain = s;
	}
	buffer_put(out, plain, (size_t)(s - plain));
}

int
shared_text_find(struct shared_text *text, const char *lines)
{
	size_t len = strlen(lines), n = 0;
	struct buffer out = { 0 };
	struct span spans[ROOM];
	bool used[SHARED_TEXT_MAX] = { false };
	int rc = 0;

	*text = (struct shared_text){ 0 };
	if (len <= LINES_BYTES)
		n = find(lines, spans);
	mark(&out, lines, len, spans, n, used);
	if ((text->lines = buffer_take(&out)) == NULL)
		rc = -1;
	for (size_t i = 0; i < SHARED_TEXT_MAX; i++) {
		text->piece[i] = i < n && used[i] ?
		    strndup(spans[i].at, spans[i].len) :
		    strdup("");
		if (text->piece[i] == NULL)
			rc = -1;
	}
	return rc;
}

void
shared_text_free(struct shared_text *text)
{
	free(text->lines);
	for (size_t i = 0; i < SHARED_TEXT_MAX; i++)
		free(text->piece[i]);
	*text = (struct shared_text){ 0 };
}
