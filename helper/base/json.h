/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON (RFC 8259) as far as the evidence of a ban needs it: is it an object,
 * what is in it, a text out of it and into it. SQLite's own functions do the
 * same and cost an event a fifth of its time, most of it to compile the
 * statement. Pure. Every text here is valid UTF-8, and mended.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* The deepest nesting: SQLite's JSON functions go no deeper since 3.42. */
#define JSON_DEPTH 1000

/*
 * Make escapes that stand for no character of a text, NUL and half a surrogate
 * pair, those of U+FFFD.
 */
void json_mend(char *s);

/* A piece of a text that json_is has checked, a value or a key. */
struct json {
	const char *at;
	size_t len;
};

/*
 * Whether all of s is one JSON value that begins with open, { or [, nested no
 * deeper than JSON_DEPTH.
 */
bool json_is(const char *s, char open);

/* Whether it is an array, a text, null; the first byte tells. */
bool json_is_array(const struct json *value);
bool json_is_null(const struct json *value);
bool json_is_text(const struct json *value);

/* Whether a key or a text says these characters, escaped or not. */
bool json_equals(const struct json *text, const char *plain);

/*
 * Step through an object or an array. *at begins as the container's first byte;
 * key may be NULL for an array. False at the end.
 */
bool json_next(const char **at, struct json *key, struct json *value);

/* The value as a whole number, UNKNOWN for null; false where it is neither. */
bool json_take_number(const struct json *value, int64_t *v);

/*
 * Write what a value says: the characters of a text, 1 and 0 for true and
 * false, nothing for null, otherwise its JSON.
 */
void json_put_said(struct buffer *out, const struct json *value);

/* Write a value's JSON, without blanks. */
void json_put_value(struct buffer *out, const struct json *value);

/* Write len bytes of characters as a JSON text, or as the inside of one. */
void json_put_text(struct buffer *out, const char *s, size_t len);
void json_put_inside(struct buffer *out, const char *s, size_t len);

#endif
