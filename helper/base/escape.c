/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/escape.h"

#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"

/* Return the code point of a valid UTF-8 sequence of n bytes. */
static uint32_t
decode_utf8(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;
	uint32_t c = n == 1 ? u[0] : u[0] & (0x7fu >> n);

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (u[i] & 0x3fu);
	return c;
}

/*
 * Return true when a terminal acts on c instead of showing it: controls, line
 * and paragraph separators, and the marks of UAX #9 that change the direction.
 */
static bool
is_hostile(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c ||
	    (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x2069) || c == 0xfeff ||
	    (c >= 0xe0000 && c <= 0xe007f);
}

/* Return true when the character of n bytes at s, 0: no UTF-8, is escaped. */
static bool
is_escaped(const char *s, size_t n)
{
	return n == 0 || s[0] == '\\' || is_hostile(decode_utf8(s, n));
}

/* Room for the longest escape, with its NUL. */
#define PIECE_BYTES 16

/* Escape the first character of src; return the number of its bytes. */
static size_t
escape_character(char piece[PIECE_BYTES], const char *src, size_t len)
{
	size_t n = utf8_length(src, len);
	uint32_t c = n != 0 ? decode_utf8(src, n) : 0;

	if (n == 0 || (n == 1 && is_hostile(c)))
		snprintf(piece, PIECE_BYTES, "\\x%02x",
		    (unsigned)(unsigned char)src[0]);
	else if (is_hostile(c))
		snprintf(piece, PIECE_BYTES, "\\u%04" PRIx32, c);
	else if (c == '\\')
		memcpy(piece, "\\\\", 3);
	else {
		memcpy(piece, src, n);
		piece[n] = '\0';
	}
	return n != 0 ? n : 1;
}

size_t
escape_text(char *dst, size_t cap, const char *src, size_t len)
{
	size_t total = 0;
	bool full = cap == 0;

	if (!full)
		dst[0] = '\0';
	for (size_t i = 0; i < len;) {
		char piece[PIECE_BYTES];
		size_t plen;

		i += escape_character(piece, src + i, len - i);
		plen = strlen(piece);
		full = full || total + plen >= cap;
		if (!full)
			memcpy(dst + total, piece, plen + 1);
		total += plen;
	}
	return total;
}

void
escape_print(FILE *out, const char *s)
{
	size_t len = strlen(s), from = 0, at = 0;
	char piece[PIECE_BYTES];

	while (at < len) {
		size_t n = utf8_length(s + at, len - at);

		if (!is_escaped(s + at, n)) {
			at += n;
			continue;
		}
		fwrite(s + from, 1, at - from, out);
		at += escape_character(piece, s + at, len - at);
		fputs(piece, out);
		from = at;
	}
	fwrite(s + from, 1, at - from, out);
}

/* Write the JSON escape of c; above U+FFFF it is a surrogate pair. */
static void
put_json_escape(FILE *out, uint32_t c)
{
	if (c < 0x10000) {
		fprintf(out, "\\u%04" PRIx32, c);
		return;
	}
	c -= 0x10000;
	fprintf(out, "\\u%04" PRIx32 "\\u%04" PRIx32, 0xd800 + (c >> 10),
	    0xdc00 + (c & 0x3ff));
}

void
escape_json(FILE *out, const char *json)
{
	size_t len = strlen(json), from = 0, at = 0;

	while (at < len) {
		size_t n = utf8_length(json + at, len - at);
		uint32_t c = n != 0 ? decode_utf8(json + at, n) : 0xfffd;

		if (n == 0 || is_hostile(c)) {
			fwrite(json + from, 1, at - from, out);
			put_json_escape(out, c);
			at += n != 0 ? n : 1;
			from = at;
		} else {
			at += n;
		}
	}
	fwrite(json + from, 1, at - from, out);
}

/* Return HTML's reference for c, or NULL for a character that needs none. */
static const char *
html_reference(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void
escape_html(FILE *out, const char *s)
{
	size_t len = strlen(s);

	for (size_t at = 0; at < len;) {
		const char *reference = html_reference(s[at]);
		char piece[PIECE_BYTES];

		at += escape_character(piece, s + at, len - at);
		fputs(reference != NULL ? reference : piece, out);
	}
}
