/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ban/user_names: the names that were tried, from what a filter captured. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ban/user_names.h"
#include "base/macros.h"

static void
names_come_from_user_and_users_each_once(void **state UNUSED)
{
	static const struct {
		const char *captures, *names; /* between | */
	} rows[] = {
		{ NULL, "" },
		{ "", "" },
		{ "{}", "" },
		{ "[\"user\"]", "" },
		{ "{\"user\":\"root\"", "" },
		{ "{\"user\":\"root\"}", "root|" },
		{ "{\"user\":\"\"}", "" },
		{ "{\"user\":null}", "" },
		{ "{\"user\":7}", "" },
		{ "{\"User\":\"x\"}", "" },
		{ "{\"mlfid\":\"user\",\"user\":\"o'neill\"}", "o'neill|" },
		{ "{\"user\":\"['a']\"}", "['a']|" },
		{ "{\"users\":[\"root\",\"admin\",\"root\"]}", "root|admin|" },
		{ "{\"user\":\"root\",\"users\":\"['root', 'admin']\"}",
		    "root|admin|" },
		{ "{\"users\":\"{'b', \\\"o'neill\\\"}\"}", "b|o'neill|" },
		{ "{\"users\":\"['a\\\\'b', 'c']\"}", "a'b|c|" },
		{ "{\"users\":\"['a, b', 'open\"}", "a, b|open|" },
		{ "{\"users\":\"['open\"}", "open|" },
		{ "{\"users\":\"[]\"}", "" },
		{ "{\"users\":\"root\"}", "root|" },
		{ "{\"users\":[[\"a\"],null,\"b\"]}", "b|" },
		{ "{\"user\":\"\\u00e9\"}", "\xc3\xa9|" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buffer names = { 0 };
		size_t n = user_names(&names, rows[i].captures), at;

		for (at = 0; at < names.len; at++) {
			if (names.s[at] == '\0') {
				names.s[at] = '|';
				n--;
			}
		}
		assert_int_equal(n, 0);
		assert_string_equal(names.s != NULL ? names.s : "",
		    rows[i].names);
		buffer_free(&names);
	}
}

static void
a_name_is_found_only_as_a_whole(void **state UNUSED)
{
	static const char captures[] =
	    "{\"user\":\"root\",\"users\":\"['root', 'admin']\"}";

	assert_true(user_names_has(captures, "root"));
	assert_true(user_names_has(captures, "admin"));
	assert_false(user_names_has(captures, "roo"));
	assert_false(user_names_has(captures, ""));
	assert_false(user_names_has(NULL, "root"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_come_from_user_and_users_each_once),
		cmocka_unit_test(a_name_is_found_only_as_a_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
