/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text of an attacker's made harmless for where it goes. Pure: no I/O but to
 * the FILE that is handed over.
 */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include <stddef.h>
#include <stdio.h>

/*
 * Write s for a terminal or a log: control characters, invalid UTF-8 and the
 * marks that turn the writing direction become visible escapes (\x1b,
 * \u202e), a backslash is doubled. Always terminated and never cut inside an
 * escape; returns the length that all of it would have had.
 */
size_t escape_text(char *dst, size_t cap, const char *src, size_t len);

/*
 * Write a JSON text so that it is the same JSON and a terminal shows all of it:
 * what escape_text would escape, as \uXXXX.
 */
void escape_json(FILE *out, const char *json);

#endif
