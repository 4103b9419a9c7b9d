/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Escape text that an attacker may have chosen, for a terminal, a log, JSON or
 * HTML.
 * Pure, but for writing to the FILE that is passed in.
 */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include <stddef.h>
#include <stdio.h>

/*
 * Copy src to dst for a terminal or a log: control characters, invalid UTF-8
 * and the marks that change the writing direction become visible escapes
 * (\x1b, \u202e), and a backslash is doubled. dst ends with a NUL, and is never
 * cut inside an escape. Returns the length that the whole text needs, as
 * snprintf(3) does.
 */
size_t escape_text(char *dst, size_t cap, const char *src, size_t len);

/* Write a text of any length to out, escaped as escape_text does. */
void escape_print(FILE *out, const char *s);

/*
 * Write JSON to out so that it stays the same JSON and is safe for a terminal:
 * the characters that escape_text escapes become \uXXXX.
 */
void escape_json(FILE *out, const char *json);

/*
 * Write a text to out as HTML, for an element's text and for an attribute in
 * quotes: the characters that escape_text escapes are escaped as it does, and
 * those of HTML's syntax become references. Not for a style, script or URL.
 * (HTML Standard, "Serializing HTML fragments".)
 */
void escape_html(FILE *out, const char *s);

#endif
