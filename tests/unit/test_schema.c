/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The SQL of a schema is compared without its blanks and comments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "archive/schema.h"
#include "base/macros.h"

static const struct {
	const char *a, *b;
	bool same;
} rows[] = {
	{ "", "", true },
	{ "CREATE TABLE t (n)", "CREATE TABLE t (n)", true },
	{ "CREATE TABLE t (n)", "CREATE TABLE t (m)", false },
	{ "CREATE TABLE t (n)", "CREATE TABLE t (n", false },
	{ "a b", "a\n\t b", true },
	{ "a b", "ab", false },
	{ "a, -- one\n b", "a, -- another\n b", true },
	{ "a, -- one\n b", "a, b", true },
	{ "a -- one\n -- two\n)", "a\n)", true },
	{ "a -- one", "a --", true },
	{ "a -- one\n, b", "a -- one, b", false },
	{ "a - -b", "a --b", false },
	/* Blanks and dashes in quotes are text. */
	{ "DEFAULT '-- x'", "DEFAULT '-- y'", false },
	{ "DEFAULT ' '", "DEFAULT '  '", false },
	{ "DEFAULT 'it''s' -- x", "DEFAULT 'it''s' -- y", true },
	{ "TABLE \"a--b\"", "TABLE \"a--c\"", false },
	{ "'\"' -- x", "'\"' -- y", true },
};

static void
only_blanks_and_comments_may_differ(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (archive_schema_is_same(rows[i].a, rows[i].b) !=
			rows[i].same ||
		    archive_schema_is_same(rows[i].b, rows[i].a) !=
			rows[i].same)
			fail_msg("%s | %s", rows[i].a, rows[i].b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_blanks_and_comments_may_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
