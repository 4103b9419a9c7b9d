/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies of exactly the given length. Include this after cmocka.h. */
#ifndef WATCHED_H
#define WATCHED_H

#include <stdlib.h>
#include <string.h>

/* Return a copy: valgrind and the sanitizers catch reads beyond its end. */
static inline char *
watched_copy(const char *bytes, size_t len)
{
	char *buf = malloc(len + (len == 0));

	assert_non_null(buf);
	if (len > 0)
		memcpy(buf, bytes, len);
	return buf;
}

#endif
