/* SPDX-License-Identifier: GPL-2.0-or-later */
/* job/replay/order: which files are one log, and which of them is older. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "job/replay/order.h"

static void
a_name_is_split_into_log_and_rotation(void **state)
{
	static const struct {
		const char *path, *base;
		int64_t rotation;
	} rows[] = {
		{ "/var/log/fail2ban.log", "/var/log/fail2ban", INT64_MAX },
		{ "/var/log/fail2ban.log.1", "/var/log/fail2ban", -1 },
		{ "/var/log/fail2ban.log.12.gz", "/var/log/fail2ban", -12 },
		{ "fail2ban.log-20240101", "fail2ban", 20240101 },
		{ "fail2ban.log-20240101.xz", "fail2ban", 20240101 },
		{ "fail2ban.log-20240101-12.zst", "fail2ban", 2024010112 },
		{ "fail2ban.log-2024-01-01", "fail2ban", 20240101 },
		{ "fail2ban-20240101.log", "fail2ban", 20240101 },
		{ "fail2ban-20240101.log.gz", "fail2ban", 20240101 },
		{ "syslog", "syslog", INT64_MAX },
		{ "syslog.2.bz2", "syslog", -2 },
		/* These are the logs of two servers. */
		{ "web-1.log", "web-1", INT64_MAX },
		{ "web1", "web1", INT64_MAX },
		{ "20240101", "20240101", INT64_MAX },
		{ ".1", ".1", INT64_MAX },
		{ ".log", ".log", INT64_MAX },
		{ "", "", INT64_MAX },
		{ "-", "-", INT64_MAX },
		{ "x.99999999999999999999", "x.99999999999999999999",
		    INT64_MAX },
	};
	int64_t rotation;
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		len = replay_order_split(rows[i].path, &rotation);
		if (len != strlen(rows[i].base) ||
		    memcmp(rows[i].path, rows[i].base, len) != 0 ||
		    rotation != rows[i].rotation)
			fail_msg("%s: %.*s, %lld", rows[i].path, (int)len,
			    rows[i].path, (long long)rotation);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_split_into_log_and_rotation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
