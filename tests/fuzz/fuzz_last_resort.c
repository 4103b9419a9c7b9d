/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of a syslog, any bytes: what is put together of them is an event, which
 * is told again in parts, comes back the same, and disturbs none that wait.
 */
#include "fuzz.h"
#include "event/last_resort.h"
#include "base/text.h"

/* Told as the event path does, by a process of that number. */
static void
check_again(struct last_resort *kept, const struct event *event)
{
	char *text = event_to_line(event, "why"), line[LAST_RESORT_BYTES + 100];
	struct event back;
	struct err why;
	size_t parts;

	must(text != NULL);
	parts = (strlen(text) + LAST_RESORT_BYTES - 1) / LAST_RESORT_BYTES;
	for (size_t i = 0; i < parts; i++) {
		int len = snprintf(line, sizeof(line),
		    "fail2ban-archive[2147483648]: event %zu/%zu %.*s", i + 1,
		    parts, LAST_RESORT_BYTES, text + i * LAST_RESORT_BYTES);

		while (len > 0 && line[len - 1] == ' ')
			len--;
		must(last_resort_take(kept, line, (size_t)len, &back, &why) ==
		    (i + 1 < parts ? LAST_RESORT_PART : LAST_RESORT_EVENT));
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
take(struct last_resort *kept, const char *line, size_t len)
{
	static struct last_resort apart;
	struct event event;
	struct err why = { 0 };

	switch (last_resort_take(kept, line, len, &event, &why)) {
	case LAST_RESORT_EVENT:
		must(event_check(&event, &why) == 0 && event.at_us > 0);
		must(text_is_utf8(event.jail, strlen(event.jail)));
		check_again(&apart, &event);
		must(last_resort_end(&apart) == 0);
		event_free(&event);
		break;
	case LAST_RESORT_BAD:
		must(why.code == EX_DATAERR);
		fuzz_must_say(&why);
		break;
	case LAST_RESORT_PART:
	case LAST_RESORT_NONE:
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *line = (const char *)data, *end = line + size, *newline;
	struct last_resort kept = { 0 };

	while (line < end) {
		newline = memchr(line, '\n', (size_t)(end - line));
		if (newline == NULL)
			newline = end;
		take(&kept, line, (size_t)(newline - line));
		line = newline + 1;
	}
	must(last_resort_end(&kept) <= LAST_RESORT_EVENTS);
	must(last_resort_end(&kept) == 0);
	return 0;
}
