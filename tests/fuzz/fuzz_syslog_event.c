/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What processes wrote to syslog, any bytes, after the process's number, which
 * is one digit: it makes a whole event or an error. An event
 * that is written again in parts comes back the same, and does not disturb the
 * events that wait.
 */
#include "base/utf8.h"
#include "event/syslog_event.h"
#include "fuzz.h"

/* Make the lines that syslog_event_write makes, and read them. */
static void
check_again(struct syslog_event *waiting, const struct event *event)
{
	char *text = event_to_line(event, "why"),
	     line[SYSLOG_EVENT_BYTES + 100];
	struct event back;
	struct err why;
	size_t parts;

	must(text != NULL);
	parts = (strlen(text) + SYSLOG_EVENT_BYTES - 1) / SYSLOG_EVENT_BYTES;
	for (size_t i = 0; i < parts; i++) {
		int len = snprintf(line, sizeof(line), "event %zu/%zu %.*s",
		    i + 1, parts, SYSLOG_EVENT_BYTES,
		    text + i * SYSLOG_EVENT_BYTES);

		while (len > 0 && line[len - 1] == ' ')
			len--;
		must(syslog_event_take(waiting, INT64_C(2147483648), line,
			 (size_t)len, &back, &why) ==
		    (i + 1 < parts ? SYSLOG_EVENT_PART : SYSLOG_EVENT_EVENT));
	}
	must(back.kind == event->kind && back.at_us == event->at_us);
	must(fuzz_same(back.jail, event->jail));
	must(fuzz_same(back.ident, event->ident));
	must(fuzz_same(back.ip, event->ip));
	must(fuzz_same(back.time, event->time));
	must(fuzz_same(back.data, event->data));
	must(back.seconds == event->seconds && back.tag == event->tag);
	event_free(&back);
	free(text);
}

static void
take(struct syslog_event *waiting, const char *line, size_t len)
{
	static struct syslog_event apart;
	struct event event;
	struct err why = { 0 };
	int64_t pid = 0;

	/* The process, as far as it has one digit. */
	if (len > 0 && *line >= '0' && *line <= '9') {
		pid = *line++ - '0';
		len--;
	}
	switch (syslog_event_take(waiting, pid, line, len, &event, &why)) {
	case SYSLOG_EVENT_EVENT:
		must(event_check(&event, &why) == 0 && event.at_us > 0);
		must(utf8_is_valid(event.jail, strlen(event.jail)));
		check_again(&apart, &event);
		must(syslog_event_end(&apart) == 0);
		event_free(&event);
		break;
	case SYSLOG_EVENT_BAD:
		must(why.code == EX_DATAERR);
		fuzz_must_say(&why);
		break;
	case SYSLOG_EVENT_PART:
	case SYSLOG_EVENT_NONE:
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *line = (const char *)data, *end = line + size, *newline;
	struct syslog_event waiting = { 0 };

	while (line < end) {
		newline = memchr(line, '\n', (size_t)(end - line));
		if (newline == NULL)
			newline = end;
		take(&waiting, line, (size_t)(newline - line));
		line = newline + 1;
	}
	must(syslog_event_end(&waiting) <= SYSLOG_EVENT_EVENTS);
	must(syslog_event_end(&waiting) == 0);
	return 0;
}
