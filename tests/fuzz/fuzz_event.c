/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events from any bytes of the spool and from any value of an option. An event
 * that is accepted comes back from the spool and from syslog unchanged.
 */
#include "base/utf8.h"
#include "event/event.h"
#include "fuzz.h"

static const char *const options[] = { "jail", "id", "ip", "family", "time",
	"bantime", "bancount", "failures", "restored", "at", "row",
	"row-bantime", "row-bancount", "data", "tag", "none" };

static void
check_text(const char *text)
{
	must(text == NULL || utf8_is_valid(text, strlen(text)));
}

static void
check_same(const struct event *a, const struct event *b)
{
	must(a->kind == b->kind && a->at_us == b->at_us);
	must(fuzz_same(a->jail, b->jail) && fuzz_same(a->ident, b->ident));
	must(fuzz_same(a->ip, b->ip) && fuzz_same(a->family, b->family));
	must(fuzz_same(a->time, b->time) && fuzz_same(a->data, b->data));
	must(a->seconds == b->seconds && a->bancount == b->bancount);
	must(a->failures == b->failures && a->restored == b->restored);
	must(a->row == b->row && a->row_seconds == b->row_seconds);
	must(a->row_bancount == b->row_bancount && a->tag == b->tag);
}

/* A line has only printable ASCII, and the words can be read from it. */
static void
check_line(const struct event *event, const char *words, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";
	char *line = event_to_line(event, "why"), *s = line;

	must(line != NULL);
	for (size_t i = 0; i + 1 < len; i++, s++) {
		unsigned char c = (unsigned char)words[i];

		must(*s >= 0x20 && *s < 0x7f && *s != '#');
		if (*s != '%') {
			must((*s == ' ' ? '\0' : *s) == words[i]);
			continue;
		}
		must(*++s == hex[c >> 4]);
		must(*++s == hex[c & 15]);
	}
	must(strcmp(s, " # why") == 0);
	free(line);
}

/* Write the event for the spool and read it again. */
static void
check_round(const struct event *event)
{
	struct event back;
	struct err e = { 0 };
	size_t len = 0;
	char *words = event_to_words(event, &len);

	must(words != NULL);
	must(event_from_words(&back, words, len, &e) == 0);
	check_same(event, &back);
	check_line(event, words, len);
	event_free(&back);
	/* An event that is cut off is refused. */
	must(event_from_words(&back, words, len - 1, &e) == -1);
	free(words);
}

static void
check_words(const char *words, size_t len)
{
	struct event event;
	struct err e = { 0 };

	if (event_from_words(&event, words, len, &e) == -1) {
		must(e.code == EX_DATAERR && event.jail == NULL);
		fuzz_must_say(&e);
		return;
	}
	must(event_check(&event, &e) == 0 && event.at_us > 0);
	must(event_kind_from_verb(event_verb(event.kind)) == (int)event.kind);
	check_text(event.jail);
	check_text(event.ident);
	check_text(event.ip);
	check_text(event.family);
	check_text(event.time);
	check_text(event.data);
	check_round(&event);
	event_free(&event);
}

/* Check a whole event in which one option has that value. */
static void
check_option(const char *name, const char *value)
{
	struct event event;
	struct err e = { 0 };

	event_init(&event, (enum event_kind)(value[0] & 3), 1);
	event_set(&event, "jail", "sshd", &e);
	event_set(&event, "id", "192.0.2.1", &e);
	event_set(&event, "time", "1795458480.5", &e);
	if (event_set(&event, name, value, &e) == -1) {
		must(e.code == EX_USAGE && strcmp(name, "tag") != 0);
		fuzz_must_say(&e);
	} else if (event_check(&event, &e) == 0 && event.at_us > 0) {
		check_round(&event);
	}
	event_free(&event);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *value = strndup((const char *)data, size);

	must(value != NULL);
	check_words((const char *)data, size);
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		check_option(options[i], value);
	free(value);
	return 0;
}
