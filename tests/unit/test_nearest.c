/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/nearest: the name that a mistyped word was meant to be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/nearest.h"

static void
a_mistyped_word_has_its_name(void **state)
{
	static const char *const names[] = { "list", "show", "export", "check",
		"reconcile", "replay", "reban", "ban", "unban" };
	static const struct {
		const char *word, *name;
	} rows[] = {
		{ "lits", "list" },
		{ "lsit", "list" },
		{ "lst", "list" },
		{ "listt", "list" },
		{ "liist", "list" },
		{ "exp", "export" },
		{ "recon", "reconcile" },
		{ "reconsile", "reconcile" },
		{ "bna", "ban" },
		{ "rebam", "reban" },
		{ "l", NULL },
		{ "", NULL },
		{ "xyz", NULL },
		{ "status", NULL },
		{ "a very long word that is no name at all", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct nearest n = { .word = rows[i].word };

		for (size_t k = 0; k < ARRAY_LEN(names); k++)
			nearest_take(&n, names[k]);
		if (rows[i].name == NULL)
			assert_null(n.name);
		else
			assert_string_equal(n.name, rows[i].name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mistyped_word_has_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
