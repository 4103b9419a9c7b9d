/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban/log_word.h"

#include <string.h>

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool
log_word_take_blanks(struct log_rest *r)
{
	const char *begin = r->s;

	while (r->s < r->end && is_blank(*r->s))
		r->s++;
	return r->s > begin;
}

int64_t
log_word_take_number(struct log_rest *r)
{
	int64_t v = 0;

	for (; r->s < r->end && log_word_is_digit(*r->s); r->s++) {
		if (v < INT32_MAX)
			v = v * 10 + (*r->s - '0');
	}
	return v;
}

struct log_word
log_word_at(const char *s, const char *end)
{
	struct log_word w = { s, 0 };

	while (s + w.len < end && !is_blank(s[w.len]))
		w.len++;
	return w;
}

struct log_word
log_word_after(const struct log_word *w, const char *end)
{
	struct log_rest r = { w->s + w->len, end };

	log_word_take_blanks(&r);
	return log_word_at(r.s, end);
}

bool
log_word_is(const struct log_word *w, const char *text)
{
	return w->len == strlen(text) && memcmp(w->s, text, w->len) == 0;
}
