/* SPDX-License-Identifier: GPL-2.0-or-later */
/* job/replay/sort: the lines of a log, id by id, however many there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "job/replay/sort.h"

static int
open_sort(void **state)
{
	static struct replay_sort sort;
	struct err e;

	*state = &sort;
	return replay_sort_open(&sort, &e);
}

static int
close_sort(void **state)
{
	replay_sort_close(*state);
	return 0;
}

static void
put(struct replay_sort *s, const char *jail, const char *ident, int64_t at_us)
{
	const struct logged_line line = { LOGGED_UNBAN, at_us, at_us + 1,
		UNKNOWN, at_us + 2 };
	struct err e;

	assert_int_equal(replay_sort_put(s, jail, ident, &line, &e), 0);
}

static void
begin(struct replay_sort *s)
{
	struct err e;

	assert_int_equal(replay_sort_begin(s, &e), 0);
}

/* Check that the next id has n lines of the moments first, first + step... */
static void
check_next(struct replay_sort *s, const char *jail, const char *ident, size_t n,
    int64_t first, int64_t step)
{
	struct replay_sort_lines of = { 0 };
	struct err e;

	assert_int_equal(replay_sort_next(s, &of, &e), 1);
	assert_string_equal(of.jail, jail);
	assert_string_equal(of.ident, ident);
	assert_int_equal(of.n, n);
	for (size_t i = 0; i < n; i++) {
		int64_t at_us = first + (int64_t)i * step;

		assert_int_equal(of.lines[i].verb, LOGGED_UNBAN);
		assert_int_equal(of.lines[i].at_us, at_us);
		assert_int_equal(of.lines[i].found, at_us + 1);
		assert_true(of.lines[i].seconds == UNKNOWN);
		assert_int_equal(of.lines[i].bancount, at_us + 2);
	}
	replay_sort_free(&of);
}

static void
check_end(struct replay_sort *s)
{
	struct replay_sort_lines of = { 0 };
	struct err e;

	assert_int_equal(replay_sort_next(s, &of, &e), 0);
	replay_sort_free(&of);
}

static void
a_log_without_bans_has_no_id(void **state)
{
	begin(*state);
	check_end(*state);
	check_end(*state);
}

static void
ids_come_in_the_order_of_their_bytes_and_lines_in_that_of_the_log(void **state)
{
	struct replay_sort *s = *state;

	put(s, "sshd", "198.51.100.2", 7);
	put(s, "sshd", "198.51.100.20", 1);
	put(s, "ssh", "d198.51.100.2", 2);
	put(s, "sshd", "198.51.100.2", 5);
	put(s, "sshd", "\xc3\xa4", 4);
	put(s, "sshd", "", 6);
	put(s, "sshd", "198.51.100.2", 3);
	assert_int_equal(s->lines, 7);
	begin(s);
	check_next(s, "ssh", "d198.51.100.2", 1, 2, 0);
	check_next(s, "sshd", "", 1, 6, 0);
	check_next(s, "sshd", "198.51.100.2", 3, 7, -2);
	check_next(s, "sshd", "198.51.100.20", 1, 1, 0);
	check_next(s, "sshd", "\xc3\xa4", 1, 4, 0);
	check_end(s);
}

/* The ids of this test: id i has a line in each round. */
#define IDS 1009
#define ROUNDS 300

static void
runs_are_merged_and_each_keeps_the_order_of_the_log(void **state)
{
	struct replay_sort *s = *state;
	char ident[32];

	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < IDS; i++) {
			int id = i * 613 % IDS;

			snprintf(ident, sizeof(ident), "2001:db8::%04x", id);
			put(s, "sshd", ident, round * IDS + id);
		}
	}
	begin(s);
	/* Else this test shows little. */
	assert_true(s->runs_n > 2);
	assert_true(s->pieces > 10 * (int64_t)s->runs_n);
	for (int id = 0; id < IDS; id++) {
		snprintf(ident, sizeof(ident), "2001:db8::%04x", id);
		check_next(s, "sshd", ident, ROUNDS, id, IDS);
	}
	check_end(s);
}

/* Check that the next id is b, with three lines of each of two rounds. */
static void
check_rounds(struct replay_sort *s)
{
	struct replay_sort_lines of = { 0 };
	struct err e;

	assert_int_equal(replay_sort_next(s, &of, &e), 1);
	assert_string_equal(of.ident, "b");
	assert_int_equal(of.n, 6);
	for (size_t i = 0; i < of.n; i++)
		assert_int_equal(of.lines[i].at_us, i / 3 * 10 + i % 3);
	replay_sort_free(&of);
}

static void
an_id_may_be_longer_than_a_piece_and_than_a_run(void **state)
{
	static const size_t lengths[] = { 20000, 4 * 1024 * 1024,
		REPLAY_SORT_GATHERED + 1 };
	struct replay_sort *s = *state;

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
			char *ident = calloc(lengths[i] + 1, 1);

			assert_non_null(ident);
			memset(ident, 'a', lengths[i]);
			put(s, "web", ident, round + (int64_t)i * 10);
			free(ident);
			put(s, "web", "b", round * 10 + (int64_t)i);
		}
	}
	begin(s);
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		char *ident = calloc(lengths[i] + 1, 1);

		assert_non_null(ident);
		memset(ident, 'a', lengths[i]);
		check_next(s, "web", ident, 2, (int64_t)i * 10, 1);
		free(ident);
	}
	check_rounds(s);
	check_end(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_log_without_bans_has_no_id,
		    open_sort, close_sort),
		cmocka_unit_test_setup_teardown(
		    ids_come_in_the_order_of_their_bytes_and_lines_in_that_of_the_log,
		    open_sort, close_sort),
		cmocka_unit_test_setup_teardown(
		    runs_are_merged_and_each_keeps_the_order_of_the_log,
		    open_sort, close_sort),
		cmocka_unit_test_setup_teardown(
		    an_id_may_be_longer_than_a_piece_and_than_a_run, open_sort,
		    close_sort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
