/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events read from syslog, in the parts that syslog_event_write makes, and in
 * parts that were damaged on their way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sysexits.h>

#include "event/syslog_event.h"
#include "scratch.h"
#include "watched.h"

#define AT INT64_C(1795458480123456)
#define WHY "spool: disk full"

/* What processes wrote to syslog; the struct owns the lines. */
struct syslog {
	char *lines[64];
	int pids[64];
	size_t n;
};

static void
set(struct event *event, const char *name, const char *value)
{
	struct err e = { 0 };

	assert_ok(event_set(event, name, value, &e), &e);
}

static void
make_ban(struct event *event, const char *id, const char *data)
{
	event_init(event, EVENT_BAN, AT);
	set(event, "jail", "sshd");
	set(event, "id", id);
	set(event, "time", "1795458480.25");
	set(event, "bantime", "600");
	set(event, "bancount", "2");
	set(event, "failures", "5");
	if (data != NULL) {
		set(event, "data", data);
		event->tag = true;
	}
}

static void
assert_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		assert_ptr_equal(a, b);
	else
		assert_string_equal(a, b);
}

static void
assert_same(const struct event *a, const struct event *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->at_us, b->at_us);
	assert_text(a->jail, b->jail);
	assert_text(a->ident, b->ident);
	assert_text(a->ip, b->ip);
	assert_text(a->family, b->family);
	assert_text(a->time, b->time);
	assert_text(a->data, b->data);
	assert_int_equal(a->seconds, b->seconds);
	assert_int_equal(a->bancount, b->bancount);
	assert_int_equal(a->failures, b->failures);
	assert_int_equal(a->restored, b->restored);
	assert_int_equal(a->row, b->row);
	assert_int_equal(a->row_seconds, b->row_seconds);
	assert_int_equal(a->row_bancount, b->row_bancount);
	assert_int_equal(a->tag, b->tag);
}

static void
add_line(struct syslog *to, int pid, const char *line)
{
	assert_true(to->n < ARRAY_LEN(to->lines));
	to->pids[to->n] = pid;
	to->lines[to->n] = strdup(line);
	assert_non_null(to->lines[to->n++]);
}

static void
strip(char *line)
{
	size_t len = strlen(line);

	while (len > 0 && line[len - 1] == ' ')
		line[--len] = '\0';
}

/*
 * Add the lines that syslog_event_write makes of an event, with the blanks at
 * their ends or without.
 */
static void
write_event(struct syslog *to, const struct event *event, int pid,
    const char *why, bool stripped)
{
	char line[SYSLOG_EVENT_BYTES + 100], *text = event_to_line(event, why);
	size_t parts;

	assert_non_null(text);
	parts = (strlen(text) + SYSLOG_EVENT_BYTES - 1) / SYSLOG_EVENT_BYTES;
	for (size_t i = 0; i < parts; i++) {
		snprintf(line, sizeof(line), "event %zu/%zu %.*s", i + 1, parts,
		    SYSLOG_EVENT_BYTES, text + i * SYSLOG_EVENT_BYTES);
		if (stripped)
			strip(line);
		add_line(to, pid, line);
	}
	free(text);
}

static void
forget(struct syslog *s)
{
	while (s->n > 0)
		free(s->lines[--s->n]);
}

/* Take a text whose end is watched, and that has no NUL. */
static enum syslog_event_kind
take_text(struct syslog_event *waiting, int pid, const char *text,
    struct event *event, struct err *why)
{
	size_t len = strlen(text);
	char *copy = watched_copy(text, len);
	enum syslog_event_kind kind =
	    syslog_event_take(waiting, pid, copy, len, event, why);

	free(copy);
	return kind;
}

/* Take the line of that number. */
static enum syslog_event_kind
take(struct syslog_event *waiting, const struct syslog *s, size_t i,
    struct event *event, struct err *why)
{
	return take_text(waiting, s->pids[i], s->lines[i], event, why);
}

/* Assert that the last line completes the event. */
static void
assert_taken(struct syslog_event *waiting, const struct syslog *s,
    const struct event *expected)
{
	struct event event;
	struct err why = { 0 };

	for (size_t i = 0; i < s->n; i++) {
		enum syslog_event_kind wanted =
		    i + 1 < s->n ? SYSLOG_EVENT_PART : SYSLOG_EVENT_EVENT;

		if (take(waiting, s, i, &event, &why) != wanted)
			fail_msg("line %zu of %zu: %s", i, s->n, why.text);
	}
	assert_same(&event, expected);
	event_free(&event);
}

/* Return a text of n characters; the caller frees it. */
static char *
long_text(size_t n, char c)
{
	char *text = malloc(n + 1);

	assert_non_null(text);
	memset(text, c, n);
	text[n] = '\0';
	return text;
}

static void
an_event_of_one_part_is_whole_at_once(void **state UNUSED)
{
	struct syslog_event waiting = { 0 };
	struct syslog s = { 0 };
	struct event event;

	make_ban(&event, "192.0.2.1", NULL);
	write_event(&s, &event, 4117, WHY, false);
	assert_int_equal(s.n, 1);
	assert_taken(&waiting, &s, &event);
	assert_int_equal(syslog_event_end(&waiting), 0);
	event_free(&event);
	event_init(&event, EVENT_FLUSH, 1);
	set(&event, "jail", "a jail # with 100%");
	forget(&s);
	write_event(&s, &event, 1, WHY, true);
	assert_taken(&waiting, &s, &event);
	event_free(&event);
	forget(&s);
}

/* Data of each length, so that the line is cut at each of its bytes. */
static void
an_event_comes_back_wherever_it_was_cut(void **state UNUSED)
{
	struct syslog_event waiting = { 0 };
	struct syslog s = { 0 };
	struct event event;

	for (size_t n = 0; n < 2 * SYSLOG_EVENT_BYTES; n++) {
		char *data = long_text(n, n % 3 == 0 ? '"' : 'x');

		make_ban(&event, "192.0.2.1", data);
		/* Empty values make several blanks in a row. */
		set(&event, "ip", "");
		set(&event, "family", "");
		write_event(&s, &event, 4117, WHY, true);
		assert_taken(&waiting, &s, &event);
		forget(&s);
		event_free(&event);
		free(data);
	}
	assert_int_equal(syslog_event_end(&waiting), 0);
}

/* A remark may hold blanks, and may fill a whole part. */
static void
a_remark_may_be_cut_anywhere(void **state UNUSED)
{
	struct syslog_event waiting = { 0 };
	struct syslog s = { 0 };
	struct event event;
	char *data = long_text(500, 'x');

	make_ban(&event, "192.0.2.1", data);
	for (size_t n = 0; n < 2 * SYSLOG_EVENT_BYTES; n++) {
		char *why = long_text(n + 1, ' ');

		why[0] = 'w';
		write_event(&s, &event, 4117, why, n % 2 == 0);
		assert_taken(&waiting, &s, &event);
		forget(&s);
		why[0] = ' ';
		why[n] = '#';
		write_event(&s, &event, 4117, why, true);
		assert_taken(&waiting, &s, &event);
		forget(&s);
		free(why);
	}
	event_free(&event);
	free(data);
}

static void
hostile_texts_come_back_as_they_are(void **state UNUSED)
{
	static const char *const texts[] = { "\n", " ", "  a  ", "%00", "%s%n",
		"a # b", " # ", "#", "\x1b[2J\x7f", "\xe2\x80\xae\xc3\xa9",
		"fail2ban-archive[1]: event 1/1 flush", "--tag", "--id",
		"event 2/2 " };
	struct syslog_event waiting = { 0 };
	struct syslog s = { 0 };
	struct event event;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		make_ban(&event, texts[i], texts[i]);
		set(&event, "jail", texts[i]);
		set(&event, "ip", texts[i]);
		write_event(&s, &event, 4117, texts[i], false);
		assert_taken(&waiting, &s, &event);
		forget(&s);
		event_free(&event);
	}
}

static void
parts_of_several_processes_may_be_mixed(void **state UNUSED)
{
	struct syslog_event waiting = { 0 };
	struct syslog s[SYSLOG_EVENT_EVENTS] = { 0 };
	struct event events[SYSLOG_EVENT_EVENTS], back;
	struct err why = { 0 };
	char id[32], *data = long_text(2000, 'x');
	size_t whole = 0;

	for (size_t i = 0; i < SYSLOG_EVENT_EVENTS; i++) {
		snprintf(id, sizeof(id), "192.0.2.%zu", i);
		make_ban(&events[i], id, data);
		write_event(&s[i], &events[i], 100 + (int)i, WHY, true);
	}
	for (size_t part = 0; part < s[0].n; part++) {
		for (size_t i = 0; i < SYSLOG_EVENT_EVENTS; i++) {
			if (take(&waiting, &s[i], part, &back, &why) !=
			    SYSLOG_EVENT_EVENT)
				continue;
			assert_same(&back, &events[i]);
			event_free(&back);
			whole++;
		}
	}
	assert_int_equal(whole, SYSLOG_EVENT_EVENTS);
	assert_int_equal(syslog_event_end(&waiting), 0);
	for (size_t i = 0; i < SYSLOG_EVENT_EVENTS; i++) {
		event_free(&events[i]);
		forget(&s[i]);
	}
	free(data);
}

/* Many short events come between the parts of a long one. */
static void
an_event_waits_for_its_parts_among_many_others(void **state UNUSED)
{
	struct syslog_event waiting = { 0 };
	struct syslog slow = { 0 }, quick = { 0 };
	struct event waits, event, back;
	struct err why = { 0 };
	char *data = long_text(1000, 'x');

	make_ban(&waits, "192.0.2.1", data);
	make_ban(&event, "192.0.2.2", NULL);
	write_event(&slow, &waits, 99, WHY, true);
	assert_int_equal(slow.n, 2);
	assert_int_equal(take(&waiting, &slow, 0, &back, &why),
	    SYSLOG_EVENT_PART);
	for (int i = 0; i < 3 * SYSLOG_EVENT_EVENTS; i++) {
		write_event(&quick, &event, 100 + i, WHY, true);
		assert_taken(&waiting, &quick, &event);
		forget(&quick);
	}
	assert_int_equal(take(&waiting, &slow, 1, &back, &why),
	    SYSLOG_EVENT_EVENT);
	assert_same(&back, &waits);
	event_free(&back);
	event_free(&waits);
	event_free(&event);
	forget(&slow);
	free(data);
}

static void
with_too_many_that_wait_the_oldest_is_given_up(void **state UNUSED)
{
	struct syslog_event waiting = { 0 };
	struct syslog s = { 0 };
	struct event event, back;
	struct err why = { 0 };
	char *data = long_text(1000, 'x');

	make_ban(&event, "192.0.2.1", data);
	for (int i = 0; i <= SYSLOG_EVENT_EVENTS; i++) {
		write_event(&s, &event, 100 + i, WHY, true);
		assert_int_equal(take(&waiting, &s, s.n - 2, &back, &why),
		    SYSLOG_EVENT_PART);
	}
	assert_int_equal(take(&waiting, &s, 1, &back, &why), SYSLOG_EVENT_BAD);
	assert_error(&why, EX_DATAERR, "previous part is missing");
	for (size_t i = 3; i < s.n; i += 2) {
		assert_int_equal(take(&waiting, &s, i, &back, &why),
		    SYSLOG_EVENT_EVENT);
		assert_same(&back, &event);
		event_free(&back);
	}
	assert_int_equal(syslog_event_end(&waiting), 0);
	event_free(&event);
	forget(&s);
	free(data);
}

/* Of all subsets of four parts, only the whole set makes an event. */
static void
a_missing_part_is_an_error(void **state UNUSED)
{
	struct syslog_event waiting = { 0 };
	struct syslog s = { 0 };
	struct event event, back;
	char *data = long_text(3000, 'x');

	make_ban(&event, "192.0.2.1", data);
	write_event(&s, &event, 4117, WHY, true);
	assert_int_equal(s.n, 4);
	for (unsigned there = 0; there < 16; there++) {
		bool before = true;

		for (size_t i = 0; i < 4; i++) {
			struct err why = { 0 };
			enum syslog_event_kind kind;

			if ((there >> i & 1) == 0) {
				before = false;
				continue;
			}
			kind = take(&waiting, &s, i, &back, &why);
			if (kind == SYSLOG_EVENT_EVENT) {
				assert_int_equal(there, 15);
				assert_same(&back, &event);
				event_free(&back);
			} else if (kind == SYSLOG_EVENT_BAD) {
				assert_false(before);
				assert_error(&why, EX_DATAERR, "is missing");
			} else {
				assert_int_equal(kind, SYSLOG_EVENT_PART);
				assert_true(before);
			}
		}
		assert_int_equal(syslog_event_end(&waiting),
		    there != 15 && (there & 1) != 0);
	}
	event_free(&event);
	forget(&s);
	free(data);
}

/* A pid may come again, and a log may hold the same lines twice. */
static void
a_first_part_begins_anew(void **state UNUSED)
{
	struct syslog_event waiting = { 0 };
	struct syslog s = { 0 };
	struct event event, other, back;
	struct err why = { 0 };
	char *data = long_text(3000, 'x');

	make_ban(&event, "192.0.2.1", data);
	make_ban(&other, "192.0.2.2", NULL);
	write_event(&s, &event, 4117, WHY, true);
	take(&waiting, &s, 0, &back, &why);
	take(&waiting, &s, 1, &back, &why);
	assert_taken(&waiting, &s, &event);
	/* A part of it that comes twice does no harm. */
	take(&waiting, &s, 0, &back, &why);
	take(&waiting, &s, 1, &back, &why);
	assert_int_equal(take(&waiting, &s, 1, &back, &why), SYSLOG_EVENT_BAD);
	take(&waiting, &s, 2, &back, &why);
	assert_int_equal(take(&waiting, &s, 3, &back, &why),
	    SYSLOG_EVENT_EVENT);
	event_free(&back);
	/* The next event of that pid is another one. */
	take(&waiting, &s, 0, &back, &why);
	take(&waiting, &s, 1, &back, &why);
	forget(&s);
	write_event(&s, &other, 4117, WHY, true);
	assert_taken(&waiting, &s, &other);
	assert_int_equal(syslog_event_end(&waiting), 0);
	event_free(&event);
	event_free(&other);
	forget(&s);
	free(data);
}

#define OURS "event "
#define FLUSH "flush --at 1 --jail j --restored 0 --row 0 --tag 0 # why"

static void
a_line_that_is_no_part_is_skipped_or_bad(void **state UNUSED)
{
	static const struct {
		const char *line;
		enum syslog_event_kind kind;
	} rows[] = {
		{ OURS "1/1 " FLUSH, SYSLOG_EVENT_EVENT },
		{ OURS "01/001 " FLUSH, SYSLOG_EVENT_EVENT },
		{ OURS "1/10000 " FLUSH, SYSLOG_EVENT_PART },
		{ "", SYSLOG_EVENT_NONE },
		{ "e", SYSLOG_EVENT_NONE },
		{ "event", SYSLOG_EVENT_NONE },
		{ "events 1/1 " FLUSH, SYSLOG_EVENT_NONE },
		{ " event 1/1 " FLUSH, SYSLOG_EVENT_NONE },
		{ "x " OURS "1/1 " FLUSH, SYSLOG_EVENT_NONE },
		{ "fail2ban-archive[12]: " OURS "1/1 " FLUSH,
		    SYSLOG_EVENT_NONE },
		{ "spool: disk full", SYSLOG_EVENT_NONE },
		{ OURS, SYSLOG_EVENT_BAD },
		{ OURS "1", SYSLOG_EVENT_BAD },
		{ OURS "1/", SYSLOG_EVENT_BAD },
		{ OURS "/1 " FLUSH, SYSLOG_EVENT_BAD },
		{ OURS "1 " FLUSH, SYSLOG_EVENT_BAD },
		{ OURS "0/1 " FLUSH, SYSLOG_EVENT_BAD },
		{ OURS "2/1 " FLUSH, SYSLOG_EVENT_BAD },
		{ OURS "-1/1 " FLUSH, SYSLOG_EVENT_BAD },
		{ OURS "1/-1 " FLUSH, SYSLOG_EVENT_BAD },
		{ OURS "1/1" FLUSH, SYSLOG_EVENT_BAD },
		{ OURS "1/10001 " FLUSH, SYSLOG_EVENT_BAD },
		{ OURS "1/99999999999999999999 " FLUSH, SYSLOG_EVENT_BAD },
		{ OURS "99999999999999999999/1 " FLUSH, SYSLOG_EVENT_BAD },
		{ OURS "1/1 ", SYSLOG_EVENT_BAD },
		{ OURS "1/1  " FLUSH, SYSLOG_EVENT_BAD },
		{ OURS "1/1 flush", SYSLOG_EVENT_BAD },
		{ OURS "1/1 # why", SYSLOG_EVENT_BAD },
		{ OURS "1/1 unknown --tag 0 # why", SYSLOG_EVENT_BAD },
		{ OURS "1/1 flush --at 1 --jail j --tag 0 --x # y",
		    SYSLOG_EVENT_BAD },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct syslog_event waiting = { 0 };
		struct event event;
		struct err why = { 0 };
		enum syslog_event_kind kind =
		    take_text(&waiting, 12, rows[i].line, &event, &why);

		if (kind != rows[i].kind)
			fail_msg("%s: %d %s", rows[i].line, kind, why.text);
		if (kind == SYSLOG_EVENT_EVENT)
			event_free(&event);
		if (kind == SYSLOG_EVENT_BAD)
			assert_error(&why, EX_DATAERR, "");
		assert_int_equal(syslog_event_end(&waiting),
		    kind == SYSLOG_EVENT_PART);
	}
}

/* Without its process, the parts of two events cannot be told apart. */
static void
an_event_of_an_unknown_process_is_bad(void **state UNUSED)
{
	struct syslog_event waiting = { 0 };
	struct event event;
	struct err why = { 0 };

	assert_int_equal(
	    take_text(&waiting, 0, OURS "1/1 " FLUSH, &event, &why),
	    SYSLOG_EVENT_BAD);
	assert_error(&why, EX_DATAERR, "");
	assert_int_equal(syslog_event_end(&waiting), 0);
}

/* A part with another count of parts belongs to another event. */
static void
parts_of_another_count_do_not_fit(void **state UNUSED)
{
	struct syslog_event waiting = { 0 };
	struct event event;
	struct err why = { 0 };

	assert_int_equal(
	    take_text(&waiting, 12, OURS "1/3 flush", &event, &why),
	    SYSLOG_EVENT_PART);
	assert_int_equal(
	    take_text(&waiting, 12, OURS "2/2 " FLUSH, &event, &why),
	    SYSLOG_EVENT_BAD);
	assert_int_equal(
	    take_text(&waiting, 12, OURS "3/3 " FLUSH, &event, &why),
	    SYSLOG_EVENT_BAD);
	assert_int_equal(syslog_event_end(&waiting), 1);
	assert_int_equal(syslog_event_end(&waiting), 0);
}

/* With any byte changed, the line is an event or none, and only it is read. */
static void
a_line_with_a_wrong_byte_breaks_nothing(void **state UNUSED)
{
	static const char bytes[] = { '\0', ' ', '#', '%', '/', '[', ']', '0',
		'9', 'f', '\n', '\x80', '\xff' };
	static const char whole[] = OURS "1/1 " FLUSH;
	struct syslog_event waiting = { 0 };
	struct event event;
	struct err why;

	for (size_t i = 0; i < sizeof(whole) - 1; i++) {
		for (size_t j = 0; j < sizeof(bytes); j++) {
			char *line = watched_copy(whole, sizeof(whole) - 1);

			line[i] = bytes[j];
			if (syslog_event_take(&waiting, 12, line,
				sizeof(whole) - 1, &event,
				&why) == SYSLOG_EVENT_EVENT)
				event_free(&event);
			/* The line is cut off before that byte. */
			if (syslog_event_take(&waiting, 12, line, i, &event,
				&why) == SYSLOG_EVENT_EVENT)
				event_free(&event);
			free(line);
		}
	}
	syslog_event_end(&waiting);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_of_one_part_is_whole_at_once),
		cmocka_unit_test(an_event_comes_back_wherever_it_was_cut),
		cmocka_unit_test(a_remark_may_be_cut_anywhere),
		cmocka_unit_test(hostile_texts_come_back_as_they_are),
		cmocka_unit_test(parts_of_several_processes_may_be_mixed),
		cmocka_unit_test(
		    an_event_waits_for_its_parts_among_many_others),
		cmocka_unit_test(
		    with_too_many_that_wait_the_oldest_is_given_up),
		cmocka_unit_test(a_missing_part_is_an_error),
		cmocka_unit_test(a_first_part_begins_anew),
		cmocka_unit_test(a_line_that_is_no_part_is_skipped_or_bad),
		cmocka_unit_test(an_event_of_an_unknown_process_is_bad),
		cmocka_unit_test(parts_of_another_count_do_not_fit),
		cmocka_unit_test(a_line_with_a_wrong_byte_breaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
