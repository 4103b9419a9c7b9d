/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/json: compared with RFC 8259 and with SQLite's own functions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/json.h"
#include "base/macros.h"
#include "watched.h"

#define MAX 8

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

/* Return SQLite's answer to sql about text; the caller frees it. */
static char *
ask(sqlite3 *db, const char *sql, const char *text)
{
	sqlite3_stmt *st;
	char *answer;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	sqlite3_bind_text(st, 1, text, -1, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	answer = strdup((const char *)sqlite3_column_text(st, 0));
	assert_non_null(answer);
	sqlite3_finalize(st);
	return answer;
}

/* Take the text out of b; the caller frees it. */
static char *
written(struct buffer *b)
{
	char *text;

	buffer_puts(b, "");
	text = buffer_take(b);
	assert_non_null(text);
	return text;
}

static void
assert_written(struct buffer *b, const char *expected)
{
	char *text = written(b);

	assert_string_equal(text, expected);
	free(text);
}

/* ------------------------------------------------------------- json_is -- */

/* clang-format off */

/* A text and its kind: { or [, or 0 for neither of them. */
static const struct {
	const char *text;
	char is;
} texts[] = {
	{ "{}", '{' }, { "[]", '[' }, { "{ }", '{' }, { "[ ]", '[' },
	{ " \t\r\n{ \t\r\n} \t\r\n", '{' },
	{ " \t\r\n[ \t\r\n] \t\r\n", '[' },
	{ "[[],{},[[]],[{}]]", '[' },
	{ "{\"\":{}}", '{' }, { "{\"a\":[],\"b\":{\"c\":[{}]}}", '{' },
	{ "[ 1 , 2 ]", '[' }, { "{ \"a\" : 1 , \"b\" : 2 }", '{' },
	{ "{\"a\":1,\"a\":2}", '{' }, /* RFC 8259 does not say which one counts */
	{ "[true,false,null]", '[' },

	/* No container, an unfinished one, or more than one. */
	{ "", 0 }, { " ", 0 }, { "1", 0 }, { "\"\"", 0 }, { "\"[]\"", 0 },
	{ "null", 0 }, { "true", 0 }, { "[", 0 }, { "{", 0 }, { "]", 0 },
	{ "}", 0 }, { "[}", 0 }, { "{]", 0 }, { "[1", 0 }, { "[1,", 0 },
	{ "[[]", 0 }, { "[]]", 0 }, { "{}}", 0 }, { "[1}", 0 },
	{ "{\"a\":1]", 0 }, { "[{]}", 0 }, { "[] []", 0 }, { "[],[]", 0 },
	{ "{}x", 0 }, { "x{}", 0 }, { "[]\v", 0 }, { "\f[]", 0 },
	{ "\xef\xbb\xbf[]", 0 }, { "[]\xc2\xa0", 0 },

	/* Commas and colons. */
	{ "[,]", 0 }, { "[1,]", 0 }, { "[,1]", 0 }, { "[1,,2]", 0 },
	{ "[1 2]", 0 }, { "[\"a\"\"b\"]", 0 }, { "[1:2]", 0 }, { "[[]1]", 0 },
	{ "{,}", 0 }, { "{\"a\":1,}", 0 }, { "{,\"a\":1}", 0 },
	{ "{\"a\":1,,\"b\":2}", 0 }, { "{\"a\":1 \"b\":2}", 0 },
	{ "{\"a\"}", 0 }, { "{\"a\":}", 0 }, { "{\"a\",1}", 0 },
	{ "{\"a\"::1}", 0 }, { "{:1}", 0 }, { "{1:1}", 0 }, { "{a:1}", 0 },
	{ "{'a':1}", 0 }, { "{null:1}", 0 }, { "{[]:1}", 0 },
	{ "{\"a\":1,2}", 0 }, { "{\"a\"", 0 }, { "{\"a\":", 0 }, { "{\"", 0 },
	{ "[1/**/]", 0 }, { "[1]//", 0 },

	/* Words. */
	{ "[True]", 0 }, { "[nul]", 0 }, { "[nulll]", 0 }, { "[truefalse]", 0 },
	{ "[tru", 0 }, { "[NaN]", 0 }, { "[Infinity]", 0 }, { "[-Infinity]", 0 },
	{ "[undefined]", 0 }, { "[x]", 0 },

	/* Numbers. */
	{ "[0]", '[' }, { "[-0]", '[' }, { "[10]", '[' }, { "[-12]", '[' },
	{ "[0.5]", '[' }, { "[-0.05]", '[' }, { "[1.50]", '[' },
	{ "[1e3]", '[' }, { "[1E3]", '[' }, { "[1e+3]", '[' },
	{ "[1e-3]", '[' }, { "[0e0]", '[' }, { "[1.5E+007]", '[' },
	{ "[123456789012345678901234567890]", '[' }, { "[1e999]", '[' },
	{ "[00]", 0 }, { "[01]", 0 }, { "[-01]", 0 }, { "[-]", 0 },
	{ "[+1]", 0 }, { "[--1]", 0 }, { "[.5]", 0 }, { "[-.5]", 0 },
	{ "[1.]", 0 }, { "[1.e3]", 0 }, { "[1..5]", 0 }, { "[1.5.5]", 0 },
	{ "[1e]", 0 }, { "[1e+]", 0 }, { "[1e-]", 0 }, { "[1e+-3]", 0 },
	{ "[1e1.5]", 0 }, { "[1e1e1]", 0 }, { "[e1]", 0 }, { "[0x10]", 0 },
	{ "[1a]", 0 }, { "[1_0]", 0 }, { "[1,5.]", 0 }, { "[1", 0 },
	{ "[1.", 0 }, { "[1e", 0 }, { "[-", 0 },

	/* Texts. */
	{ "[\"\"]", '[' }, { "[\" \"]", '[' }, { "[\"a'b\"]", '[' },
	{ "[\"[{,:}]\"]", '[' }, { "{\"[{,:}]\":\"{\"}", '{' },
	{ "[\"\x7f\"]", '[' }, { "[\"\xc3\xa9\xf0\x9f\x98\x80\"]", '[' },
	{ "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", '[' },
	{ "[\"\\u00e9\\u00E9\\uABCD\\uabcd\\u0000\"]", '[' },
	{ "[\"\\ud83d\\ude00\",\"\\ud83d\"]", '[' },
	{ "[\"\\\\\"]", '[' }, { "[\"\\\\\\\\\"]", '[' },
	{ "[\"\\\\\\\"\"]", '[' }, { "{\"\\u0061\\n\":1}", '{' },
	{ "[\"", 0 }, { "[\"]", 0 }, { "[\"a", 0 }, { "[\"\\\"]", 0 },
	{ "[\"\\\\\\\"]", 0 }, { "[\"\\", 0 }, { "[\"\\a\"]", 0 },
	{ "[\"\\0\"]", 0 }, { "[\"\\'\"]", 0 }, { "[\"\\x41\"]", 0 },
	{ "[\"\\B\"]", 0 }, { "[\"\\U0041\"]", 0 }, { "[\"\\u\"]", 0 },
	{ "[\"\\u004\"]", 0 }, { "[\"\\u004g\"]", 0 }, { "[\"\\u00", 0 },
	{ "[\"\\u", 0 }, { "[\"\\u+041\"]", 0 }, { "[\"\\u 041\"]", 0 },
	{ "[\"\\\n\"]", 0 }, { "['a']", 0 }, { "[a\"\"]", 0 },
	{ "{\"\\x\":1}", 0 },
};

/* clang-format on */

/* Ask json_is for both containers; return {, [, or 0. */
static char
kind_of(const char *text)
{
	char *copy = watched_copy(text, strlen(text) + 1);
	bool object = json_is(copy, '{'), array = json_is(copy, '[');

	free(copy);
	assert_false(object && array);
	return object ? '{' : array ? '[' : '\0';
}

static void
assert_is(const char *text, char expected)
{
	char is = kind_of(text);

	if (is != expected)
		fail_msg("%s is '%c', wanted '%c'", text, is, expected);
}

static void
objects_and_arrays_are_recognised_as_in_rfc_8259(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_is(texts[i].text, texts[i].is);
}

static void
a_control_character_must_be_escaped(void **state UNUSED)
{
	char text[] = "[\"a?b\"]", key[] = "{\"?\":1}", blank[] = "[?]";

	for (char c = 1; c > 0 && c < 0x7f; c++) {
		text[3] = key[2] = blank[1] = c;
		if (c == '"' || c == '\\')
			continue;
		assert_is(text, c >= ' ' ? '[' : '\0');
		assert_is(key, c >= ' ' ? '{' : '\0');
		assert_is(blank,
		    strchr(" \t\n\r", c) != NULL || (c >= '0' && c <= '9') ?
			'[' :
			'\0');
	}
}

/* Return {, [ or 0, from json_valid() and json_type(). */
static char
kind_in_sqlite(sqlite3 *db, const char *text)
{
	char *type = ask(db,
	    "SELECT CASE json_valid(?1) WHEN 1 THEN json_type(?1) ELSE '' END",
	    text);
	char is = '\0';

	if (strcmp(type, "object") == 0)
		is = '{';
	else if (strcmp(type, "array") == 0)
		is = '[';
	free(type);
	return is;
}

static void
sqlite_recognises_the_same_texts(void **state)
{
	static const char alphabet[] = "[]{}\",:\\u0e1-.n ";
	char text[] = "[\"a?b\"]", brief[] = "[???]";

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (kind_in_sqlite(*state, texts[i].text) != texts[i].is)
			fail_msg("not so to SQLite: %s", texts[i].text);
	}
	for (char c = 1; c > 0 && c < 0x7f; c++) {
		text[3] = c;
		assert_is(text, kind_in_sqlite(*state, text));
	}
	/* Every array of three of these pieces. */
	assert_int_equal(strlen(alphabet), 16);
	for (size_t i = 0; i < 16 * 16 * 16; i++) {
		brief[1] = alphabet[i / 256];
		brief[2] = alphabet[i / 16 % 16];
		brief[3] = alphabet[i % 16];
		assert_is(brief, kind_in_sqlite(*state, brief));
	}
}

/* Make depth containers, one in the other; the caller frees the text. */
static char *
nested(size_t depth, const char *open, const char *close)
{
	size_t each = strlen(open), end = strlen(close);
	char *text = malloc(depth * (each + end) + 1), *s = text;

	assert_non_null(text);
	for (size_t i = 0; i < depth; i++, s += each)
		memcpy(s, open, each);
	for (size_t i = 0; i < depth; i++, s += end)
		memcpy(s, close, end);
	*s = '\0';
	return text;
}

/*
 * This is not compared with SQLite, which goes deeper up to version 3.41, and
 * since then no deeper than 1000.
 */
static void
json_may_be_nested_1000_deep_and_no_deeper(void **state UNUSED)
{
	static const struct {
		const char *open, *close;
		size_t each; /* containers in each piece */
	} rows[] = {
		{ "[", "]", 1 }, { "{\"a\":[", "]}", 2 },
		{ "[1,[", "],[]]", 2 }, /* with an empty one beside it */
	};
	char *text;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t depth = JSON_DEPTH / rows[i].each;

		text = nested(depth, rows[i].open, rows[i].close);
		assert_true(kind_of(text) == text[0]);
		free(text);
		text = nested(depth + 1, rows[i].open, rows[i].close);
		assert_true(kind_of(text) == '\0');
		free(text);
	}
	/* A record has such values in it. */
	for (size_t depth = JSON_DEPTH; depth <= JSON_DEPTH + 1; depth++) {
		char record[2 * JSON_DEPTH + 16];

		text = nested(depth, "[", "]");
		snprintf(record, sizeof(record), "{\"a\":%s}", text);
		assert_false(json_is(record, '{'));
		assert_int_equal(json_is_record(record), depth == JSON_DEPTH);
		free(text);
	}
	/* Containers one after the other are not nested. */
	text = nested(JSON_DEPTH + 1, "[],", "");
	text[0] = '[';
	text[1] = '0';
	text[strlen(text) - 1] = ']';
	assert_is(text, '[');
	free(text);
}

/* ----------------------------------------------------------- json_mend -- */

static void
an_escape_that_is_no_character_is_mended(void **state UNUSED)
{
	static const struct {
		const char *text, *mended;
	} rows[] = {
		{ "", "" },
		{ "[\"plain \xc3\xa9\"]", "[\"plain \xc3\xa9\"]" },
		{ "\\u0000", "\\ufffd" },
		{ "\\u0000\\u0000", "\\ufffd\\ufffd" },
		{ "\\u0001\\u00e9\\uffff", "\\u0001\\u00e9\\uffff" },
		{ "\\ud83d\\ude00", "\\ud83d\\ude00" },
		{ "\\uD83D\\uDE00", "\\uD83D\\uDE00" },
		{ "\\ud800\\udc00\\udbff\\udfff",
		    "\\ud800\\udc00\\udbff\\udfff" },
		{ "\\ud7ff\\ue000", "\\ud7ff\\ue000" },
		{ "\\ud83d", "\\ufffd" },
		{ "\\ude00", "\\ufffd" },
		{ "\\ud83dx", "\\ufffdx" },
		{ "\\ud83d\\n", "\\ufffd\\n" },
		{ "\\ud83d\\u0041", "\\ufffd\\u0041" },
		{ "\\ude00\\ud83d", "\\ufffd\\ufffd" },
		{ "\\ud83d\\ud83d\\ude00", "\\ufffd\\ud83d\\ude00" },
		{ "\\ud83d\\ude00\\ude00", "\\ud83d\\ude00\\ufffd" },
		{ "\\ud83d\\\\ude00", "\\ufffd\\\\ude00" },
		/* Here the backslash is itself escaped. */
		{ "\\\\u0000", "\\\\u0000" },
		{ "\\\\\\u0000", "\\\\\\ufffd" },
		{ "\\\\\\\\ud800", "\\\\\\\\ud800" },
		{ "\\n\\u0000\\\"", "\\n\\ufffd\\\"" },
		/* No escapes, or unfinished ones. */
		{ "u0000", "u0000" },
		{ "\\", "\\" },
		{ "a\\u", "a\\u" },
		{ "\\u000", "\\u000" },
		{ "\\u000g", "\\u000g" },
		{ "\\ud83d\\", "\\ufffd\\" },
		{ "\\ud83d\\ude0", "\\ufffd\\ude0" },
		{ "\\U0000", "\\U0000" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *copy =
		    watched_copy(rows[i].text, strlen(rows[i].text) + 1);

		json_mend(copy);
		assert_string_equal(copy, rows[i].mended);
		json_mend(copy);
		assert_string_equal(copy, rows[i].mended);
		free(copy);
	}
}

/* ----------------------------------------------------------- json_next -- */

static void
assert_piece(const struct json *piece, const char *expected)
{
	if (piece->len != strlen(expected) ||
	    memcmp(piece->at, expected, piece->len) != 0)
		fail_msg("%.*s: wanted %s", (int)piece->len, piece->at,
		    expected);
}

static void
an_array_is_stepped_through(void **state UNUSED)
{
	static const struct {
		const char *text, *values[MAX];
	} rows[] = {
		{ "[]", { NULL } },
		{ "[ \n]", { NULL } },
		{ "[1]", { "1" } },
		{ "[-1,0.5,1e3,true,false,null,\"x\"]",
		    { "-1", "0.5", "1e3", "true", "false", "null", "\"x\"" } },
		{ "[ 1 ,\t2\n,\r\n3 ] ", { "1", "2", "3" } },
		{ "[[],{},[[]],{\"a\":{}}]",
		    { "[]", "{}", "[[]]", "{\"a\":{}}" } },
		{ "[ [ 1 , 2 ] , { } ]", { "[ 1 , 2 ]", "{ }" } },
		{ "[\"\",\"\",[\"\"],\"\"]",
		    { "\"\"", "\"\"", "[\"\"]", "\"\"" } },
		{ "[\"]\",[\"]\"],{\"}\":\"}\"},\",\"]",
		    { "\"]\"", "[\"]\"]", "{\"}\":\"}\"}", "\",\"" } },
		{ "[\"[{\",[\"[{\"],2]", { "\"[{\"", "[\"[{\"]", "2" } },
		{ "[\"a\\\"b\",\"\\\"\",1]",
		    { "\"a\\\"b\"", "\"\\\"\"", "1" } },
		/* A quote after one, two, three, four backslashes. */
		{ "[\"\\\"\",1]", { "\"\\\"\"", "1" } },
		{ "[\"\\\\\",1]", { "\"\\\\\"", "1" } },
		{ "[\"\\\\\\\"\",1]", { "\"\\\\\\\"\"", "1" } },
		{ "[\"\\\\\\\\\",1]", { "\"\\\\\\\\\"", "1" } },
		{ "[[\"\\\\\\\\\\\"]\"],\"\\\\\"]",
		    { "[\"\\\\\\\\\\\"]\"]", "\"\\\\\"" } },
		{ "[\"\\u0022]\",\"\xc3\xa9\"]",
		    { "\"\\u0022]\"", "\"\xc3\xa9\"" } },
	};
	struct json value;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *at = rows[i].text;

		assert_true(json_is(at, '['));
		for (size_t k = 0; rows[i].values[k] != NULL; k++) {
			assert_true(json_next(&at, NULL, &value));
			assert_piece(&value, rows[i].values[k]);
		}
		/* Another step stays at the end. */
		assert_false(json_next(&at, NULL, &value));
		assert_false(json_next(&at, NULL, &value));
	}
}

static void
an_object_is_stepped_through(void **state UNUSED)
{
	static const struct {
		const char *text, *members[MAX]; /* keys and values in turn */
	} rows[] = {
		{ "{}", { NULL } },
		{ "{ \t}", { NULL } },
		{ "{\"a\":1}", { "\"a\"", "1" } },
		{ " { \"a\" : 1 ,\n \"b\"\t:\r[ 2 ] } ",
		    { "\"a\"", "1", "\"b\"", "[ 2 ]" } },
		{ "{\"\":\"\",\"\":{}}", { "\"\"", "\"\"", "\"\"", "{}" } },
		{ "{\"a\":{\"b\":{\"c\":[]}},\"d\":null}",
		    { "\"a\"", "{\"b\":{\"c\":[]}}", "\"d\"", "null" } },
		{ "{\"}\":\"{\",\":\":\",\",\"[\":[\"]\"]}",
		    { "\"}\"", "\"{\"", "\":\"", "\",\"", "\"[\"",
			"[\"]\"]" } },
		{ "{\"\\\"\":1,\"\\\\\":2,\"\\\\\\\"\":\"\\\\\"}",
		    { "\"\\\"\"", "1", "\"\\\\\"", "2", "\"\\\\\\\"\"",
			"\"\\\\\"" } },
		{ "{\"a\":true,\"b\":-1.5e3}",
		    { "\"a\"", "true", "\"b\"", "-1.5e3" } },
	};
	struct json key, value;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *at = rows[i].text;

		assert_true(json_is(at, '{'));
		for (size_t k = 0; rows[i].members[k] != NULL; k += 2) {
			assert_true(json_next(&at, &key, &value));
			assert_piece(&key, rows[i].members[k]);
			assert_piece(&value, rows[i].members[k + 1]);
		}
		assert_false(json_next(&at, &key, &value));
		assert_false(json_next(&at, &key, &value));
	}
}

static void
an_inner_container_is_stepped_through_alone(void **state UNUSED)
{
	const char *at = "[1,[2,[3]],4]", *inside;
	struct json value;

	assert_true(json_next(&at, NULL, &value));
	assert_true(json_next(&at, NULL, &value));
	inside = value.at;
	assert_true(json_next(&inside, NULL, &value));
	assert_piece(&value, "2");
	assert_true(json_next(&inside, NULL, &value));
	assert_piece(&value, "[3]");
	assert_false(json_next(&inside, NULL, &value));
	assert_true(json_next(&at, NULL, &value));
	assert_piece(&value, "4");
	assert_false(json_next(&at, NULL, &value));
}

/* ----------------------------------------------------- kinds of values -- */

static struct json
piece_of(const char *text)
{
	return (struct json){ text, strlen(text) };
}

static void
the_first_byte_gives_the_kind(void **state UNUSED)
{
	static const struct {
		const char *text;
		bool array, text_, null;
	} rows[] = {
		{ "[]", true, false, false },
		{ "[null]", true, false, false },
		{ "\"[]\"", false, true, false },
		{ "\"\"", false, true, false },
		{ "null", false, false, true },
		{ "\"null\"", false, true, false },
		{ "{}", false, false, false },
		{ "1", false, false, false },
		{ "true", false, false, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct json value = piece_of(rows[i].text);

		assert_int_equal(json_is_array(&value), rows[i].array);
		assert_int_equal(json_is_text(&value), rows[i].text_);
		assert_int_equal(json_is_null(&value), rows[i].null);
	}
}

static void
a_name_equals_only_itself(void **state UNUSED)
{
	static const struct {
		const char *text, *plain;
		bool equal;
	} rows[] = {
		{ "\"ip\"", "ip", true },
		{ "\"\"", "", true },
		{ "\"\xc3\xa9\"", "\xc3\xa9", true },
		{ "\"ip4\"", "ip", false },
		{ "\"ip\"", "ip4", false },
		{ "\"ip\"", "", false },
		{ "\"\"", "ip", false },
		{ "\"iq\"", "ip", false },
		{ "\"IP\"", "ip", false },
		{ "\" ip\"", "ip", false },
		{ "\"i\\u0070\"", "ip", true },
		{ "\"\\u0069\\u0070\"", "ip", true },
		{ "\"\\/\"", "/", true },
		{ "\"i\\u0071\"", "ip", false },
		{ "\"ip\\n\"", "ip", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct json text = piece_of(rows[i].text);

		if (json_equals(&text, rows[i].plain) != rows[i].equal)
			fail_msg("%s and %s", rows[i].text, rows[i].plain);
	}
}

static void
only_a_whole_number_is_taken(void **state UNUSED)
{
	static const struct {
		const char *text;
		bool taken;
		int64_t v;
	} rows[] = {
		{ "0", true, 0 },
		{ "-0", true, 0 },
		{ "7", true, 7 },
		{ "-600", true, -600 },
		{ "null", true, UNKNOWN },
		{ "9223372036854775807", true, INT64_MAX },
		{ "-9223372036854775807", true, -INT64_MAX },
		/* The smallest number means UNKNOWN. */
		{ "-9223372036854775808", true, UNKNOWN },
		{ "9223372036854775808", false, 0 },
		{ "-9223372036854775809", false, 0 },
		{ "123456789012345678901234567890", false, 0 },
		{ "1.5", false, 0 },
		{ "1.0", false, 0 },
		{ "1e3", false, 0 },
		{ "1E0", false, 0 },
		{ "\"5\"", false, 0 },
		{ "\"\"", false, 0 },
		{ "true", false, 0 },
		{ "false", false, 0 },
		{ "[5]", false, 0 },
		{ "{}", false, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct json value = piece_of(rows[i].text);
		int64_t v = 1;

		if (json_take_number(&value, &v) != rows[i].taken ||
		    (rows[i].taken && v != rows[i].v))
			fail_msg("%s: %lld", rows[i].text, (long long)v);
	}
}

static void
a_number_ends_where_its_piece_does(void **state UNUSED)
{
	const char *at = "[12,34]";
	struct json value;
	int64_t v;

	assert_true(json_next(&at, NULL, &value));
	assert_true(json_take_number(&value, &v));
	assert_int_equal(v, 12);
	assert_true(json_next(&at, NULL, &value));
	assert_true(json_take_number(&value, &v));
	assert_int_equal(v, 34);
}

/* -------------------------------------------------------------- writing -- */

static void
a_value_is_written_without_its_json_syntax(void **state)
{
	static const struct {
		const char *json, *said;
	} rows[] = {
		{ "\"\"", "" },
		{ "\"plain\"", "plain" },
		{ "\"\\\"\\\\\\/\"", "\"\\/" },
		{ "\"\\b\\f\\n\\r\\t\"", "\b\f\n\r\t" },
		{ "\"a\\nb\\\\n\"", "a\nb\\n" },
		{ "\"\\\\\\\\\\\"\"", "\\\\\"" },
		{ "\"\\u0001\\u001b\\u0041\\u007f\"", "\x01\x1b\x41\x7f" },
		{ "\"\\u0080\\u00e9\\u00E9\\u07ff\"",
		    "\xc2\x80\xc3\xa9\xc3\xa9\xdf\xbf" },
		{ "\"\\u0800\\u20ac\\ud7ff\\ue000\\uffff\"",
		    "\xe0\xa0\x80\xe2\x82\xac\xed\x9f\xbf\xee\x80\x80"
		    "\xef\xbf\xbf" },
		{ "\"\\ud800\\udc00\\ud83d\\ude00\\uDBFF\\uDFFF\"",
		    "\xf0\x90\x80\x80\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf" },
		{ "\"\\ud83d\\ude00x\\u00e9y\"", "\xf0\x9f\x98\x80x\xc3\xa9y" },
		{ "\"\xc3\xa9\\n\xf0\x9f\x98\x80\"",
		    "\xc3\xa9\n\xf0\x9f\x98\x80" },
		{ "true", "1" },
		{ "false", "0" },
		{ "null", "" },
		{ "1.50", "1.50" },
		{ "-1e+3", "-1e+3" },
		{ "[ \"a\" , 1 ]", "[\"a\",1]" },
		{ "{ \"a\" : null }", "{\"a\":null}" },
	};
	struct buffer out = { 0 };
	char array[80], *sqlites;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct json value = piece_of(rows[i].json);

		json_put_said(&out, &value);
		assert_written(&out, rows[i].said);
		if (!json_is_text(&value))
			continue;
		snprintf(array, sizeof(array), "[%s]", rows[i].json);
		sqlites = ask(*state, "SELECT value FROM json_each(?1)", array);
		assert_string_equal(sqlites, rows[i].said);
		free(sqlites);
	}
}

static void
a_value_is_written_without_blanks(void **state UNUSED)
{
	static const struct {
		const char *json, *written;
	} rows[] = {
		{ "\" a \\t \"", "\" a \\t \"" },
		{ "-1.5e3", "-1.5e3" },
		{ "null", "null" },
		{ "[]", "[]" },
		{ "[ \t\r\n]", "[]" },
		{ "{ }", "{}" },
		{ "[ 1 , \"a b\" , [ ] ]", "[1,\"a b\",[]]" },
		{ "{ \" k \" : { \"x\" :\t[ true,\nnull ] } }",
		    "{\" k \":{\"x\":[true,null]}}" },
		{ "[ \"\\\" , \" , \"\\\\\" , \"\\\\\\\" \" ]",
		    "[\"\\\" , \",\"\\\\\",\"\\\\\\\" \"]" },
		/* Each text has the escapes that it needs and no others. */
		{ "[\"\\u00e9\", \"\xc3\xa9 \"]",
		    "[\"\xc3\xa9\",\"\xc3\xa9 \"]" },
		{ "{\"\\u006b\\/\": [\"\\u0001\\u000a\\u001F\"]}",
		    "{\"k/\":[\"\\u0001\\n\\u001f\"]}" },
		{ "\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"" },
		{ "\"\\u0000\\ud83dx\\ude00\"",
		    "\"\xef\xbf\xbd\xef\xbf\xbdx\xef\xbf\xbd\"" },
	};
	struct buffer out = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct json value = piece_of(rows[i].json);

		json_put_value(&out, &value);
		assert_written(&out, rows[i].written);
	}
}

static void
only_the_piece_is_written(void **state UNUSED)
{
	const char *at = "[[ 1 ],\"a\\n\",{\"b\": 2},3]";
	struct buffer out = { 0 };
	struct json value;

	while (json_next(&at, NULL, &value)) {
		json_put_value(&out, &value);
		buffer_putc(&out, '|');
		json_put_said(&out, &value);
		buffer_putc(&out, '|');
	}
	assert_written(&out, "[1]|[1]|\"a\\n\"|a\n|{\"b\":2}|{\"b\":2}|3|3|");
}

static void
only_the_characters_that_must_be_are_escaped(void **state)
{
	static const struct {
		const char *characters, *inside;
	} rows[] = {
		{ "", "" },
		{ "plain / 'text' \x7f", "plain / 'text' \x7f" },
		{ "say \"x\" \\ y", "say \\\"x\\\" \\\\ y" },
		{ "\"", "\\\"" },
		{ "\\\\\"", "\\\\\\\\\\\"" },
		{ "\b\t\n\f\r", "\\b\\t\\n\\f\\r" },
		{ "\v", "\\u000b" },
		{ "\x01\x07\x0e\x1b[2J\x1f",
		    "\\u0001\\u0007\\u000e\\u001b[2J"
		    "\\u001f" },
		{ "\xc3\xa9\n\xf0\x9f\x98\x80", "\xc3\xa9\\n\xf0\x9f\x98\x80" },
		{ "a\nb", "a\\nb" },
	};
	struct buffer out = { 0 };
	char text[80], *sqlites;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *s = rows[i].characters;

		json_put_inside(&out, s, strlen(s));
		assert_written(&out, rows[i].inside);
		json_put_text(&out, s, strlen(s));
		snprintf(text, sizeof(text), "\"%s\"", rows[i].inside);
		assert_written(&out, text);
		sqlites = ask(*state, "SELECT json_quote(?1)", s);
		assert_string_equal(sqlites, text);
		free(sqlites);
	}
	/* The length counts: a NUL does not end the text, and is escaped. */
	json_put_text(&out, "a\nbc", 3);
	json_put_inside(&out, "a\0b", 3);
	assert_written(&out, "\"a\\nb\"a\\u0000b");
}

/* Check that s, written as a JSON text and read back, is s. */
static void
assert_round_trip(const char *s, size_t len)
{
	struct buffer out = { 0 };
	struct json value;
	const char *at;
	char *json;

	buffer_putc(&out, '[');
	json_put_text(&out, s, len);
	buffer_putc(&out, ']');
	json = written(&out);
	assert_true(json_is(json, '['));
	at = json;
	assert_true(json_next(&at, NULL, &value));
	json_put_said(&out, &value);
	buffer_puts(&out, "");
	assert_int_equal(out.len, len);
	assert_memory_equal(out.s, s, len);
	assert_false(json_next(&at, NULL, &value));
	buffer_free(&out);
	free(json);
}

static void
a_written_text_is_read_back(void **state UNUSED)
{
	static const char *const rows[] = { "", "\"", "\\", "\\\"", "\\u0041",
		"\\n", "\xc2\x80\xdf\xbf", "\xe0\xa0\x80\xef\xbf\xbf",
		"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\x1b\xc3\xa9\\\xc3\xa9\"",
		"[\"a\",{\"b\":1}]" };
	char all[0x7f];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_round_trip(rows[i], strlen(rows[i]));
	for (size_t i = 0; i < sizeof(all); i++) {
		all[i] = (char)(i + 1);
		assert_round_trip(&all[i], 1);
	}
	assert_round_trip(all, sizeof(all));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    objects_and_arrays_are_recognised_as_in_rfc_8259),
		cmocka_unit_test(a_control_character_must_be_escaped),
		cmocka_unit_test(sqlite_recognises_the_same_texts),
		cmocka_unit_test(json_may_be_nested_1000_deep_and_no_deeper),
		cmocka_unit_test(an_escape_that_is_no_character_is_mended),
		cmocka_unit_test(an_array_is_stepped_through),
		cmocka_unit_test(an_object_is_stepped_through),
		cmocka_unit_test(an_inner_container_is_stepped_through_alone),
		cmocka_unit_test(the_first_byte_gives_the_kind),
		cmocka_unit_test(a_name_equals_only_itself),
		cmocka_unit_test(only_a_whole_number_is_taken),
		cmocka_unit_test(a_number_ends_where_its_piece_does),
		cmocka_unit_test(a_value_is_written_without_its_json_syntax),
		cmocka_unit_test(a_value_is_written_without_blanks),
		cmocka_unit_test(only_the_piece_is_written),
		cmocka_unit_test(only_the_characters_that_must_be_are_escaped),
		cmocka_unit_test(a_written_text_is_read_back),
	};

	return cmocka_run_group_tests(tests, open_sqlite, close_sqlite);
}
