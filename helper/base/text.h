/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text in, values out, and back: strict parsing of numbers, times and ages,
 * UTF-8 repair. Pure: no I/O, no clock, no locale.
 * Times are microseconds since the epoch unless the name says seconds.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TEXT_US INT64_C(1000000)

/* The sum, held at INT64_MIN and INT64_MAX instead of overflowing. */
int64_t text_add_sat(int64_t a, int64_t b);

/* Seconds to microseconds, held at the ends of int64_t. */
int64_t text_seconds_to_us(int64_t seconds);

/*
 * Parse a whole decimal number, nothing around it, into [min, max].
 * Fails with EX_USAGE.
 */
int text_parse_int(const char *s, int64_t min, int64_t max, int64_t *v,
    struct err *e);

/*
 * Parse the text of fail2ban's <time>, str() of a Python number of seconds:
 * 1795458480.0, 1795458662.123456, 1795458484.8787563 or 1795458480.
 *
 * us: cut to the microsecond. rounded: the whole second that fail2ban's
 * database has for it, int(round(t)), half to even, judged on the text and
 * not on us. exact: there was a fraction, if only ".0"; a bare integer is all
 * that is left of a ticket's time once it comes from the database. Any out
 * pointer may be NULL. Fails with EX_USAGE.
 * (fail2ban 1.0.2, server/database.py: addBan.)
 */
int text_parse_time(const char *s, int64_t *us, int64_t *rounded, bool *exact,
    struct err *e);

/*
 * Parse a time as people give it: seconds since the epoch, ISO 8601
 * (2026-11-23, 2026-11-23T18:48, 2026-11-23 18:48:38Z, +01:00; local time
 * without a zone), or an age before now such as 90s, 15m, 12h, 7d, 4w.
 * Fails with EX_USAGE.
 */
int text_parse_when(const char *s, int64_t now_us, int64_t *us, struct err *e);

/* The number of bytes of s's first character, 0 if it is no valid UTF-8. */
size_t text_utf8_length(const char *s, size_t len);

/* Whether all of s is UTF-8 without a NUL. */
bool text_is_utf8(const char *s, size_t len);

/*
 * A copy of s with each byte that is no valid UTF-8, and each NUL, made
 * U+FFFD. NUL-terminated; *out_len (may be NULL) is its length. The caller
 * frees it. NULL when there is no memory.
 */
char *text_to_utf8(const char *s, size_t len, size_t *out_len);

/* us as "2026-11-23 18:48:38" in local time, into a buffer of 32 bytes. */
const char *text_format_time(int64_t us, char buf[32]);

/*
 * Seconds for people, its two largest units: "10m", "1h 30m", "7d"; "-1" is
 * "for ever". Into a buffer of 32 bytes.
 */
const char *text_format_seconds(int64_t seconds, char buf[32]);

/* Cut an absolute path to that of the folder in which it lies. */
void text_cut_to_folder(char *path);

#endif
