/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A text that grows as it is written. Pure. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
	char *s; /* ended by a NUL; NULL before the first byte */
	size_t len, room;
	bool failed; /* there was no memory: nothing more is written */
};

/* Write n bytes behind the others; the same for a text, and for one byte. */
void buffer_put(struct buffer *b, const char *s, size_t n);
void buffer_puts(struct buffer *b, const char *s);
void buffer_putc(struct buffer *b, char c);

/* Write a number in decimal digits. */
void buffer_put_number(struct buffer *b, int64_t v);

/* Forget what is written behind len bytes. */
void buffer_cut(struct buffer *b, size_t len);

/*
 * What was written, which is then the caller's to free; b is empty again. NULL
 * where there was no memory, or nothing was written.
 */
char *buffer_take(struct buffer *b);

/* Release it; b may be used again. */
void buffer_free(struct buffer *b);

#endif
