/* SPDX-License-Identifier: GPL-2.0-or-later */
/* archive/read/changes: what a tombstone is to whoever has a copy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "archive/read/changes.h"
#include "lab.h"

static void
a_copy_removes_what_is_forgotten_or_anonymous(void **state UNUSED)
{
	static const struct {
		const char *why, *said;
		bool erased;
	} rows[] = {
		{ "merged", "merged", false },
		{ "pruned", "pruned", false },
		{ "forgotten", "pruned", true },
		{ "anonymized", "pruned", true },
		/* A newer program's word, and a damaged row. */
		{ "moved", "moved", false },
		{ NULL, NULL, false },
	};
	const struct archive_filter all = { .since_us = UNKNOWN,
		.until_us = UNKNOWN };
	struct archive_changes c;
	struct err e = { 0 };
	struct lab lab;
	char sql[128];

	lab_set_up(&lab);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(sql, sizeof(sql),
		    "INSERT INTO gone VALUES (%zu, 7, nullif('%s', ''), 1)",
		    i + 1, rows[i].why != NULL ? rows[i].why : "");
		assert_ok(db_exec(&lab.archive.db, sql, &e), &e);
	}
	assert_ok(archive_changes_open(&c, &lab.archive, &all, 0, NULL, &e),
	    &e);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(archive_changes_next(&c, &e), 1);
		assert_true(c.gone);
		assert_int_equal(c.erased != NULL, rows[i].erased);
		if (rows[i].said == NULL)
			assert_null(c.why);
		else
			assert_string_equal(c.why, rows[i].said);
	}
	assert_int_equal(archive_changes_next(&c, &e), 0);
	archive_changes_rest(&c);
	lab_tear_down(&lab);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_removes_what_is_forgotten_or_anonymous),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
