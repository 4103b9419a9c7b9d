/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UTF-8: is it valid, and repair where it is not (RFC 3629). Pure. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Return the number of bytes of s's first character, 0 if it is invalid. */
size_t utf8_length(const char *s, size_t len);

/* Return true when all of s is UTF-8 without a NUL. */
bool utf8_is_valid(const char *s, size_t len);

/*
 * Return a copy of s with each byte that is no valid UTF-8, and each NUL,
 * replaced by U+FFFD. NUL-terminated; *out_len (may be NULL) is its length. The
 * caller frees it. NULL when there is no memory.
 */
char *utf8_mend(const char *s, size_t len, size_t *out_len);

#endif
