/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban/log_message.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/macros.h"
#include "base/utf8.h"
#include "fail2ban/log_time.h"

/* " - 2026-11-23 18:48:37" */
#define DATED (3 + LOG_TIME_DATE)

/* The most bytes that the observer writes after it. */
#define FOUND_MORE 64

/* The most bytes after the ident of an increased ban. */
#define INCREASE_MORE 160

/* More digits than a count has. */
#define DIGITS 18

static bool
begins(const char *s, size_t len, const char *text)
{
	size_t n = strlen(text);

	return len >= n && memcmp(s, text, n) == 0;
}

/* Return the last place of text in s from least on, 0 where there is none. */
static size_t
find_last(const char *s, size_t len, size_t least, const char *text)
{
	for (size_t at = len; at >= least; at--) {
		if (begins(s + at, len - at, text))
			return at;
	}
	return 0;
}

/* Return where the last `more` bytes begin; at least 1, the shortest ident. */
static size_t
least_of(size_t len, size_t more)
{
	return len > more ? len - more : 1;
}

size_t
log_message_begin(const struct log_message_words *words, size_t n,
    unsigned part, const char **s, size_t *len)
{
	for (size_t i = 0; i < n; i++) {
		size_t used = words[i].len;

		if (*len + 1 == used && words[i].words[*len] == ' ')
			used--;
		if ((part & words[i].parts) == 0 || *len < used ||
		    memcmp(*s, words[i].words, used) != 0)
			continue;
		*s += used;
		*len -= used;
		return i;
	}
	return n;
}

/*
 * Return the length of s without that end; 0 where it has another end, or is
 * nothing else.
 */
static size_t
without(const char *s, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len > n && begins(s + len - n, n, end) ? len - n : 0;
}

size_t
log_message_jail(const char *s, size_t len)
{
	const char *at = s, *last = s + len;

	if (!begins(s, len, "["))
		return 0;
	while ((at = memchr(at, ']', (size_t)(last - at))) != NULL) {
		if (++at < last && *at == ' ')
			return (size_t)(at - s) - 2;
	}
	return 0;
}

bool
log_message_already_banned(const char *s, size_t len)
{
	return without(s, len, " already banned") > 0;
}

enum log_message_turn
log_message_turn(const char *s, size_t *len)
{
	static const struct {
		const char *end;
		enum log_message_turn turn;
	} turns[] = {
		{ " stopped", LOG_MESSAGE_TURN_OFF },
		{ " started", LOG_MESSAGE_TURN_ON },
		{ " reloaded", LOG_MESSAGE_TURN_ON },
	};
	size_t before;

	for (size_t i = 0; i < ARRAY_LEN(turns); i++) {
		before = without(s, *len, turns[i].end);
		if (before > 0) {
			*len = before;
			return turns[i].turn;
		}
	}
	return LOG_MESSAGE_TURN_NONE;
}

const char *
log_message_ident(struct buffer *out, const char *s, size_t len)
{
	char *repaired;

	buffer_cut(out, 0);
	if (utf8_is_valid(s, len)) {
		buffer_put(out, s, len);
	} else {
		if ((repaired = utf8_mend(s, len, &len)) == NULL)
			return NULL;
		buffer_put(out, repaired, len);
		free(repaired);
	}
	return out->failed ? NULL : out->s;
}

size_t
log_message_found(const char *s, size_t len, struct log_time_minute *known,
    int64_t *local)
{
	static const char bad[] = ", bad";
	size_t n = strlen(bad), least = least_of(len, DATED + FOUND_MORE);

	*local = UNKNOWN;
	if (memchr(s, ' ', len) == NULL)
		return len;
	for (size_t at = len > DATED ? len - DATED : 0; at >= least; at--) {
		if (!begins(s + at, len - at, " - ") ||
		    log_time_read(s + at + 3, len - at - 3, known, local) != 1)
			continue;
		if (at + DATED == len)
			return at;
		if (at > n && begins(s + at - n, n, bad))
			return at - n;
	}
	return 0;
}

/* Read "8s -> 2026-11-23 18:50:01" or "permanent -> infinite". */
static void
read_span(const char *s, size_t len, struct log_message_increased *i)
{
	static const char arrow[] = " -> ";
	size_t span = find_last(s, len, 1, arrow), n = strlen(arrow);

	i->seconds = UNKNOWN;
	i->end = UNKNOWN;
	i->unit = 1;
	if (span == 0)
		return;
	if (!log_time_read_span(s, span, &i->seconds, &i->unit)) {
		i->seconds = UNKNOWN;
		i->unit = 1;
	}
	if (log_time_read(s + span + n, len - span - n, NULL, &i->end) != 1)
		i->end = UNKNOWN;
}

bool
log_message_increase(const char *s, size_t len, struct log_message_increased *i)
{
	static const char sign[] = " # ";
	size_t at;

	if (len == 0 || s[len - 1] != ')')
		return false;
	len--;
	i->ident = find_last(s, len, least_of(len, INCREASE_MORE), " (");
	if (i->ident == 0)
		return false;
	i->count = 0;
	for (at = i->ident + 2; at < len && at < i->ident + 2 + DIGITS &&
	     s[at] >= '0' && s[at] <= '9';
	     at++)
		i->count = i->count * 10 + (s[at] - '0');
	if (at == i->ident + 2 || !begins(s + at, len - at, sign))
		return false;
	at += strlen(sign);
	read_span(s + at, len - at, i);
	return true;
}

size_t
log_message_name(const char *s, size_t len, char *name, size_t cap)
{
	size_t n = 0;

	if (len < 3 || (s[0] != '\'' && s[0] != '"') || s[len - 1] != s[0])
		return 0;
	for (size_t at = 1; at < len - 1; at++) {
		if (s[at] == '\\' && at + 1 < len - 1 &&
		    (s[at + 1] == '\\' || s[at + 1] == '\'' ||
			s[at + 1] == '"'))
			at++;
		if (n == cap)
			return 0;
		name[n++] = s[at];
	}
	return n;
}

int64_t
log_message_bantime(const char *s, size_t len)
{
	bool negative = begins(s, len, "-");
	int64_t v = 0;
	size_t at = negative ? 1 : 0, first = at;

	for (; at < len && s[at] >= '0' && s[at] <= '9'; at++) {
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, s[at] - '0', &v))
			return UNKNOWN;
	}
	if (at == first || (at < len && s[at] != '.'))
		return UNKNOWN;
	return negative ? -1 : v;
}

bool
log_message_yes(const char *s, size_t len)
{
	static const char *const words[] = { "1", "on", "true", "yes" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strlen(words[i]) == len &&
		    strncasecmp(words[i], s, len) == 0)
			return true;
	}
	return false;
}
