/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events from the options of an action, and from the words of the spool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "event/event.h"
#include "scratch.h"

#define AT INT64_C(1795458480123456)

static void
set(struct event *event, const char *name, const char *value)
{
	struct err e = { .text = "" };

	assert_ok(event_set(event, name, value, &e), &e);
}

/* The options that an action gives for a ban. */
static void
make_ban(struct event *event)
{
	event_init(event, EVENT_BAN, AT);
	set(event, "jail", "sshd");
	set(event, "id", "192.0.2.1");
	set(event, "ip", "192.0.2.1");
	set(event, "family", "inet4");
	set(event, "time", "1795458480.0");
	set(event, "bantime", "600");
	set(event, "bancount", "2");
	set(event, "failures", "5");
	set(event, "restored", "0");
}

static void
assert_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		assert_true(a == b);
	else
		assert_string_equal(a, b);
}

static void
assert_same(const struct event *a, const struct event *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_text(a->jail, b->jail);
	assert_text(a->ident, b->ident);
	assert_text(a->ip, b->ip);
	assert_text(a->family, b->family);
	assert_text(a->time, b->time);
	assert_text(a->data, b->data);
	assert_int_equal(a->at_us, b->at_us);
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
each_option_sets_its_field(void **state)
{
	struct event event;
	struct err e;

	(void)state;
	make_ban(&event);
	assert_string_equal(event.jail, "sshd");
	assert_string_equal(event.ident, "192.0.2.1");
	assert_string_equal(event.ip, "192.0.2.1");
	assert_string_equal(event.family, "inet4");
	assert_string_equal(event.time, "1795458480.0");
	assert_int_equal(event.at_us, AT);
	assert_int_equal(event.seconds, 600);
	assert_int_equal(event.bancount, 2);
	assert_int_equal(event.failures, 5);
	assert_false(event.restored);
	assert_int_equal(event.row, EVENT_ROW_UNKNOWN);
	assert_int_equal(event.row_seconds, UNKNOWN);
	assert_int_equal(event.row_bancount, UNKNOWN);
	assert_null(event.data);
	assert_false(event.tag);
	assert_int_equal(event_check(&event, &e), 0);

	set(&event, "restored", "1");
	set(&event, "bantime", "-1");
	set(&event, "at", "7");
	set(&event, "row", "2");
	set(&event, "row-bantime", "1200");
	set(&event, "row-bancount", "3");
	set(&event, "data", "{}");
	set(&event, "tag", "1");
	assert_true(event.restored);
	assert_int_equal(event.seconds, -1);
	assert_int_equal(event.at_us, 7);
	assert_int_equal(event.row, EVENT_ROW_THERE);
	assert_int_equal(event.row_seconds, 1200);
	assert_int_equal(event.row_bancount, 3);
	assert_string_equal(event.data, "{}");
	assert_true(event.tag);
	event_free(&event);
	assert_null(event.jail);
	assert_null(event.data);
}

/* fail2ban 1.0.2 calls an action by these names when it is given name=. */
static void
the_action_s_name_shows_the_jail(void **state)
{
	static const struct {
		const char *name, *action, *jail;
		bool hidden;
	} rows[] = {
		{ "sshd", "fail2ban-archive", "sshd", false },
		{ "SSH", "fail2ban-archive-SSH", "SSH", true },
		{ "sshd-a", "fail2ban-archive-a", "sshd", false },
		{ "sshd2", "fail2ban-archive2", "sshd", false },
		{ "ssh-ssh", "fail2ban-archive-ssh", "ssh", false },
		{ "-a", "fail2ban-archive--a", "-a", true },
		/* actname= was given by hand, or this is an older fail2ban. */
		{ "sshd", "mine", "sshd", false },
		{ "sshd", "fail2ban-archive-mine", "sshd", false },
		{ "sshd", "<actname>", "sshd", false },
		{ "sshd", "", "sshd", false },
		{ "sshd", NULL, "sshd", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct event event;

		make_ban(&event);
		set(&event, "jail", rows[i].name);
		if (rows[i].action != NULL)
			set(&event, "action", rows[i].action);
		event_settle_jail(&event);
		assert_string_equal(event.jail, rows[i].jail);
		assert_int_equal(event.action != NULL, rows[i].hidden);
		event_free(&event);
	}
}

static void
an_event_of_an_unknown_jail_is_not_read_back(void **state)
{
	struct event event, back;
	struct err e;
	char *words;
	size_t len;

	(void)state;
	make_ban(&event);
	set(&event, "jail", "SSH");
	set(&event, "action", "fail2ban-archive-SSH");
	event_settle_jail(&event);
	assert_non_null(words = event_to_words(&event, &len));
	assert_int_equal(event_from_words(&back, words, len, &e), -1);
	assert_int_equal(e.code, EX_DATAERR);
	free(words);
	event_free(&event);
}

static void
the_last_of_two_options_counts(void **state)
{
	struct event event;

	(void)state;
	make_ban(&event);
	set(&event, "id", "198.51.100.7");
	set(&event, "bancount", "");
	assert_string_equal(event.ident, "198.51.100.7");
	assert_int_equal(event.bancount, UNKNOWN);
	event_free(&event);
}

static void
a_literal_tag_is_an_unknown_number(void **state)
{
	static const char *const literal[] = { "<bancount>", "<bantime>",
		"<F-X>", "<", "" };
	struct event event;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(literal); i++) {
		make_ban(&event);
		set(&event, "restored", "1");
		set(&event, "row-bantime", "1");
		set(&event, "row-bancount", "1");
		set(&event, "bantime", literal[i]);
		set(&event, "bancount", literal[i]);
		set(&event, "failures", literal[i]);
		set(&event, "restored", literal[i]);
		set(&event, "row-bantime", literal[i]);
		set(&event, "row-bancount", literal[i]);
		assert_int_equal(event.seconds, UNKNOWN);
		assert_int_equal(event.bancount, UNKNOWN);
		assert_int_equal(event.failures, UNKNOWN);
		assert_false(event.restored);
		assert_int_equal(event.row_seconds, UNKNOWN);
		assert_int_equal(event.row_bancount, UNKNOWN);
		event_free(&event);
	}
}

static void
a_senseless_option_is_refused(void **state)
{
	static const struct {
		const char *name, *value, *error;
	} rows[] = {
		{ "matches", "x", "--matches: unknown option" },
		{ "", "x", "--: unknown option" },
		{ "Jail", "x", "--Jail: unknown option" },
		{ "--jail", "x", "----jail: unknown option" },
		{ "bantime", "-3", "--bantime: -3 is not from -2" },
		{ "bantime", "10m", "--bantime: '10m' is not a whole number" },
		{ "bantime", "45.2",
		    "--bantime: '45.2' is not a whole number" },
		{ "bancount", "-1", "--bancount: -1 is not from 0" },
		{ "failures", "x", "--failures: 'x' is not a whole number" },
		{ "failures", "99999999999999999999",
		    "--failures: '99999999999999999999' is not a whole "
		    "number" },
		{ "restored", "yes",
		    "--restored: 'yes' is not a whole number" },
		{ "row", "3", "--row: 3 is not from 0 to 2" },
		{ "row", "", "--row: '' is not a whole number" },
		{ "row-bantime", "-3", "--row-bantime: -3 is not from -2" },
		{ "row-bancount", "-1", "--row-bancount: -1 is not from 0" },
		{ "at", "-1", "--at: -1 is not from 0" },
		{ "at", "<at>", "--at: '<at>' is not a whole number" },
	};
	struct event event;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		event_init(&event, EVENT_BAN, AT);
		assert_int_equal(
		    event_set(&event, rows[i].name, rows[i].value, &e), -1);
		assert_error(&e, EX_USAGE, rows[i].error);
		event_free(&event);
	}
}

static void
an_event_needs_jail_id_and_time(void **state)
{
	static const struct {
		enum event_kind kind;
		const char *jail, *id, *time, *error;
	} rows[] = {
		{ EVENT_BAN, "sshd", "192.0.2.1", "1795458480.0", NULL },
		{ EVENT_UNBAN, "sshd", "any text", "1795458480", NULL },
		{ EVENT_PROLONG, "sshd", "2001:db8::1", "1795458480.5", NULL },
		{ EVENT_FLUSH, "sshd", NULL, NULL, NULL },
		{ EVENT_FLUSH, "sshd", "", "<time>", NULL },
		{ EVENT_FLUSH, NULL, "192.0.2.1", "1795458480.0",
		    "flush: --jail is missing or empty" },
		{ EVENT_FLUSH, "", NULL, NULL,
		    "flush: --jail is missing or empty" },
		{ EVENT_BAN, NULL, "192.0.2.1", "1795458480.0",
		    "ban: --jail is missing or empty" },
		{ EVENT_BAN, "", "192.0.2.1", "1795458480.0",
		    "ban: --jail is missing or empty" },
		{ EVENT_UNBAN, "sshd", NULL, "1795458480.0",
		    "unban: --id is missing or empty" },
		{ EVENT_UNBAN, "sshd", "", "1795458480.0",
		    "unban: --id is missing or empty" },
		{ EVENT_PROLONG, "sshd", "192.0.2.1", NULL,
		    "prolong: --time is missing or empty" },
		{ EVENT_BAN, "sshd", "192.0.2.1", "",
		    "--time: '' is not a time in seconds" },
		{ EVENT_BAN, "sshd", "192.0.2.1", "<time>",
		    "--time: '<time>' is not a time in seconds" },
		{ EVENT_BAN, "sshd", "192.0.2.1", "7d",
		    "--time: '7d' is not a time in seconds" },
	};
	struct event event;
	struct err e;
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		event_init(&event, rows[i].kind, AT);
		if (rows[i].jail != NULL)
			set(&event, "jail", rows[i].jail);
		if (rows[i].id != NULL)
			set(&event, "id", rows[i].id);
		if (rows[i].time != NULL)
			set(&event, "time", rows[i].time);
		rc = event_check(&event, &e);
		assert_int_equal(rc, rows[i].error == NULL ? 0 : -1);
		if (rows[i].error != NULL) {
			assert_int_equal(e.code, EX_USAGE);
			assert_string_equal(e.text, rows[i].error);
		}
		event_free(&event);
	}
}

static void
each_kind_has_its_verb(void **state)
{
	static const char *const none[] = { "", "Ban", "bans", "ban ",
		"start" };
	int kind;
	size_t i;

	(void)state;
	for (kind = EVENT_BAN; kind <= EVENT_FLUSH; kind++)
		assert_int_equal(
		    event_kind_from_verb(event_verb((enum event_kind)kind)),
		    kind);
	assert_string_equal(event_verb(EVENT_PROLONG), "prolong");
	for (i = 0; i < ARRAY_LEN(none); i++)
		assert_int_equal(event_kind_from_verb(none[i]), -1);
}

static void
bytes_that_are_not_utf8_are_mended(void **state)
{
	struct event event;

	(void)state;
	make_ban(&event);
	set(&event, "id", "M\xfcller\xed\xa0\x80");
	assert_string_equal(event.ident,
	    "M\xef\xbf\xbdller\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	event_free(&event);
}

/* Words and the event that they make; the caller frees both. */
static char *
there_and_back(const struct event *event, struct event *back)
{
	struct err e = { .text = "" };
	size_t len;
	char *words = event_to_words(event, &len);

	assert_non_null(words);
	assert_ok(event_from_words(back, words, len, &e), &e);
	return words;
}

static void
an_event_as_words_comes_back_the_same(void **state)
{
	struct event event, back;
	int kind;

	(void)state;
	for (kind = EVENT_BAN; kind <= EVENT_FLUSH; kind++) {
		make_ban(&event);
		event.kind = (enum event_kind)kind;
		free(there_and_back(&event, &back));
		assert_same(&event, &back);
		event_free(&back);

		/* An event with all fields. */
		set(&event, "restored", "1");
		set(&event, "bantime", "-1");
		set(&event, "row", "1");
		set(&event, "row-bantime", "-1");
		set(&event, "row-bancount", "0");
		set(&event, "data", "{\"matches\": [\"a\\nb\"]}");
		set(&event, "tag", "1");
		free(there_and_back(&event, &back));
		assert_same(&event, &back);
		event_free(&back);
		event_free(&event);
	}
	event_init(&event, EVENT_FLUSH, 1);
	set(&event, "jail", "sshd");
	free(there_and_back(&event, &back));
	assert_same(&event, &back);
	event_free(&back);
	event_free(&event);
}

static void
hostile_texts_come_back_as_they_are(void **state)
{
	static const char *const texts[] = { "\n", "a\nb\r\n", "\"'`$(x)\\",
		"-", "--", "--jail", "--id\nban", " ", "  a  ", "%00", "%s%n",
		"<fid>", "\x01\x1b[2J\x7f", "\xe2\x80\xae", "\xf0\x9f\x98\x80",
		"192.0.2.1 --tag 1" };
	struct event event, back;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(texts); i++) {
		make_ban(&event);
		set(&event, "jail", texts[i]);
		set(&event, "id", texts[i]);
		set(&event, "ip", texts[i]);
		set(&event, "family", texts[i]);
		set(&event, "data", texts[i]);
		free(there_and_back(&event, &back));
		assert_same(&event, &back);
		assert_string_equal(back.ident, texts[i]);
		event_free(&back);
		event_free(&event);
	}
}

static void
an_empty_value_is_not_missing(void **state)
{
	struct event event, back;

	(void)state;
	make_ban(&event);
	set(&event, "ip", "");
	set(&event, "family", "");
	set(&event, "data", "");
	free(there_and_back(&event, &back));
	assert_same(&event, &back);
	assert_string_equal(back.ip, "");
	event_free(&back);
	event_free(&event);
}

static void
a_long_text_comes_back_whole(void **state)
{
	enum { N = 3 * 1024 * 1024 };
	struct event event, back;
	char *data = malloc(N + 1);

	(void)state;
	assert_non_null(data);
	memset(data, '-', N);
	data[N] = '\0';
	make_ban(&event);
	set(&event, "data", data);
	free(there_and_back(&event, &back));
	assert_string_equal(back.data, data);
	event_free(&back);
	event_free(&event);
	free(data);
}

/* Read the first len bytes of the words of an event. */
static int
read_cut(const char *words, size_t len, struct event *back, struct err *e)
{
	char *cut = malloc(len + (len == 0));
	int rc;

	assert_non_null(cut);
	memcpy(cut, words, len);
	rc = event_from_words(back, cut, len, e);
	free(cut);
	return rc;
}

static void
words_cut_off_anywhere_are_no_event(void **state)
{
	struct event event, back;
	struct err e;
	size_t len, whole;
	char *words;

	(void)state;
	make_ban(&event);
	words = event_to_words(&event, &whole);
	for (len = 0; len < whole; len++) {
		e = (struct err){ .text = "" };
		assert_int_equal(read_cut(words, len, &back, &e), -1);
		assert_error(&e, EX_DATAERR, "not a");
		assert_null(back.jail);
		assert_null(back.time);
	}
	assert_int_equal(read_cut(words, whole, &back, &e), 0);
	event_free(&back);
	free(words);
	event_free(&event);
}

/* clang-format off */

#define BYTES(s) s, sizeof(s) - 1
#define AN_ID "--id\0""192.0.2.1\0"
#define A_TIME "--time\0""1795458480.0\0"

static const struct {
	const char *bytes;
	size_t len;
	bool ok;
} any_bytes[] = {
	{ BYTES("ban\0--at\0""1\0--jail\0sshd\0" AN_ID A_TIME "--tag\0""0\0"), true },
	{ BYTES("flush\0--at\0""1\0--jail\0sshd\0--tag\0""0\0"), true },
	{ BYTES(""), false },
	{ BYTES("\0"), false },
	{ BYTES("\0\0\0\0"), false },
	{ BYTES("junk"), false },
	{ BYTES("junk\0"), false },
	{ BYTES("flush"), false },
	{ BYTES("flush\0"), false },
	/* The event's own time is missing or is no time. */
	{ BYTES("flush\0--jail\0sshd\0"), false },
	{ BYTES("flush\0--at\0""0\0--jail\0sshd\0"), false },
	{ BYTES("flush\0--at\0""-1\0--jail\0sshd\0"), false },
	{ BYTES("flush\0--at\0""99999999999999999999\0--jail\0sshd\0"), false },
	/* An option is unknown, lacks a value, or follows the end. */
	{ BYTES("flush\0--at\0""1\0--jail\0sshd\0--x\0y\0"), false },
	{ BYTES("flush\0--at\0""1\0--jail\0sshd\0--id\0"), false },
	{ BYTES("flush\0--at\0""1\0--jail\0sshd\0\0"), false },
	{ BYTES("flush\0--at\0""1\0--jail\0sshd\0\n"), false },
	{ BYTES("flush\0--at\0""1\0jail\0sshd\0"), false },
	{ BYTES("flush\0--at\0""1\0-jail\0sshd\0"), false },
	{ BYTES("flush\0--at\0""1\0--\0sshd\0"), false },
	{ BYTES("flush\0--at=1\0--jail\0sshd\0"), false },
	{ BYTES(" flush\0--at\0""1\0--jail\0sshd\0"), false },
	{ BYTES("flush\n--at\n1\n--jail\nsshd\n"), false },
	/* An option is missing, or a value is out of bounds. */
	{ BYTES("ban\0--at\0""1\0--jail\0sshd\0" AN_ID), false },
	{ BYTES("ban\0--at\0""1\0--jail\0sshd\0" A_TIME), false },
	{ BYTES("ban\0--at\0""1\0--jail\0\0" AN_ID A_TIME), false },
	{ BYTES("ban\0--at\0""1\0--jail\0sshd\0" AN_ID "--time\0x\0"), false },
	{ BYTES("flush\0--at\0""1\0--jail\0sshd\0--row\0""9\0"), false },
};

/* clang-format on */

static void
any_bytes_are_an_event_or_an_error(void **state)
{
	struct event back;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(any_bytes); i++) {
		e = (struct err){ .text = "" };
		if (read_cut(any_bytes[i].bytes, any_bytes[i].len, &back, &e) ==
		    0) {
			if (!any_bytes[i].ok)
				fail_msg("row %zu is taken", i);
			event_free(&back);
			continue;
		}
		if (any_bytes[i].ok)
			fail_msg("row %zu: %s", i, e.text);
		assert_error(&e, EX_DATAERR, "not a");
	}
}

static void
a_line_has_only_printable_characters(void **state)
{
	struct event event;
	char *line;
	size_t i;

	(void)state;
	make_ban(&event);
	set(&event, "id", "a b%\n\t\x1b[2J\x7f\xc3\xa9\"'");
	set(&event, "ip", "");
	set(&event, "data", "\xe2\x80\xae");
	line = event_to_line(&event, "disk full");
	assert_non_null(line);
	assert_string_equal(line,
	    "ban --at 1795458480123456 --jail sshd "
	    "--id a%20b%25%0A%09%1B[2J%7F%C3%A9\"' --ip  --family inet4 "
	    "--time 1795458480.0 --bantime 600 --bancount 2 --failures 5 "
	    "--restored 0 --row 0 --data %E2%80%AE --tag 0 # disk full");
	for (i = 0; line[i] != '\0'; i++)
		assert_true(line[i] >= 0x20 && line[i] < 0x7f);
	free(line);
	event_free(&event);
}

static void
every_byte_comes_back_from_a_line(void **state)
{
	char id[256], expected[800] = "flush --at 1 --jail j --id ", *line;
	struct event event;
	size_t at = strlen(expected);
	int c;

	(void)state;
	for (c = 1; c < 0x80; c++) {
		id[c - 1] = (char)c;
		at += (size_t)snprintf(expected + at, sizeof(expected) - at,
		    c <= 0x20 || c == 0x7f || strchr("%#\\", c) != NULL ?
			"%%%02X" :
			"%c",
		    c);
	}
	id[0x7f] = '\0';
	strcpy(expected + at, " --restored 0 --row 0 --tag 0 # why");
	event_init(&event, EVENT_FLUSH, 1);
	set(&event, "jail", "j");
	set(&event, "id", id);
	line = event_to_line(&event, "why");
	assert_string_equal(line, expected);
	free(line);
	event_free(&event);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_option_sets_its_field),
		cmocka_unit_test(the_action_s_name_shows_the_jail),
		cmocka_unit_test(an_event_of_an_unknown_jail_is_not_read_back),
		cmocka_unit_test(the_last_of_two_options_counts),
		cmocka_unit_test(a_literal_tag_is_an_unknown_number),
		cmocka_unit_test(a_senseless_option_is_refused),
		cmocka_unit_test(an_event_needs_jail_id_and_time),
		cmocka_unit_test(each_kind_has_its_verb),
		cmocka_unit_test(bytes_that_are_not_utf8_are_mended),
		cmocka_unit_test(an_event_as_words_comes_back_the_same),
		cmocka_unit_test(hostile_texts_come_back_as_they_are),
		cmocka_unit_test(an_empty_value_is_not_missing),
		cmocka_unit_test(a_long_text_comes_back_whole),
		cmocka_unit_test(words_cut_off_anywhere_are_no_event),
		cmocka_unit_test(any_bytes_are_an_event_or_an_error),
		cmocka_unit_test(a_line_has_only_printable_characters),
		cmocka_unit_test(every_byte_comes_back_from_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
