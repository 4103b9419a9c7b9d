/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

static const char *
skip_blanks(const char *s)
{
	while (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\r')
		s++;
	return s;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Return the value of four hexadecimal digits, -1 when they are none. */
static int
hex4(const char *s)
{
	int v = 0;

	for (int i = 0; i < 4; i++) {
		int c = s[i] | 0x20;

		if (is_digit(s[i]))
			v = v * 16 + (s[i] - '0');
		else if (c >= 'a' && c <= 'f')
			v = v * 16 + (c - 'a' + 10);
		else
			return -1;
	}
	return v;
}

/* Return true when s is the escape of the second half of a surrogate pair. */
static bool
is_low_surrogate(const char *s)
{
	int v = s[0] == '\\' && s[1] == 'u' ? hex4(s + 2) : -1;

	return v >= 0xdc00 && v <= 0xdfff;
}

void
json_mend(char *s)
{
	while ((s = strchr(s, '\\')) != NULL && s[1] != '\0') {
		int v = s[1] == 'u' ? hex4(s + 2) : -1;

		if (v < 0)
			s += 2;
		else if (v >= 0xd800 && v <= 0xdbff && is_low_surrogate(s + 6))
			s += 12;
		else {
			if (v == 0 || (v >= 0xd800 && v <= 0xdfff))
				memcpy(s + 2, "fffd", 4);
			s += 6;
		}
	}
}

/* Each check_ function returns the byte after the value, or NULL. */

/* Return true for a character that needs no escape in a text. */
static bool
is_plain(char c)
{
	return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

static const char *
check_text(const char *s)
{
	if (*s++ != '"')
		return NULL;
	for (;; s++) {
		while (is_plain(*s))
			s++;
		if (*s == '"')
			break;
		if (*s++ != '\\')
			return NULL;
		if (*s == 'u' && hex4(s + 1) >= 0)
			s += 4;
		else if (*s == '\0' || strchr("\"\\/bfnrt", *s) == NULL)
			return NULL;
	}
	return s + 1;
}

static const char *
check_digits(const char *s)
{
	if (!is_digit(*s))
		return NULL;
	while (is_digit(*s))
		s++;
	return s;
}

static const char *
check_number(const char *s)
{
	if (*s == '-')
		s++;
	if (s[0] == '0' && is_digit(s[1]))
		return NULL;
	if ((s = check_digits(s)) != NULL && *s == '.')
		s = check_digits(s + 1);
	if (s != NULL && (*s | 0x20) == 'e') {
		s++;
		s = check_digits(*s == '+' || *s == '-' ? s + 1 : s);
	}
	return s;
}

static const char *
check_plain_value(const char *s)
{
	static const char *const words[] = { "true", "false", "null" };

	if (*s == '"')
		return check_text(s);
	for (size_t i = 0; i < 3; i++) {
		if (strncmp(s, words[i], strlen(words[i])) == 0)
			return s + strlen(words[i]);
	}
	return check_number(s);
}

static const char *
check_key(const char *s)
{
	if ((s = check_text(skip_blanks(s))) == NULL)
		return NULL;
	s = skip_blanks(s);
	return *s == ':' ? skip_blanks(s + 1) : NULL;
}

/* The arrays and objects that are open, from the outside in. */
struct nest {
	char closed_by[JSON_DEPTH + 1];
	size_t depth, most;
};

/*
 * After a value, close the containers that end here and return the start of the
 * next value. The depth is 0 after the end of the outermost container.
 */
static const char *
go_on(struct nest *nest, const char *s)
{
	while (nest->depth > 0) {
		char end = nest->closed_by[nest->depth - 1];

		s = skip_blanks(s);
		if (*s == ',')
			return end == '}' ? check_key(s + 1) :
					    skip_blanks(s + 1);
		if (*s != end)
			return NULL;
		nest->depth--;
		s++;
	}
	return s;
}

/* Enter a container; return its first value, or go on after an empty one. */
static const char *
enter(struct nest *nest, const char *s)
{
	char end = *s == '{' ? '}' : ']';

	if (nest->depth == nest->most)
		return NULL;
	nest->closed_by[nest->depth++] = end;
	s = skip_blanks(s + 1);
	if (*s == end)
		return go_on(nest, s);
	return end == '}' ? check_key(s) : s;
}

static bool
is_nested(const char *s, char open, size_t most)
{
	struct nest nest;

	nest.depth = 0;
	nest.most = most;
	s = skip_blanks(s);
	if (*s != open)
		return false;
	s = enter(&nest, s);
	while (s != NULL && nest.depth > 0) {
		if (*s == '{' || *s == '[')
			s = enter(&nest, s);
		else if ((s = check_plain_value(s)) != NULL)
			s = go_on(&nest, s);
	}
	return s != NULL && *skip_blanks(s) == '\0';
}

bool
json_is(const char *s, char open)
{
	return is_nested(s, open, JSON_DEPTH);
}

bool
json_is_record(const char *s)
{
	return is_nested(s, '{', JSON_DEPTH + 1);
}

/* The functions from here on take only text that json_is has checked. */

/* Return the end of a text: a quote after an even number of backslashes. */
static const char *
skip_text(const char *s)
{
	const char *begin = s, *before;

	do {
		s = strchr(s + 1, '"');
		before = s;
		while (before > begin + 1 && before[-1] == '\\')
			before--;
	} while ((s - before) % 2 != 0);
	return s + 1;
}

static const char *
skip_value(const char *s)
{
	size_t depth = 0;

	if (*s != '"' && *s != '{' && *s != '[')
		return s + strcspn(s, ",]} \t\n\r");
	do {
		s += strcspn(s, "\"{}[]");
		if (*s == '"') {
			s = skip_text(s);
			continue;
		}
		if (*s == '{' || *s == '[')
			depth++;
		else
			depth--;
		s++;
	} while (depth > 0);
	return s;
}

bool
json_is_array(const struct json *value)
{
	return value->at[0] == '[';
}

bool
json_is_text(const struct json *value)
{
	return value->at[0] == '"';
}

bool
json_is_null(const struct json *value)
{
	return value->at[0] == 'n';
}

bool
json_next(const char **at, struct json *key, struct json *value)
{
	const char *s = skip_blanks(*at);

	/* Skip the first byte of the container, or the comma after a value. */
	if (*s == '{' || *s == '[' || *s == ',')
		s = skip_blanks(s + 1);
	if (*s == '}' || *s == ']')
		return false;
	if (key != NULL) {
		key->at = s;
		s = skip_text(s);
		key->len = (size_t)(s - key->at);
		s = skip_blanks(skip_blanks(s) + 1);
	}
	value->at = s;
	s = skip_value(s);
	value->len = (size_t)(s - value->at);
	*at = skip_blanks(s);
	return true;
}

bool
json_take_number(const struct json *value, int64_t *v)
{
	char *end;

	*v = UNKNOWN;
	if (json_is_null(value))
		return true;
	errno = 0;
	*v = strtoll(value->at, &end, 10);
	return errno == 0 && end == value->at + value->len;
}

static void
put_utf8(struct buffer *out, int c)
{
	if (c < 0x80) {
		buffer_putc(out, (char)c);
		return;
	}
	if (c < 0x800) {
		buffer_putc(out, (char)(0xc0 | c >> 6));
	} else if (c < 0x10000) {
		buffer_putc(out, (char)(0xe0 | c >> 12));
		buffer_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
	} else {
		buffer_putc(out, (char)(0xf0 | c >> 18));
		buffer_putc(out, (char)(0x80 | (c >> 12 & 0x3f)));
		buffer_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	buffer_putc(out, (char)(0x80 | (c & 0x3f)));
}

/* Put the character of an escape; U+FFFD for one that json_mend would mend. */
static const char *
put_unicode_escape(struct buffer *out, const char *s)
{
	int c = hex4(s);

	s += 4;
	if (c >= 0xd800 && c <= 0xdbff && is_low_surrogate(s)) {
		c = 0x10000 + ((c - 0xd800) << 10) + (hex4(s + 2) - 0xdc00);
		s += 6;
	} else if (c == 0 || (c >= 0xd800 && c <= 0xdfff)) {
		c = 0xfffd;
	}
	put_utf8(out, c);
	return s;
}

static void
put_characters(struct buffer *out, const struct json *text)
{
	static const char escapes[] = "bfnrt", meant[] = "\b\f\n\r\t";
	const char *s = text->at + 1, *end = text->at + text->len - 1;

	while (s < end) {
		const char *stop = memchr(s, '\\', (size_t)(end - s)), *which;

		if (stop == NULL)
			stop = end;
		buffer_put(out, s, (size_t)(stop - s));
		if (stop == end)
			return;
		s = stop + 2;
		if (stop[1] == 'u')
			s = put_unicode_escape(out, s);
		else if ((which = strchr(escapes, stop[1])) != NULL)
			buffer_putc(out, meant[which - escapes]);
		else
			buffer_putc(out, stop[1]);
	}
}

/* A text of characters only is compared where it lies. */
bool
json_equals(const struct json *text, const char *plain)
{
	size_t len = strlen(plain);
	struct buffer said = { 0 };
	char *characters;
	bool equal;

	if (memchr(text->at, '\\', text->len) == NULL)
		return text->len == len + 2 &&
		    memcmp(text->at + 1, plain, len) == 0;
	buffer_puts(&said, "");
	put_characters(&said, text);
	characters = buffer_take(&said);
	equal = characters != NULL && strcmp(characters, plain) == 0;
	free(characters);
	return equal;
}

void
json_put_said(struct buffer *out, const struct json *value)
{
	switch (value->at[0]) {
	case '"':
		put_characters(out, value);
		break;
	case 't':
	case 'f':
		buffer_putc(out, value->at[0] == 't' ? '1' : '0');
		break;
	case 'n':
		break;
	default:
		json_put_value(out, value);
	}
}

/* Put a text with the escapes of json_put_text, which it may have already. */
static void
put_text_again(struct buffer *out, const struct json *text)
{
	struct buffer characters = { 0 };

	if (memchr(text->at, '\\', text->len) == NULL) {
		buffer_put(out, text->at, text->len);
		return;
	}
	buffer_puts(&characters, "");
	put_characters(&characters, text);
	if (characters.failed)
		out->failed = true;
	else
		json_put_text(out, characters.s, characters.len);
	buffer_free(&characters);
}

void
json_put_value(struct buffer *out, const struct json *value)
{
	const char *s = value->at, *end = s + value->len;
	struct json piece;

	if (*s != '{' && *s != '[' && *s != '"') {
		buffer_put(out, s, value->len);
		return;
	}
	while (s < end) {
		piece.at = s;
		s = *s == '"' ? skip_text(s) : s + 1;
		piece.len = (size_t)(s - piece.at);
		if (json_is_text(&piece))
			put_text_again(out, &piece);
		else if (skip_blanks(piece.at) == piece.at)
			buffer_put(out, piece.at, piece.len);
	}
}

void
json_put_inside(struct buffer *out, const char *s, size_t len)
{
	static const char letters[] = "btnvfr";
	const char *end = s + len, *plain = s;
	char escape[8];

	for (; s < end; s++) {
		unsigned char c = (unsigned char)*s;

		if (is_plain(*s))
			continue;
		buffer_put(out, plain, (size_t)(s - plain));
		plain = s + 1;
		if (c >= 0x20)
			snprintf(escape, sizeof(escape), "\\%c", c);
		else if (c >= '\b' && c <= '\r' && c != '\v')
			snprintf(escape, sizeof(escape), "\\%c",
			    letters[c - '\b']);
		else
			snprintf(escape, sizeof(escape), "\\u%04x", c);
		buffer_puts(out, escape);
	}
	buffer_put(out, plain, (size_t)(s - plain));
}

void
json_put_text(struct buffer *out, const char *s, size_t len)
{
	buffer_putc(out, '"');
	json_put_inside(out, s, len);
	buffer_putc(out, '"');
}
