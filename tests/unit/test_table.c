/* SPDX-License-Identifier: GPL-2.0-or-later */
/* render/table: the same rows for people and for programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sysexits.h>

#include "base/macros.h"
#include "render/table.h"
#include "scratch.h"

enum { ID, SINCE, LENGTH, BANS, SHARE, WHAT };

#define BOTH (COLUMN_SHOWN | COLUMN_DATA)

static const struct column columns[] = {
	[ID] = { "ident", "id", "ID", COLUMN_TEXT, BOTH | COLUMN_SHRINKS, 0, 2,
	    0 },
	[SINCE] = { "since_us", NULL, "SINCE", COLUMN_TIME, BOTH, 0, 1, 0 },
	[LENGTH] = { "seconds", NULL, "BAN TIME", COLUMN_SECONDS, BOTH, 50, 3,
	    0 },
	[BANS] = { "bans", NULL, "BANS", COLUMN_NUMBER, COLUMN_DATA, 0, 4, 0 },
	[SHARE] = { "share", NULL, "SHARE", COLUMN_SHARE, COLUMN_DATA, 0, 5,
	    0 },
	[WHAT] = { "what", NULL, "WHAT", COLUMN_ARRAY, COLUMN_DATA, 0, 6, 0 },
};

struct line {
	const char *id;
	int64_t since_us, seconds, bans, share;
	const char *what;
	enum table_tone tone;
};

/* 1795500000 is 2026-11-24 06:00:00 UTC. */
static const struct line two[] = {
	{ "192.0.2.10", 1795500000000000, 600, 7, 250000, "[ 1, \"a\" ]",
	    TABLE_PLAIN },
	{ "192.0.2.9", UNKNOWN, -1, UNKNOWN, 1000000, NULL, TABLE_STRONG },
};

static const struct line hostile[] = {
	{ "=x\033[31m\xff\xe2\x80\xae,\"", 0, 0, 0, 0, "[]", TABLE_PLAIN },
};

static const struct line wide[] = {
	{ "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac"
	  "\xe8\xaa\x9e",
	    0, 60, 0, 0, "[]", TABLE_PLAIN },
	{ "192.0.2.9", 0, 60, 0, 0, "[]", TABLE_PLAIN },
};

#define LINES(array) array, ARRAY_LEN(array)

/* Make a table of the lines; the caller frees the text. */
static char *
make(const struct table_style *style, const struct line *lines, size_t n,
    int wanted, struct err *e)
{
	struct table *t;
	char *text;
	size_t len;
	FILE *to = open_memstream(&text, &len);
	int rc = table_open(&t, style, columns, ARRAY_LEN(columns), to, e);

	for (size_t i = 0; i < n && rc == 0; i++) {
		table_put_text(t, ID, lines[i].id);
		table_put_number(t, SINCE, lines[i].since_us);
		table_put_number(t, LENGTH, lines[i].seconds);
		table_put_number(t, BANS, lines[i].bans);
		table_put_number(t, SHARE, lines[i].share);
		table_put_text(t, WHAT, lines[i].what);
		table_set_tone(t, lines[i].tone);
		rc = table_end_row(t, e);
	}
	assert_int_equal(table_close(t, rc, e), wanted);
	fclose(to);
	return text;
}

static void
a_table_has_a_form_for_people_and_two_for_programs(void **state UNUSED)
{
	static const struct {
		const char *what;
		struct table_style style;
		const struct line *lines;
		size_t n;
		const char *expected;
	} rows[] = {
		{ "JSON Lines", { .format = TABLE_JSONL, .limit = -1 },
		    LINES(two),
		    "{\"ident\":\"192.0.2.10\",\"since_us\":1795500000000000,"
		    "\"seconds\":600,\"bans\":7,\"share\":0.25,"
		    "\"what\":[1,\"a\"]}\n"
		    "{\"ident\":\"192.0.2.9\",\"since_us\":null,"
		    "\"seconds\":-1,\"bans\":null,\"share\":1.0,"
		    "\"what\":null}\n" },
		{ "CSV", { .format = TABLE_CSV, .limit = -1 }, LINES(two),
		    "ident,since_us,seconds,bans,share,what\n"
		    "192.0.2.10,1795500000000000,600,7,0.25,"
		    "\"[ 1, \"\"a\"\" ]\"\n"
		    "192.0.2.9,,-1,,1.0,\n" },
		{ "a pipe", { .limit = -1 }, LINES(two),
		    "SINCE (UTC)          ID          BAN TIME\n"
		    "2026-11-24 06:00:00  192.0.2.10  10m\n"
		    "?                    192.0.2.9   for ever\n" },
		{ "a terminal", { .limit = -1, .width = 120, .colour = true },
		    LINES(two),
		    "SINCE (UTC)          ID          BAN TIME\n"
		    "2026-11-24 06:00:00  192.0.2.10  10m\n"
		    "\033[31m?                    192.0.2.9   for ever"
		    "\033[0m\n" },
		{ "a narrow terminal, where a column is left out",
		    { .limit = -1, .width = 40, .now_us = 1795500000000000 },
		    LINES(two),
		    "SINCE (UTC)   ID\n"
		    "Nov 24 06:00  192.0.2.10\n"
		    "?             192.0.2.9\n" },
		{ "a time of another year",
		    { .limit = -1,
			.width = 60,
			.fields = "since_us",
			.now_us = 1895500000000000 },
		    LINES(two), "SINCE (UTC)\nNov 24  2026\n?\n" },
		{ "a terminal that is too narrow: texts are cut with a mark",
		    { .limit = -1, .width = 12, .fields = "id,bans" },
		    LINES(two),
		    "ID       BANS\n192.0.2\xe2\x80\xa6    7\n"
		    "192.0.2\xe2\x80\xa6    ?\n" },
		{ "characters of two places are cut in their middle",
		    { .limit = -1, .width = 14, .fields = "id,bans" },
		    LINES(wide),
		    "ID        BANS\n"
		    "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5"
		    "\xe2\x80\xa6    0\n"
		    "192.0.2.9    0\n" },
		{ "fields, in their order",
		    { .format = TABLE_JSONL, .limit = -1, .fields = "bans,id" },
		    LINES(two),
		    "{\"bans\":7,\"ident\":\"192.0.2.10\"}\n"
		    "{\"bans\":null,\"ident\":\"192.0.2.9\"}\n" },
		{ "addresses are sorted as numbers",
		    { .format = TABLE_CSV,
			.limit = -1,
			.fields = "id",
			.sort = "ident" },
		    LINES(two), "ident\n192.0.2.9\n192.0.2.10\n" },
		{ "null comes last, downwards too",
		    { .format = TABLE_CSV,
			.limit = -1,
			.fields = "id",
			.sort = "-since_us" },
		    LINES(two), "ident\n192.0.2.10\n192.0.2.9\n" },
		{ "the limit counts after the sort",
		    { .format = TABLE_CSV,
			.limit = 1,
			.fields = "id",
			.sort = "-share" },
		    LINES(two), "ident\n192.0.2.9\n" },
		{ "hostile text in JSON",
		    { .format = TABLE_JSONL, .limit = -1, .fields = "id" },
		    LINES(hostile),
		    "{\"ident\":\"=x\\u001b[31m\\ufffd\\u202e,\\\"\"}\n" },
		{ "hostile text for people", { .limit = -1, .fields = "id" },
		    LINES(hostile), "ID\n=x\\x1b[31m\\xff\\u202e,\"\n" },
		{ "hostile text in CSV, on a terminal",
		    { .format = TABLE_CSV,
			.limit = -1,
			.fields = "id",
			.terminal = true },
		    LINES(hostile),
		    "ident\n\"'=x\\u001b[31m\\ufffd\\u202e,\"\"\"\n" },
	};

	setenv("TZ", "UTC0", 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = { 0 };
		char *text =
		    make(&rows[i].style, rows[i].lines, rows[i].n, 0, &e);

		if (strcmp(text, rows[i].expected) != 0)
			fail_msg("%s: got\n%s\nwanted\n%s", rows[i].what, text,
			    rows[i].expected);
		free(text);
	}
}

static void
a_field_that_is_none_is_refused_and_the_nearest_named(void **state UNUSED)
{
	static const struct {
		struct table_style style;
		const char *text;
	} rows[] = {
		{ { .fields = "idd" },
		    "--fields: idd: no such field: did you mean id?" },
		{ { .fields = "id,\033" },
		    "--fields: \\x1b: no such field; see the manual" },
		{ { .fields = "" },
		    "--fields: : no such field; see the manual" },
		{ { .fields = "id," },
		    "--fields: : no such field; see the manual" },
		{ { .fields = "id,bans,ident" },
		    "--fields: ident: named twice" },
		{ { .sort = "-shar" },
		    "--sort: shar: no such field: did you mean share?" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = { 0 };

		free(make(&rows[i].style, NULL, 0, -1, &e));
		assert_int_equal(e.code, EX_USAGE);
		assert_string_equal(e.text, rows[i].text);
	}
}

static void
json_that_is_damaged_is_an_error(void **state UNUSED)
{
	static const struct table_style style = { .format = TABLE_JSONL };
	static const struct line damaged[] = {
		{ "id", 0, 0, 0, 0, "[1", TABLE_PLAIN },
	};
	struct err e = { 0 };

	free(make(&style, LINES(damaged), -1, &e));
	assert_int_equal(e.code, EX_DATAERR);
	assert_string_equal(e.text,
	    "archive: what of a ban is damaged: not a JSON array");
}

/* Print many rows of which a late one is wide. */
static void
a_column_grows_for_a_late_row_and_never_shrinks(void **state UNUSED)
{
	static const struct table_style style = { .limit = -1,
		.fields = "bans,id" };
	struct line *many = calloc(2000, sizeof(*many));
	struct err e = { 0 };
	size_t lines = 0;
	char *text;

	for (int i = 0; i < 2000; i++)
		many[i] =
		    (struct line){ .id = "x", .bans = i == 700 ? 1000000 : 1 };
	text = make(&style, many, 2000, 0, &e);
	assert_non_null(strstr(text, "BANS  ID\n   1  x\n"));
	assert_non_null(strstr(text, "1000000  x\n      1  x\n"));
	for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	assert_int_equal(lines, 2001);

	assert_string_equal(text + strlen(text) - 12, "\n      1  x\n");
	free(text);
	free(many);
}

static void
a_sort_with_a_limit_keeps_the_first_rows_of_many(void **state UNUSED)
{
	static const struct table_style style = { .format = TABLE_CSV,
		.limit = 2,
		.fields = "bans",
		.sort = "-bans" };
	struct line *many = calloc(5000, sizeof(*many));
	struct err e = { 0 };
	char *text;

	for (int i = 0; i < 5000; i++)
		many[i] = (struct line){ .id = "x", .bans = i * 7 % 5000 };
	text = make(&style, many, 5000, 0, &e);
	assert_string_equal(text, "bans\n4999\n4998\n");
	free(text);
	free(many);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_table_has_a_form_for_people_and_two_for_programs),
		cmocka_unit_test(
		    a_field_that_is_none_is_refused_and_the_nearest_named),
		cmocka_unit_test(json_that_is_damaged_is_an_error),
		cmocka_unit_test(
		    a_column_grows_for_a_late_row_and_never_shrinks),
		cmocka_unit_test(
		    a_sort_with_a_limit_keeps_the_first_rows_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
