/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes of just their length, to be included behind cmocka.h. */
#ifndef WATCHED_H
#define WATCHED_H

#include <stdlib.h>
#include <string.h>

/* A copy whose end valgrind and the sanitizers watch. */
static inline char *
watched_copy(const char *bytes, size_t len)
{
	char *buf = malloc(len + (len == 0));

	assert_non_null(buf);
	memcpy(buf, bytes, len);
	return buf;
}

#endif
