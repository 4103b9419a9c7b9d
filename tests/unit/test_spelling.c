/* SPDX-License-Identifier: GPL-2.0-or-later */
/* archive/history/spelling: the texts under which the archive may have an id.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "archive/history/spelling.h"
#include "base/json.h"
#include "base/macros.h"

/* Return how many texts of a JSON array are plain. */
static int
count(const char *array, const char *plain)
{
	const char *at = array;
	struct json text;
	int n = 0;

	assert_true(json_is(array, '['));
	while (json_next(&at, NULL, &text))
		n += plain == NULL || json_equals(&text, plain);
	return n;
}

static void
an_id_is_looked_up_as_given_and_as_fail2ban_writes_it(void **state)
{
	static const struct {
		const char *given, *written;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "192.0.2.1/32", "192.0.2.1" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "::FFFF:c000:201", "192.0.2.1" },
		{ " 192.0.2.1\t\n", "192.0.2.1" },
		{ "2001:DB8::0017", "2001:db8::17" },
		{ "2001:0db8:0000:0000:0000:0000:0000:0017", "2001:db8::17" },
		{ "2001:db8::17/128", "2001:db8::17" },
		{ "2001:db8::192.0.2.1", "2001:db8::c000:201" },
		{ "192.0.2.17/24", "192.0.2.0/24" },
		{ "192.0.2.17/255.255.255.0", "192.0.2.0/24" },
		{ "2001:DB8::17/32", "2001:db8::/32" },
		{ "::ffff:192.0.2.17/120", "192.0.2.0/24" },
		{ "192.0.2.17/24", "::ffff:192.0.2.0/120" },
		{ "0.0.0.0/0", "0.0.0.0" },
		{ "::/0", "::" },
		{ "s3ss10n", "s3ss10n" },
		{ " s3ss10n ", "s3ss10n" },
		{ "a\"b\\c\nd", "a\"b\\c\nd" },
		{ "", "" },
	};
	struct buffer b = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		archive_spell_id(&b, rows[i].given);
		assert_false(b.failed);
		assert_true(count(b.s, rows[i].given) > 0);
		if (count(b.s, rows[i].written) == 0)
			fail_msg("%s: %s", rows[i].given, b.s);
		buffer_free(&b);
	}
}

static void
no_other_address_is_looked_up(void **state)
{
	static const struct {
		const char *given, *other;
	} rows[] = {
		{ "192.0.2.010", "192.0.2.8" },
		{ "192.0.2.010", "192.0.2.10" },
		{ "192.0.2.1/33", "192.0.2.1" },
		{ "192.0.2.1 x", "192.0.2.1" },
		{ "192.0.2.17/24", "192.0.2.17" },
		{ "0.0.0.0", "0.0.0.0/0" },
	};
	struct buffer b = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		archive_spell_id(&b, rows[i].given);
		if (count(b.s, rows[i].other) != 0)
			fail_msg("%s: %s", rows[i].given, b.s);
		buffer_free(&b);
	}
}

static void
each_shorter_prefix_is_a_network_that_holds_the_id(void **state)
{
	static const struct {
		const char *given;
		int n; /* of all networks */
		const char *held, *not_held;
	} rows[] = {
		{ "192.0.2.9", 63, "192.0.2.8/31", "192.0.2.9" },
		{ "192.0.2.9", 63, "192.0.0.0/16", "192.0.3.0/24" },
		{ "192.0.2.9", 63, "0.0.0.0/0", "::/0" },
		{ "192.0.2.9", 63, "::ffff:192.0.2.0/120", "::/0" },
		{ "::ffff:192.0.2.9", 63, "192.0.2.0/24", "::/0" },
		{ "192.0.2.0/24", 47, "192.0.2.0/23", "192.0.2.0/24" },
		{ "2001:DB8::17", 128, "2001:db8::/32", "2001:db8::17" },
		{ "2001:db8::17", 128, "::/0", "0.0.0.0/0" },
		{ "2001:db8::/32", 32, "2001:db8::/31", "2001:db8::/32" },
		{ " 192.0.2.9 ", 63, "192.0.2.0/24", "192.0.2.9" },
		{ "s3ss10n", 0, NULL, "s3ss10n" },
		{ "", 0, NULL, "" },
	};
	struct buffer b = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		archive_spell_networks(&b, rows[i].given);
		assert_int_equal(count(b.s, NULL), rows[i].n);
		assert_int_equal(count(b.s, rows[i].not_held), 0);
		if (rows[i].held != NULL)
			assert_int_equal(count(b.s, rows[i].held), 1);
		buffer_free(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    an_id_is_looked_up_as_given_and_as_fail2ban_writes_it),
		cmocka_unit_test(no_other_address_is_looked_up),
		cmocka_unit_test(
		    each_shorter_prefix_is_a_network_that_holds_the_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
