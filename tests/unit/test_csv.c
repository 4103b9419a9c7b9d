/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/csv: written text is read back, and is no formula in a spreadsheet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sysexits.h>

#include "base/csv.h"
#include "base/macros.h"
#include "scratch.h"

#define BYTES(s) s, sizeof(s) - 1

/* Longer than the first room of a buffer. */
#define LONG 300000

static void
only_a_text_that_needs_quotes_gets_them(void **state UNUSED)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{ NULL, "" },
		{ "", "\"\"" },
		{ "sshd", "sshd" },
		{ "2001:db8::1", "2001:db8::1" },
		{ "a b", "a b" },
		{ "\xc3\xa9", "\xc3\xa9" },
		{ "a,b", "\"a,b\"" },
		{ "a\"b", "\"a\"\"b\"" },
		{ "\"", "\"\"\"\"" },
		{ "\"\"", "\"\"\"\"\"\"" },
		{ "a\nb", "\"a\nb\"" },
		{ "a\rb", "\"a\rb\"" },
		{ "a\r\n", "\"a\r\n\"" },
		{ " a", "\" a\"" },
		{ "a ", "\"a \"" },
		{ "a\t", "\"a\t\"" },
		{ " ", "\" \"" },
		{ "{\"user\":\"root\"}", "\"{\"\"user\"\":\"\"root\"\"}\"" },
		{ "[]", "[]" },
		/* Formulas. */
		{ "=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0" },
		{ "=1,2", "\"'=1,2\"" },
		{ "+1", "'+1" },
		{ "-1", "'-1" },
		{ "@SUM(1)", "'@SUM(1)" },
		{ "\t=1", "\"'\t=1\"" },
		{ "\r=1", "\"'\r=1\"" },
		{ "\n=1", "\"'\n=1\"" },
		{ "\x1b=1", "'\x1b=1" },
		{ "'", "''" },
		{ "'=1", "''=1" },
		{ "''", "'''" },
		{ "1=1", "1=1" },
		/* The full-width forms of = + - @. */
		{ "\xef\xbc\x9d"
		  "1",
		    "'\xef\xbc\x9d"
		    "1" },
		{ "\xef\xbc\x8b"
		  "1",
		    "'\xef\xbc\x8b"
		    "1" },
		{ "\xef\xbc\x8d"
		  "1",
		    "'\xef\xbc\x8d"
		    "1" },
		{ "\xef\xbc\xa0"
		  "1",
		    "'\xef\xbc\xa0"
		    "1" },
		{ "\xef\xbc\xa1", "\xef\xbc\xa1" },
		/* Some spreadsheets trim the blanks in front. */
		{ " =1", "\"' =1\"" },
		{ "  +1", "\"'  +1\"" },
	};
	struct buffer out = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buffer_cut(&out, 0);
		buffer_puts(&out, "|");
		csv_put_text(&out, rows[i].text);
		assert_string_equal(out.s + 1, rows[i].expected);
	}
	buffer_free(&out);
}

static void
a_number_gets_no_quotes_and_no_apostrophe(void **state UNUSED)
{
	struct buffer out = { 0 };

	csv_put_number(&out, -1);
	buffer_putc(&out, ',');
	csv_put_number(&out, UNKNOWN);
	buffer_putc(&out, ',');
	csv_put_number(&out, 1795458480123456);
	assert_string_equal(out.s, "-1,,1795458480123456");
	buffer_free(&out);
}

static void
a_record_is_split_into_its_fields(void **state UNUSED)
{
	static const struct {
		const char *line;
		size_t n;
		const char *fields[5];
	} rows[] = {
		{ "", 1, { NULL } },
		{ "\r", 1, { NULL } },
		{ "\"\"", 1, { "" } },
		{ "\"\"\r", 1, { "" } },
		{ "a", 1, { "a" } },
		{ "a,b", 2, { "a", "b" } },
		{ "a,b\r", 2, { "a", "b" } },
		{ ",", 2, { NULL, NULL } },
		{ ",\"\",", 3, { NULL, "", NULL } },
		{ "\"a\",\"b\"\r", 2, { "a", "b" } },
		{ "\"a,b\",c", 2, { "a,b", "c" } },
		{ "\"a\"\"b\",\"\"\"\"", 2, { "a\"b", "\"" } },
		{ " a , b ", 2, { " a ", " b " } },
		{ "\"a\rb\"", 1, { "a\rb" } },
		{ "\"a\r\"", 1, { "a\r" } },
		{ "'a,''b", 2, { "'a", "''b" } },
		{ "-1,+1", 2, { "-1", "+1" } },
		{ "\xff,\xc3\xa9", 2, { "\xff", "\xc3\xa9" } },
	};
	struct csv csv = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (csv_read(&csv, rows[i].line, strlen(rows[i].line), &e) != 1)
			fail_msg("%s: %s", rows[i].line, e.text);
		assert_false(csv.open);
		assert_int_equal(csv.n, rows[i].n);
		for (size_t j = 0; j < csv.n; j++) {
			if (rows[i].fields[j] == NULL)
				assert_null(csv.fields[j]);
			else
				assert_string_equal(csv.fields[j],
				    rows[i].fields[j]);
		}
	}
	csv_free(&csv);
}

static void
the_next_line_continues_an_open_quote(void **state UNUSED)
{
	struct csv csv = { 0 };
	struct err e = { 0 };

	assert_int_equal(csv_read(&csv, BYTES("a,\"one\r"), &e), 0);
	assert_true(csv.open);
	assert_int_equal(csv_read(&csv, BYTES(""), &e), 0);
	assert_int_equal(csv_read(&csv, BYTES("two,\"\""), &e), 0);
	assert_true(csv.open);
	assert_int_equal(csv_read(&csv, BYTES("\",b,\"c\"\r"), &e), 1);
	assert_false(csv.open);
	assert_int_equal(csv.n, 4);
	assert_string_equal(csv.fields[0], "a");
	assert_string_equal(csv.fields[1], "one\r\n\ntwo,\"\n");
	assert_string_equal(csv.fields[2], "b");
	assert_string_equal(csv.fields[3], "c");
	/* Two quotes that a line end separates are no escaped quote. */
	assert_int_equal(csv_read(&csv, BYTES("\"a\""), &e), 1);
	assert_int_equal(csv_read(&csv, BYTES("\""), &e), 0);
	assert_int_equal(csv_read(&csv, BYTES("\""), &e), 1);
	assert_string_equal(csv.fields[0], "\n");
	csv_free(&csv);
}

static void
after_a_bad_line_the_next_line_begins_a_record(void **state UNUSED)
{
	static const struct {
		const char *line;
		size_t len;
		const char *error;
	} rows[] = {
		{ BYTES("\"a\"b"),
		    "field 1: no comma after the closing quote" },
		{ BYTES("x,\"a\" "), "field 2: no comma after the closing" },
		{ BYTES("\"a\"\x1b"), "field 1: no comma after the closing" },
		{ BYTES("\"a\"\r\r"), "field 1: no comma after the closing" },
		{ BYTES("a\"b"), "field 1: a quote in a field" },
		{ BYTES(" \"a\""), "field 1: a quote in a field" },
		{ BYTES("a\rb"), "field 1: a carriage return" },
		{ BYTES("a\r\r"), "field 1: a carriage return" },
		{ BYTES("a,\0"), "a NUL at byte 3" },
		{ BYTES("\"\0\""), "a NUL at byte 2" },
	};
	struct csv csv = { 0 };
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		e = (struct err){ 0 };
		assert_int_equal(csv_read(&csv, rows[i].line, rows[i].len, &e),
		    -1);
		assert_error(&e, EX_DATAERR, rows[i].error);
		assert_false(csv.open);
		assert_int_equal(csv_read(&csv, BYTES("x,y"), &e), 1);
		assert_int_equal(csv.n, 2);
		assert_string_equal(csv.fields[1], "y");
	}
	/* The same in a later line of a record. */
	assert_int_equal(csv_read(&csv, BYTES("a,\"b"), &e), 0);
	assert_int_equal(csv_read(&csv, BYTES("c\"d"), &e), -1);
	assert_error(&e, EX_DATAERR, "field 2: no comma after");
	assert_int_equal(csv_read(&csv, BYTES("x"), &e), 1);
	assert_int_equal(csv.n, 1);
	csv_free(&csv);
}

static void
a_record_with_too_many_fields_is_refused(void **state UNUSED)
{
	char line[CSV_FIELDS + 1];
	struct csv csv = { 0 };
	struct err e = { 0 };

	memset(line, ',', sizeof(line));
	assert_int_equal(csv_read(&csv, line, CSV_FIELDS - 1, &e), 1);
	assert_int_equal(csv.n, CSV_FIELDS);
	assert_int_equal(csv_read(&csv, line, CSV_FIELDS, &e), -1);
	assert_error(&e, EX_DATAERR, "more than 64 fields");
	assert_int_equal(csv_read(&csv, line, CSV_FIELDS + 1, &e), -1);
	csv_free(&csv);
}

static void
a_record_that_never_ends_is_refused(void **state UNUSED)
{
	char *line = malloc(1 << 20);
	struct csv csv = { 0 };
	struct err e = { 0 };
	int rc, n = 0;

	assert_non_null(line);
	memset(line, 'x', 1 << 20);
	line[0] = '"';
	rc = csv_read(&csv, line, 1 << 20, &e);
	line[0] = 'x';
	for (; rc == 0 && n < 100; n++)
		rc = csv_read(&csv, line, 1 << 20, &e);
	assert_int_equal(rc, -1);
	assert_error(&e, EX_DATAERR, "longer than 33554432 bytes");
	assert_true(n > 30 && n < 33);
	assert_int_equal(csv_read(&csv, BYTES("x"), &e), 1);
	csv_free(&csv);
	free(line);
}

static void
the_reader_removes_one_apostrophe(void **state UNUSED)
{
	assert_null(csv_text(NULL));
	assert_string_equal(csv_text(""), "");
	assert_string_equal(csv_text("a'"), "a'");
	assert_string_equal(csv_text("'"), "");
	assert_string_equal(csv_text("'=1"), "=1");
	assert_string_equal(csv_text("''a"), "'a");
	assert_string_equal(csv_text("-1"), "-1");
}

/* Read bytes that were written, a line at a time. */
static void
read_back(struct csv *csv, const char *bytes, size_t len)
{
	struct err e = { 0 };
	const char *end;
	int rc;

	for (;;) {
		end = memchr(bytes, '\n', len);
		rc = csv_read(csv, bytes,
		    end != NULL ? (size_t)(end - bytes) : len, &e);
		if (rc < 0)
			fail_msg("%s", e.text);
		if (end == NULL)
			break;
		assert_int_equal(rc, 0);
		len -= (size_t)(end - bytes) + 1;
		bytes = end + 1;
	}
	assert_int_equal(rc, 1);
}

static void
a_written_record_is_read_back(void **state UNUSED)
{
	static const char *const texts[] = { NULL, "", " ", "a", "=1", "'",
		"''", "'=", "a,b", "\"", "\"\"\"", ",", ",\"", "\",\"", "\n",
		"\r", "\r\n", "\n\r", "\"\n\"", "\t", "a\tb", "-", "@\"\n,",
		"\xef\xbc\x9d", "\x1b]0;x\x07", "\xe2\x80\xae", "\\", "\\n",
		"\xff\xfe", "NULL", "null", "1795458480", " a\n" };
	struct buffer out = { 0 };
	struct csv csv = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		for (size_t j = 0; j < ARRAY_LEN(texts); j++) {
			const char *both[] = { texts[i], texts[j] };

			buffer_cut(&out, 0);
			buffer_puts(&out, "");
			csv_put_text(&out, texts[i]);
			buffer_putc(&out, ',');
			csv_put_text(&out, texts[j]);
			read_back(&csv, out.s, out.len);
			assert_int_equal(csv.n, 2);
			for (size_t k = 0; k < 2; k++) {
				if (both[k] == NULL)
					assert_null(csv.fields[k]);
				else
					assert_string_equal(
					    csv_text(csv.fields[k]), both[k]);
			}
		}
	}
	buffer_free(&out);
	csv_free(&csv);
}

static void
a_long_text_is_read_back(void **state UNUSED)
{
	char *text = malloc(LONG + 1);
	struct buffer out = { 0 };
	struct csv csv = { 0 };

	assert_non_null(text);
	for (size_t i = 0; i < LONG; i++)
		text[i] = ",\"\na"[i * i % 4 + (i % 3 == 0)];
	text[LONG] = '\0';
	csv_put_text(&out, text);
	buffer_puts(&out, ",x");
	read_back(&csv, out.s, out.len);
	assert_int_equal(csv.n, 2);
	assert_string_equal(csv.fields[0], text);
	assert_string_equal(csv.fields[1], "x");
	buffer_free(&out);
	csv_free(&csv);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_text_that_needs_quotes_gets_them),
		cmocka_unit_test(a_number_gets_no_quotes_and_no_apostrophe),
		cmocka_unit_test(a_record_is_split_into_its_fields),
		cmocka_unit_test(the_next_line_continues_an_open_quote),
		cmocka_unit_test(
		    after_a_bad_line_the_next_line_begins_a_record),
		cmocka_unit_test(a_record_with_too_many_fields_is_refused),
		cmocka_unit_test(a_record_that_never_ends_is_refused),
		cmocka_unit_test(the_reader_removes_one_apostrophe),
		cmocka_unit_test(a_written_record_is_read_back),
		cmocka_unit_test(a_long_text_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
