/* SPDX-License-Identifier: GPL-2.0-or-later */
/* archive/history/log_lines: lines that are added together, or one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "archive/history/log_lines.h"
#include "lab.h"
#include "random.h"

#define LINES_MAX 40

/* The lines of an id as one text. */
#define CONTENT(ident) \
	"SELECT group_concat(at_us || ' ' || verb || ' ' || " \
	"ifnull(found, '-') || ' ' || ifnull(seconds, '-') || ' ' || " \
	"ifnull(bancount, '-'), char(10)) FROM line WHERE ident = '" ident "'"

/* Make lines of which some are of the same moment and verb. */
static void
make_lines(struct logged_line *lines, size_t n, uint64_t *state)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t random = random_next(state);

		lines[i] = (struct logged_line){
			.at_us = (int64_t)(random >> 8 & 63),
			.verb = random >> 16 & 1 ? LOGGED_BAN : LOGGED_UNBAN,
			.found = random >> 20 & 1 ? UNKNOWN :
						    (int64_t)(random >> 24 & 7),
			.seconds = random >> 32 & 1 ?
			    UNKNOWN :
			    (int64_t)(random >> 36 & 7),
			.bancount = UNKNOWN,
		};
	}
}

/* Add the lines to two ids: together, and one by one. */
static void
add_both(struct lab *lab, int64_t jail, const struct logged_line *lines,
    size_t n)
{
	const struct archive_ident together = { jail, "together", NULL, false };
	const struct archive_ident singly = { jail, "singly", NULL, false };
	int64_t known = 0, known_singly = 0;
	struct err e = { 0 };

	assert_ok(db_exec(&lab->archive.db, "DELETE FROM line", &e), &e);
	assert_ok(
	    log_lines_add_first(&lab->archive, &together, lines, n, &known, &e),
	    &e);
	for (size_t i = 0; i < n; i++) {
		bool is_known, news;

		assert_ok(log_lines_add(&lab->archive, &singly, &lines[i],
			      &is_known, &news, &e),
		    &e);
		known_singly += is_known;
	}
	assert_int_equal(known, known_singly);
	lab_assert(lab, "the same lines",
	    "SELECT (" CONTENT("together") ") IS (" CONTENT("singly") ")", "1");
}

static void
lines_that_are_added_together_are_those_added_one_by_one(void **state UNUSED)
{
	uint64_t random = 88172645463325252u;
	struct logged_line lines[LINES_MAX];
	struct archive_jail jail;
	struct err e = { 0 };
	struct lab lab;

	lab_set_up(&lab);
	assert_ok(archive_begin(&lab.archive, &e), &e);
	assert_ok(archive_jail_get(&lab.archive, "sshd", &jail, &e), &e);
	for (size_t n = 0; n <= LINES_MAX; n++) {
		for (int round = 0; round < 5; round++) {
			make_lines(lines, n, &random);
			add_both(&lab, jail.id, lines, n);
		}
	}
	assert_ok(archive_commit(&lab.archive, &e), &e);
	lab_tear_down(&lab);
}

static void
a_statement_adds_up_to_eight_lines(void **state UNUSED)
{
	static const struct {
		size_t n;
		int statements;
	} rows[] = { { 0, 0 }, { 1, 1 }, { 2, 1 }, { 3, 2 }, { 6, 2 }, { 8, 1 },
		{ 15, 4 }, { 16, 2 }, { 100, 13 }, { 200, 25 }, { 400, 50 } };
	struct logged_line lines[400];
	struct archive_jail jail;
	struct err e = { 0 };
	struct lab lab;

	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		lines[i] = (struct logged_line){ LOGGED_BAN, (int64_t)i,
			UNKNOWN, UNKNOWN, UNKNOWN };
	lab_set_up(&lab);
	assert_ok(archive_begin(&lab.archive, &e), &e);
	assert_ok(archive_jail_get(&lab.archive, "sshd", &jail, &e), &e);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char ident[] = { (char)('a' + i), '\0' };
		const struct archive_ident of = { jail.id, ident, NULL, false };
		int64_t known = 0;

		lab_take_count(&lab, SQLITE_STMTSTATUS_RUN);
		assert_ok(log_lines_add_first(&lab.archive, &of, lines,
			      rows[i].n, &known, &e),
		    &e);
		assert_int_equal(lab_take_count(&lab, SQLITE_STMTSTATUS_RUN),
		    rows[i].statements);
		assert_int_equal(known, 0);
	}
	lab_assert(&lab, "all lines", "SELECT count(*) FROM line", "751");
	assert_ok(archive_commit(&lab.archive, &e), &e);
	lab_tear_down(&lab);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    lines_that_are_added_together_are_those_added_one_by_one),
		cmocka_unit_test(a_statement_adds_up_to_eight_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
