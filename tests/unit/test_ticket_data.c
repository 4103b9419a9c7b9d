/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The data that fail2ban keeps with a ban, and those of an attacker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "fail2ban/ticket_data.h"
#include "scratch.h"

#define BYTES(s) s, sizeof(s) - 1
#define R "\xef\xbf\xbd" /* U+FFFD */
#define MANY 1000

static void
decode(const char *data, size_t len, int64_t max_matches,
    struct ticket_data *ev)
{
	struct err e = { .text = "" };
	char *copy = malloc(len + (len == 0));

	assert_non_null(copy);
	memcpy(copy, data, len);
	memset(ev, 0x5a, sizeof(*ev));
	assert_ok(ticket_data_decode(copy, len, max_matches, ev, &e), &e);
	free(copy);
}

static void
decode_lines(const char *lines, int64_t max_matches, struct ticket_data *ev)
{
	struct err e = { .text = "" };

	memset(ev, 0x5a, sizeof(*ev));
	assert_ok(ticket_data_decode_lines(lines, max_matches, ev, &e), &e);
}

static void
assert_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL) {
		if (a != b)
			fail_msg("%s: wanted %s", a != NULL ? a : "nothing",
			    b != NULL ? b : "nothing");
	} else {
		assert_string_equal(a, b);
	}
}

struct row {
	const char *data;
	size_t len;
	const char *matches, *captures, *ip;
	int64_t failures;
};

static void
assert_rows(const struct row *rows, size_t n)
{
	struct ticket_data ev;
	size_t i;

	for (i = 0; i < n; i++) {
		decode(rows[i].data, rows[i].len, MANY, &ev);
		assert_text(ev.matches, rows[i].matches);
		assert_text(ev.captures, rows[i].captures);
		assert_text(ev.ip, rows[i].ip);
		assert_int_equal(ev.failures, rows[i].failures);
		ticket_data_free(&ev);
		assert_null(ev.matches);
		assert_int_equal(ev.failures, UNKNOWN);
	}
}

/* clang-format off */

/* The data of fail2ban 0.11.2 to 1.1.0. */
static const struct row usual[] = {
	{ BYTES("{\"matches\": [\"Nov 23 sshd: Failed for root\", \"b\"], "
		"\"failures\": 5, \"user\": \"root\"}"),
	    "[\"Nov 23 sshd: Failed for root\",\"b\"]",
	    "{\"user\":\"root\"}", NULL, 5 },
	/* A line in three parts: before, in and after the match. */
	{ BYTES("{\"matches\": [[\"\", \"2026-11-23 18:48:37\", \" sshd: x\"],"
		" [\"a\", \"b\", \"c\"], \"d\"], \"failures\": 3}"),
	    "[\"2026-11-23 18:48:37 sshd: x\",\"abc\",\"d\"]", "{}", NULL, 3 },
	{ BYTES("{\"matches\": [], \"failures\": 0}"), "[]", "{}", NULL, 0 },
	{ BYTES("{}"), "[]", "{}", NULL, UNKNOWN },
	{ BYTES(" {\n} "), "[]", "{}", NULL, UNKNOWN },
	/* A key without a field is a capture. */
	{ BYTES("{\"matches\": [], \"failures\": 2, \"fid\": \"x\", "
		"\"ip\": \"192.0.2.1\", \"ip4\": \"192.0.2.1\", "
		"\"ip6\": \"2001:db8::1\", \"user\": \"a\", \"mlfid\": null, "
		"\"users\": [\"a\", \"b\"], \"n\": 1.5}"),
	    "[]", "{\"user\":\"a\",\"mlfid\":null,\"users\":[\"a\",\"b\"],"
		"\"n\":1.5}", "192.0.2.1", 2 },
	{ BYTES("{\"matches\": [\"say \\\"x\\\" \\\\ \\u001b[2J\\t\\n\"]}"),
	    "[\"say \\\"x\\\" \\\\ \\u001b[2J\\t\\n\"]", "{}", NULL, UNKNOWN },
	{ BYTES("{\"matches\": [\"M\\u00fcller \\ud83d\\ude00 \xc3\xa9\"]}"),
	    "[\"M\xc3\xbcller \xf0\x9f\x98\x80 \xc3\xa9\"]", "{}", NULL,
	    UNKNOWN },
};

/* Fields of the wrong kind. */
static const struct row odd[] = {
	{ BYTES("{\"failures\": \"5\"}"), "[]", "{}", NULL, UNKNOWN },
	{ BYTES("{\"failures\": 5.5}"), "[]", "{}", NULL, UNKNOWN },
	{ BYTES("{\"failures\": null}"), "[]", "{}", NULL, UNKNOWN },
	{ BYTES("{\"failures\": [5]}"), "[]", "{}", NULL, UNKNOWN },
	{ BYTES("{\"failures\": 9223372036854775807}"), "[]", "{}", NULL,
	    INT64_MAX },
	{ BYTES("{\"ip\": 1}"), "[]", "{}", NULL, UNKNOWN },
	{ BYTES("{\"ip\": null}"), "[]", "{}", NULL, UNKNOWN },
	{ BYTES("{\"ip\": [\"192.0.2.1\"]}"), "[]", "{}", NULL, UNKNOWN },
	{ BYTES("{\"ip\": \"any\\ntext\"}"), "[]", "{}", "any\ntext",
	    UNKNOWN },
	{ BYTES("{\"matches\": [1, 1.5, true, null, [], [1, null, \"x\"], "
		"[[\"q\"]], {\"a\": 1}, \"\"]}"),
	    "[\"1\",\"1.5\",\"1\",\"\",\"\",\"1x\",\"[\\\"q\\\"]\","
		"\"{\\\"a\\\":1}\",\"\"]", "{}", NULL, UNKNOWN },
	{ BYTES("{\"matches\": \"x\"}"), "[]", "{}", NULL, UNKNOWN },
	/* Names that look like paths. */
	{ BYTES("{\"a.b\":1,\"$\":2,\"$.ip\":\"x\",\"\":3}"), "[]",
	    "{\"a.b\":1,\"$\":2,\"$.ip\":\"x\",\"\":3}", NULL, UNKNOWN },
};

/* Bytes that are no UTF-8 are replaced, whether raw or made of escapes. */
static const struct row broken[] = {
	{ BYTES("{\"matches\":[\"M\xfcller\"],\"user\":\"\xff\"}"),
	    "[\"M" R "ller\"]", "{\"user\":\"" R "\"}", NULL, UNKNOWN },
	{ BYTES("{\"matches\":[\"a\0b\"],\"ip\":\"a\0b\"}"),
	    "[\"a" R "b\"]", "{}", "a" R "b", UNKNOWN },
	{ BYTES("{\"matches\":[\"a\\ud800b\",\"\\udcff\"],"
		"\"ip\":\"\\ud800\"}"),
	    "[\"a" R "b\",\"" R "\"]", "{}", R, UNKNOWN },
	{ BYTES("{\"matches\":[\"\xed\xa0\x80\xf0\x9f\"]}"),
	    "[\"" R R R R R "\"]", "{}", NULL, UNKNOWN },
};

/* No JSON, or no object. */
static const struct row nothing[] = {
	{ BYTES(""), NULL, NULL, NULL, UNKNOWN },
	{ BYTES("\0"), NULL, NULL, NULL, UNKNOWN },
	{ BYTES("junk"), NULL, NULL, NULL, UNKNOWN },
	{ BYTES("null"), NULL, NULL, NULL, UNKNOWN },
	{ BYTES("7"), NULL, NULL, NULL, UNKNOWN },
	{ BYTES("\"{}\""), NULL, NULL, NULL, UNKNOWN },
	{ BYTES("[]"), NULL, NULL, NULL, UNKNOWN },
	{ BYTES("[{\"failures\":1}]"), NULL, NULL, NULL, UNKNOWN },
	{ BYTES("{"), NULL, NULL, NULL, UNKNOWN },
	{ BYTES("{\"failures\":1"), NULL, NULL, NULL, UNKNOWN },
	{ BYTES("{\"matches\":[\"x\",]}"), NULL, NULL, NULL, UNKNOWN },
	{ BYTES("{\"failures\":1} x"), NULL, NULL, NULL, UNKNOWN },
	{ BYTES("{\"failures\":1}\0"), NULL, NULL, NULL, UNKNOWN },
	{ BYTES("{'failures':1}"), NULL, NULL, NULL, UNKNOWN },
	{ BYTES("{failures:1}"), NULL, NULL, NULL, UNKNOWN },
	{ BYTES("{\"matches\":[\"\\x41\"]}"), NULL, NULL, NULL, UNKNOWN },
	{ BYTES("{\"matches\":[\"\\ud8\"]}"), NULL, NULL, NULL, UNKNOWN },
	{ BYTES("\xff\xfe{\0}\0"), NULL, NULL, NULL, UNKNOWN },
};

/* clang-format on */

static void
the_data_that_fail2ban_writes_are_decoded(void **state UNUSED)
{
	assert_rows(usual, ARRAY_LEN(usual));
}

static void
a_field_of_the_wrong_kind_is_not_taken(void **state UNUSED)
{
	assert_rows(odd, ARRAY_LEN(odd));
}

static void
bytes_that_are_no_utf8_are_replaced(void **state UNUSED)
{
	assert_rows(broken, ARRAY_LEN(broken));
}

static void
bytes_that_are_no_object_have_no_fields(void **state UNUSED)
{
	assert_rows(nothing, ARRAY_LEN(nothing));
}

static void
no_data_have_no_fields(void **state UNUSED)
{
	struct ticket_data ev;
	struct err e = { .text = "" };

	assert_ok(ticket_data_decode(NULL, 0, MANY, &ev, &e), &e);
	assert_null(ev.matches);
	assert_null(ev.captures);
	assert_null(ev.ip);
	assert_int_equal(ev.failures, UNKNOWN);
	ticket_data_free(&ev);
}

static void
escapes_of_no_character_are_replaced(void **state UNUSED)
{
	struct ticket_data ev;

	decode(BYTES("{\"matches\":[\"a\\u0000b\",\"\\ud83d\\ude00\","
		     "\"\\ud83dx\",\"\\ude00\",\"\\\\u0000\"],\"failures\":2,"
		     "\"user\":\"d\\u0000e\",\"ip\":\"192.0.2.1\\u0000x\"}"),
	    MANY, &ev);
	assert_string_equal(ev.matches,
	    "[\"a\xef\xbf\xbd"
	    "b\",\"\xf0\x9f\x98\x80\","
	    "\"\xef\xbf\xbdx\",\"\xef\xbf\xbd\",\"\\\\u0000\"]");
	assert_string_equal(ev.captures,
	    "{\"user\":\"d\xef\xbf\xbd"
	    "e\"}");
	assert_string_equal(ev.ip, "192.0.2.1\xef\xbf\xbdx");
	assert_int_equal(ev.failures, 2);
	ticket_data_free(&ev);
}

static void
a_backslash_at_the_end_is_no_object(void **state UNUSED)
{
	struct ticket_data ev;

	decode(BYTES("{\"matches\":[\"a\\"), MANY, &ev);
	assert_null(ev.matches);
	ticket_data_free(&ev);
}

/* Return head, what n times over, and tail; the caller frees the text. */
static char *
repeat(const char *head, const char *what, size_t n, const char *tail)
{
	size_t i, each = strlen(what);
	char *text = malloc(strlen(head) + n * each + strlen(tail) + 1), *p;

	assert_non_null(text);
	strcpy(text, head);
	p = text + strlen(head);
	for (i = 0; i < n; i++, p += each)
		memcpy(p, what, each);
	strcpy(p, tail);
	return text;
}

static void
nesting_that_is_too_deep_does_no_harm(void **state UNUSED)
{
	/* Arrays nested in the object. */
	static const size_t depths[] = { 10, JSON_DEPTH - 1, JSON_DEPTH,
		100000 };
	struct ticket_data ev;
	char *open, *text;
	size_t i;

	for (i = 0; i < ARRAY_LEN(depths); i++) {
		open = repeat("{\"failures\":1,\"user\":", "[", depths[i], "");
		text = repeat(open, "]", depths[i], "}");
		decode(text, strlen(text), MANY, &ev);
		assert_int_equal(ev.failures,
		    depths[i] < JSON_DEPTH ? 1 : UNKNOWN);
		assert_int_equal(ev.captures != NULL, depths[i] < JSON_DEPTH);
		ticket_data_free(&ev);
		free(text);
		decode(open, strlen(open), MANY, &ev);
		assert_null(ev.captures);
		ticket_data_free(&ev);
		free(open);
	}
}

static void
the_last_lines_are_kept(void **state UNUSED)
{
	static const struct {
		int64_t max;
		const char *matches;
	} rows[] = {
		{ 0, "[]" },
		{ 1, "[\"l20\"]" },
		{ 3, "[\"l18\",\"l19\",\"l20\"]" },
	};
	char json[400] = "{\"matches\":[", lines[200] = "";
	struct ticket_data ev;
	size_t i, n;

	for (i = 1; i <= 20; i++) {
		n = strlen(json);
		snprintf(json + n, sizeof(json) - n, "%s\"l%zu\"",
		    i > 1 ? "," : "", i);
		n = strlen(lines);
		snprintf(lines + n, sizeof(lines) - n, "l%zu\n", i);
	}
	strcat(json, "],\"failures\":20}");
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		decode(json, strlen(json), rows[i].max, &ev);
		assert_string_equal(ev.matches, rows[i].matches);
		assert_int_equal(ev.failures, 20);
		ticket_data_free(&ev);
		decode_lines(lines, rows[i].max, &ev);
		assert_string_equal(ev.matches, rows[i].matches);
		ticket_data_free(&ev);
	}
	decode(json, strlen(json), 20, &ev);
	assert_int_equal(strncmp(ev.matches, "[\"l1\",\"l2\",", 11), 0);
	assert_int_equal(strlen(ev.matches), 9 * 5 + 11 * 6 + 1);
	ticket_data_free(&ev);
}

static void
a_long_line_is_cut_and_notes_its_length(void **state UNUSED)
{
	/* The limit counts characters, not bytes. */
	static const char *const characters[] = { "x", "\xc3\xa9",
		"\xf0\x9f\x98\x80" };
	struct ticket_data ev;
	char *json, *expected, tail[60];
	size_t i, over;

	for (i = 0; i < ARRAY_LEN(characters); i++) {
		for (over = 0; over < 3; over++) {
			json = repeat("{\"matches\":[\"", characters[i],
			    TICKET_DATA_LINE_MAX + over, "\",\"z\"]}");
			snprintf(tail, sizeof(tail),
			    " [cut, %zu characters]\",\"z\"]",
			    TICKET_DATA_LINE_MAX + over);
			expected =
			    repeat("[\"", characters[i], TICKET_DATA_LINE_MAX,
				over == 0 ? "\",\"z\"]" : tail);
			decode(json, strlen(json), MANY, &ev);
			assert_string_equal(ev.matches, expected);
			ticket_data_free(&ev);
			free(expected);
			free(json);
		}
	}
}

static void
a_line_in_parts_is_as_long_as_all_of_them(void **state UNUSED)
{
	char *json, *part = repeat("", "y", TICKET_DATA_LINE_MAX, "");
	struct ticket_data ev;
	size_t len = strlen(part) + 100;

	json = malloc(len);
	assert_non_null(json);
	snprintf(json, len, "{\"matches\":[[\"a\",\"%s\",\"b\"]]}", part);
	decode(json, strlen(json), MANY, &ev);
	assert_int_equal(strncmp(ev.matches, "[\"ayyy", 6), 0);
	assert_non_null(strstr(ev.matches, "y [cut, 8194 characters]\"]"));
	ticket_data_free(&ev);
	free(json);
	free(part);
}

static void
a_long_capture_is_cut_and_notes_its_length(void **state UNUSED)
{
	static const char rest[] =
	    "\"n\":1.5,\"none\":null,\"yes\":true,\"list\":[\"a\",1],";
	char head[200], tail[80], *data, *kept;
	struct ticket_data ev;

	snprintf(head, sizeof(head), "{%s\"user\":\"", rest);
	data = repeat(head, "\xc3\xa9", TICKET_DATA_LINE_MAX + 1, "\"}");
	snprintf(tail, sizeof(tail), " [cut, %d characters]\"}",
	    TICKET_DATA_LINE_MAX + 1);
	kept = repeat(head, "\xc3\xa9", TICKET_DATA_LINE_MAX, tail);
	decode(data, strlen(data), MANY, &ev);
	assert_string_equal(ev.captures, kept);
	ticket_data_free(&ev);
	free(data);
	free(kept);
}

static void
plain_lines_are_kept_one_by_one(void **state UNUSED)
{
	static const struct {
		const char *lines, *matches;
	} rows[] = {
		{ "", "[]" },
		{ "a", "[\"a\"]" },
		{ "a\n", "[\"a\"]" },
		{ "a\nb", "[\"a\",\"b\"]" },
		{ "\n\na\n\n\nb\n\n", "[\"a\",\"b\"]" },
		{ "a\r\nb", "[\"a\\r\",\"b\"]" },
		{ " a \n\t", "[\" a \",\"\\t\"]" },
		{ "say \"x\" \\ \x1b[2J\n",
		    "[\"say \\\"x\\\" \\\\ "
		    "\\u001b[2J\"]" },
		{ "[\"a\"]\n{}", "[\"[\\\"a\\\"]\",\"{}\"]" },
		{ "\xc3\xa9\n\xf0\x9f\x98\x80",
		    "[\"\xc3\xa9\",\"\xf0\x9f\x98\x80\"]" },
		{ "<matches>", "[\"<matches>\"]" },
	};
	struct ticket_data ev;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		decode_lines(rows[i].lines, MANY, &ev);
		assert_string_equal(ev.matches, rows[i].matches);
		assert_null(ev.captures);
		assert_null(ev.ip);
		assert_int_equal(ev.failures, UNKNOWN);
		ticket_data_free(&ev);
	}
}

static void
a_plain_line_too_long_is_cut(void **state UNUSED)
{
	char *lines = repeat("", "\xc3\xa9", TICKET_DATA_LINE_MAX + 1, "\nz");
	char tail[60], *kept;
	struct ticket_data ev;

	snprintf(tail, sizeof(tail), " [cut, %d characters]\",\"z\"]",
	    TICKET_DATA_LINE_MAX + 1);
	kept = repeat("[\"", "\xc3\xa9", TICKET_DATA_LINE_MAX, tail);
	decode_lines(lines, MANY, &ev);
	assert_string_equal(ev.matches, kept);
	ticket_data_free(&ev);
	free(kept);
	free(lines);
}

static void
of_many_plain_lines_the_last_are_kept(void **state UNUSED)
{
	char *lines = repeat("", "x\n\n", 300000, "y\n");
	struct ticket_data ev;

	decode_lines(lines, 3, &ev);
	assert_string_equal(ev.matches, "[\"x\",\"x\",\"y\"]");
	ticket_data_free(&ev);
	free(lines);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_data_that_fail2ban_writes_are_decoded),
		cmocka_unit_test(a_field_of_the_wrong_kind_is_not_taken),
		cmocka_unit_test(bytes_that_are_no_utf8_are_replaced),
		cmocka_unit_test(bytes_that_are_no_object_have_no_fields),
		cmocka_unit_test(no_data_have_no_fields),
		cmocka_unit_test(escapes_of_no_character_are_replaced),
		cmocka_unit_test(a_backslash_at_the_end_is_no_object),
		cmocka_unit_test(of_many_plain_lines_the_last_are_kept),
		cmocka_unit_test(nesting_that_is_too_deep_does_no_harm),
		cmocka_unit_test(the_last_lines_are_kept),
		cmocka_unit_test(a_long_line_is_cut_and_notes_its_length),
		cmocka_unit_test(a_line_in_parts_is_as_long_as_all_of_them),
		cmocka_unit_test(a_long_capture_is_cut_and_notes_its_length),
		cmocka_unit_test(plain_lines_are_kept_one_by_one),
		cmocka_unit_test(a_plain_line_too_long_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
