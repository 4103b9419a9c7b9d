/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of a log line, which blanks part. Pure. */
#ifndef FAIL2BAN_LOG_WORD_H
#define FAIL2BAN_LOG_WORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The rest of a line, which the functions below move s along. */
struct log_rest {
	const char *s, *end;
};

struct log_word {
	const char *s;
	size_t len;
};

/* Of ASCII. These functions are called for each byte, so they stand here. */
static inline bool
log_word_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
log_word_is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static inline bool
log_word_is_alnum(char c)
{
	return log_word_is_digit(c) || log_word_is_upper(c) ||
	    (c >= 'a' && c <= 'z');
}

/* Return the number of bytes that are left. */
static inline size_t
log_word_left(const struct log_rest *r)
{
	return (size_t)(r->end - r->s);
}

/* Take that text; return false where it is missing. */
static inline bool
log_word_take(struct log_rest *r, const char *text)
{
	size_t n = strlen(text);

	if (log_word_left(r) < n || memcmp(r->s, text, n) != 0)
		return false;
	r->s += n;
	return true;
}

/* Take one blank or more; return false where there is none. */
bool log_word_take_blanks(struct log_rest *r);

/*
 * Take digits as a number, which is cut at a large one; 0 where there are none.
 */
int64_t log_word_take_number(struct log_rest *r);

/* Return the word at s, up to the next blank; its length may be 0. */
struct log_word log_word_at(const char *s, const char *end);

/* Return the word after w. */
struct log_word log_word_after(const struct log_word *w, const char *end);

bool log_word_is(const struct log_word *w, const char *text);

#endif
