/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of a log line, which blanks part. Pure. */
#ifndef FAIL2BAN_LOG_WORD_H
#define FAIL2BAN_LOG_WORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The rest of a line, which the functions below move s along. */
struct log_rest {
	const char *s, *end;
};

struct log_word {
	const char *s;
	size_t len;
};

bool log_word_is_digit(char c);
bool log_word_is_upper(char c); /* A to Z */
bool log_word_is_alnum(char c); /* ASCII letters and digits */

/* Return the number of bytes that are left. */
size_t log_word_left(const struct log_rest *r);

/* Take that text, or one blank or more; return false where it is missing. */
bool log_word_take(struct log_rest *r, const char *text);
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
