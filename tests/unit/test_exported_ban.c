/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ban/exported_ban: bans from exports and other archives, also hostile ones. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sysexits.h>

#include "ban/exported_ban.h"
#include "base/json.h"
#include "base/timestamp.h"
#include "scratch.h"
#include "watched.h"

#define SECOND INT64_C(1795458480)
#define SINCE (SECOND * TIMESTAMP_US + 250000)

/* The fields that every ban needs. */
#define ENOUGH \
	"\"jail\":\"sshd\",\"ident\":\"192.0.2.1\"," \
	"\"since_us\":1795458480250000"

static int
read_line(struct exported_ban *ban, const char *line, struct err *e)
{
	size_t len = strlen(line);
	char *copy = watched_copy(line, len);
	int rc;

	exported_ban_init(ban);
	rc = exported_ban_from_json(ban, copy, len, e);
	free(copy);
	return rc;
}

/* Read and check a line; a ban that fails is freed. */
static int
take_line(struct exported_ban *ban, const char *line, struct err *e)
{
	int rc = read_line(ban, line, e);

	if (rc == 0)
		rc = exported_ban_check(ban, e);
	if (rc != 0)
		exported_ban_free(ban);
	return rc;
}

static void
take_good(struct exported_ban *ban, const char *line)
{
	struct err e = { 0 };

	if (take_line(ban, line, &e) != 0)
		fail_msg("%s: %s", line, e.text);
}

/* Check that an object of ENOUGH and more is taken, or refused with a text. */
static void
assert_more(const char *more, const char *refused)
{
	char line[1000];
	struct exported_ban ban;
	struct err e = { 0 };

	snprintf(line, sizeof(line), "{" ENOUGH ",%s}", more);
	if (refused == NULL) {
		take_good(&ban, line);
		exported_ban_free(&ban);
	} else if (take_line(&ban, line, &e) == 0) {
		fail_msg("taken: %s", line);
	} else {
		assert_error(&e, EX_DATAERR, refused);
	}
}

static void
each_field_has_its_name(void **state UNUSED)
{
	static const struct {
		const char *name;
		enum ban_field field;
		bool number;
	} rows[] = {
		{ "jail", BAN_FIELD_JAIL, false },
		{ "ident", BAN_FIELD_IDENT, false },
		{ "ip", BAN_FIELD_IP, false },
		{ "host", BAN_FIELD_HOST, false },
		{ "since_us", BAN_FIELD_SINCE, true },
		{ "timeofban", BAN_FIELD_TIMEOFBAN, true },
		{ "nth", BAN_FIELD_NTH, true },
		{ "seconds", BAN_FIELD_SECONDS, true },
		{ "bancount", BAN_FIELD_BANCOUNT, true },
		{ "failures", BAN_FIELD_FAILURES, true },
		{ "matches", BAN_FIELD_MATCHES, false },
		{ "captures", BAN_FIELD_CAPTURES, false },
		{ "origin", BAN_FIELD_ORIGIN, false },
		{ "seen", BAN_FIELD_SEEN, false },
		{ "ended_us", BAN_FIELD_ENDED, true },
		{ "ended_why", BAN_FIELD_WHY, false },
		{ "restored", BAN_FIELD_RESTORED, true },
		{ "rev", BAN_FIELD_REV, true },
	};
	static const char *const none[] = { "", "Jail", "jail ", "jai", "id",
		"since", "ended" };

	assert_int_equal(ARRAY_LEN(rows), BAN_FIELDS);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(ban_field_find(rows[i].name), rows[i].field);
		assert_string_equal(ban_field_name(rows[i].field),
		    rows[i].name);
		assert_int_equal(ban_field_kind(rows[i].field) ==
			BAN_FIELD_KIND_NUMBER,
		    rows[i].number);
	}
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		assert_int_equal(ban_field_find(none[i]), BAN_FIELDS);
}

static void
a_field_takes_only_values_of_its_kind(void **state UNUSED)
{
	struct exported_ban ban;
	struct err e;

	exported_ban_init(&ban);
	for (enum ban_field i = 0; i < BAN_FIELDS; i++) {
		bool number = ban_field_kind(i) == BAN_FIELD_KIND_NUMBER;

		e = (struct err){ 0 };
		assert_int_equal(exported_ban_set_text(&ban, i, "7", &e),
		    number ? -1 : 0);
		if (number)
			assert_error(&e, EX_DATAERR, ban_field_name(i));
		e = (struct err){ 0 };
		assert_int_equal(exported_ban_set_number(&ban, i, 7, &e),
		    number ? 0 : -1);
		if (!number)
			assert_error(&e, EX_DATAERR, ban_field_name(i));
		assert_int_equal(ban.numbers[i], number ? 7 : UNKNOWN);
		assert_int_equal(ban.texts[i] == NULL, number);
	}
	exported_ban_free(&ban);
	for (enum ban_field i = 0; i < BAN_FIELDS; i++) {
		assert_null(ban.texts[i]);
		assert_int_equal(ban.numbers[i], UNKNOWN);
	}
}

static void
setting_a_field_again_replaces_it(void **state UNUSED)
{
	struct exported_ban ban;
	struct err e = { 0 };

	exported_ban_init(&ban);
	assert_ok(exported_ban_set_text(&ban, BAN_FIELD_JAIL, "a", &e), &e);
	assert_ok(exported_ban_set_text(&ban, BAN_FIELD_JAIL, "b", &e), &e);
	assert_string_equal(ban.texts[BAN_FIELD_JAIL], "b");
	assert_ok(exported_ban_set_text(&ban, BAN_FIELD_JAIL, NULL, &e), &e);
	assert_null(ban.texts[BAN_FIELD_JAIL]);
	assert_ok(exported_ban_set_text(&ban, BAN_FIELD_JAIL, "\xff\xc3", &e),
	    &e);
	assert_string_equal(ban.texts[BAN_FIELD_JAIL],
	    "\xef\xbf\xbd\xef\xbf\xbd");
	exported_ban_free(&ban);
}

static void
a_text_may_have_twelve_megabytes_and_no_more(void **state UNUSED)
{
	const size_t most = (size_t)12 << 20;
	char *text = malloc(most + 2);
	struct exported_ban ban;
	struct err e = { 0 };

	assert_non_null(text);
	memset(text, 'x', most + 1);
	text[most + 1] = '\0';
	exported_ban_init(&ban);
	assert_int_equal(
	    exported_ban_set_text(&ban, BAN_FIELD_MATCHES, text, &e), -1);
	assert_error(&e, EX_DATAERR, "matches: 12582913 bytes: too long");
	assert_null(ban.texts[BAN_FIELD_MATCHES]);
	text[most] = '\0';
	assert_ok(exported_ban_set_text(&ban, BAN_FIELD_MATCHES, text, &e), &e);
	assert_string_equal(ban.texts[BAN_FIELD_MATCHES], text);
	exported_ban_free(&ban);
	free(text);
}

/* clang-format off */

static void
each_number_has_its_range(void **state UNUSED)
{
	static const struct {
		const char *more, *refused;
	} rows[] = {
		{ "\"timeofban\":1795458480", NULL },
		{ "\"timeofban\":null", NULL },
		{ "\"timeofban\":-1", "timeofban: out of range" },
		{ "\"timeofban\":4611686018428", "timeofban: out of range" },
		{ "\"timeofban\":4611686018427", "not the second of" },
		{ "\"timeofban\":1795458481", "not the second of" },
		{ "\"timeofban\":1795458479", "not the second of" },
		{ "\"timeofban\":0", "not the second of" },
		{ "\"nth\":0", NULL },
		{ "\"nth\":null", NULL },
		{ "\"nth\":1000000", NULL },
		{ "\"nth\":1000001", "nth: out of range" },
		{ "\"nth\":-1", "nth: out of range" },
		{ "\"seconds\":-1", NULL },
		{ "\"seconds\":0", NULL },
		{ "\"seconds\":9223372036854775807", NULL },
		{ "\"seconds\":-2", "seconds: out of range" },
		{ "\"seconds\":-9223372036854775807", "seconds: out of range" },
		{ "\"seconds\":9223372036854775808", "seconds: not a whole" },
		{ "\"bancount\":0", NULL },
		{ "\"bancount\":9223372036854775807", NULL },
		{ "\"bancount\":-1", "bancount: out of range" },
		{ "\"failures\":0", NULL },
		{ "\"failures\":9223372036854775807", NULL },
		{ "\"failures\":-1", "failures: out of range" },
		{ "\"ended_us\":0,\"ended_why\":\"manual\"", NULL },
		{ "\"ended_us\":9223372036854775807,\"ended_why\":\"expired\"",
		    NULL },
		{ "\"ended_us\":-1,\"ended_why\":\"manual\"",
		    "ended_us: out of range" },
		{ "\"restored\":0", NULL },
		{ "\"restored\":1000000", NULL },
		{ "\"restored\":1000001", "restored: out of range" },
		{ "\"restored\":-1", "restored: out of range" },
		/* rev counts changes within one archive, so any value is taken. */
		{ "\"rev\":-7", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_more(rows[i].more, rows[i].refused);
}

static void
a_number_field_takes_only_whole_numbers(void **state UNUSED)
{
	static const char *const values[] = { "1.5", "1e3", "1.0", "\"1\"",
		"\"\"", "true", "false", "[]", "[1]", "{}",
		"99999999999999999999", "-99999999999999999999", "-0.0" };
	char line[200];

	for (enum ban_field f = 0; f < BAN_FIELDS; f++) {
		struct exported_ban ban;
		struct err e;

		for (size_t i = 0;
		     ban_field_kind(f) == BAN_FIELD_KIND_NUMBER && i < ARRAY_LEN(values); i++) {
			snprintf(line, sizeof(line), "{\"%s\":%s}",
			    ban_field_name(f), values[i]);
			e = (struct err){ 0 };
			if (read_line(&ban, line, &e) == 0)
				fail_msg("taken: %s", line);
			exported_ban_free(&ban);
			assert_error(&e, EX_DATAERR, "not a whole number");
			assert_error(&e, EX_DATAERR, ban_field_name(f));
		}
	}
}

static void
a_json_value_of_the_wrong_kind_is_refused(void **state UNUSED)
{
	static const struct {
		const char *value, *text;
	} rows[] = {
		{ "null", NULL },
		{ "\"\"", "" },
		{ "\"a\\u0020b\\n\"", "a b\n" },
		{ "\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80" },
		{ "\"\\u0000\\ud800\"", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "[ 1 , \"a\" ]", "[1,\"a\"]" },
		{ "{ \"a\" : null }", "{\"a\":null}" },
		{ "5", "" },
		{ "-1.5e3", "" },
		{ "true", "" },
		{ "false", "" },
	};
	char line[200];

	for (enum ban_field f = 0; f < BAN_FIELDS; f++) {
		char kind = f == BAN_FIELD_CAPTURES		     ? '{' :
		    f == BAN_FIELD_MATCHES || f == BAN_FIELD_SEEN ? '[' :
								      '"';

		for (size_t i = 0; ban_field_kind(f) != BAN_FIELD_KIND_NUMBER && i < ARRAY_LEN(rows);
		     i++) {
			struct exported_ban ban;
			struct err e = { 0 };

			snprintf(line, sizeof(line), "{\"%s\":%s}",
			    ban_field_name(f), rows[i].value);
			if (i > 0 && rows[i].value[0] != kind) {
				assert_int_equal(read_line(&ban, line, &e), -1);
				assert_error(&e, EX_DATAERR, "wrong kind");
				assert_error(&e, EX_DATAERR, ban_field_name(f));
			} else {
				assert_ok(read_line(&ban, line, &e), &e);
				if (rows[i].text == NULL)
					assert_null(ban.texts[f]);
				else
					assert_string_equal(ban.texts[f],
					    rows[i].text);
			}
			exported_ban_free(&ban);
		}
	}
}

static void
a_line_that_is_no_json_object_is_refused(void **state UNUSED)
{
	static const char *const lines[] = { "", " ", "x", "null", "1", "\"\"",
		"[]", "[{}]", "{", "}", "{}}", "{} {}", "{\"jail\"}",
		"{\"jail\":}", "{\"jail\":\"sshd\",}", "{jail:\"sshd\"}",
		"{'jail':'sshd'}", "{\"jail\":\"a\nb\"}", "\xef\xbb\xbf{}",
		"{\"seconds\":01}", "{\"seconds\":+1}", "{\"jail\":\"\\x\"}" };

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct exported_ban ban;
		struct err e = { 0 };

		if (read_line(&ban, lines[i], &e) == 0)
			fail_msg("taken: %s", lines[i]);
		assert_error(&e, EX_DATAERR, "not a JSON object");
		exported_ban_free(&ban);
	}
}

static void
unknown_keys_are_ignored(void **state UNUSED)
{
	struct exported_ban ban;

	take_good(&ban, " { \"x\" : [ { \"jail\" : 1 } ] , " ENOUGH
	    ",\"\":0,\"Seconds\":\"z\"} ");
	assert_string_equal(ban.texts[BAN_FIELD_JAIL], "sshd");
	assert_int_equal(ban.numbers[BAN_FIELD_SECONDS], UNKNOWN);
	exported_ban_free(&ban);
	/* A key may be written with escapes. */
	take_good(&ban, "{" ENOUGH ",\"j\\u0061il\":\"other\"}");
	assert_string_equal(ban.texts[BAN_FIELD_JAIL], "other");
	exported_ban_free(&ban);
	/* The last of two equal keys counts. */
	take_good(&ban, "{\"seconds\":1," ENOUGH
	    ",\"jail\":\"b\",\"seconds\":2}");
	assert_string_equal(ban.texts[BAN_FIELD_JAIL], "b");
	assert_int_equal(ban.numbers[BAN_FIELD_SECONDS], 2);
	exported_ban_free(&ban);
}

static void
a_ban_needs_a_jail_an_ident_and_a_time(void **state UNUSED)
{
	static const struct {
		const char *line, *refused;
	} rows[] = {
		{ "{" ENOUGH "}", NULL },
		{ "{}", "jail is missing or empty" },
		{ "{\"ident\":\"i\",\"since_us\":1}", "jail is missing" },
		{ "{\"jail\":\"\",\"ident\":\"i\",\"since_us\":1}",
		    "jail is missing or empty" },
		{ "{\"jail\":null,\"ident\":\"i\",\"since_us\":1}",
		    "jail is missing" },
		{ "{\"jail\":\"j\",\"since_us\":1}", "ident is missing" },
		{ "{\"jail\":\"j\",\"ident\":\"\",\"since_us\":1}",
		    "ident is missing or empty" },
		{ "{\"jail\":\"j\",\"ident\":\"i\"}", "since_us is missing" },
		{ "{\"jail\":\"j\",\"ident\":\"i\",\"since_us\":null}",
		    "since_us is missing" },
		{ "{\"jail\":\"j\",\"ident\":\"i\",\"timeofban\":1}",
		    "since_us is missing" },
		{ "{\"jail\":\"j\",\"ident\":\"i\",\"since_us\":0}", NULL },
		{ "{\"jail\":\"j\",\"ident\":\"i\",\"since_us\":-1}",
		    "since_us: out of range" },
		{ "{\"jail\":\"j\",\"ident\":\"i\","
		    "\"since_us\":4611686018427387903}", NULL },
		{ "{\"jail\":\"j\",\"ident\":\"i\","
		    "\"since_us\":4611686018427387904}",
		    "since_us: out of range" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct exported_ban ban;
		struct err e = { 0 };

		if (take_line(&ban, rows[i].line, &e) == 0) {
			if (rows[i].refused != NULL)
				fail_msg("taken: %s", rows[i].line);
			exported_ban_free(&ban);
		} else {
			if (rows[i].refused == NULL)
				fail_msg("%s: %s", rows[i].line, e.text);
			assert_error(&e, EX_DATAERR, rows[i].refused);
		}
	}
}

/* fail2ban rounds half to even; an export may round half either way. */
static void
timeofban_is_since_us_rounded_to_a_second(void **state UNUSED)
{
	static const struct {
		int64_t since_us, given, second; /* UNKNOWN: refused */
	} rows[] = {
		{ SECOND * TIMESTAMP_US, UNKNOWN, SECOND },
		{ SECOND * TIMESTAMP_US + 499999, UNKNOWN, SECOND },
		{ SECOND * TIMESTAMP_US + 500000, UNKNOWN, SECOND },
		{ SECOND * TIMESTAMP_US + 500001, UNKNOWN, SECOND + 1 },
		{ SECOND * TIMESTAMP_US + 1500000, UNKNOWN, SECOND + 2 },
		{ SECOND * TIMESTAMP_US + 500000, SECOND, SECOND },
		{ SECOND * TIMESTAMP_US + 500000, SECOND + 1, SECOND + 1 },
		{ SECOND * TIMESTAMP_US + 500001, SECOND, UNKNOWN },
		{ SECOND * TIMESTAMP_US + 499999, SECOND + 1, UNKNOWN },
		{ 0, 0, 0 },
		{ 0, 1, UNKNOWN },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct exported_ban ban;
		struct err e = { 0 };

		exported_ban_init(&ban);
		exported_ban_set_text(&ban, BAN_FIELD_JAIL, "j", &e);
		exported_ban_set_text(&ban, BAN_FIELD_IDENT, "i", &e);
		exported_ban_set_number(&ban, BAN_FIELD_SINCE, rows[i].since_us, &e);
		exported_ban_set_number(&ban, BAN_FIELD_TIMEOFBAN, rows[i].given, &e);
		if (exported_ban_check(&ban, &e) != 0)
			assert_int_equal(rows[i].second, UNKNOWN);
		else
			assert_int_equal(ban.numbers[BAN_FIELD_TIMEOFBAN],
			    rows[i].second);
		exported_ban_free(&ban);
	}
}

static void
an_end_needs_a_time_and_a_reason(void **state UNUSED)
{
	static const struct {
		const char *more, *refused;
		enum ban_end end;
	} rows[] = {
		{ "\"x\":0", NULL, BAN_LIVES },
		{ "\"ended_us\":null,\"ended_why\":null", NULL, BAN_LIVES },
		{ "\"ended_us\":5,\"ended_why\":\"expired\"", NULL,
		    BAN_EXPIRED },
		{ "\"ended_us\":5,\"ended_why\":\"manual\"", NULL,
		    BAN_MANUAL },
		{ "\"ended_us\":5,\"ended_why\":\"flushed\"", NULL,
		    BAN_FLUSHED },
		{ "\"ended_us\":5,\"ended_why\":\"inferred\"", NULL,
		    BAN_INFERRED },
		{ "\"ended_us\":5", "one without the other", BAN_LIVES },
		{ "\"ended_us\":5,\"ended_why\":null", "one without the other",
		    BAN_LIVES },
		{ "\"ended_why\":\"expired\"", "one without the other",
		    BAN_LIVES },
		{ "\"ended_us\":5,\"ended_why\":\"\"", "not a reason",
		    BAN_LIVES },
		{ "\"ended_us\":5,\"ended_why\":\"Expired\"",
		    "not a reason", BAN_LIVES },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char line[300];
		struct exported_ban ban;

		assert_more(rows[i].more, rows[i].refused);
		if (rows[i].refused != NULL)
			continue;
		snprintf(line, sizeof(line), "{" ENOUGH ",%s}", rows[i].more);
		take_good(&ban, line);
		assert_int_equal(ban.end, rows[i].end);
		assert_int_equal(exported_ban_sighting(&ban).end, rows[i].end);
		exported_ban_free(&ban);
	}
}

static void
origin_and_seen_are_read_by_name(void **state UNUSED)
{
	static const struct {
		const char *more, *refused;
		enum ban_origin origin;
		unsigned seen;
	} rows[] = {
		{ "\"x\":0", NULL, BAN_FROM_UNKNOWN, BAN_SEEN_IMPORT },
		{ "\"origin\":null,\"seen\":null", NULL, BAN_FROM_UNKNOWN,
		    BAN_SEEN_IMPORT },
		{ "\"origin\":\"log\",\"seen\":[]", NULL, BAN_FROM_LOG, 0 },
		{ "\"origin\":\"manual\",\"seen\":[\"event\"]", NULL,
		    BAN_FROM_HAND, BAN_SEEN_EVENT },
		{ "\"origin\":\"list\",\"seen\":[\"database\"]", NULL,
		    BAN_FROM_LIST, BAN_SEEN_DATABASE },
		{ "\"origin\":\"unknown\",\"seen\":[\"log\",\"event\"]", NULL,
		    BAN_FROM_UNKNOWN, BAN_SEEN_LOG | BAN_SEEN_EVENT },
		{ "\"seen\":[\"event\",\"database\",\"log\",\"import\"]", NULL,
		    BAN_FROM_UNKNOWN, BAN_SEEN_ALL },
		{ "\"origin\":\"\"", "origin: not one that we know", 0, 0 },
		{ "\"origin\":\"Log\"", "origin: not one that we know", 0, 0 },
		{ "\"seen\":[\"event\",\"event\"]", "or one twice", 0, 0 },
		{ "\"seen\":[\"nobody\"]", "unknown witness", 0, 0 },
		{ "\"seen\":[\"\"]", "unknown witness", 0, 0 },
		{ "\"seen\":[1]", "unknown witness", 0, 0 },
		{ "\"seen\":[null]", "unknown witness", 0, 0 },
		{ "\"seen\":[[\"event\"]]", "unknown witness", 0, 0 },
		{ "\"seen\":[\"event\",\"database\",\"log\",\"import\",0]",
		    "unknown witness", 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char line[300];
		struct exported_ban ban;

		assert_more(rows[i].more, rows[i].refused);
		if (rows[i].refused != NULL)
			continue;
		snprintf(line, sizeof(line), "{" ENOUGH ",%s}", rows[i].more);
		take_good(&ban, line);
		assert_int_equal(ban.origin, rows[i].origin);
		assert_int_equal(ban.seen, rows[i].seen);
		exported_ban_free(&ban);
	}
}

static void
evidence_with_other_escapes_becomes_the_same_text(void **state UNUSED)
{
	static const struct {
		const char *more, *matches, *captures;
	} rows[] = {
		{ "\"matches\":null,\"captures\":null", NULL, NULL },
		{ "\"matches\":[],\"captures\":{}", "[]", "{}" },
		{ "\"matches\":[ \"a\" , \"b\" ]", "[\"a\",\"b\"]", NULL },
		{ "\"matches\":[\"\\u0061\\/\\u00e9\\ud83d\\ude00\"]",
		    "[\"a/\xc3\xa9\xf0\x9f\x98\x80\"]", NULL },
		{ "\"matches\":[\"\\u0000\\udc00\\ud800\"]",
		    "[\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"]", NULL },
		{ "\"matches\":[\"\\u001B\\t\\u000a\\\"\\\\\"]",
		    "[\"\\u001b\\t\\n\\\"\\\\\"]", NULL },
		/* Log lines become texts. */
		{ "\"matches\":[1, null ,[ \"x\" ]]",
		    "[\"1\",\"\",\"[\\\"x\\\"]\"]", NULL },
		{ "\"captures\":{ \"us\\u0065r\" : \"r\\u006fot\", \"n\":1 }",
		    NULL, "{\"user\":\"root\",\"n\":1}" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char line[300];
		struct exported_ban ban;
		struct sighting sighting;

		snprintf(line, sizeof(line), "{" ENOUGH ",%s}", rows[i].more);
		/* A second check changes nothing. */
		for (int twice = 0; twice < 2; twice++) {
			struct err e = { 0 };

			if (twice == 0)
				take_good(&ban, line);
			else
				assert_ok(exported_ban_check(&ban, &e), &e);
			sighting = exported_ban_sighting(&ban);
			if (rows[i].matches == NULL)
				assert_null(sighting.matches);
			else
				assert_string_equal(sighting.matches,
				    rows[i].matches);
			if (rows[i].captures == NULL)
				assert_null(sighting.captures);
			else
				assert_string_equal(sighting.captures,
				    rows[i].captures);
		}
		exported_ban_free(&ban);
	}
}

/* CSV has arrays and objects as texts. */
static void
a_text_that_must_be_json_is_checked(void **state UNUSED)
{
	static const struct {
		enum ban_field field;
		const char *text, *refused, *mended;
	} rows[] = {
		{ BAN_FIELD_MATCHES, "[\"a\"]", NULL, "[\"a\"]" },
		{ BAN_FIELD_MATCHES, " [ \"\\u0061\" ] ", NULL, "[\"a\"]" },
		{ BAN_FIELD_MATCHES, "", "matches: not a JSON array", NULL },
		{ BAN_FIELD_MATCHES, "x", "matches: not a JSON array", NULL },
		{ BAN_FIELD_MATCHES, "{}", "matches: not a JSON array", NULL },
		{ BAN_FIELD_MATCHES, "null", "matches: not a JSON array", NULL },
		{ BAN_FIELD_MATCHES, "\"[]\"", "matches: not a JSON array", NULL },
		{ BAN_FIELD_MATCHES, "[", "matches: not a JSON array", NULL },
		{ BAN_FIELD_MATCHES, "[1,]", "matches: not a JSON array", NULL },
		{ BAN_FIELD_MATCHES, "[\"\n\"]", "matches: not a JSON array", NULL },
		{ BAN_FIELD_CAPTURES, "{\"\\u0061\":\"\\/\"}", NULL,
		    "{\"a\":\"/\"}" },
		{ BAN_FIELD_CAPTURES, "", "captures: not a JSON object", NULL },
		{ BAN_FIELD_CAPTURES, "[]", "captures: not a JSON object", NULL },
		{ BAN_FIELD_CAPTURES, "{\"a\"}", "captures: not a JSON object", NULL },
		{ BAN_FIELD_SEEN, "[\"event\"]", NULL, "[\"event\"]" },
		{ BAN_FIELD_SEEN, "", "seen: not an array", NULL },
		{ BAN_FIELD_SEEN, "event", "seen: not an array", NULL },
		{ BAN_FIELD_SEEN, "{}", "seen: not an array", NULL },
		{ BAN_FIELD_SEEN, "3", "seen: not an array", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct exported_ban ban;
		struct err e = { 0 };

		assert_ok(read_line(&ban, "{" ENOUGH "}", &e), &e);
		assert_ok(exported_ban_set_text(&ban, rows[i].field, rows[i].text,
			      &e),
		    &e);
		if (rows[i].refused != NULL) {
			assert_int_equal(exported_ban_check(&ban, &e), -1);
			assert_error(&e, EX_DATAERR, rows[i].refused);
		} else {
			assert_ok(exported_ban_check(&ban, &e), &e);
			assert_string_equal(ban.texts[rows[i].field],
			    rows[i].mended);
		}
		exported_ban_free(&ban);
	}
}

static void
the_sighting_has_every_field_of_the_ban(void **state UNUSED)
{
	struct exported_ban ban;
	struct sighting sighting;

	take_good(&ban, "{" ENOUGH ",\"ip\":\"192.0.2.9\",\"host\":\"h\","
	    "\"timeofban\":1795458480,\"nth\":2,\"seconds\":600,"
	    "\"bancount\":3,\"failures\":5,\"matches\":[\"m\"],"
	    "\"captures\":{\"a\":\"b\"},\"origin\":\"log\","
	    "\"seen\":[\"event\",\"log\"],\"ended_us\":1795459080000000,"
	    "\"ended_why\":\"expired\",\"restored\":4,\"rev\":9}");
	sighting = exported_ban_sighting(&ban);
	assert_int_equal(sighting.kind, SIGHTING_IMPORT);
	assert_int_equal(sighting.at_us, SINCE);
	assert_int_equal(sighting.since_us, SINCE);
	assert_true(sighting.exact);
	assert_int_equal(sighting.seconds, 600);
	assert_int_equal(sighting.bancount, 3);
	assert_int_equal(sighting.failures, 5);
	assert_string_equal(sighting.ip, "192.0.2.9");
	assert_int_equal(sighting.evidence, 0);
	assert_string_equal(sighting.matches, "[\"m\"]");
	assert_string_equal(sighting.captures, "{\"a\":\"b\"}");
	assert_int_equal(sighting.end, BAN_EXPIRED);
	assert_int_equal(sighting.ended_us, INT64_C(1795459080000000));
	assert_int_equal(sighting.origin, BAN_FROM_LOG);
	assert_int_equal(sighting.seen, BAN_SEEN_EVENT | BAN_SEEN_LOG);
	assert_int_equal(sighting.restored, 4);
	assert_int_equal(sighting.nth, 2);
	assert_int_equal(sighting.row, 0);
	exported_ban_free(&ban);
}

static void
a_missing_field_is_unknown_in_the_sighting(void **state UNUSED)
{
	struct exported_ban ban;
	struct sighting sighting;

	take_good(&ban, "{\"jail\":\"j\",\"ident\":\"i\",\"since_us\":7000000}");
	sighting = exported_ban_sighting(&ban);
	assert_false(sighting.exact);
	assert_int_equal(sighting.since_us, 7000000);
	assert_int_equal(ban.numbers[BAN_FIELD_TIMEOFBAN], 7);
	assert_int_equal(sighting.seconds, UNKNOWN);
	assert_int_equal(sighting.bancount, UNKNOWN);
	assert_int_equal(sighting.failures, UNKNOWN);
	assert_null(sighting.ip);
	assert_null(sighting.matches);
	assert_null(sighting.captures);
	assert_int_equal(sighting.end, BAN_LIVES);
	assert_int_equal(sighting.ended_us, UNKNOWN);
	assert_int_equal(sighting.origin, BAN_FROM_UNKNOWN);
	assert_int_equal(sighting.seen, BAN_SEEN_IMPORT);
	assert_int_equal(sighting.restored, 0);
	assert_int_equal(sighting.nth, 0);
	exported_ban_free(&ban);
}

/* clang-format on */

/* Make a line of JSON in which every text, also in the evidence, is text. */
static char *
line_of(const char *text)
{
	static const char *const names[] = { "jail", "ident", "ip", "host" };
	struct buffer out = { 0 };

	buffer_puts(&out, "{\"since_us\":1795458480250000");
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		buffer_puts(&out, ",\"");
		buffer_puts(&out, names[i]);
		buffer_puts(&out, "\":");
		json_put_text(&out, text, strlen(text));
	}
	buffer_puts(&out, ",\"matches\":[");
	json_put_text(&out, text, strlen(text));
	buffer_puts(&out, "],\"captures\":{");
	json_put_text(&out, text, strlen(text));
	buffer_putc(&out, ':');
	json_put_text(&out, text, strlen(text));
	buffer_puts(&out, "}}");
	assert_false(out.failed);
	return buffer_take(&out);
}

static void
hostile_texts_are_kept_unchanged(void **state UNUSED)
{
	static const char *const texts[] = { "\n", "\r\n", "\"", "\\",
		"\\u0041", "\\\"", "'; DROP TABLE ban; --", "=cmd()",
		"</pre><script>", "\x01\x1b[2J\x7f", "\xe2\x80\xae",
		"\xf0\x9f\x98\x80", "{}", "],[", "\"},{\"", "%s%n", " ",
		"../../etc/passwd", "null" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		char *line = line_of(texts[i]);
		struct buffer quoted = { 0 };
		struct exported_ban ban;

		json_put_text(&quoted, texts[i], strlen(texts[i]));
		take_good(&ban, line);
		assert_string_equal(ban.texts[BAN_FIELD_JAIL], texts[i]);
		assert_string_equal(ban.texts[BAN_FIELD_IDENT], texts[i]);
		assert_string_equal(ban.texts[BAN_FIELD_IP], texts[i]);
		assert_string_equal(ban.texts[BAN_FIELD_HOST], texts[i]);
		assert_int_equal(strncmp(ban.texts[BAN_FIELD_MATCHES] + 1,
				     quoted.s, quoted.len),
		    0);
		assert_int_equal(strncmp(ban.texts[BAN_FIELD_CAPTURES] + 1,
				     quoted.s, quoted.len),
		    0);
		exported_ban_free(&ban);
		buffer_free(&quoted);
		free(line);
	}
}

/* A cut line is no object; invalid UTF-8 becomes U+FFFD. */
static void
a_line_that_is_cut_or_broken_anywhere_is_harmless(void **state UNUSED)
{
	char *line = line_of("\xc3\xa9\"a");
	size_t len = strlen(line);

	for (size_t i = 0; i < len; i++) {
		char *cut = watched_copy(line, i);
		struct exported_ban ban;
		struct err e = { 0 };

		exported_ban_init(&ban);
		assert_int_equal(exported_ban_from_json(&ban, cut, i, &e), -1);
		assert_error(&e, EX_DATAERR, "not a JSON object");
		exported_ban_free(&ban);
		free(cut);
		for (int c = 0; c < 256; c += 17) {
			cut = watched_copy(line, len);
			cut[i] = (char)c;
			if (exported_ban_from_json(&ban, cut, len, &e) != 0 ||
			    exported_ban_check(&ban, &e) != 0)
				assert_int_equal(e.code, EX_DATAERR);
			exported_ban_free(&ban);
			free(cut);
		}
	}
	free(line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_field_has_its_name),
		cmocka_unit_test(a_field_takes_only_values_of_its_kind),
		cmocka_unit_test(setting_a_field_again_replaces_it),
		cmocka_unit_test(a_text_may_have_twelve_megabytes_and_no_more),
		cmocka_unit_test(each_number_has_its_range),
		cmocka_unit_test(a_number_field_takes_only_whole_numbers),
		cmocka_unit_test(a_json_value_of_the_wrong_kind_is_refused),
		cmocka_unit_test(a_line_that_is_no_json_object_is_refused),
		cmocka_unit_test(unknown_keys_are_ignored),
		cmocka_unit_test(a_ban_needs_a_jail_an_ident_and_a_time),
		cmocka_unit_test(timeofban_is_since_us_rounded_to_a_second),
		cmocka_unit_test(an_end_needs_a_time_and_a_reason),
		cmocka_unit_test(origin_and_seen_are_read_by_name),
		cmocka_unit_test(
		    evidence_with_other_escapes_becomes_the_same_text),
		cmocka_unit_test(a_text_that_must_be_json_is_checked),
		cmocka_unit_test(the_sighting_has_every_field_of_the_ban),
		cmocka_unit_test(a_missing_field_is_unknown_in_the_sighting),
		cmocka_unit_test(hostile_texts_are_kept_unchanged),
		cmocka_unit_test(
		    a_line_that_is_cut_or_broken_anywhere_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
