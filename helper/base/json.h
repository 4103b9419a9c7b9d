/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON (RFC 8259) that a ban's evidence needs: check it, step through it,
 * take texts out and write them. SQLite's own functions do the same, but cost
 * an event a fifth of its time, most of it to compile the statement. Pure.
 * Every text that comes in is valid UTF-8, and json_mend has mended it.
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
 * Replace, in place, each escape of a NUL or of half a surrogate pair by that
 * of U+FFFD: these are no characters of a text.
 */
void json_mend(char *s);

/* A value or a key, in a text that json_is has checked. */
struct json {
	const char *at;
	size_t len;
};

/*
 * Return true when all of s is one JSON value that begins with open, { or [,
 * and is nested no deeper than JSON_DEPTH.
 */
bool json_is(const char *s, char open);

/*
 * Return true when all of s is one object whose values are nested no deeper
 * than JSON_DEPTH: a line of an export has the JSON of an archive in it.
 */
bool json_is_record(const char *s);

/* Return true for an array, for null, for a text. */
bool json_is_array(const struct json *value);
bool json_is_null(const struct json *value);
bool json_is_text(const struct json *value);

/* Return true when a key or a text is plain, written with escapes or not. */
bool json_equals(const struct json *text, const char *plain);

/*
 * Step to the next value of an object or an array, and return false at the end.
 * *at begins as the container's first byte; key may be NULL for an array.
 */
bool json_next(const char **at, struct json *key, struct json *value);

/* Set *v to a whole number, UNKNOWN for null; return false for others. */
bool json_take_number(const struct json *value, int64_t *v);

/*
 * Append a value without its JSON syntax: the characters of a text, 1 for true,
 * 0 for false, nothing for null; other values stay JSON.
 */
void json_put_said(struct buffer *out, const struct json *value);

/*
 * Append a value's JSON without the blanks around its parts, and each text in
 * it as json_put_text writes it. So the same value with other escapes is
 * written the same, whoever wrote it.
 */
void json_put_value(struct buffer *out, const struct json *value);

/* Append len bytes as a JSON text, with its quotes or without them. */
void json_put_text(struct buffer *out, const char *s, size_t len);
void json_put_inside(struct buffer *out, const char *s, size_t len);

#endif
