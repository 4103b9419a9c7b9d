/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UTF-8 (RFC 3629): check that a text is valid, and repair it. Pure. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Return the number of bytes of the first character, 0 when it is invalid. */
size_t utf8_length(const char *s, size_t len);

/* Return true when all of s is UTF-8 without a NUL. */
bool utf8_is_valid(const char *s, size_t len);

/*
 * Return a copy of s in which U+FFFD replaces each NUL and each byte that is
 * not valid UTF-8. The copy ends with a NUL; *out_len, which may be NULL, is
 * its length; the caller frees it. Returns NULL when there is no memory.
 */
char *utf8_mend(const char *s, size_t len, size_t *out_len);

#endif
