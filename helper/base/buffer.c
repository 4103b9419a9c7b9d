/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>

#include "base/list.h"

#define ROOM_AT_FIRST 256

/* Make room for n more bytes and the NUL. */
static bool
grow(struct buffer *b, size_t n)
{
	size_t need = b->len + n + 1;
	char *s;

	if (n < b->room - b->len)
		return true;
	if (need < ROOM_AT_FIRST)
		need = ROOM_AT_FIRST;
	if ((s = list_grow(b->s, &b->room, need, 1)) == NULL) {
		b->failed = true;
		return false;
	}
	b->s = s;
	return true;
}

void
buffer_put(struct buffer *b, const char *s, size_t n)
{
	if (b->failed || !grow(b, n))
		return;
	memcpy(b->s + b->len, s, n);
	b->len += n;
	b->s[b->len] = '\0';
}

void
buffer_puts(struct buffer *b, const char *s)
{
	buffer_put(b, s, strlen(s));
}

void
buffer_putc(struct buffer *b, char c)
{
	if (b->failed || b->room - b->len <= 1) {
		buffer_put(b, &c, 1);
		return;
	}
	b->s[b->len++] = c;
	b->s[b->len] = '\0';
}

void
buffer_put_number(struct buffer *b, int64_t v)
{
	char digits[24], *s = digits + sizeof(digits);
	uint64_t rest = v < 0 ? -(uint64_t)v : (uint64_t)v;

	do
		*--s = (char)('0' + rest % 10);
	while ((rest /= 10) != 0);
	if (v < 0)
		*--s = '-';
	buffer_put(b, s, (size_t)(digits + sizeof(digits) - s));
}

void
buffer_cut(struct buffer *b, size_t len)
{
	if (b->s == NULL)
		return;
	b->len = len;
	b->s[len] = '\0';
}

char *
buffer_take(struct buffer *b)
{
	char *s = b->s;

	if (b->failed) {
		buffer_free(b);
		return NULL;
	}
	*b = (struct buffer){ 0 };
	return s;
}

void
buffer_free(struct buffer *b)
{
	free(b->s);
	*b = (struct buffer){ 0 };
}
