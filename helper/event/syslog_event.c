/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event/syslog_event.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define NAME "fail2ban-archive["
#define WORD "]: event "

/* An event of so many parts is none of ours. */
#define PARTS_MAX 10000

/*
 * A decimal number at *s, which moves behind it and the byte that ends it. A
 * blank may be gone from the end of the line.
 */
static int64_t
take_number(const char **s, const char *end, char ends)
{
	int64_t v = 0;

	for (; *s < end && **s >= '0' && **s <= '9' && v < INT64_MAX / 100;
	     (*s)++)
		v = v * 10 + (**s - '0');
	if (*s == end && ends == ' ')
		return v;
	if (*s == end || **s != ends)
		return -1;
	(*s)++;
	return v;
}

/* Where a line has NAME; NULL where it has not. */
static const char *
find_name(const char *s, const char *end)
{
	size_t len = sizeof(NAME) - 1;

	for (; (size_t)(end - s) > len; s++) {
		s = memchr(s, NAME[0], (size_t)(end - s) - len);
		if (s == NULL)
			return NULL;
		if (memcmp(s, NAME, len) == 0)
			return s + len;
	}
	return NULL;
}

/* The pid, where a line is one of these; *s moves behind "event ". */
static int64_t
find_pid(const char **s, const char *end)
{
	const char *at = find_name(*s, end);
	int64_t pid;

	if (at == NULL)
		return -1;
	pid = take_number(&at, end, ']');
	at--;
	if (pid <= 0 || (size_t)(end - at) < sizeof(WORD) - 1 ||
	    memcmp(at, WORD, sizeof(WORD) - 1) != 0)
		return -1;
	*s = at + sizeof(WORD) - 1;
	return pid;
}

static size_t
find_place(const struct syslog_event *kept, int64_t pid)
{
	size_t i = 0;

	while (i < SYSLOG_EVENT_EVENTS && kept->events[i].pid != pid)
		i++;
	return i;
}

/* The place of the event of that process; a new one for a first part. */
static size_t
find_event(struct syslog_event *kept, int64_t pid, bool first)
{
	size_t i = find_place(kept, pid);

	if (i == SYSLOG_EVENT_EVENTS && first)
		i = find_place(kept, 0);
	if (i == SYSLOG_EVENT_EVENTS && first) {
		i = kept->next;
		kept->next = (i + 1) % SYSLOG_EVENT_EVENTS;
	}
	if (i < SYSLOG_EVENT_EVENTS && first) {
		buffer_free(&kept->events[i].text);
		kept->events[i].pid = pid;
		kept->events[i].part = 0;
	}
	return i;
}

static enum syslog_event_kind
finish(struct syslog_event *kept, size_t i, struct event *event,
    struct err *why)
{
	char *text = buffer_take(&kept->events[i].text);
	int rc = text == NULL ? err_set(why, EX_OSERR, "out of memory") :
				event_from_line(event, text, why);

	kept->events[i].pid = 0;
	free(text);
	return rc == 0 ? SYSLOG_EVENT_EVENT : SYSLOG_EVENT_BAD;
}

enum syslog_event_kind
syslog_event_take(struct syslog_event *kept, const char *line, size_t len,
    struct event *event, struct err *why)
{
	const char *s = line, *end = line + len;
	int64_t pid = find_pid(&s, end), part, parts;
	struct buffer *text;
	size_t i;

	if (pid < 0)
		return SYSLOG_EVENT_NONE;
	part = take_number(&s, end, '/');
	parts = part > 0 ? take_number(&s, end, ' ') : -1;
	if (part <= 0 || parts < part || parts > PARTS_MAX) {
		err_set(why, EX_DATAERR, "not a part of an event");
		return SYSLOG_EVENT_BAD;
	}
	i = find_event(kept, pid, part == 1);
	if (i == SYSLOG_EVENT_EVENTS || kept->events[i].part != part - 1 ||
	    (part > 1 && kept->events[i].parts != parts)) {
		err_set(why, EX_DATAERR,
		    "a part of an event, and the one before it is missing");
		return SYSLOG_EVENT_BAD;
	}
	kept->events[i].part = part;
	kept->events[i].parts = parts;
	text = &kept->events[i].text;
	buffer_put(text, s, (size_t)(end - s));
	if (part == parts)
		return finish(kept, i, event, why);
	while (!text->failed && text->len < (size_t)part * SYSLOG_EVENT_BYTES)
		buffer_putc(text, ' ');
	return SYSLOG_EVENT_PART;
}

size_t
syslog_event_end(struct syslog_event *kept)
{
	size_t n = 0;

	for (size_t i = 0; i < SYSLOG_EVENT_EVENTS; i++) {
		n += kept->events[i].pid != 0;
		buffer_free(&kept->events[i].text);
		kept->events[i].pid = 0;
	}
	return n;
}
