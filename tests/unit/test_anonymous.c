/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ban/anonymous.h"
#include "base/macros.h"

static void
an_id_keeps_only_its_network(void **state)
{
	static const struct {
		const char *id, *ip, *text;
	} rows[] = {
		{ "192.0.2.17", NULL, "192.0.2.0/24" },
		{ "192.0.2.128/25", NULL, "192.0.2.0/24" },
		{ "192.0.2.0/24", NULL, "192.0.2.0/24" },
		/* A larger network says less already. */
		{ "192.0.0.0/16", NULL, "192.0.0.0/16" },
		{ "2001:db8:1:2:3:4:5:6", NULL, "2001:db8:1:2::/64" },
		{ "2001:DB8:1:2::5", NULL, "2001:db8:1:2::/64" },
		{ "2001:db8::/32", NULL, "2001:db8::/32" },
		/* IPv4 inside IPv6 is IPv4. */
		{ "::ffff:192.0.2.17", NULL, "192.0.2.0/24" },
		{ "alice", "203.0.113.9", "203.0.113.0/24" },
		/* The id says more than its address, if it is one. */
		{ "192.0.2.17", "203.0.113.9", "192.0.2.0/24" },
		{ "alice", NULL, "anonymous" },
		{ "alice", "bob", "anonymous" },
		{ "", NULL, "anonymous" },
		{ "anonymous", NULL, "anonymous" },
	};
	char text[ADDRESS_TEXT];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(anonymous_id(rows[i].id, rows[i].ip, text),
		    rows[i].text);
	(void)state;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_keeps_only_its_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
