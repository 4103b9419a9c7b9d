/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/address: addresses of people, feeds and fail2ban, good and bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/address.h"
#include "base/macros.h"

#define BYTES(s) s, sizeof(s) - 1

static struct address
parsed(const char *s)
{
	struct address a;

	if (!address_parse(s, strlen(s), &a))
		fail_msg("%s: no address", s);
	return a;
}

/* Each text is what fail2ban 1.0.2 prints, but where a row says otherwise. */
static void
an_address_is_printed_as_fail2ban_prints_it(void **state)
{
	static const struct {
		const char *text, *written;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "0.0.0.0", "0.0.0.0" },
		{ "192.0.2.0/24", "192.0.2.0/24" },
		{ "192.0.2.77/24", "192.0.2.0/24" },
		{ "192.0.2.129/25", "192.0.2.128/25" },
		{ "192.0.2.255/31", "192.0.2.254/31" },
		{ "192.0.2.1/32", "192.0.2.1" },
		{ "198.51.100.7/1", "128.0.0.0/1" },
		{ "192.0.2.0/255.255.255.0", "192.0.2.0/24" },
		{ "192.0.2.9/255.255.255.252", "192.0.2.8/30" },
		{ "192.0.2.9/255.255.255.255", "192.0.2.9" },
		{ "192.0.2.9/128.0.0.0", "128.0.0.0/1" },
		{ "2001:db8::1", "2001:db8::1" },
		{ "2001:DB8:0:0:0:0:0:1", "2001:db8::1" },
		{ "2001:0db8::000a", "2001:db8::a" },
		{ "::1", "::1" },
		{ "::", "::" },
		{ "2001:db8::/32", "2001:db8::/32" },
		{ "2001:db8:ffff:ffff::1/33", "2001:db8:8000::/33" },
		{ "2001:db8::1/128", "2001:db8::1" },
		{ "2001:db8::3/127", "2001:db8::2/127" },
		{ "2001:db8:7::/ffff:ffff::", "2001:db8::/32" },
		{ "2001:db8:1:2:3:4:192.0.2.1", "2001:db8:1:2:3:4:c000:201" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127",
		    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "::ffff:c000:201", "192.0.2.1" },
		{ "64:ff9b::192.0.2.1", "64:ff9b::c000:201" },
		/* fail2ban leaves these as they are. */
		{ "::ffff:192.0.2.1/128", "192.0.2.1" },
		{ "::ffff:192.0.2.1/120", "192.0.2.0/24" },
		/* fail2ban does not print the /0. */
		{ "0.0.0.0/0", "0.0.0.0/0" },
		{ "192.0.2.1/0.0.0.0", "0.0.0.0/0" },
		{ "::/0", "::/0" },
		{ "::ffff:0:0/96", "0.0.0.0/0" },
	};
	struct address a, again;
	char buf[ADDRESS_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		a = parsed(rows[i].text);
		assert_ptr_equal(address_print(&a, buf), buf);
		assert_string_equal(buf, rows[i].written);
		again = parsed(buf);
		assert_memory_equal(&again, &a, sizeof(a));
	}
}

static void
a_text_that_is_no_address_is_refused(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
		{ BYTES("") },
		{ BYTES("192.0.2") },
		{ BYTES("192.0.2.") },
		{ BYTES("192.0.2.1.") },
		{ BYTES("192.0.2.1.5") },
		{ BYTES("192.0.2.256") },
		{ BYTES("192.0.2.01") },
		{ BYTES("192.0.2.0x1") },
		{ BYTES("3221225985") },
		{ BYTES("0xc0000201") },
		{ BYTES(" 192.0.2.1") },
		{ BYTES("192.0.2.1 ") },
		{ BYTES("192.0.2.1\n") },
		{ BYTES("192.0.2.1\0") },
		{ BYTES("192.0.2.1\0/24") },
		{ BYTES("192.0.2.-1") },
		{ BYTES("+192.0.2.1") },
		{ BYTES("192.0.2.1:80") },
		{ BYTES("192.0.2.0/") },
		{ BYTES("/24") },
		{ BYTES("/") },
		{ BYTES("192.0.2.0/33") },
		{ BYTES("192.0.2.0/024") },
		{ BYTES("192.0.2.0/00") },
		{ BYTES("192.0.2.0/+8") },
		{ BYTES("192.0.2.0/-1") },
		{ BYTES("192.0.2.0/2 ") },
		{ BYTES("192.0.2.0/ 2") },
		{ BYTES("192.0.2.0/0x8") },
		{ BYTES("192.0.2.0/1000") },
		{ BYTES("192.0.2.0/4294967320") },
		{ BYTES("192.0.2.0/24/24") },
		{ BYTES("192.0.2.0/255.0.255.0") },
		{ BYTES("192.0.2.0/0.0.0.255") },
		{ BYTES("192.0.2.0/255.255.255.1") },
		{ BYTES("192.0.2.0/255.255.255") },
		{ BYTES("192.0.2.0/ffff::") },
		{ BYTES("2001:db8::/129") },
		{ BYTES("2001:db8::/255.0.0.0") },
		{ BYTES("2001:db8::/ffff::ffff") },
		{ BYTES("2001:db8::1::2") },
		{ BYTES("2001:db8") },
		{ BYTES("2001:db8:::1") },
		{ BYTES("2001:db8::00001") },
		{ BYTES("2001:db8::g") },
		{ BYTES("2001:db8::1:") },
		{ BYTES(":") },
		{ BYTES(":::") },
		{ BYTES("[2001:db8::1]") },
		{ BYTES("fe80::1%eth0") },
		{ BYTES("fe80::1%eth0/64") },
		{ BYTES("::ffff:192.0.2.01") },
		{ BYTES("::ffff:192.0.2.256") },
		{ BYTES("1:2:3:4:5:6:7:8:9") },
		{ BYTES("12:30:45") },
		{ BYTES("0000:0000:0000:0000:0000:ffff:192.168.100.2281") },
		{ BYTES("localhost") },
		{ BYTES("example.org") },
		{ BYTES("\xd9\xa1.0.2.1") },
	};
	struct address a;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		if (address_parse(rows[i].text, rows[i].len, &a))
			fail_msg("%s is no address", rows[i].text);
	}
	assert_false(address_parse(NULL, 0, &a));
}

static void
no_byte_beyond_the_length_is_read(void **state)
{
	static const char text[] = "192.0.2.0/24";
	struct address a;

	(void)state;
	assert_true(address_parse(text, 9, &a));
	assert_int_equal(a.bits, 32);
	assert_true(address_parse(text, 11, &a));
	assert_int_equal(a.bits, 2);
	assert_false(address_parse(text, 10, &a));
}

static void
an_address_is_widened_to_its_network(void **state)
{
	static const struct {
		const char *text;
		int bits;
		const char *widened;
	} rows[] = {
		{ "192.0.2.77", 24, "192.0.2.0/24" },
		{ "192.0.2.77", 32, "192.0.2.77" },
		{ "192.0.2.77", 0, "0.0.0.0/0" },
		{ "192.0.0.0/16", 24, "192.0.0.0/16" },
		{ "2001:db8:0:1:2::3", 64, "2001:db8:0:1::/64" },
		{ "2001:db8:0:1:2::3", 128, "2001:db8:0:1:2::3" },
	};
	char buf[ADDRESS_TEXT];
	struct address a;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_true(
		    address_parse(rows[i].text, strlen(rows[i].text), &a));
		address_widen(&a, rows[i].bits);
		assert_string_equal(address_print(&a, buf), rows[i].widened);
	}
}

static void
a_network_holds_another_that_is_all_inside_it(void **state)
{
	static const struct {
		const char *a, *b;
		bool a_holds_b, b_holds_a;
	} rows[] = {
		{ "192.0.2.0/24", "192.0.2.255", true, false },
		{ "192.0.2.0/24", "192.0.3.0", false, false },
		{ "192.0.2.0/24", "192.0.1.255", false, false },
		{ "192.0.2.0/24", "192.0.2.0/24", true, true },
		{ "192.0.2.0/24", "192.0.2.128/25", true, false },
		{ "192.0.2.0/25", "192.0.2.128/25", false, false },
		{ "192.0.2.1", "192.0.2.1", true, true },
		{ "192.0.2.1", "192.0.2.2", false, false },
		{ "192.0.2.0/31", "192.0.2.1", true, false },
		{ "0.0.0.0/0", "192.0.2.1", true, false },
		{ "0.0.0.0/0", "::1", false, false },
		{ "::/0", "192.0.2.1", false, false },
		{ "::/0", "2001:db8::/32", true, false },
		{ "2001:db8::/32", "2001:db8:ffff::1", true, false },
		{ "2001:db8::/33", "2001:db8:8000::", false, false },
		{ "2001:db8::/127", "2001:db8::1", true, false },
		{ "::c000:201", "192.0.2.1", false, false },
		{ "::ffff:192.0.2.0/120", "192.0.2.9", true, false },
	};
	struct address a, b;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		a = parsed(rows[i].a);
		b = parsed(rows[i].b);
		assert_int_equal(address_holds(&a, &b), rows[i].a_holds_b);
		assert_int_equal(address_holds(&b, &a), rows[i].b_holds_a);
		assert_int_equal(address_overlap(&a, &b),
		    rows[i].a_holds_b || rows[i].b_holds_a);
		assert_int_equal(address_overlap(&b, &a),
		    address_overlap(&a, &b));
	}
}

static void
a_range_is_covered_by_the_fewest_networks(void **state)
{
	static const struct {
		const char *first, *last, *nets;
	} rows[] = {
		{ "192.0.2.0", "192.0.2.255", "192.0.2.0/24" },
		{ "192.0.2.0", "192.0.3.255", "192.0.2.0/23" },
		{ "192.0.2.1", "192.0.2.1", "192.0.2.1" },
		{ "192.0.2.0", "192.0.2.1", "192.0.2.0/31" },
		{ "192.0.2.4", "192.0.2.7", "192.0.2.4/30" },
		{ "0.0.0.0", "255.255.255.255", "0.0.0.0/0" },
		{ "2001:db8::", "2001:db8::ffff", "2001:db8::/112" },
		{ "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0" },
		{ "192.0.2.0", "192.0.2.6",
		    "192.0.2.0/30 192.0.2.4/31 192.0.2.6" },
		{ "192.0.2.250", "192.0.2.255",
		    "192.0.2.250/31 192.0.2.252/30" },
		{ "192.0.2.1", "192.0.2.2", "192.0.2.1 192.0.2.2" },
		{ "192.0.1.255", "192.0.2.255", "192.0.1.255 192.0.2.0/24" },
		{ "255.255.255.254", "255.255.255.255", "255.255.255.254/31" },
		{ "2001:db8::ffff", "2001:db8::1:0",
		    "2001:db8::ffff 2001:db8::1:0" },
		{ "192.0.2.255", "192.0.2.0", "" },
		{ "192.0.2.0/24", "192.0.2.255", "" },
		{ "192.0.2.0", "192.0.2.254/31", "" },
		{ "192.0.2.0", "::1", "" },
	};
	struct address first, last, nets[ADDRESS_COVER_MAX];
	char buf[ADDRESS_TEXT], all[4 * ADDRESS_TEXT];
	size_t i, k, n;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		first = parsed(rows[i].first);
		last = parsed(rows[i].last);
		n = address_cover(&first, &last, nets);
		assert_true(n <= 4);
		all[0] = '\0';
		for (k = 0; k < n; k++) {
			strcat(all, k == 0 ? "" : " ");
			strcat(all, address_print(&nets[k], buf));
		}
		assert_string_equal(all, rows[i].nets);
	}
	/* The longest one, 2^128 - 2 addresses. */
	first = parsed("::1");
	last = parsed("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe");
	assert_int_equal(address_cover(&first, &last, nets), ADDRESS_COVER_MAX);
}

static void
loopback_and_unspecified_addresses_are_untouchable(void **state)
{
	static const struct {
		const char *text, *what;
	} rows[] = {
		{ "127.0.0.1", "loopback" },
		{ "127.255.255.255", "loopback" },
		{ "127.0.0.0/8", "loopback" },
		{ "126.0.0.0/7", "loopback" },
		{ "::1", "loopback" },
		{ "::ffff:127.0.0.1", "loopback" },
		{ "::/127", "loopback" },
		{ "::/0", "loopback" },
		{ "0.0.0.0/0", "loopback" },
		{ "0.0.0.0", "unspecified" },
		{ "0.1.2.3", "unspecified" },
		{ "0.0.0.0/6", "unspecified" },
		{ "::", "unspecified" },
		{ "126.255.255.255", NULL },
		{ "128.0.0.0", NULL },
		{ "1.0.0.0", NULL },
		{ "::2", NULL },
		{ "192.0.2.0/24", NULL },
		{ "2001:db8::/32", NULL },
	};
	struct address a;
	const char *what;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		a = parsed(rows[i].text);
		what = address_untouchable(&a);
		if (rows[i].what == NULL)
			assert_null(what);
		else
			assert_string_equal(what, rows[i].what);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_printed_as_fail2ban_prints_it),
		cmocka_unit_test(a_text_that_is_no_address_is_refused),
		cmocka_unit_test(no_byte_beyond_the_length_is_read),
		cmocka_unit_test(an_address_is_widened_to_its_network),
		cmocka_unit_test(a_network_holds_another_that_is_all_inside_it),
		cmocka_unit_test(a_range_is_covered_by_the_fewest_networks),
		cmocka_unit_test(
		    loopback_and_unspecified_addresses_are_untouchable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
