/* SPDX-License-Identifier: GPL-2.0-or-later */
/* archive/read/queries: a cursor gives the bans of a filter, and their log
 * lines. */
#include <sys/stat.h>

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sysexits.h>

#include "archive/read/queries.h"
#include "scratch.h"

/* Ban i began in second i; even ones live, and ban 3 has log lines. */
static const char fill[] =
    "INSERT INTO jail (name) VALUES ('sshd'), ('web');"
    "INSERT INTO evidence (id, matches, captures) VALUES "
    "  (1, '[\"one\", \"t\\\\wo\", 3]', '{}'), (2, '[\"cut', '{}');"
    "INSERT INTO ban (jail, ident, ip, timeofban, since_us, nth, seconds, "
    "  evidence, origin, seen, ended_us, ended_why, restored, rev, life_us, "
    "  pending_us, added_us) "
    "WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6) "
    "SELECT 1 + (i = 6), 'id ' || (i % 5), CASE i WHEN 2 THEN '192.0.2.2' END, "
    "  i, i * 1000000, 0, 600, CASE i WHEN 3 THEN 1 WHEN 5 THEN 2 END, 'log', "
    "  5, CASE WHEN i % 2 THEN (i + 600) * 1000000 END, "
    "  CASE WHEN i % 2 THEN 'expired' END, 0, i, 0, 0, 0 FROM n;";

static void
open_archive(struct archive *a, struct scratch *s)
{
	struct err e = { 0 };

	assert_ok(archive_open(a, scratch_path(s, "archive.sqlite3"), 1000,
		      false, &e),
	    &e);
	assert_ok(db_exec(&a->db, fill, &e), &e);
}

/* Read all bans and close the cursor; put their seconds into seconds. */
static void
read_seconds(struct archive_cursor *c, char seconds[64])
{
	struct err e = { 0 };
	size_t len = 0;
	int rc;

	seconds[0] = '\0';
	while ((rc = archive_cursor_next(c, &e)) == 1)
		len += (size_t)snprintf(seconds + len, 64 - len, "%d",
		    (int)archive_cursor_number(c, BAN_FIELD_TIMEOFBAN));
	archive_cursor_close(c);
	assert_ok(rc, &e);
}

static void
a_cursor_gives_the_bans_of_its_filter_in_order(void **state)
{
	static const struct {
		struct archive_filter filter;
		const char *newest, *oldest;
	} rows[] = {
		{ ARCHIVE_FILTER_ALL, "654321", "123456" },
		{ { .since_us = UNKNOWN, .until_us = UNKNOWN, .limit = 2 },
		    "65", "123456" },
		{ { .jail = "web",
		      .since_us = UNKNOWN,
		      .until_us = UNKNOWN,
		      .limit = -1 },
		    "6", "6" },
		{ { .ident = "192.0.2.2",
		      .since_us = UNKNOWN,
		      .until_us = UNKNOWN,
		      .limit = -1 },
		    "2", "2" },
		{ { .ident = " ::ffff:192.0.2.2",
		      .since_us = UNKNOWN,
		      .until_us = UNKNOWN,
		      .limit = -1 },
		    "2", "2" },
		{ { .since_us = 2000000, .until_us = 4000000, .limit = -1 },
		    "32", "23" },
		{ { .since_us = UNKNOWN,
		      .until_us = UNKNOWN,
		      .active = true,
		      .now_us = 600000000,
		      .limit = -1 },
		    "642", "246" },
		/* The time of ban 2 is up. */
		{ { .since_us = UNKNOWN,
		      .until_us = UNKNOWN,
		      .active = true,
		      .now_us = 602000000,
		      .limit = -1 },
		    "64", "46" },
		/* The limit counts the bans that are active. */
		{ { .since_us = UNKNOWN,
		      .until_us = UNKNOWN,
		      .active = true,
		      .now_us = 602000000,
		      .limit = 1 },
		    "6", "46" },
		{ { .jail = "none",
		      .since_us = UNKNOWN,
		      .until_us = UNKNOWN,
		      .limit = -1 },
		    "", "" },
	};
	struct archive_filter of_id = ARCHIVE_FILTER_ALL;
	struct archive_cursor c;
	struct err e = { 0 };
	struct archive a;
	char seconds[64];

	of_id.ident = "id 1";
	open_archive(&a, *state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct archive_filter *filter = &rows[i].filter;

		assert_ok(archive_cursor_open_newest(&c, &a, filter, false, &e),
		    &e);
		read_seconds(&c, seconds);
		assert_string_equal(seconds, rows[i].newest);
		assert_ok(archive_cursor_open_oldest(&c, &a, filter, &e), &e);
		read_seconds(&c, seconds);
		assert_string_equal(seconds, rows[i].oldest);
	}
	assert_ok(archive_cursor_open_oldest(&c, &a, &of_id, &e), &e);
	read_seconds(&c, seconds);
	assert_string_equal(seconds, "16");
	archive_close(&a);
}

/* A field without a column would be NULL in every ban. */
static void
every_field_has_a_column(void **state)
{
	struct archive_filter all = ARCHIVE_FILTER_ALL,
			      of_id = ARCHIVE_FILTER_ALL;
	struct archive_cursor c;
	struct err e = { 0 };
	struct archive a;

	of_id.ident = "id 1";
	open_archive(&a, *state);
	assert_ok(archive_cursor_open_oldest(&c, &a, &all, &e), &e);
	for (enum ban_field field = 0; field < BAN_FIELDS; field++)
		assert_true(c.columns[field] >= 0);
	archive_cursor_close(&c);
	assert_ok(archive_cursor_open_oldest(&c, &a, &of_id, &e), &e);
	for (enum ban_field field = 0; field < BAN_FIELDS; field++)
		assert_true(c.columns[field] >= 0);
	archive_cursor_close(&c);
	assert_ok(archive_cursor_open_newest(&c, &a, &all, false, &e), &e);
	for (enum ban_field field = 0; field < BAN_FIELDS; field++) {
		enum ban_field_kind kind = ban_field_kind(field);

		assert_int_equal(c.columns[field] >= 0,
		    kind == BAN_FIELD_KIND_NUMBER ||
			kind == BAN_FIELD_KIND_TEXT);
	}
	archive_cursor_close(&c);
	archive_close(&a);
}

static void
each_ban_has_its_own_log_lines(void **state)
{
	static const char *const lines[] = { "one", "t\\wo", "3" };
	struct archive_filter all = ARCHIVE_FILTER_ALL;
	struct archive_cursor c;
	struct err e = { 0 };
	struct archive a;
	const char *line;

	open_archive(&a, *state);
	assert_ok(archive_cursor_open_oldest(&c, &a, &all, &e), &e);
	for (int second = 1; second <= 4; second++) {
		assert_int_equal(archive_cursor_next(&c, &e), 1);
		for (size_t i = 0; second == 3 && i < ARRAY_LEN(lines); i++) {
			assert_int_equal(
			    archive_cursor_next_line(&c, &line, &e), 1);
			assert_string_equal(line, lines[i]);
		}
		assert_ok(archive_cursor_next_line(&c, &line, &e), &e);
		assert_ok(archive_cursor_next_line(&c, &line, &e), &e);
	}
	/* The matches of ban 5 are damaged. */
	assert_int_equal(archive_cursor_next(&c, &e), 1);
	assert_int_equal(archive_cursor_next_line(&c, &line, &e), -1);
	assert_error(&e, EX_DATAERR, "not a JSON array");
	assert_int_equal(archive_cursor_next(&c, &e), 1);
	assert_ok(archive_cursor_next_line(&c, &line, &e), &e);
	assert_ok(archive_cursor_next(&c, &e), &e);
	archive_cursor_close(&c);
	archive_close(&a);
}

/* Ban 7 has an id of 4 MiB, of characters of two bytes. */
static void
a_text_for_a_line_is_cut_at_256_characters(void **state)
{
	struct archive_filter newest = ARCHIVE_FILTER_ALL;
	struct archive_cursor c;
	struct err e = { 0 };
	struct archive a;

	open_archive(&a, *state);
	assert_ok(
	    db_exec(&a.db,
		"INSERT INTO ban SELECT 7, 'h', jail, replace(hex(zeroblob("
		"1048576)), '0', x'c3a9'), ident, 7, 7000000, nth, seconds, "
		"bancount, failures, NULL, origin, seen, NULL, NULL, restored, "
		"7, life_us, pending_us, present, held_us, missed_us, "
		"added_us, "
		"signs, known_as, made_us, gone_us FROM ban WHERE id = 1",
		&e),
	    &e);
	newest.limit = 1;
	assert_ok(archive_cursor_open_newest(&c, &a, &newest, false, &e), &e);
	assert_int_equal(archive_cursor_next(&c, &e), 1);
	assert_int_equal(strlen(archive_cursor_text(&c, BAN_FIELD_IDENT)), 512);
	archive_cursor_close(&c);
	newest.since_us = 7000000;
	assert_ok(archive_cursor_open_oldest(&c, &a, &newest, &e), &e);
	assert_int_equal(archive_cursor_next(&c, &e), 1);
	assert_int_equal(strlen(archive_cursor_text(&c, BAN_FIELD_IDENT)),
	    4 << 20);
	archive_cursor_close(&c);
	archive_close(&a);
}

static void
the_networks_that_hold_an_address_are_found(void **state)
{
	static const struct {
		const char *ident, *seconds;
	} rows[] = {
		{ "192.0.2.9", "24" },
		{ "::ffff:192.0.2.9", "24" },
		{ "192.0.2.128/25", "24" },
		{ "192.0.2.0/24", "4" },
		{ "198.51.100.1", "" },
		{ "2001:db8::17", "6" },
		{ "id 1", "" },
	};
	struct archive_filter filter = ARCHIVE_FILTER_ALL;
	struct archive_cursor c;
	struct err e = { 0 };
	struct archive a;
	char seconds[64];

	open_archive(&a, *state);
	assert_ok(db_exec(&a.db,
		      "UPDATE ban SET ident = '192.0.2.0/24' WHERE id <= 2;"
		      "UPDATE ban SET ident = '192.0.0.0/16' WHERE id = 4;"
		      "UPDATE ban SET ident = '2001:db8::/32' WHERE id = 6",
		      &e),
	    &e);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		filter.ident = rows[i].ident;
		assert_ok(archive_cursor_open_networks(&c, &a, &filter, &e),
		    &e);
		read_seconds(&c, seconds);
		assert_string_equal(seconds, rows[i].seconds);
	}
	archive_close(&a);
}

/* Another file may take the archive's place at any moment, as in a restore. */
static void
a_reader_says_which_file_it_reads(void **state)
{
	char path[PATH_MAX];
	struct err e = { 0 };
	struct archive a, other;
	struct stat st, now;

	open_archive(&a, *state);
	snprintf(path, sizeof(path), "%s", a.path);
	archive_close(&a);
	assert_ok(archive_open(&other, scratch_path(*state, "other.sqlite3"),
		      1000, false, &e),
	    &e);
	archive_close(&other);
	assert_int_equal(stat(path, &st), 0);
	assert_ok(archive_open_read(&a, path, &e), &e);
	assert_int_equal(rename(other.path, path), 0);
	assert_int_equal(stat(path, &now), 0);
	assert_int_not_equal(now.st_ino, st.st_ino);
	assert_int_equal(a.ino, st.st_ino);
	assert_int_equal(a.dev, st.st_dev);
	archive_close(&a);
	assert_ok(archive_open_read(&a, path, &e), &e);
	assert_int_equal(a.ino, now.st_ino);
	archive_close(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_unit_test(
		    a_cursor_gives_the_bans_of_its_filter_in_order),
		scratch_unit_test(every_field_has_a_column),
		scratch_unit_test(each_ban_has_its_own_log_lines),
		scratch_unit_test(a_text_for_a_line_is_cut_at_256_characters),
		scratch_unit_test(the_networks_that_hold_an_address_are_found),
		scratch_unit_test(a_reader_says_which_file_it_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
