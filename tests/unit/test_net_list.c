/* SPDX-License-Identifier: GPL-2.0-or-later */
/* render/net_list and render/abuse_report: lists as firewalls and AbuseIPDB
 * read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/timestamp.h"
#include "render/abuse_report.h"
#include "render/net_list.h"

/* Write the networks of a text, which have blanks between them. */
static void
write_list(struct buffer *out, enum net_list_form form, int family,
    const char *words)
{
	struct net_list list;
	struct address net;
	char text[200], *rest = text;

	snprintf(text, sizeof(text), "%s", words);
	net_list_begin(&list, form, family, 3, out);
	while (rest != NULL && *rest != '\0') {
		const char *word = strsep(&rest, " ");

		assert_true(address_parse(word, strlen(word), &net));
		net_list_put(&list, &net);
	}
	net_list_end(&list);
	assert_false(out->failed);
}

#define SET_4 \
	"add set inet fail2ban-archive banned4 " \
	"{ type ipv4_addr; flags interval; }\n" \
	"flush set inet fail2ban-archive banned4\n"
#define SET_6 \
	"add set inet fail2ban-archive banned6 " \
	"{ type ipv6_addr; flags interval; }\n" \
	"flush set inet fail2ban-archive banned6\n"
#define CREATE(set, family) \
	"create fail2ban-archive" set " hash:net family " family \
	" maxelem 1048576 -exist\n"
#define BEGIN_4 \
	CREATE("4", "inet") \
	CREATE("4-new", "inet") "flush fail2ban-archive4-new\n"
#define BEGIN_6 \
	CREATE("6", "inet6") \
	CREATE("6-new", "inet6") "flush fail2ban-archive6-new\n"
#define END(set) \
	"swap fail2ban-archive" set "-new fail2ban-archive" set \
	"\n" \
	"destroy fail2ban-archive" set "-new\n"

static void
a_list_has_the_form_that_its_reader_takes(void **state)
{
	static const struct {
		enum net_list_form form;
		int family;
		const char *words, *expected;
	} rows[] = {
		{ NET_LIST_PLAIN, AF_UNSPEC, "", "" },
		{ NET_LIST_PLAIN, AF_UNSPEC,
		    "192.0.2.1 198.51.100.0/24 2001:db8::1",
		    "192.0.2.1\n198.51.100.0/24\n2001:db8::1\n" },
		{ NET_LIST_CIDR, AF_UNSPEC,
		    "192.0.2.1 198.51.100.0/24 2001:db8::1 2001:db8:1::/48",
		    "192.0.2.1/32\n198.51.100.0/24\n2001:db8::1/128\n"
		    "2001:db8:1::/48\n" },
		{ NET_LIST_NFT, AF_UNSPEC,
		    "192.0.2.1 198.51.100.0/24 2001:db8::1",
		    "add table inet fail2ban-archive\n" SET_4 SET_6
		    "add element inet fail2ban-archive banned4 {\n"
		    "\t192.0.2.1,\n\t198.51.100.0/24\n}\n"
		    "add element inet fail2ban-archive banned6 {\n"
		    "\t2001:db8::1\n}\n" },
		/* The sets are emptied, even if they stay so. */
		{ NET_LIST_NFT, AF_UNSPEC, "",
		    "add table inet fail2ban-archive\n" SET_4 SET_6 },
		/* Those of the other family are left alone. */
		{ NET_LIST_NFT, AF_INET6, "",
		    "add table inet fail2ban-archive\n" SET_6 },
		{ NET_LIST_IPSET, AF_UNSPEC, "192.0.2.1 2001:db8::/32",
		    BEGIN_4 BEGIN_6
		    "add fail2ban-archive4-new 192.0.2.1 -exist\n"
		    "add fail2ban-archive6-new 2001:db8::/32 -exist\n" END("4")
			END("6") },
		{ NET_LIST_IPSET, AF_INET, "", BEGIN_4 END("4") },
		/* hash:net takes no prefix of 0 bits. */
		{ NET_LIST_IPSET, AF_INET6, "::/0",
		    BEGIN_6
		    "add fail2ban-archive6-new ::/1 -exist\n"
		    "add fail2ban-archive6-new 8000::/1 -exist\n" END("6") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buffer out = { 0 };

		write_list(&out, rows[i].form, rows[i].family, rows[i].words);
		assert_string_equal(out.s != NULL ? out.s : "",
		    rows[i].expected);
		buffer_free(&out);
	}
}

static void
a_long_set_is_added_in_pieces(void **state)
{
	struct buffer out = { 0 };
	struct net_list list;
	struct address net;
	const char *at;
	size_t pieces = 0, commas = 0;

	(void)state;
	net_list_begin(&list, NET_LIST_NFT, AF_INET, 2500, &out);
	for (int i = 0; i < 2500; i++) {
		char text[40];

		snprintf(text, sizeof(text), "198.51.%d.%d", i / 250, i % 250);
		assert_true(address_parse(text, strlen(text), &net));
		net_list_put(&list, &net);
	}
	net_list_end(&list);
	for (at = out.s; (at = strstr(at, "add element")) != NULL; at++)
		pieces++;
	for (at = out.s; (at = strchr(at, ',')) != NULL; at++)
		commas++;
	assert_int_equal(pieces, 3);
	assert_int_equal(commas, 2500 - 3);
	buffer_free(&out);
}

static void
more_addresses_than_usual_get_a_larger_ipset(void **state)
{
	struct buffer out = { 0 };
	struct net_list list;

	(void)state;
	net_list_begin(&list, NET_LIST_IPSET, AF_INET, 1 << 20, &out);
	assert_non_null(strstr(out.s, "maxelem 2097152 "));
	buffer_free(&out);
}

static void
a_report_has_the_columns_of_abuseipdb(void **state)
{
	static const struct {
		const char *address;
		struct abuse_report report;
		const char *expected;
	} rows[] = {
		{ "192.0.2.1",
		    { .categories = 1u << 18,
			.last_us = INT64_C(1795459718) * TIMESTAMP_US + 999999,
			.bans = 1,
			.failures = 5 },
		    "192.0.2.1,\"18\",2026-11-23T18:48:38Z,"
		    "\"fail2ban: 1 ban, 5 failures\"\n" },
		{ "2001:db8::1",
		    { .categories = 1u << 1 | 1u << 22 | 1u << 23,
			.last_us = 0,
			.bans = 12,
			.failures = 1 },
		    "2001:db8::1,\"1,22,23\",1970-01-01T00:00:00Z,"
		    "\"fail2ban: 12 bans, 1 failure\"\n" },
		{ "192.0.2.2",
		    { .categories = 1u << 5, .last_us = 0, .bans = 2 },
		    "192.0.2.2,\"5\",1970-01-01T00:00:00Z,"
		    "\"fail2ban: 2 bans\"\n" },
	};
	struct buffer out = { 0 };

	(void)state;
	abuse_report_begin(&out);
	assert_string_equal(out.s, "IP,Categories,ReportDate,Comment\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct abuse_report report = rows[i].report;

		assert_true(address_parse(rows[i].address,
		    strlen(rows[i].address), &report.address));
		buffer_cut(&out, 0);
		abuse_report_put(&out, &report);
		assert_string_equal(out.s, rows[i].expected);
	}
	buffer_free(&out);
}

/* A file of the most addresses is smaller than the 2 MB that are allowed. */
static void
the_longest_line_of_a_report_is_short_enough(void **state)
{
	static const char longest[] = "2001:db8:1111:2222:3333:4444:5555:6666";
	struct abuse_report report = {
		.categories = ~1u & ((1u << 24) - 1),
		.last_us = INT64_MAX,
		.bans = INT64_MAX,
		.failures = INT64_MAX,
	};
	struct buffer out = { 0 };

	(void)state;
	assert_true(address_parse(longest, strlen(longest), &report.address));
	abuse_report_put(&out, &report);
	assert_non_null(strstr(out.s, ",9999-12-31T23:59:59Z,"));
	assert_true(out.len * (ABUSE_REPORT_MOST + 1) < 2000000);
	buffer_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_has_the_form_that_its_reader_takes),
		cmocka_unit_test(a_long_set_is_added_in_pieces),
		cmocka_unit_test(more_addresses_than_usual_get_a_larger_ipset),
		cmocka_unit_test(a_report_has_the_columns_of_abuseipdb),
		cmocka_unit_test(the_longest_line_of_a_report_is_short_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
