/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text that log lines share is found, and SQL restores the same lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "archive/shared_text.h"
#include "archive/statements.h"
#include "base/buffer.h"
#include "base/json.h"
#include "base/macros.h"
#include "base/utf8.h"

/* The view bans makes the lines in this way. */
#define REPLACED \
	"replace(replace(replace(replace(matches, x'01', a), x'02', b), " \
	"x'03', c), x'04', d)"

/* As in shared_text.c: the longest piece, and the longest text that is cut. */
#define PIECE_LONGEST 250
#define LOOKED_AT 16384

static int
open_sqlite(void **state)
{
	sqlite3 *db = NULL;
	int rc = sqlite3_open(":memory:", &db);

	*state = db;
	return rc;
}

static int
close_sqlite(void **state)
{
	return sqlite3_close(*state);
}

/* Check that the view would make these lines. */
static void
assert_come_back(sqlite3 *db, const struct shared_text *text, const char *lines)
{
	sqlite3_stmt *st;

	assert_int_equal(sqlite3_prepare_v2(db,
			     "SELECT " REPLACED " FROM (SELECT ?1 AS matches, "
			     "?2 AS a, ?3 AS b, ?4 AS c, ?5 AS d)",
			     -1, &st, NULL),
	    SQLITE_OK);
	sqlite3_bind_text(st, 1, text->lines, -1, SQLITE_STATIC);
	for (int i = 0; i < SHARED_TEXT_MAX; i++)
		sqlite3_bind_text(st, 2 + i, text->piece[i], -1, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_int_equal(sqlite3_column_bytes(st, 0), strlen(lines));
	assert_memory_equal(sqlite3_column_text(st, 0), lines, strlen(lines));
	sqlite3_finalize(st);
}

static bool
has_control(const char *s, char first)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s < 0x20 && *s >= first)
			return true;
	}
	return false;
}

/* Check what holds for any lines. */
static void
assert_shared(sqlite3 *db, const char *lines, struct shared_text *text)
{
	assert_int_equal(shared_text_find(text, lines), 0);
	assert_come_back(db, text, lines);
	assert_false(has_control(text->lines, SHARED_TEXT_MAX + 1));
	for (int i = 0; i < SHARED_TEXT_MAX; i++) {
		assert_false(has_control(text->piece[i], 1));
		assert_in_range(strlen(text->piece[i]), 0, PIECE_LONGEST);
		/* A mark stands for something. */
		if (strchr(text->lines, 1 + i) != NULL)
			assert_int_not_equal(text->piece[i][0], '\0');
		else
			assert_string_equal(text->piece[i], "");
		assert_true(
		    utf8_is_valid(text->piece[i], strlen(text->piece[i])));
	}
	assert_true(utf8_is_valid(text->lines, strlen(text->lines)));
}

/* Return the number of bytes that are archived. */
static size_t
size_of(const struct shared_text *text)
{
	size_t size = strlen(text->lines);

	for (int i = 0; i < SHARED_TEXT_MAX; i++)
		size += strlen(text->piece[i]);
	return size;
}

/* Any program that reads the view bans gets the lines in this way. */
static void
the_view_puts_the_pieces_back(void **state UNUSED)
{
	FILE *file = fopen("helper/archive/sql/2.sql", "r");
	char text[16384], *to = text;
	int c, last = ' ';

	if (file == NULL)
		fail_msg(
		    "helper/archive/sql/2.sql: to be run at the top of the "
		    "tree");
	while ((c = getc(file)) != EOF && to < text + sizeof(text) - 1) {
		c = strchr("\t\n", c) != NULL ? ' ' : c;
		if (c == ' ' && (last == ' ' || last == '('))
			continue;
		*to++ = (char)c;
		last = c;
	}
	*to = '\0';
	fclose(file);
	assert_int_equal(c, EOF);
	assert_non_null(strstr(text, "CREATE VIEW bans AS SELECT"));
	assert_non_null(strstr(text, " " REPLACED " AS matches,"));
	assert_non_null(strstr(archive_statements[SQL_EVIDENCE_IS], REPLACED));
}

/* clang-format off */

static const struct {
	const char *lines, *marked, *piece[SHARED_TEXT_MAX];
} found[] = {
	/* They share nothing. */
	{ "[]", "[]", { "", "", "", "" } },
	{ "[\"\"]", "[\"\"]", { "", "", "", "" } },
	{ "[\"\",\"\",\"\"]", "[\"\",\"\",\"\"]", { "", "", "", "" } },
	{ "[\"one line only\"]", "[\"one line only\"]", { "", "", "", "" } },
	{ "[\"\",\"a line like another\"]", "[\"\",\"a line like another\"]",
	    { "", "", "", "" } },
	/* Lines that are equal. */
	{ "[\"a line like another\",\"a line like another\"]",
	    "[\"\1\",\"\1\"]", { "a line like another", "", "", "" } },
	{ "[\"user \\\"x\\\"\",\"user \\\"x\\\"\",\"user \\\"x\\\"\"]",
	    "[\"\1\",\"\1\",\"\1\"]", { "user \\\"x\\\"", "", "", "" } },
	/* They differ at their beginning, at their end, in the middle. */
	{ "[\"1: Failed password\",\"2: Failed password\"]",
	    "[\"1\1\",\"2\1\"]", { ": Failed password", "", "", "" } },
	{ "[\"Failed password: 1\",\"Failed password: 2\"]",
	    "[\"\1" "1\",\"\1" "2\"]", { "Failed password: ", "", "", "" } },
	{ "[\"sshd[1]: Failed password for root\","
		"\"sshd[2]: Failed password for root\"]",
	    "[\"sshd[1\1\",\"sshd[2\1\"]",
	    { "]: Failed password for root", "", "", "" } },
	/* The longest is the first. */
	{ "[\"brief: 1, and a longer one\",\"brief: 2, and a longer one\"]",
	    "[\"\2" "1\1\",\"\2" "2\1\"]",
	    { ", and a longer one", "brief: ", "", "" } },
	/* All but one of them share it. */
	{ "[\"1: Failed password\",\"Accepted key\",\"2: Failed password\"]",
	    "[\"1\1\",\"Accepted key\",\"2\1\"]",
	    { ": Failed password", "", "", "" } },
};

/* clang-format on */

static void
the_text_that_lines_share_is_found(void **state)
{
	struct shared_text text;

	for (size_t i = 0; i < ARRAY_LEN(found); i++) {
		assert_shared(*state, found[i].lines, &text);
		assert_string_equal(text.lines, found[i].marked);
		for (int k = 0; k < SHARED_TEXT_MAX; k++)
			assert_string_equal(text.piece[k], found[i].piece[k]);
		shared_text_free(&text);
		assert_null(text.lines);
		assert_null(text.piece[0]);
	}
}

/* Services write such lines when an attacker tries many passwords. */
static const char *const alike[] = {
	"[\"Nov 23 18:48:31 mail sshd[20811]: Failed password for root from "
	"192.0.2.17 port 51034 ssh2\","
	"\"Nov 23 18:48:33 mail sshd[20811]: Failed password for root from "
	"192.0.2.17 port 51034 ssh2\","
	"\"Nov 23 18:48:36 mail sshd[20819]: Failed password for root from "
	"192.0.2.17 port 51102 ssh2\","
	"\"Nov 23 18:48:39 mail sshd[20819]: Failed password for root from "
	"192.0.2.17 port 51102 ssh2\","
	"\"Nov 23 18:48:44 mail sshd[20824]: Failed password for root from "
	"192.0.2.17 port 51180 ssh2\"]",
	"[\"2026-11-23T18:48:31.123456+01:00 mail sshd[20811]: Failed password "
	"for invalid user admin from 2001:db8::17 port 51034 ssh2\","
	"\"2026-11-23T18:48:33.654321+01:00 mail sshd[20813]: Failed password "
	"for invalid user oracle from 2001:db8::17 port 51038 ssh2\","
	"\"2026-11-23T18:48:36.000001+01:00 mail sshd[20819]: Failed password "
	"for invalid user test from 2001:db8::17 port 51102 ssh2\"]",
	"[\"Nov 23 18:48:31 mail sshd[811]: Invalid user M\xc3\xbcller from "
	"192.0.2.17 port 51034\","
	"\"Nov 23 18:48:31 mail sshd[815]: Invalid user M\xc3\xbcller from "
	"192.0.2.17 port 51035\","
	"\"Nov 23 18:48:32 mail sshd[816]: Invalid user M\xc3\xb6ller from "
	"192.0.2.17 port 51036\"]",
	"[\"192.0.2.17 - - [23/Nov/2026:18:48:31 +0100] \\\"GET "
	"/wp-login.php HTTP/1.1\\\" 404 153 \\\"-\\\" \\\"Mozilla/5.0\\\"\","
	"\"192.0.2.17 - - [23/Nov/2026:18:48:32 +0100] \\\"GET "
	"/xmlrpc.php HTTP/1.1\\\" 404 153 \\\"-\\\" \\\"Mozilla/5.0\\\"\","
	"\"192.0.2.17 - - [23/Nov/2026:18:48:32 +0100] \\\"GET "
	"/.env HTTP/1.1\\\" 404 153 \\\"-\\\" \\\"Mozilla/5.0\\\"\"]",
};

static void
similar_lines_take_less_room(void **state)
{
	struct shared_text text;

	for (size_t i = 0; i < ARRAY_LEN(alike); i++) {
		assert_shared(*state, alike[i], &text);
		if (size_of(&text) * 10 >= strlen(alike[i]) * 6)
			fail_msg("%s: %zu of %zu bytes", alike[i],
			    size_of(&text), strlen(alike[i]));
		shared_text_free(&text);
	}
}

/*
 * A piece may begin or end within an escape or a character, may hold half of a
 * quoted word, may overlap itself.
 */
static const char *const hostile[] = {
	"[\"a\",\"b\"]",
	"[\"a\",\"a\",\"aa\",\"\"]",
	"[\"ab\",\"\",\"abab\"]",
	"[\"x\",\"\",\"a line like another\",\"a line like another\"]",
	"[\"aaaaaaaaaaaaaaaaaaaa\",\"aaaaaaaaaaaaaaa\",\"aaaaaaaaab\"]",
	"[\"abcabcabcabcabc\",\"bcabcabcabcabca\",\"cabcabcabcabcab\"]",
	/* \", \\, \n, \u001b, on one side of what differs and the other. */
	"[\"one \\\" and more\",\"two \\\\\\\" and more\"]",
	"[\"first half\\\"\",\"first half\\\\\",\"first half\\n\"]",
	"[\"first half\\u001b\",\"first half\\u001f\",\"first half\\u00e9\"]",
	"[\"\\u001bsecond half\",\"\\n001bsecond half\","
	"\"u001bsecond half\"]",
	"[\"\\\\\\\\\\\\\\\\\\\\\\\\x\",\"\\\\\\\\\\\\\\\\\\\\\\\\\\\"\"]",
	"[\"\\\"\\\"\\\"\\\"\\\"\\\"\",\"\\\\\\\"\\\"\\\"\\\"\\\"\\\"\"]",
	"[\"tail,\\\"\",\"tail,\\\",\\\"\",\"\\\",\\\"tail,\"]",
	"[\"\\\",\\\",\\\",\\\"\",\"\\\",\\\",\\\",\\\"\"]",
	/* Characters of two, three and four bytes, halves of them alike. */
	"[\"Stra\xc3\x9f"
	"e 1 Stra\xc3\x9f"
	"e\",\"Stra\xc3\x9f"
	"e 2 Stra\xc3\x9f"
	"e\"]",
	"[\"12345\xc3\xa9\",\"12345\xc3\xa8\",\"12345\xc3\xa7\"]",
	"[\"\xc3\xa9"
	"12345\",\"\xc4\xa9"
	"12345\",\"\xc5\xa9"
	"12345\"]",
	"[\"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\","
	"\"\xe2\x82\xac\xe2\x82\xad\xe2\x82\xac\"]",
	"[\"\xf0\x9f\x98\x80\xf0\x9f\x98\x81\",\"\xf0\x9f\x98\x80\xf0\x9f\x98"
	"\x82\"]",
	/* The lines are of different kinds. */
	"[\"Accepted publickey for root\",\"Connection closed by 192.0.2.1\","
	"\"pam_unix: session opened\",\"\",\"Connection closed by 192.0.2.2\"]",
	"[\"short1\",\"a much longer line that has nothing of that one\"]",
	/* Nine pieces, of which four are taken. */
	"[\"aaaaaaa1bbbbbbb1ccccccc1ddddddd1eeeeeee1fffffff1ggggggg1hhhhhhh1"
	"iiiiiii\",\"aaaaaaa2bbbbbbb2ccccccc2ddddddd2eeeeeee2fffffff2ggggggg2"
	"hhhhhhh2iiiiiii\"]",
};

static void
hostile_lines_come_back(void **state)
{
	struct shared_text text;

	for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
		assert_true(json_is(hostile[i], '['));
		assert_shared(*state, hostile[i], &text);
		shared_text_free(&text);
	}
}

/* Return an array of n lines: a number, lead, then what len times. */
static char *
lines_of(size_t n, const char *lead, const char *what, size_t len)
{
	struct buffer out = { 0 };

	for (size_t i = 0; i < n; i++) {
		buffer_puts(&out, i == 0 ? "[\"" : ",\"");
		buffer_put_number(&out, (int64_t)i);
		buffer_puts(&out, lead);
		for (size_t k = 0; k < len; k++)
			buffer_puts(&out, what);
		buffer_putc(&out, '"');
	}
	buffer_putc(&out, ']');
	assert_false(out.failed);
	return buffer_take(&out);
}

static void
a_long_piece_is_cut(void **state)
{
	/* The cut falls after a character, into one, into an escape. */
	static const struct {
		const char *lead, *what;
	} rows[] = { { " ", "x" }, { "", "\xc3\xa9" }, { " ", "\xc3\xa9" },
		{ "  ", "\xf0\x9f\x98\x80" }, { "", "\\u001b" },
		{ " ", "\\\"" }, { "", "\\\\" } };
	struct shared_text text;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *lines = lines_of(3, rows[i].lead, rows[i].what, 400);

		assert_shared(*state, lines, &text);
		/* It is shorter where a whole character would be too long. */
		assert_in_range(strlen(text.piece[0]), PIECE_LONGEST - 3,
		    PIECE_LONGEST);
		assert_true(size_of(&text) < strlen(lines));
		shared_text_free(&text);
		free(lines);
	}
}

static void
very_long_lines_are_kept_as_they_are(void **state)
{
	/* [, ], and two lines of a quote, a digit, a quote; a comma. */
	size_t most = (LOOKED_AT - 9) / 2;
	char *lines = lines_of(2, "", "x", most);
	struct shared_text text;

	assert_in_range(strlen(lines), LOOKED_AT - 1, LOOKED_AT);
	assert_shared(*state, lines, &text);
	assert_true(strlen(text.lines) < LOOKED_AT / 10);
	shared_text_free(&text);
	free(lines);

	lines = lines_of(2, "", "x", most + 1);
	assert_in_range(strlen(lines), LOOKED_AT + 1, LOOKED_AT + 2);
	assert_shared(*state, lines, &text);
	assert_string_equal(text.lines, lines);
	for (int i = 0; i < SHARED_TEXT_MAX; i++)
		assert_string_equal(text.piece[i], "");
	shared_text_free(&text);
	free(lines);
}

/* Draw a number; every machine draws the same ones. */
static uint32_t
draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 16) % below;
}

/* Draw up to 12 lines of up to 20 words, most of them like the first line's. */
static char *
draw_lines(uint32_t *seed)
{
	static const char *const words[] = { "Failed", " password", " for ",
		"root", "\\\"", "\\\\", "\\u001b", "\\n", "\xc3\xa9",
		"\xf0\x9f\x98\x80", "1", "22", ",", "[", "]: ", "x", "a", "aa",
		"from 192.0.2.", "" };
	uint32_t line[20], n = draw(seed, 13), len = draw(seed, 21);
	struct buffer out = { 0 };

	for (uint32_t k = 0; k < len; k++)
		line[k] = draw(seed, ARRAY_LEN(words));
	buffer_putc(&out, '[');
	for (uint32_t i = 0; i < n; i++) {
		buffer_puts(&out, i == 0 ? "\"" : ",\"");
		for (uint32_t k = 0; k < len; k++) {
			if (draw(seed, 6) == 0)
				line[k] = draw(seed, ARRAY_LEN(words));
			if (draw(seed, 12) != 0)
				buffer_puts(&out, words[line[k]]);
		}
		buffer_putc(&out, '"');
	}
	buffer_putc(&out, ']');
	assert_false(out.failed);
	return buffer_take(&out);
}

static void
random_lines_come_back(void **state)
{
	size_t before = 0, after = 0;
	uint32_t seed = 7;

	for (int i = 0; i < 200; i++) {
		char *lines = draw_lines(&seed);
		struct shared_text text;

		assert_true(json_is(lines, '['));
		assert_shared(*state, lines, &text);
		before += strlen(lines);
		after += size_of(&text);
		shared_text_free(&text);
		free(lines);
	}
	assert_true(after < before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_view_puts_the_pieces_back),
		cmocka_unit_test(the_text_that_lines_share_is_found),
		cmocka_unit_test(similar_lines_take_less_room),
		cmocka_unit_test(hostile_lines_come_back),
		cmocka_unit_test(a_long_piece_is_cut),
		cmocka_unit_test(very_long_lines_are_kept_as_they_are),
		cmocka_unit_test(random_lines_come_back),
	};

	return cmocka_run_group_tests(tests, open_sqlite, close_sqlite);
}
