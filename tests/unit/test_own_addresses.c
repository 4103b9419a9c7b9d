/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The addresses of the machine that runs the tests. */
#include <sys/socket.h>

#include <netinet/in.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macros.h"
#include "job/reban/own_addresses.h"

/* Return true when a socket can have the address: then it is ours. */
static bool
can_bind(const struct address *a)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	bool can;

	assert_int_not_equal(fd, -1);
	memcpy(&in.sin_addr, a->bytes, sizeof(in.sin_addr));
	can = bind(fd, (struct sockaddr *)&in, sizeof(in)) == 0;
	close(fd);
	return can;
}

static void
each_is_one_address_of_this_machine(void **state)
{
	struct err e = { .text = "" };
	struct address *own, again;
	char buf[ADDRESS_TEXT];
	size_t n, i;

	(void)state;
	if (own_addresses_read(&own, &n, &e) == -1)
		fail_msg("%s", e.text);
	assert_int_equal(n == 0, own == NULL);
	for (i = 0; i < n; i++) {
		assert_true(address_is_single(&own[i]));
		address_print(&own[i], buf);
		assert_true(address_parse(buf, strlen(buf), &again));
		assert_memory_equal(&again, &own[i], sizeof(again));
		if (own[i].family == AF_INET)
			assert_true(can_bind(&own[i]));
	}
	free(own);
}

static void
loopback_is_among_them(void **state)
{
	static const struct address loopback = { AF_INET, { 127, 0, 0, 1 },
		32 };
	struct address *own;
	struct err e;
	size_t n, i;

	(void)state;
	if (!can_bind(&loopback))
		skip();
	assert_int_equal(own_addresses_read(&own, &n, &e), 0);
	for (i = 0; i < n; i++) {
		if (address_holds(&own[i], &loopback))
			break;
	}
	assert_true(i < n);
	free(own);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_one_address_of_this_machine),
		cmocka_unit_test(loopback_is_among_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
