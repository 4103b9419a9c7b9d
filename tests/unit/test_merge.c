/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any order of the same events, any number of times, gives the same rows: a
 * made-up history of two jails is played into archives in many random orders,
 * with repeats, and the exports are compared.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "archive/read/queries.h"
#include "base/timestamp.h"
#include "ingest/sightings.h"
#include "lab.h"

#define ORDERS 60
#define EVENTS_MAX 64

/* The words of each event, as the action gives them; at is its time. */
struct line {
	const char *at, *words;
};

#define DATA(user) \
	"{\"matches\":[\"line of " user \
	"\"]," \
	"\"failures\":3,\"user\":\"" user "\"}"

/* |-separated: verb, jail, id, time, bantime, restored, row, data. */
static const struct line history[] = {
	/* An ordinary ban that expires. */
	{ "1000.50", "ban|sshd|192.0.2.1|1000.0|600|0|2|" DATA("root") },
	{ "1600.90", "unban|sshd|192.0.2.1|1000.0|600|0|2|" },
	/* The same id later: restored twice, a retry, lifted by hand. */
	{ "3000.50", "ban|sshd|192.0.2.1|3000.25|600|0|2|" DATA("admin") },
	{ "3020.00", "ban|sshd|192.0.2.1|3000|600|1|2|" DATA("admin") },
	{ "3020.10", "ban|sshd|192.0.2.1|3000|600|1|2|" DATA("admin") },
	{ "3100.00", "ban|sshd|192.0.2.1|3000|600|1|2|" DATA("admin") },
	{ "3150.00", "unban|sshd|192.0.2.1|3000|600|0|1|" },
	/* Ban, unban, ban with the same whole second. */
	{ "5000.20", "ban|sshd|192.0.2.2|5000.0|600|0|2|" DATA("one") },
	{ "5000.40", "unban|sshd|192.0.2.2|5000.0|600|0|1|" },
	{ "5000.60", "ban|sshd|192.0.2.2|5000.0|600|0|2|" DATA("two") },
	{ "5000.80", "unban|sshd|192.0.2.2|5000.0|600|0|1|" },
	{ "5001.00", "ban|sshd|192.0.2.2|5000.0|600|0|2|" DATA("three") },
	/* A later ban ends an earlier one when it is made, twice. */
	{ "7000.10", "ban|web|2001:db8::1|7000.0|60000|0|0|" },
	{ "7100.10", "ban|web|2001:db8::1|7100.0|60000|0|0|" },
	{ "7200.10", "ban|web|2001:db8::1|7200.0|60000|0|0|" },
	/* An increase, and an unban that has the final ban time. */
	{ "8000.10", "ban|web|192.0.2.3|8000.5|60|0|2|" DATA("inc") },
	{ "8004.10", "prolong|web|192.0.2.3|8000.5|120|0|2|" DATA("inc") },
	{ "8121.00", "unban|web|192.0.2.3|8000.5|120|0|2|" },
	/* No event of these bans shows their beginning. */
	{ "9000.00", "unban|web|192.0.2.4|8400.5|600|0|0|" },
	{ "9100.00", "ban|web|192.0.2.5|8900|-1|1|2|" DATA("perm") },
	/* The same address in another jail, and a flush. */
	{ "9200.00", "ban|web|192.0.2.1|9200.75|600|0|2|" DATA("root") },
	{ "9300.00", "flush|web||9300.0||||" },
	/* A ban stamped before one that was lifted; it lives. */
	{ "9500.10", "ban|sshd|198.51.100.2|9500.5|600|0|2|" DATA("hand") },
	{ "9501.10", "unban|sshd|198.51.100.2|9500.5|600|0|1|" },
	{ "9502.10", "ban|sshd|198.51.100.2|9495.0|600|0|2|" DATA("log") },
	/* An exact time that comes late, and an unban of the bare second. */
	{ "9600.00", "ban|sshd|198.51.100.3|9599.7|600|0|0|" },
	{ "9601.00", "unban|sshd|198.51.100.3|9600|600|0|1|" },
	{ "9602.00", "ban|sshd|198.51.100.3|9600.0|600|0|0|" },
	/* Two bans that round to one second. */
	{ "9400.60", "ban|sshd|198.51.100.1|9400.1|600|0|0|" },
	{ "9400.80", "ban|sshd|198.51.100.1|9400.3|600|0|0|" },
};

static const char *const columns[] = {
	"jail",
	"id",
	"time",
	"bantime",
	"restored",
	"row",
	"data",
};

static void
set_event(struct event *event, const struct line *line)
{
	char words[512], at[32], *rest = words, *word;
	struct err e;
	int64_t us;

	snprintf(words, sizeof(words), "%s", line->words);
	assert_int_equal(timestamp_parse_ticket(line->at, &us, NULL, NULL, &e),
	    0);
	snprintf(at, sizeof(at), "%lld", (long long)us);
	word = strsep(&rest, "|");
	event_init(event, (enum event_kind)event_kind_from_verb(word), 0);
	assert_int_equal(event_set(event, "at", at, &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
		word = strsep(&rest, "|");
		if (word != NULL && word[0] != '\0')
			assert_int_equal(event_set(event, columns[i], word, &e),
			    0);
	}
}

static void
play(struct lab *lab, const struct line *line)
{
	struct merge merge = { .archive = &lab->archive,
		.change = { .now_us = 1 } };
	struct event event;
	struct err e = { 0 };

	set_event(&event, line);
	if (archive_begin(&lab->archive, &e) != 0 ||
	    sightings_add_event(&merge, &lab->config, &event, &e) != 0 ||
	    archive_commit(&lab->archive, &e) != 0)
		fail_msg("%s: %s", line->words, e.text);
	event_free(&event);
}

/* All bans, a line each, but for their rev, which the order decides. */
static char *
exported(struct lab *lab)
{
	struct archive_filter all = ARCHIVE_FILTER_ALL;
	struct archive_cursor ban;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct err e = { 0 };
	int rc;

	rc = archive_cursor_open_oldest(&ban, &lab->archive, &all, &e);
	while (rc == 0 && (rc = archive_cursor_next(&ban, &e)) == 1) {
		for (enum ban_field field = 0; field < BAN_FIELD_REV; field++) {
			const char *value = archive_cursor_text(&ban, field);
			bool quoted = value != NULL &&
			    ban_field_kind(field) == BAN_FIELD_KIND_TEXT;

			fprintf(out, quoted ? "\"%s\":\"%s\"," : "\"%s\":%s,",
			    ban_field_name(field),
			    value != NULL ? value : "null");
		}
		fputc('\n', out);
		rc = 0;
	}
	archive_cursor_close(&ban);
	if (rc != 0)
		fail_msg("%s", e.text);
	fclose(out);
	return text;
}

static char *
play_in_order(const size_t *order, size_t n)
{
	struct lab lab;
	char *text;

	lab_set_up(&lab);
	for (size_t i = 0; i < n; i++)
		play(&lab, &history[order[i]]);
	text = exported(&lab);
	lab_tear_down(&lab);
	return text;
}

static size_t
below(unsigned *seed, size_t n)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % n;
}

/* All events in a random order, some of them again. */
static size_t
shuffle(unsigned *seed, size_t *order)
{
	size_t n = 0, repeats = below(seed, ARRAY_LEN(history));

	for (; n < ARRAY_LEN(history); n++)
		order[n] = n;
	for (; repeats > 0; repeats--)
		order[n++] = below(seed, ARRAY_LEN(history));
	for (size_t i = n - 1; i > 0; i--) {
		size_t k = below(seed, i + 1), saved = order[i];

		order[i] = order[k];
		order[k] = saved;
	}
	return n;
}

static void
any_order_of_the_events_gives_the_same_rows(void **state UNUSED)
{
	size_t order[EVENTS_MAX];
	char *expected, *text;
	unsigned seed = 1;

	for (size_t i = 0; i < ARRAY_LEN(history); i++)
		order[i] = i;
	expected = play_in_order(order, ARRAY_LEN(history));
	for (int round = 0; round < ORDERS; round++) {
		text = play_in_order(order, shuffle(&seed, order));
		if (strcmp(text, expected) != 0)
			print_error("order %d\n", round);
		assert_string_equal(text, expected);
		free(text);
	}
	free(expected);
}

static void
the_events_in_order_make_their_bans(void **state UNUSED)
{
	static const char *const parts[] = {
		("\"ident\":\"192.0.2.1\",\"ip\":null,\"host\":null,"
		 "\"since_us\":1000000000,\"timeofban\":1000,\"nth\":0,"
		 "\"seconds\":600,\"bancount\":null,\"failures\":3,"
		 "\"matches\":[\"line of root\"],\"captures\":{\"user\":"
		 "\"root\"},\"origin\":\"log\",\"seen\":[\"event\","
		 "\"database\"],\"ended_us\":1600900000,"
		 "\"ended_why\":\"expired\",\"restored\":0"),
		"\"since_us\":3000250000,\"timeofban\":3000,\"nth\":0",
		("\"ended_us\":3150000000,\"ended_why\":\"manual\","
		 "\"restored\":2"),
		"\"since_us\":5000000000,\"timeofban\":5000,\"nth\":1",
		"\"since_us\":5000000000,\"timeofban\":5000,\"nth\":2",
		"\"ended_us\":7100100000,\"ended_why\":\"inferred\"",
		"\"ended_us\":8121000000,\"ended_why\":\"expired\"",
		("\"ident\":\"198.51.100.2\",\"ip\":null,\"host\":null,\"since_"
		 "us\":"
		 "9495000000,\"timeofban\":9495,\"nth\":0,\"seconds\":600,"
		 "\"bancount\":null,\"failures\":3,\"matches\":[\"line of "
		 "log\"],"
		 "\"captures\":{\"user\":\"log\"},\"origin\":\"log\",\"seen\":"
		 "[\"event\",\"database\"],\"ended_us\":null"),
		"\"ended_us\":9400800000,\"ended_why\":\"inferred\"",
	};
	size_t order[EVENTS_MAX], lines = 0;
	char *text;

	for (size_t i = 0; i < ARRAY_LEN(history); i++)
		order[i] = i;
	text = play_in_order(order, ARRAY_LEN(history));
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (strstr(text, parts[i]) == NULL)
			fail_msg("not there: %s\nin:\n%s", parts[i], text);
	}
	for (const char *c = text; *c != '\0'; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 18);
	free(text);
}

static int64_t
newest_rev(struct lab *lab)
{
	sqlite3_stmt *st;
	int64_t rev;

	assert_int_equal(sqlite3_prepare_v2(lab->archive.db.handle,
			     "SELECT max(rev) FROM ban", -1, &st, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	rev = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return rev;
}

static void
a_repeat_changes_no_rev(void **state UNUSED)
{
	struct lab lab;
	int64_t rev;

	lab_set_up(&lab);
	for (size_t i = 0; i < ARRAY_LEN(history); i++)
		play(&lab, &history[i]);
	rev = newest_rev(&lab);
	for (size_t i = 0; i < ARRAY_LEN(history); i++)
		play(&lab, &history[i]);
	assert_int_equal(newest_rev(&lab), rev);
	lab_tear_down(&lab);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_events_in_order_make_their_bans),
		cmocka_unit_test(any_order_of_the_events_gives_the_same_rows),
		cmocka_unit_test(a_repeat_changes_no_rev),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
