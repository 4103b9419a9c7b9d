/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

size_t
utf8_length(const char *s, size_t len)
{
	/* RFC 3629, section 4: the bounds of the second byte. */
	static const struct {
		unsigned char first, last, low, high, length;
	} forms[] = {
		{ 0x00, 0x7f, 0, 0, 1 },
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	const unsigned char *u = (const unsigned char *)s;

	for (size_t i = 0; len > 0 && i < ARRAY_LEN(forms); i++) {
		if (u[0] < forms[i].first || u[0] > forms[i].last)
			continue;
		if (forms[i].length == 1)
			return 1;
		if (len < forms[i].length || u[1] < forms[i].low ||
		    u[1] > forms[i].high)
			return 0;
		for (size_t k = 2; k < forms[i].length; k++) {
			if (u[k] < 0x80 || u[k] > 0xbf)
				return 0;
		}
		return forms[i].length;
	}
	return 0;
}

/* Count the bytes of s before the first one that is a NUL or not ASCII. */
static size_t
plain_length(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && (signed char)s[n] > 0)
		n++;
	return n;
}

bool
utf8_is_valid(const char *s, size_t len)
{
	for (size_t i = plain_length(s, len); i < len;) {
		size_t n = utf8_length(s + i, len - i);

		if (n == 0 || s[i] == '\0')
			return false;
		i += n;
	}
	return true;
}

/* U+FFFD, the replacement character. */
static const char replacement[] = "\xef\xbf\xbd";

char *
utf8_mend(const char *s, size_t len, size_t *out_len)
{
	size_t at = 0;
	char *out;

	if (len > (SIZE_MAX - 1) / 3 || (out = malloc(len * 3 + 1)) == NULL)
		return NULL;
	for (size_t i = 0; i < len;) {
		size_t n = plain_length(s + i, len - i);

		if (n == 0)
			n = utf8_length(s + i, len - i);
		if (n == 0 || s[i] == '\0') {
			memcpy(out + at, replacement, 3);
			at += 3;
			i++;
			continue;
		}
		memcpy(out + at, s + i, n);
		at += n;
		i += n;
	}
	out[at] = '\0';
	if (out_len != NULL)
		*out_len = at;
	return out;
}
