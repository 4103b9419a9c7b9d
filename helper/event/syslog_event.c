/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event/syslog_event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "os/log.h"

#define WORD "event "

/* The writer never makes an event of more parts. */
#define PARTS_MAX 10000

/* The most log lines that are written, in bytes. */
#define DATA_MAX ((size_t)16 * 1024)

void
syslog_event_write(const struct event *event, const char *why)
{
	struct event whole = *event;
	char remark[640] = "", *line;
	size_t parts, len = 0;

	if (whole.data != NULL && strlen(whole.data) > DATA_MAX) {
		len = (size_t)snprintf(remark, sizeof(remark),
		    "%zu bytes of log lines left out; ", strlen(whole.data));
		whole.data = NULL;
	}
	snprintf(remark + len, sizeof(remark) - len, "%s", why);
	if ((line = event_to_line(&whole, remark)) == NULL)
		return;
	parts = (strlen(line) + SYSLOG_EVENT_BYTES - 1) / SYSLOG_EVENT_BYTES;
	for (size_t i = 0; i < parts; i++)
		log_record(LOG_CRIT, "event %zu/%zu %.*s", i + 1, parts,
		    SYSLOG_EVENT_BYTES, line + i * SYSLOG_EVENT_BYTES);
	free(line);
}

/*
 * Read a decimal number at *s and move *s past it and the byte that ends it; -1
 * where there is none. A blank at the end of the line may be missing.
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

/* Return the index of that process's event; SYSLOG_EVENT_EVENTS for none. */
static size_t
find_place(const struct syslog_event *waiting, int64_t pid)
{
	size_t i = 0;

	while (i < SYSLOG_EVENT_EVENTS && waiting->events[i].pid != pid)
		i++;
	return i;
}

/*
 * Return the index of that process's event. A first part begins a new event,
 * in place of one that waits where all are taken.
 */
static size_t
find_event(struct syslog_event *waiting, int64_t pid, bool first)
{
	size_t i = find_place(waiting, pid);

	if (i == SYSLOG_EVENT_EVENTS && first)
		i = find_place(waiting, 0);
	if (i == SYSLOG_EVENT_EVENTS && first) {
		i = waiting->next;
		waiting->next = (i + 1) % SYSLOG_EVENT_EVENTS;
	}
	if (i < SYSLOG_EVENT_EVENTS && first) {
		buffer_free(&waiting->events[i].text);
		waiting->events[i].pid = pid;
		waiting->events[i].part = 0;
	}
	return i;
}

/* Turn the collected text of event i into event. */
static enum syslog_event_kind
finish(struct syslog_event *waiting, size_t i, struct event *event,
    struct err *why)
{
	char *text = buffer_take(&waiting->events[i].text);
	int rc = text == NULL ? err_no_memory(why) :
				event_from_line(event, text, why);

	waiting->events[i].pid = 0;
	free(text);
	return rc == 0 ? SYSLOG_EVENT_EVENT : SYSLOG_EVENT_BAD;
}

enum syslog_event_kind
syslog_event_take(struct syslog_event *waiting, int64_t pid, const char *said,
    size_t len, struct event *event, struct err *why)
{
	const char *s = said + strlen(WORD), *end = said + len;
	int64_t part, parts;
	struct buffer *text;
	size_t i;

	if (len < strlen(WORD) || memcmp(said, WORD, strlen(WORD)) != 0)
		return SYSLOG_EVENT_NONE;
	part = take_number(&s, end, '/');
	parts = part > 0 ? take_number(&s, end, ' ') : -1;
	if (pid <= 0 || part <= 0 || parts < part || parts > PARTS_MAX) {
		err_set(why, EX_DATAERR, "not a part of an event");
		return SYSLOG_EVENT_BAD;
	}
	i = find_event(waiting, pid, part == 1);
	if (i == SYSLOG_EVENT_EVENTS || waiting->events[i].part != part - 1 ||
	    (part > 1 && waiting->events[i].parts != parts)) {
		err_set(why, EX_DATAERR,
		    "a part of an event whose previous part is missing");
		return SYSLOG_EVENT_BAD;
	}
	waiting->events[i].part = part;
	waiting->events[i].parts = parts;
	text = &waiting->events[i].text;
	buffer_put(text, s, (size_t)(end - s));
	if (part == parts)
		return finish(waiting, i, event, why);
	while (!text->failed && text->len < (size_t)part * SYSLOG_EVENT_BYTES)
		buffer_putc(text, ' ');
	return SYSLOG_EVENT_PART;
}

size_t
syslog_event_end(struct syslog_event *waiting)
{
	size_t n = 0;

	for (size_t i = 0; i < SYSLOG_EVENT_EVENTS; i++) {
		n += waiting->events[i].pid != 0;
		buffer_free(&waiting->events[i].text);
		waiting->events[i].pid = 0;
	}
	return n;
}
