/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/escape: text of attackers, made harmless for a terminal, JSON and HTML.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/escape.h"
#include "base/macros.h"
#include "watched.h"

#define BYTES(s) s, sizeof(s) - 1

static void
characters_that_a_terminal_acts_on_are_escaped(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *expected;
	} rows[] = {
		{ BYTES(""), "" },
		{ BYTES("sshd 192.0.2.1"), "sshd 192.0.2.1" },
		{ BYTES("\x1b[2J\x1b]0;x\x07"), "\\x1b[2J\\x1b]0;x\\x07" },
		{ BYTES("a\0b"), "a\\x00b" },
		{ BYTES("a\r\n\tb"), "a\\x0d\\x0a\\x09b" },
		{ BYTES("\x7f"), "\\x7f" },
		{ BYTES("C:\\x1b"), "C:\\\\x1b" },
		{ BYTES("100%s%n"), "100%s%n" },
		{ BYTES("\"'`$<>&"), "\"'`$<>&" },
		/* Ordinary text. */
		{ BYTES("\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80"),
		    "\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80" },
		{ BYTES("\xd7\xa9\xd7\x9c"), "\xd7\xa9\xd7\x9c" },
		/* CSI in one character: U+009B. */
		{ BYTES("\xc2\x9b[2J"), "\\u009b[2J" },
		{ BYTES("\xc2\x80\xc2\x9f\xc2\xa0"), "\\u0080\\u009f\xc2\xa0" },
		/* Marks that change the direction or hide text. */
		{ BYTES("\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac\xe2\x80\xad"
			"\xe2\x80\xae"),
		    "\\u202a\\u202b\\u202c\\u202d\\u202e" },
		{ BYTES("\xe2\x81\xa6\xe2\x81\xa7\xe2\x81\xa8\xe2\x81\xa9"),
		    "\\u2066\\u2067\\u2068\\u2069" },
		{ BYTES("\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c"),
		    "\\u200e\\u200f\\u061c" },
		{ BYTES("\xe2\x80\xa8\xe2\x80\xa9"), "\\u2028\\u2029" },
		{ BYTES("\xe2\x80\x8b\xef\xbb\xbf"), "\\u200b\\ufeff" },
		{ BYTES("\xf3\xa0\x81\x81"), "\\ue0041" },
		/* Bytes that are no UTF-8. */
		{ BYTES("\xff\xc3"), "\\xff\\xc3" },
		{ BYTES("\xed\xa0\x80"), "\\xed\\xa0\\x80" },
		{ BYTES("\xe2\x80"), "\\xe2\\x80" },
	};
	char out[200], *in;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		in = watched_copy(rows[i].bytes, rows[i].len);
		assert_int_equal(escape_text(out, sizeof(out), in, rows[i].len),
		    strlen(rows[i].expected));
		assert_string_equal(out, rows[i].expected);
		free(in);
	}
}

static void
an_escape_is_never_cut_in_two(void **state)
{
	static const char in[] =
	    "a\x1b\\\xe2\x80\xae\xc3\xa9\xf0\x9f\x98\x80\xffz";
	static const char all[] =
	    "a\\x1b\\\\\\u202e\xc3\xa9\xf0\x9f\x98\x80\\xffz";
	static const size_t ends[] = { 0, 1, 5, 7, 13, 15, 19, 23, 24 };
	size_t cap, i, fits;
	char *out;

	(void)state;
	assert_int_equal(sizeof(all) - 1, ends[ARRAY_LEN(ends) - 1]);
	assert_int_equal(escape_text(NULL, 0, in, sizeof(in) - 1),
	    sizeof(all) - 1);
	for (cap = 1; cap <= sizeof(all) + 1; cap++) {
		out = malloc(cap);
		assert_non_null(out);
		assert_int_equal(escape_text(out, cap, in, sizeof(in) - 1),
		    sizeof(all) - 1);
		fits = 0;
		for (i = 0; i < ARRAY_LEN(ends) && ends[i] < cap; i++)
			fits = ends[i];
		assert_int_equal(strlen(out), fits);
		assert_memory_equal(out, all, fits);
		free(out);
	}
}

static void
nothing_follows_a_piece_that_did_not_fit(void **state)
{
	char out[4];

	(void)state;
	assert_int_equal(escape_text(out, sizeof(out), "a\x1bxy", 4), 7);
	assert_string_equal(out, "a");
}

static void
a_text_of_any_length_is_printed_escaped(void **state)
{
	enum { TIMES = 3000 };
	static const char in[] = "a\x1b\xe2\x80\xae\\\xff";
	static const char escaped[] = "a\\x1b\\u202e\\\\\\xff";
	char *text, s[TIMES * (sizeof(in) - 1) + 1];
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_non_null(out);
	for (size_t i = 0; i < TIMES; i++)
		memcpy(s + i * (sizeof(in) - 1), in, sizeof(in));
	escape_print(out, s);
	escape_print(out, "");
	assert_int_equal(fclose(out), 0);
	assert_int_equal(len, TIMES * (sizeof(escaped) - 1));
	for (size_t i = 0; i < TIMES; i++)
		assert_memory_equal(text + i * (sizeof(escaped) - 1), escaped,
		    sizeof(escaped) - 1);
	free(text);
}

static void
escaped_json_is_the_same_json(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "", "" },
		{ "{\"a\":\"b\\n\"}", "{\"a\":\"b\\n\"}" },
		{ "\xc3\xa9\xe4\xb8\xad", "\xc3\xa9\xe4\xb8\xad" },
		{ "a\xc2\x9b[2Jb", "a\\u009b[2Jb" },
		{ "\x7f", "\\u007f" },
		{ "\xe2\x80\xae\xe2\x80\xa8", "\\u202e\\u2028" },
		/* Above U+FFFF. */
		{ "\xf3\xa0\x81\x81z", "\\udb40\\udc41z" },
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
		/* Bytes that are no UTF-8. */
		{ "a\xff", "a\\ufffd" },
	};
	char *text;
	size_t len;
	FILE *out;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		out = open_memstream(&text, &len);
		assert_non_null(out);
		escape_json(out, rows[i].in);
		assert_int_equal(fclose(out), 0);
		assert_string_equal(text, rows[i].out);
		free(text);
	}
}

static void
html_takes_a_text_as_a_text_in_elements_and_attributes(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "", "" },
		{ "sshd 192.0.2.1", "sshd 192.0.2.1" },
		{ "<script>alert(1)</script>",
		    "&lt;script&gt;alert(1)&lt;/script&gt;" },
		{ "</title></style></svg>",
		    "&lt;/title&gt;&lt;/style&gt;&lt;/svg&gt;" },
		{ "<!--", "&lt;!--" },
		{ "]]>", "]]&gt;" },
		/* An attribute in either kind of quotes. */
		{ "\" onload=\"x", "&quot; onload=&quot;x" },
		{ "' onload='x", "&#39; onload=&#39;x" },
		/* A reference is a text, too. */
		{ "&lt;&amp;&#60;", "&amp;lt;&amp;amp;&amp;#60;" },
		{ "100%s%n", "100%s%n" },
		/* Ordinary text. */
		{ "\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80\xd7\xa9",
		    "\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80\xd7\xa9" },
		/* Controls, marks of the direction, and hidden characters. */
		{ "a\x1b[2J\r\n\tb\x7f", "a\\x1b[2J\\x0d\\x0a\\x09b\\x7f" },
		{ "\xc2\x85", "\\u0085" },
		{ "\xe2\x80\xae\xe2\x81\xa6\xe2\x80\x8b\xef\xbb\xbf",
		    "\\u202e\\u2066\\u200b\\ufeff" },
		{ "C:\\x1b", "C:\\\\x1b" },
		/* Bytes that are no UTF-8, and hide no quote after them. */
		{ "\xff<\xc3\"\xe2\x80'",
		    "\\xff&lt;\\xc3&quot;\\xe2\\x80&#39;" },
		{ "\xed\xa0\x80\xc0\xbc", "\\xed\\xa0\\x80\\xc0\\xbc" },
	};
	char *text;
	size_t len;
	FILE *out;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		out = open_memstream(&text, &len);
		assert_non_null(out);
		escape_html(out, rows[i].in);
		assert_int_equal(fclose(out), 0);
		assert_string_equal(text, rows[i].out);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    characters_that_a_terminal_acts_on_are_escaped),
		cmocka_unit_test(an_escape_is_never_cut_in_two),
		cmocka_unit_test(nothing_follows_a_piece_that_did_not_fit),
		cmocka_unit_test(a_text_of_any_length_is_printed_escaped),
		cmocka_unit_test(escaped_json_is_the_same_json),
		cmocka_unit_test(
		    html_takes_a_text_as_a_text_in_elements_and_attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
