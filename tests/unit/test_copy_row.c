/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ban as a line of COPY: what PostgreSQL would refuse or misread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "fleet/copy_row.h"
#include "fleet/machine.h"

#define UUID "0b2f7a10-4c5d-4e6f-8a9b-0123456789ab"

static struct copy_row
plain_row(void)
{
	return (struct copy_row){
		.ban = 3,
		.text = {
			[BAN_FIELD_JAIL] = "sshd",
			[BAN_FIELD_IDENT] = "192.0.2.1",
			[BAN_FIELD_ORIGIN] = "unknown",
			[BAN_FIELD_SEEN] = "[\"log\"]",
		},
		.number = {
			[BAN_FIELD_SINCE] = 5000000,
			[BAN_FIELD_TIMEOFBAN] = 5,
			[BAN_FIELD_SECONDS] = 600,
			[BAN_FIELD_BANCOUNT] = UNKNOWN,
			[BAN_FIELD_FAILURES] = UNKNOWN,
			[BAN_FIELD_ENDED] = UNKNOWN,
			[BAN_FIELD_REV] = 9,
		},
	};
}

/* Check the column of a line, the first one being 0. */
static void
assert_column(const struct copy_row *row, int column, const char *wanted)
{
	struct buffer out = { 0 };
	char *at, *end;

	copy_row_put(&out, row);
	assert_false(out.failed);
	at = out.s;
	for (int i = 0; i < column; i++)
		at = strchr(at, '\t') + 1;
	end = at + strcspn(at, "\t\n");
	*end = '\0';
	if (strcmp(at, wanted) != 0)
		fail_msg("column %d: got %.200s, wanted %.200s", column, at,
		    wanted);
	buffer_free(&out);
}

enum {
	COLUMN_JAIL = 4,
	COLUMN_IDENT,
	COLUMN_SINCE = 8,
	COLUMN_SECONDS = 11,
	COLUMN_MATCHES = 14,
	COLUMN_CAPTURES,
	COLUMN_ENDED = 18,
	COLUMN_ADDRESS = 21,
};

static void
a_line_has_the_columns_in_their_order(void **state)
{
	struct copy_row row = plain_row();
	struct buffer out = { 0 };

	(void)state;
	copy_row_put(&out, &row);
	copy_row_put_gone(&out, 4, 10, 7, "pruned");
	copy_row_put_gone(&out, 5, 11, 7, "gone");
	assert_string_equal(out.s,
	    "\\N\t\\N\t3\t9\tsshd\t192.0.2.1\t\\N\t\\N\t5000000\t5\t0\t600\t\\N"
	    "\t\\N\t\\N\t\\N\tunknown\t[\"log\"]\t\\N\t\\N\t0\t192.0.2.1\n"
	    "pruned\t7\t4\t10\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N"
	    "\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\n"
	    "gone\t7\t5\t11\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N"
	    "\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\n");
	buffer_free(&out);
}

static void
a_text_stays_one_value(void **state)
{
	static const struct {
		const char *text, *wanted;
	} rows[] = {
		{ "", "" },
		{ "\\N", "\\\\N" },
		{ "\\.", "\\\\." },
		{ "a\tb\nc\rd\\", "a\\tb\\nc\\rd\\\\" },
		{ "\xc3\xa9", "\xc3\xa9" },
		{ "\xff"
		  "a",
		    "\xef\xbf\xbd"
		    "a" },
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\x01\x7f", "\x01\x7f" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct copy_row row = plain_row();

		row.text[BAN_FIELD_JAIL] = rows[i].text;
		assert_column(&row, COLUMN_JAIL, rows[i].wanted);
	}
}

static void
json_is_what_jsonb_takes(void **state)
{
	static const struct {
		const char *text, *wanted;
	} rows[] = {
		{ NULL, "\\N" },
		{ "[]", "[]" },
		{ "[\"a\\u0000\"]", "[\"a\\\\ufffd\"]" },
		{ "[\"\\ud800x\"]", "[\"\\\\ufffdx\"]" },
		{ "[\"\\ud83d\\ude00\"]", "[\"\\\\ud83d\\\\ude00\"]" },
		{ "[\"1e999999 \\\" 1e999999\"]",
		    "[\"1e999999 \\\\\" 1e999999\"]" },
		{ "[1e999999,-2E+1234]", "[\"1e999999\",\"-2E+1234\"]" },
		{ "[1e999,-2.5E-12,0]", "[1e999,-2.5E-12,0]" },
		{ "{}", "[\"{}\"]" },
		{ "[", "[\"[\"]" },
		{ "", "[\"\"]" },
		{ "[] []", "[\"[] []\"]" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct copy_row row = plain_row();

		row.text[BAN_FIELD_MATCHES] = rows[i].text;
		assert_column(&row, COLUMN_MATCHES, rows[i].wanted);
	}
}

static void
json_of_any_size_is_taken_or_left_out(void **state)
{
	size_t len = ((size_t)64 << 20) + 1;
	char *text = malloc(len + 1);
	struct copy_row row = plain_row();
	char wanted[320] = "[\"";

	(void)state;
	memset(text, ' ', len);
	text[0] = '[';
	text[len - 1] = ']';
	text[len] = '\0';
	row.text[BAN_FIELD_MATCHES] = text;
	assert_column(&row, COLUMN_MATCHES, "\\N");
	strcpy(text, "[");
	memset(text + 1, '9', 301);
	strcpy(text + 302, "]");
	memset(wanted + 2, '9', 301);
	strcpy(wanted + 303, "\"]");
	assert_column(&row, COLUMN_MATCHES, wanted);
	free(text);
}

static void
an_object_that_is_none_is_a_text_in_one(void **state)
{
	struct copy_row row = plain_row();

	(void)state;
	row.text[BAN_FIELD_CAPTURES] = "[1]";
	assert_column(&row, COLUMN_CAPTURES, "{\"text\":\"[1]\"}");
}

static void
a_time_is_in_the_years_that_the_centre_has(void **state)
{
	struct copy_row row = plain_row();

	(void)state;
	row.number[BAN_FIELD_SINCE] = INT64_MAX;
	row.number[BAN_FIELD_ENDED] = INT64_MIN + 1;
	row.number[BAN_FIELD_SECONDS] = -77;
	assert_column(&row, COLUMN_SINCE, "253402300799999999");
	assert_column(&row, COLUMN_ENDED, "-62135596800000000");
	assert_column(&row, COLUMN_SECONDS, "-1");
}

static void
an_address_is_canonical_or_none(void **state)
{
	static const struct {
		const char *ip, *ident, *wanted;
	} rows[] = {
		{ NULL, "192.0.2.1", "192.0.2.1" },
		{ NULL, "192.0.2.77/24", "192.0.2.0/24" },
		{ NULL, "2001:DB8:0::1", "2001:db8::1" },
		{ NULL, "::ffff:192.0.2.1", "192.0.2.1" },
		{ "192.0.2.9", "alice", "192.0.2.9" },
		{ "alice", "192.0.2.9", "192.0.2.9" },
		{ NULL, "192.0.2.1 ", "\\N" },
		{ NULL, "192.0.2.01", "\\N" },
		{ NULL, "192.0.2.1.example", "\\N" },
		{ NULL, "fe80::1%eth0", "\\N" },
		{ NULL, "192.0.2.1/33", "\\N" },
		{ NULL, "", "\\N" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct copy_row row = plain_row();

		row.text[BAN_FIELD_IP] = rows[i].ip;
		row.text[BAN_FIELD_IDENT] = rows[i].ident;
		assert_column(&row, COLUMN_ADDRESS, rows[i].wanted);
	}
}

static void
a_machine_has_a_moment_of_its_own(void **state)
{
	int64_t first = machine_wait_ms(UUID, 300, 0);
	int64_t other = machine_wait_ms("1" UUID, 300, 0);

	(void)state;
	assert_int_not_equal(first, other);
	/* It is the same moment of each interval, and is ahead. */
	for (int64_t ms = 0; ms < 900000; ms += 777) {
		int64_t wait = machine_wait_ms(UUID, 300, ms * 1000);

		assert_in_range(wait, 1, 300000);
		assert_int_equal((ms + wait - first) % 300000, 0);
	}
}

static void
machines_are_spread_over_the_interval(void **state)
{
	int in[10] = { 0 };
	char uuid[40];

	(void)state;
	for (int i = 0; i < 10000; i++) {
		snprintf(uuid, sizeof(uuid), "%08x-4c5d-4e6f-8a9b-0123456789ab",
		    (unsigned)i);
		in[(machine_wait_ms(uuid, 300, 0) - 1) / 30000]++;
	}
	for (int i = 0; i < 10; i++)
		assert_in_range(in[i], 800, 1200);
}

static void
random_names_are_as_the_file_has_them(void **state)
{
	struct push_state made = { .rev = 0 }, read;
	char line[128];
	struct err e;

	(void)state;
	assert_int_equal(machine_make_uuid(made.host, &e), 0);
	assert_int_equal(made.host[14], '4');
	assert_non_null(strchr("89ab", made.host[19]));
	snprintf(line, sizeof(line), "host %s\n", made.host);
	push_state_parse(&read, line, strlen(line));
	assert_string_equal(read.host, made.host);
	assert_int_equal(machine_make_token(made.token, &e), 0);
	assert_int_equal(strlen(made.token), 32);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_the_columns_in_their_order),
		cmocka_unit_test(a_text_stays_one_value),
		cmocka_unit_test(json_is_what_jsonb_takes),
		cmocka_unit_test(json_of_any_size_is_taken_or_left_out),
		cmocka_unit_test(an_object_that_is_none_is_a_text_in_one),
		cmocka_unit_test(a_time_is_in_the_years_that_the_centre_has),
		cmocka_unit_test(an_address_is_canonical_or_none),
		cmocka_unit_test(a_machine_has_a_moment_of_its_own),
		cmocka_unit_test(machines_are_spread_over_the_interval),
		cmocka_unit_test(random_names_are_as_the_file_has_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
