/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A text that grows while it is written. Pure. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
	char *s; /* ended by a NUL; NULL before the first byte */
	size_t len, room;
	bool failed; /* there was no memory; later writes do nothing */
};

/* Append n bytes, a text up to its NUL, or one byte. */
void buffer_put(struct buffer *b, const char *s, size_t n);
void buffer_puts(struct buffer *b, const char *s);
void buffer_putc(struct buffer *b, char c);

/* Append a number in decimal digits. */
void buffer_put_number(struct buffer *b, int64_t v);

/* Cut the text to its first len bytes; len is at most b->len. */
void buffer_cut(struct buffer *b, size_t len);

/*
 * Return the text, which the caller frees, and make b empty. Returns NULL when
 * there was no memory, or when nothing was written.
 */
char *buffer_take(struct buffer *b);

/* Free the text and make b empty; b may be used again. */
void buffer_free(struct buffer *b);

#endif
