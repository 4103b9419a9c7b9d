/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events, rows and old rows become bans of the archive: the tests check which
 * of them are kept, with which end, and with which evidence. Each row of a
 * table is tried in an archive of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "archive/fail2ban_source.h"
#include "base/timestamp.h"
#include "ingest/sightings.h"
#include "lab.h"

#define START INT64_C(1795458000)
#define AT(seconds) ((START + (seconds)) * TIMESTAMP_US)
#define INTERVAL 300

/* The state of the only ban, as "END at SECONDS after START", or "". */
#define STATE \
	"SELECT ifnull(ended_why, 'lives') || ' at ' || " \
	"ifnull(ended_us / 1000000 - 1795458000, '-') FROM ban"

static struct fail2ban_row
row_of(char *jail, char *ident, int64_t timeofban, int64_t seconds)
{
	return (struct fail2ban_row){
		.jail = jail,
		.ident = ident,
		.timeofban = START + timeofban,
		.seconds = seconds,
		.bancount = 1,
	};
}

struct row_case {
	const char *name;
	int64_t timeofban, seconds, now, floor;
	const char *row, *old_row; /* the state that follows */
};

static const struct row_case row_cases[] = {
	{ "a ban whose time is not up lives", 0, 600, 100, -1000, "lives at -",
	    "lives at -" },
	{ "a ban that may still be unbanned lives", 0, 600, 599 + 2 * INTERVAL,
	    -1000, "lives at -", "lives at -" },
	{ "an overdue ban has ended at its expiry", 0, 600, 601 + 2 * INTERVAL,
	    -1000, "inferred at 600", "inferred at 600" },
	{ "a permanent ban lives", 0, -1, 1000000, -1000, "lives at -",
	    "lives at -" },
	{ "a ban that ended and began before the floor is left out", 0, 600,
	    100000, 1, "", "inferred at 600" },
	{ "a ban that began at the floor is kept", 0, 600, 100000, 0,
	    "inferred at 600", "inferred at 600" },
	{ "a ban that lives is kept whatever the floor", 0, 600000, 100000,
	    1000, "lives at -", "lives at -" },
	{ "a permanent ban is kept whatever the floor", 0, -1, 100000, 1000,
	    "lives at -", "lives at -" },
	{ "a ban of unknown ban time before the floor is left out", 0, UNKNOWN,
	    100000, 1, "", "lives at -" },
};

static void
add_row(struct lab *lab, const struct row_case *c, bool old)
{
	char jail[] = "sshd", ident[] = "192.0.2.1";
	struct fail2ban_row row = row_of(jail, ident, c->timeofban, c->seconds);
	struct merge merge = {
		.archive = &lab->archive,
		.change = { .now_us = AT(c->now) },
	};
	struct err e = { 0 };
	int rc;

	lab->config.interval = INTERVAL;
	assert_ok(archive_begin(&lab->archive, &e), &e);
	rc = old ?
	    sightings_add_old_row(&merge, &lab->config, &row, &e) :
	    sightings_add_row(&merge, &lab->config, &row, 0, AT(c->floor), &e);
	assert_ok(rc, &e);
	assert_ok(archive_commit(&lab->archive, &e), &e);
}

static void
a_row_is_kept_by_its_age_and_ended_by_its_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row_cases); i++) {
		const struct row_case *c = &row_cases[i];
		struct lab lab;

		lab_set_up(&lab);
		add_row(&lab, c, false);
		lab_assert(&lab, c->name, STATE, c->row);
		lab_tear_down(&lab);
		lab_set_up(&lab);
		add_row(&lab, c, true);
		lab_assert(&lab, c->name, STATE, c->old_row);
		lab_tear_down(&lab);
	}
}

static void
a_row_that_the_archive_has_adds_nothing(void **state)
{
	const struct row_case c = { .seconds = 600, .now = 100, .floor = -9 };
	struct lab lab;

	(void)state;
	lab_set_up(&lab);
	for (int i = 0; i < 3; i++)
		add_row(&lab, &c, false);
	lab_assert(&lab, "bans", "SELECT count(*) FROM ban", "1");
	lab_assert(&lab, "sightings",
	    "SELECT json_array_length(signs) FROM ban", "1");
	lab_tear_down(&lab);
}

/* A database that an event looked into. */
#define KNOWN 11
#define OTHER 12

static void
set_event(struct event *event, enum event_kind kind, int64_t at)
{
	static const char *const values[][2] = {
		{ "jail", "sshd" },
		{ "id", "192.0.2.1" },
		{ "time", "1795458000.0" },
		{ "bantime", "600" },
	};
	struct err e = { 0 };

	event_init(event, kind, AT(at));
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		assert_ok(event_set(event, values[i][0], values[i][1], &e), &e);
}

static void
add_event(struct lab *lab, struct event *event)
{
	struct merge merge = { .archive = &lab->archive,
		.change = { .now_us = event->at_us } };
	struct err e = { 0 };

	assert_ok(archive_begin(&lab->archive, &e), &e);
	assert_ok(sightings_add_event(&merge, &lab->config, event, &e), &e);
	assert_ok(archive_commit(&lab->archive, &e), &e);
	event_free(event);
}

static void
an_absent_row_counts_in_the_known_database_only(void **state)
{
	static const struct {
		const char *name;
		uint64_t ino; /* of the database that the unban looked into */
		int64_t at;
		const char *expected;
	} rows[] = {
		{ "the event looked into the known database", KNOWN, 50,
		    "manual at 50" },
		{ "the event looked into another database", OTHER, 50,
		    "lives at -" },
		{ "the event has an answer, but no file", 0, 50,
		    "manual at 50" },
		{ "the time is up in another database", OTHER, 700,
		    "expired at 700" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct lab lab;
		struct event event;

		lab_set_up(&lab);
		set_event(&event, EVENT_BAN, 1);
		event.row = EVENT_ROW_THERE;
		event.row_ino = KNOWN;
		event.row_seconds = 600;
		add_event(&lab, &event);
		set_event(&event, EVENT_UNBAN, rows[i].at);
		event.row = EVENT_ROW_GONE;
		event.row_ino = rows[i].ino;
		add_event(&lab, &event);
		lab_assert(&lab, rows[i].name, STATE, rows[i].expected);
		lab_tear_down(&lab);
	}
}

static void
a_spooled_event_saw_its_row_in_the_database_of_that_time(void **state)
{
	static const struct {
		const char *name;
		int64_t at;
		const char *source;
	} rows[] = {
		{ "the present database was there", 50, "1" },
		{ "it was not there yet", 39, "-" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct archive_source source = { .ino = KNOWN,
			.begun_us = AT(40) };
		struct lab lab;
		struct event event;
		struct err e = { 0 };

		lab_set_up(&lab);
		assert_ok(archive_begin(&lab.archive, &e), &e);
		assert_ok(archive_source_add(&lab.archive, &source, &e), &e);
		assert_ok(archive_commit(&lab.archive, &e), &e);
		set_event(&event, EVENT_BAN, rows[i].at);
		event.row = EVENT_ROW_THERE;
		event.row_seconds = 600;
		add_event(&lab, &event);
		lab_assert(&lab, rows[i].name,
		    "SELECT coalesce(present, '-') FROM ban", rows[i].source);
		lab_tear_down(&lab);
	}
}

static void
evidence_is_kept_from_the_configured_place(void **state)
{
	static const struct {
		const char *name;
		enum config_evidence evidence;
		bool tag;
		const char *data, *expected;
	} rows[] = {
		{ "the database's, wanted", CONFIG_EVIDENCE_DATABASE, false,
		    "{\"matches\":[\"a line\"]}", "[\"a line\"]" },
		{ "the database's, not wanted", CONFIG_EVIDENCE_TAG, false,
		    "{\"matches\":[\"a line\"]}", "-" },
		{ "the tag's, wanted", CONFIG_EVIDENCE_TAG, true, "a line\n",
		    "[\"a line\"]" },
		{ "the tag's, not wanted", CONFIG_EVIDENCE_DATABASE, true,
		    "a line\n", "-" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct lab lab;
		struct event event;
		struct err e = { 0 };

		lab_set_up(&lab);
		lab.config.evidence = rows[i].evidence;
		set_event(&event, EVENT_BAN, 1);
		assert_ok(event_set(&event, "data", rows[i].data, &e), &e);
		event.tag = rows[i].tag;
		if (!rows[i].tag) {
			event.row = EVENT_ROW_THERE;
			event.row_seconds = 600;
		}
		add_event(&lab, &event);
		lab_assert(&lab, rows[i].name, "SELECT matches FROM bans",
		    rows[i].expected);
		lab_tear_down(&lab);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_row_is_kept_by_its_age_and_ended_by_its_time),
		cmocka_unit_test(a_row_that_the_archive_has_adds_nothing),
		cmocka_unit_test(
		    an_absent_row_counts_in_the_known_database_only),
		cmocka_unit_test(
		    a_spooled_event_saw_its_row_in_the_database_of_that_time),
		cmocka_unit_test(evidence_is_kept_from_the_configured_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
