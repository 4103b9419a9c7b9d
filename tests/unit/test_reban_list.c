/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists as they are published and printed, with addresses for documentation.
 * The result of a list is its entries, and after ! the number of parts that are
 * bad and the reason of the first one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "base/macros.h"
#include "job/reban/list.h"

#define BOM "\xef\xbb\xbf"

struct row {
	const char *list, *result;
};

static void
put_found(struct buffer *out, const struct reban_list *list)
{
	char text[ADDRESS_TEXT], number[32];

	for (size_t i = 0; i < list->found.n; i++) {
		if (out->len > 0)
			buffer_putc(out, ' ');
		buffer_puts(out, address_print(&list->found.list[i], text));
	}
	if (list->found.bad == 0)
		return;
	assert_true(list->found.part_len <= sizeof(list->found.part));
	snprintf(number, sizeof(number), "%s!%d ", out->len > 0 ? " " : "",
	    (int)list->found.bad);
	buffer_puts(out, number);
	buffer_puts(out, list->found.why);
}

/*
 * Read a list of len bytes, each line in memory of just its length, which a
 * sanitizer watches. The caller frees the result.
 */
static char *
read_list(const char *s, size_t len)
{
	struct reban_list list = { .begun = false };
	struct buffer out = { 0 };
	struct err e;

	buffer_puts(&out, "");
	while (len > 0) {
		const char *end = memchr(s, '\n', len);
		size_t n = end == NULL ? len : (size_t)(end - s) + 1;
		char *copy = malloc(n);

		assert_non_null(copy);
		memcpy(copy, s, n);
		assert_int_equal(reban_list_read(&list, copy, n, &e), 0);
		put_found(&out, &list);
		free(copy);
		s += n;
		len -= n;
	}
	assert_int_equal(reban_list_end(&list, &e), 0);
	put_found(&out, &list);
	reban_list_free(&list);
	return buffer_take(&out);
}

static void
check_rows(const struct row *rows, size_t n)
{
	size_t wrong = 0;

	for (size_t i = 0; i < n; i++) {
		char *got = read_list(rows[i].list, strlen(rows[i].list));

		if (strcmp(got, rows[i].result) != 0) {
			print_message("%s\n  is  %s\n  not %s\n", rows[i].list,
			    got, rows[i].result);
			wrong++;
		}
		free(got);
	}
	assert_int_equal(wrong, 0);
}

#define CHECK(rows) check_rows(rows, ARRAY_LEN(rows))

static void
an_entry_is_read_in_each_spelling(void **state)
{
	static const struct row rows[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "192.0.2.1\r\n", "192.0.2.1" },
		{ " \t192.0.2.1 \t\r\n", "192.0.2.1" },
		{ BOM "192.0.2.1\n", "192.0.2.1" },
		{ "2001:db8::1\n", "2001:db8::1" },
		{ "2001:DB8::/32\n", "2001:db8::/32" },
		{ "192.0.2.77/24", "192.0.2.0/24" },
		{ "192.0.2.0/255.255.255.0", "192.0.2.0/24" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "192.0.2.1:443", "192.0.2.1" },
		{ "192.0.2.1:443 up since May", "192.0.2.1" },
		{ "[2001:db8::1]", "2001:db8::1" },
		{ "[2001:db8::1]:9001", "2001:db8::1" },
		{ "[2001:db8::]/32", "2001:db8::/32" },
		{ "192.0.2.10:443\n192.0.2.11:8080\n[2001:db8::1]:9001\n",
		    "192.0.2.10 192.0.2.11 2001:db8::1" },
		{ "192.0.2.1:0", "!1 not an address" },
		{ "192.0.2.1:65536", "!1 not an address" },
		{ "192.0.2.1:", "!1 not an address" },
		{ "192.0.2.0/24:443", "!1 not an address" },
		{ "[192.0.2.1]:443", "!1 not an address" },
		{ "[2001:db8::1]:x", "!1 not an address" },
		{ "[2001:db8::zz]:443", "!1 not an address" },
		{ "[2001:db8::1", "!1 not an address" },
		{ "192.0.2.01", "!1 not an address" },
		{ "192.0.2.001", "!1 not an address" },
		{ "192.0.2.0/33", "!1 not an address" },
		{ "192.0.2.0/ 24", "!1 not an address" },
		{ "192.0.2.*", "!1 not an address" },
		{ "192.0.2", "!1 not an address" },
		{ "\xff\xfe", "!1 not an address" },
		{ "example.org", "!1 not an address" },
	};

	(void)state;
	CHECK(rows);
}

static void
a_range_is_read_as_its_networks(void **state)
{
	static const struct row rows[] = {
		{ "192.0.2.0-192.0.2.255", "192.0.2.0/24" },
		{ "\"192.0.2.0-192.0.2.255\",\"US\"", "192.0.2.0/24" },
		{ "\"192.0.2.0-192.0.2.255\",\"64512\"", "192.0.2.0/24" },
		{ "192.0.2.0 -192.0.2.255", "192.0.2.0/24" },
		{ "192.0.2.0- 192.0.2.255", "192.0.2.0/24" },
		{ "192.0.2.0 - 192.0.2.255", "192.0.2.0/24" },
		{ "192.0.2.9-192.0.2.9", "192.0.2.9" },
		{ "192.0.2.1-192.0.2.6",
		    "192.0.2.1 192.0.2.2/31 192.0.2.4/31 192.0.2.6" },
		{ "2001:db8::-2001:db8::ffff", "2001:db8::/112" },
		{ "2001:db8::fffe - 2001:db8::1:0",
		    "2001:db8::fffe/127 2001:db8::1:0" },
		/* ipfilter.dat. */
		{ "192.0.2.0 - 192.0.2.255 , 100 , x", "192.0.2.0/24" },
		{ "198.051.100.000 - 198.051.100.255 , 000 , a network",
		    "198.51.100.0/24" },
		{ "198.51.100.000 - 198.51.100.255 , 000 , a network",
		    "198.51.100.0/24" },
		{ "192.0.2.0 - 192.0.2.255 , 128 , x",
		    "!1 a range that its level allows" },
		/* PeerGuardian. */
		{ "Some Org:192.0.2.0-192.0.2.255\n"
		  "x:198.51.100.0-198.51.100.7\n",
		    "192.0.2.0/24 198.51.100.0/29" },
		{ "a: b #1; c//d:192.000.002.000-192.000.002.255",
		    "192.0.2.0/24" },
		{ "a:192.0.2.0-192.0.2.256", "!1 not an address" },
		{ "a:192.0.2.1", "!1 not an address" },
		{ "198.51.100.999:192.0.2.0-192.0.2.255", "!1 not an address" },
		{ "192.0.2.1 # x:198.51.100.0-198.51.100.255", "192.0.2.1" },
		/* DShield. */
		{ "192.0.2.0\t192.0.2.255\t24\t1234\tNET\tUS\tabuse@x",
		    "192.0.2.0/24" },
		{ "192.0.2.4\t192.0.2.7\t30", "192.0.2.4/30" },
		{ "2001:db8:: 2001:db8::ffff 112", "2001:db8::/112" },
		{ "192.0.2.4,192.0.2.4,32", "192.0.2.4" },
		/* Neither a range nor another address of the line. */
		{ "192.0.2.0-255", "!1 not an address" },
		{ "192.0.2.0 - 255", "!1 not an address" },
		{ "192.0.2.0-192.0.2.256", "!1 not an address" },
		{ "192.0.2.0 - 192.0.2.256", "!1 not an address" },
		{ "192.0.2.256 - 192.0.2.7", "!1 not an address" },
		{ "192.0.2.00 - 192.0.2.7", "!1 not an address" },
		{ "192.0.2.255-192.0.2.0", "!1 not an address" },
		{ "192.0.2.0/24-192.0.2.255", "!1 not an address" },
		{ "192.0.2.0 - 2001:db8::1", "!1 not an address" },
		{ "192.0.2.0\t192.0.2.255", "!1 two addresses" },
		{ "192.0.2.0\t192.0.2.255\t23", "!1 two addresses" },
		{ "192.0.2.0\t192.0.2.254\t24", "!1 two addresses" },
		{ "192.0.2.0\t192.0.2.255\t2424", "!1 two addresses" },
		{ "-192.0.2.1", "!1 not an address" },
		{ "-", "!1 not an address" },
	};

	(void)state;
	CHECK(rows);
}

static void
only_a_number_a_date_or_a_keyword_may_stand_before_an_entry(void **state)
{
	static const struct row rows[] = {
		{ "\"192.0.2.1\",\"443\"", "192.0.2.1" },
		{ "'192.0.2.1','443'", "192.0.2.1" },
		{ ",,192.0.2.1", "192.0.2.1" },
		{ "      5 192.0.2.1", "192.0.2.1" },
		{ "\"2026-01-01 00:00:00\",\"192.0.2.1\",\"443\",\"x\"",
		    "192.0.2.1" },
		{ "2026-01-01 00:00:00,192.0.2.1,443,x", "192.0.2.1" },
		{ "1,2026-01-01 00:00:00,2001:db8::1", "2001:db8::1" },
		{ "2026-01-01T00:00:00.5Z;192.0.2.1;443", "192.0.2.1" },
		{ "2026-01-01 00:00:00 +0100;192.0.2.1", "192.0.2.1" },
		{ "01.02.2026;192.0.2.1", "192.0.2.1" },
		{ "ExitAddress 192.0.2.1 2026-01-01 00:00:00", "192.0.2.1" },
		{ "  - 192.0.2.1", "192.0.2.1" },
		{ "deny 192.0.2.1;", "192.0.2.1" },
		{ "Deny from 192.0.2.1 192.0.2.2", "192.0.2.1 192.0.2.2" },
		{ "Require not ip 192.0.2.1", "192.0.2.1" },
		{ "blackhole 192.0.2.1", "192.0.2.1" },
		{ "would ban 192.0.2.1 in sshd", "192.0.2.1" },
		{ "Your IP 203.0.113.7 has been blocked", "!1 not an address" },
		{ "Your IP: 203.0.113.7", "!1 not an address" },
		{ "Error 403: 203.0.113.7", "!1 not an address" },
		{ "403 Forbidden 203.0.113.7", "!1 not an address" },
		{ "x,203.0.113.7", "!1 not an address" },
		{ "allow 203.0.113.7;", "!1 not an address" },
		{ "198.51.100.1/33 203.0.113.9", "!1 not an address" },
		{ "198.51.100.256,203.0.113.9", "!1 not an address" },
		{ "198.51.100.01 203.0.113.9", "!1 not an address" },
		{ "2001:db8::zz 203.0.113.9", "!1 not an address" },
		{ "2026-01-01x,203.0.113.9", "!1 not an address" },
		{ "2026-01,203.0.113.9", "!1 not an address" },
		{ "1 2 3 4 5 6 7 192.0.2.1", "!1 not an address" },
		{ "192.0.2.1/33", "!1 not an address" },
		{ "<html><body>192.0.2.1</body>", "!1 not an address" },
		{ "http://192.0.2.1/", "!1 not an address" },
		{ "deny all;", "!1 not an address" },
	};

	(void)state;
	CHECK(rows);
}

static void
a_line_with_a_second_address_is_ids_or_bad(void **state)
{
	static const struct row rows[] = {
		/* fail2ban-client get JAIL banip, and the same --with-time. */
		{ "192.0.2.10 192.0.2.11 192.0.2.12\n",
		    "192.0.2.10 192.0.2.11 192.0.2.12" },
		{ "192.0.2.10 2001:db8::1 198.51.100.0/24\n",
		    "192.0.2.10 2001:db8::1 198.51.100.0/24" },
		{ "192.0.2.10 \t2026-11-23 18:48:37 + 600 = "
		  "2026-11-23 18:58:37\n"
		  "192.0.2.11 \t2026-11-23 18:48:37 + -1 = "
		  "9999-12-31 23:59:59\n",
		    "192.0.2.10 192.0.2.11" },
		{ "192.0.2.10 192.0.2.10 192.0.2.12",
		    "192.0.2.10 192.0.2.10 192.0.2.12" },
		{ "192.0.2.10 192.0.2.999 192.0.2.12", "!1 not an address" },
		{ "192.0.2.10 192.0.2.11 session-1", "!1 not an address" },
		{ "192.0.2.10 session-1 192.0.2.12", "!1 two addresses" },
		{ "session-1 192.0.2.12", "!1 not an address" },
		{ "192.0.2.0 255.255.255.0", "!1 two addresses" },
		{ "192.0.2.0 0.0.0.255", "!1 two addresses" },
		/* Fields. */
		{ "192.0.2.1,443,online", "192.0.2.1" },
		{ "192.0.2.1;443;online", "192.0.2.1" },
		{ "192.0.2.1\t12\tUS", "192.0.2.1" },
		{ "192.0.2.1 12 2026-11-23", "192.0.2.1" },
		{ "192.0.2.1,443,198.51.100.7", "192.0.2.1" },
		{ "192.0.2.1,http://198.51.100.7/x", "192.0.2.1" },
		{ "192.0.2.4,192.0.2.4,US", "192.0.2.4" },
		{ "192.0.2.1,198.51.100.7,443", "!1 two addresses" },
		{ "192.0.2.1;198.51.100.7", "!1 two addresses" },
		{ "192.0.2.1, 198.51.100.7", "!1 two addresses" },
		{ "192.0.2.1,198.51.100.777", "!1 not an address" },
		/* Remarks. */
		{ "192.0.2.1 - seen again", "192.0.2.1" },
		{ "192.0.2.1 -", "192.0.2.1" },
		{ "192.0.2.1-", "192.0.2.1" },
		{ "192.0.2.1 seen as 192.0.2.1", "192.0.2.1" },
		{ "192.0.2.1 for 198.51.100.7", "!1 two addresses" },
	};

	(void)state;
	CHECK(rows);
}

static void
a_comment_says_nothing(void **state)
{
	static const struct row rows[] = {
		{ "", "" },
		{ "\n", "" },
		{ " \t \v\f\r\n", "" },
		{ BOM, "" },
		{ BOM "# list", "" },
		{ "  #192.0.2.1\n; 192.0.2.1\n\t//192.0.2.1\n", "" },
		{ "\"\",\"\"", "" },
		{ "192.0.2.0/24 ; SBL123", "192.0.2.0/24" },
		{ "192.0.2.0/24;SBL123", "192.0.2.0/24" },
		{ "192.0.2.1 # 198.51.100.7", "192.0.2.1" },
		{ "192.0.2.1#4#2#Scanning Host#US,,0.0,0.0#3", "192.0.2.1" },
		{ "192.0.2.1 // since May", "192.0.2.1" },
		{ "192.0.2.1 //", "192.0.2.1" },
	};

	(void)state;
	CHECK(rows);
}

static void
columns_are_found_by_their_names(void **state)
{
	static const struct row rows[] = {
		{ "ip;country;hits\n192.0.2.1;US;5\n2001:db8::1;DE;1\n",
		    "192.0.2.1 2001:db8::1" },
		{ "country;ip;hits\nUS;192.0.2.1;198.51.100.7\n", "192.0.2.1" },
		{ "\"Who\",\"IP Address\"\n\"a, b\",\"192.0.2.1\"\n",
		    "192.0.2.1" },
		{ "# by x\njail,ident,ip,host\nsshd,192.0.2.1,,\n",
		    "192.0.2.1" },
		{ "ip,network\n192.0.2.1,192.0.2.0/24\n", "192.0.2.1" },
		{ "network,ip\n198.51.100.0/24,192.0.2.1\n",
		    "!1 two addresses" },
		{ "who,ip\n192.0.2.1,x\n", "!1 not an address" },
		{ "who,ip\nx\n", "!1 not an address" },
		{ "ip\n192.0.2.1\n", "192.0.2.1" },
		{ "192.0.2.1\nwho,ip\nx,192.0.2.2\n",
		    "192.0.2.1 !1 not an address !1 not an address" },
		{ "ip,203.0.113.7\n", "!1 not an address" },
		{ "first_seen_utc,dst_port\n1,192.0.2.1\n",
		    "!1 not an address 192.0.2.1" },
	};

	(void)state;
	CHECK(rows);
}

static void
the_output_of_fail2ban_is_read(void **state)
{
	static const struct row rows[] = {
		{ "Status for the jail: sshd\n"
		  "|- Filter\n"
		  "|  |- Currently failed:\t0\n"
		  "|  |- Total failed:\t7\n"
		  "|  `- File list:\t/var/log/auth.log\n"
		  "`- Actions\n"
		  "   |- Currently banned:\t2\n"
		  "   |- Total banned:\t2\n"
		  "   `- Banned IP list:\t192.0.2.10 2001:db8::1\n",
		    "192.0.2.10 2001:db8::1" },
		{ "Status\n|- Number of jail:\t1\n`- Jail list:\tsshd\n", "" },
		{ "   `- Banned IP list:\t\n", "" },
		{ "Banned IP list:\t192.0.2.10 192.0.2.11\n",
		    "192.0.2.10 192.0.2.11" },
		{ "   |  `- IP list:\t192.0.2.10\n", "192.0.2.10" },
		{ "   `- Banned IP list:\t192.0.2.10 session-1 192.0.2.11\n",
		    "!1 not an address" },
		{ "   `- Allowed list:\t192.0.2.10\n", "!1 not an address" },
		{ "[{'sshd': ['192.0.2.10', '192.0.2.11']}]",
		    "192.0.2.10 192.0.2.11" },
		{ "[{'sshd': ['192.0.2.10']}, {'recidive': []}, "
		  "{\"it's\": ['2001:db8::1']}]",
		    "192.0.2.10 2001:db8::1" },
		{ "[{'web': ['a\\'b\\x41\"', '192.0.2.1']}]",
		    "192.0.2.1 !1 not an address" },
		/* As JSON this is shorter. */
		{ "{'\\'\\'\\'\\'\\'\\'\\'\\'': 1}",
		    "!1 no name of an address that is known" },
		{ "[]", "" },
		{ "[{'sshd': ['192.0.2.10'", "!1 not JSON" },
		{ "[{'sshd: ['192.0.2.10']}]", "!1 not JSON" },
	};

	(void)state;
	CHECK(rows);
}

static void
the_rules_of_a_firewall_are_read(void **state)
{
	static const struct row rows[] = {
		{ "# Generated by iptables-save v1.8.9\n*filter\n"
		  ":INPUT ACCEPT [0:0]\n:f2b-sshd - [0:0]\n"
		  "-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd\n"
		  "-A f2b-sshd -s 192.0.2.10/32 -j REJECT --reject-with "
		  "icmp-port-unreachable\n"
		  "[12:720] -A f2b-sshd -s 2001:db8::1/128 -j DROP\n"
		  "-A f2b-sshd -s 198.51.100.7/32 -j RETURN\n"
		  "-A f2b-sshd -j RETURN\nCOMMIT\n",
		    "192.0.2.10 2001:db8::1" },
		{ "-A INPUT -s 192.0.2.0/24 -m comment --comment \"# -s "
		  "198.51.100.7 it's\" -j DROP",
		    "192.0.2.0/24" },
		{ "-A INPUT ! -s 192.0.2.0/24 -j DROP",
		    "!1 a rule for all but an address" },
		{ "-A INPUT -d 192.0.2.0/24 -j DROP", "" },
		{ "-A INPUT -s 192.0.2.1,192.0.2.2 -j DROP",
		    "192.0.2.1 192.0.2.2" },
		{ "-A INPUT -s 192.0.2.1/32 -j f2b-sshd",
		    "!1 a target that may not drop" },
		{ "DROP 192.0.2.1", "!1 not an address" },
		{ "-A INPUT -s 192.0.2.999 -j DROP", "!1 not an address" },
		{ "-A INPUT -m iprange --src-range 192.0.2.0-192.0.2.127 -j "
		  "DROP",
		    "192.0.2.0/25" },
		{ "iptables -I INPUT 1 -s 192.0.2.1 -j DROP", "192.0.2.1" },
		{ "Chain f2b-sshd (1 references)\n"
		  "target     prot opt source               destination\n"
		  "REJECT     all  --  192.0.2.10           0.0.0.0/0    "
		  "reject-with icmp-port-unreachable\n"
		  "RETURN     all  --  0.0.0.0/0            0.0.0.0/0\n"
		  "   12   720 DROP  all  --  *      *       192.0.2.11  "
		  "0.0.0.0/0\n",
		    "192.0.2.10 192.0.2.11" },
		{ "DROP all -- !192.0.2.1 198.51.100.5",
		    "!1 a rule for all but an address" },
		/* ip6tables leaves a column empty. */
		{ "DROP  all      2001:db8::bad  2001:db8:1::5",
		    "2001:db8::bad" },
		{ "1 DROP  tcp      2001:db8::bad  2001:db8:1::5",
		    "2001:db8::bad" },
		{ "7 42 DROP all * * 2001:db8::bad  2001:db8:1::5",
		    "2001:db8::bad" },
		{ "create f2b-sshd hash:ip family inet hashsize 1024\n"
		  "add f2b-sshd 192.0.2.10 timeout 600\n"
		  "add f2b-sshd 192.0.2.0/25 nomatch\n"
		  "add f2b-web 192.0.2.11,tcp:22\n",
		    "192.0.2.10 192.0.2.11" },
		{ "add s 192.0.2.1 timeout 0 comment \"for 198.51.100.7\"",
		    "192.0.2.1" },
		{ "add s 192.0.2.0/24,198.51.100.0/24", "!1 two addresses" },
		{ "add s 192.0.2.999", "!1 not an address" },
		{ "Name: f2b-sshd\nType: hash:ip\nRevision: 4\nHeader: family "
		  "inet\nSize in memory: 200\nReferences: 1\nNumber of "
		  "entries: 1\nMembers:\n192.0.2.10 timeout 555\n",
		    "192.0.2.10" },
		{ "table inet f2b-table {\n\tset addr-set-sshd {\n"
		  "\t\ttype ipv4_addr\n\t\tflags interval\n"
		  "\t\telements = { 192.0.2.10, 198.51.100.0/24,\n"
		  "\t\t\t     192.0.2.11 timeout 10m expires 9m59s comment "
		  "\"a, }\",\n\t\t\t     203.0.113.0-203.0.113.7 }\n\t}\n"
		  "\tchain f2b-chain {\n\t\ttype filter hook input priority "
		  "filter - 1; policy accept;\n\t\ttcp dport 22 ip saddr "
		  "@addr-set-sshd reject with icmp port-unreachable\n"
		  "\t\tip saddr 192.0.2.20 counter packets 0 bytes 0 drop\n"
		  "\t\tip saddr { 192.0.2.21, 192.0.2.22 } drop\n"
		  "\t\tip saddr 192.0.2.23 accept\n\t}\n}\n",
		    "192.0.2.10 198.51.100.0/24 192.0.2.11 203.0.113.0/29 "
		    "192.0.2.20 192.0.2.21 192.0.2.22" },
		{ "table inet t {\nset s {\nelements = { 192.0.2.10, "
		  "192.0.2.x,\n192.0.2.11 }\n}\n}\n",
		    "!1 not an address 192.0.2.11" },
		/* A quoted text is no part of the rule. */
		{ "table inet t {\nchain c {\n"
		  "ip saddr 203.0.113.1 accept comment \"do not drop\"\n"
		  "ip saddr 203.0.113.2 log prefix \"no drop \" accept\n"
		  "ip saddr 203.0.113.3 log prefix \"accept \" drop\n}\n}\n",
		    "203.0.113.3" },
		{ "table inet t {\nmap m {\nelements = { 203.0.113.1 : "
		  "accept, 203.0.113.2 : drop,\n203.0.113.3 comment \"x\" : "
		  "jump other }\n}\n}\n",
		    "203.0.113.2" },
		/* Each blank ends a word. */
		{ "table inet t {\nset s {\nelements = { 192.0.2.10,\v\f\r"
		  "192.0.2.11\v }\n}\n}\n",
		    "192.0.2.10 192.0.2.11" },
		{ "add element inet f2b-table addr-set-sshd { 192.0.2.10 }",
		    "192.0.2.10" },
		{ "ALL: 192.0.2.1", "192.0.2.1" },
		{ "sshd: 192.0.2.1, 192.0.2.2 : deny", "192.0.2.1 192.0.2.2" },
		{ "sshd, vsftpd : [2001:db8::1]", "2001:db8::1" },
		{ "ALL: [2001:db8::]/32", "2001:db8::/32" },
		{ "ALL: 192.0.2.0/255.255.255.0 # x", "192.0.2.0/24" },
		{ "ALL: 192.0.2.", "!1 not an address" },
		{ "ALL: ALL", "!1 not an address" },
		{ "ALL: 192.0.2.1: ALLOW", "!1 a rule that does not deny" },
		{ "ALL: 192.0.2.0/24 EXCEPT 192.0.2.1", "!1 not an address" },
		{ "Server: 192.0.2.1", "!1 not an address" },
	};

	(void)state;
	CHECK(rows);
}

static void
a_json_document_is_read(void **state)
{
	static const struct row rows[] = {
		{ "{\"cidr\":\"192.0.2.0/24\",\"sblid\":\"SBL123\","
		  "\"rir\":\"ripencc\"}\n{\"type\":\"metadata\",\"size\":1}\n",
		    "192.0.2.0/24" },
		{ "{\"cidr\":\"192.0.2.0\\/24\"}", "192.0.2.0/24" },
		{ "{\"ip\":\"\\u0031\\u0039\\u0032.0.2.1\"}", "192.0.2.1" },
		{ BOM " { \"asn\" : 1, \"ip\" : \"2001:db8::1\" } \r\n",
		    "2001:db8::1" },
		{ "{\"ip\":null,\"cidr\":\"192.0.2.0/24\",\"ipv6\":\"\"}",
		    "192.0.2.0/24" },
		{ "{\"ip\":\"192.0.2.1\",\"cidr\":\"192.0.2.0/24\"}",
		    "192.0.2.1" },
		{ "{\"ip\":\"192.0.2.1\",\"cidr\":\"198.51.100.0/24\"}",
		    "!1 two addresses" },
		{ "{\"src_ip\":\"192.0.2.1\",\"dst_ip\":\"198.51.100.7\"}",
		    "!1 two addresses" },
		{ "{\"ip\":\"192.0.2.1\",\"cidr\":\"x\"}",
		    "!1 not an address" },
		{ "{\"ip\":\"192.0.2.1\",\"network\":\"EXAMPLE\"}",
		    "192.0.2.1" },
		{ "{\"meta\":{\"ip\":\"203.0.113.7\"},\"data\":[{"
		  "\"ipAddress\":\"192.0.2.10\",\"hostnames\":[\"x\"]},"
		  "{\"ipAddress\":\"192.0.2.11\"}]}",
		    "192.0.2.10 192.0.2.11" },
		{ "{\n  \"data\": [\n    {\n      \"ip_address\":\n"
		  "        \"192.0.2.10\"\n    },\n    {\"ip-address\":"
		  "\"192.0.2.11\"}\n  ]\n}\n",
		    "192.0.2.10 192.0.2.11" },
		{ "[\n\"192.0.2.1\",\n\"2001:db8::/32\"\n]\n",
		    "192.0.2.1 2001:db8::/32" },
		{ "[\"192.0.2.1\",\"192.0.2.999\",7,null,\"192.0.2.2\"]",
		    "192.0.2.1 192.0.2.2 !2 not an address" },
		{ "{\"prefixes\":[{\"ip_prefix\":\"192.0.2.0/24\","
		  "\"region\":\"x\"}],\"ipv6_prefixes\":[{\"ipv6_prefix\":"
		  "\"2001:db8::/32\"}]}",
		    "192.0.2.0/24 2001:db8::/32" },
		{ "{\"new\":[{\"value\":\"192.0.2.1\",\"scope\":\"Ip\"}],"
		  "\"deleted\":[{\"value\":\"198.51.100.7\"}]}",
		    "192.0.2.1" },
		{ "{\"ips\":[\"192.0.2.1\"],\"allowlist\":[\"198.51.100.7\"]}",
		    "192.0.2.1" },
		{ "{\"jail\":\"sshd\",\"ident\":\"192.0.2.1\",\"ip\":null}",
		    "192.0.2.1" },
		{ "{\"ip\":\" 192.0.2.1:443 \"}", "192.0.2.1" },
		{ "{\"range\":\"192.0.2.0-192.0.2.2\"}",
		    "192.0.2.0/31 192.0.2.2" },
		{ "{\"ip\":\"192.0.2.1\"}\n{\"ip\":\"192.0.2.2\"\n"
		  "{\"ip\":\"192.0.2.3\"}\n",
		    "192.0.2.1 !1 not JSON 192.0.2.3" },
		{ "{\"cidr\":[\"192.0.2.1\"]}", "192.0.2.1" },
		{ "{\"x\":{\"ip\":\"192.0.2.1\"}}",
		    "!1 no name of an address that is known" },
		{ "{\"allowlist\":[\"192.0.2.1\"]}",
		    "!1 no name of an address that is known" },
		{ "{\"cidr\":\"192.0.2.1\\u0000\"}", "!1 not an address" },
		{ "{\"cidr\":\"\"}", "!1 no name of an address that is known" },
		{ "{}", "!1 no name of an address that is known" },
		{ "{\"ip\":\"192.0.2.1\"},", "!1 not JSON" },
		{ "{\"ip\":\"192.0.2.1\"", "!1 not JSON" },
		{ "{\n\"ip\":\n\"192.0.2.1\"\n", "!1 not JSON" },
		{ "{", "!1 not JSON" },
		{ "{\"\xff\":1}", "!1 not UTF-8" },
	};

	(void)state;
	CHECK(rows);
}

static void
a_nul_is_in_no_entry(void **state)
{
	static const struct {
		const char *list;
		size_t len;
		const char *result;
	} rows[] = {
		{ "192.0.2.1\0", 10, "!1 not an address" },
		{ "\0", 1, "!1 not an address" },
		{ "{\"ip\":\"192.0.2.1\"}\0", 19, "!1 not UTF-8" },
		{ "192.0.2.1,\xff\xfe\x00\x01", 14, "192.0.2.1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *got = read_list(rows[i].list, rows[i].len);

		assert_string_equal(got, rows[i].result);
		free(got);
	}
}

static void
a_frame_in_too_many_frames_is_bad(void **state)
{
	char list[1024] = "";
	char *got;

	(void)state;
	for (int i = 0; i < 40; i++)
		strcat(list, "{\"data\":[");
	strcat(list, "\"192.0.2.1\"");
	for (int i = 0; i < 40; i++)
		strcat(list, "]}");
	got = read_list(list, strlen(list));
	assert_string_equal(got, "!1 nested too deep");
	free(got);
}

static void
a_line_may_have_a_million_entries_and_no_more(void **state)
{
	const size_t most = REBAN_ENTRIES_MAX;
	struct reban_list list = { .begun = false };
	char *line = malloc(4 * (most + 1));
	struct err e;

	(void)state;
	assert_non_null(line);
	for (size_t i = 0; i <= most; i++)
		memcpy(line + 4 * i, "::2 ", 4);
	assert_int_equal(reban_list_read(&list, line, 4 * most, &e), 0);
	assert_int_equal(list.found.n, most);
	assert_int_equal(reban_list_read(&list, line, 4 * (most + 1), &e), -1);
	assert_int_equal(e.code, EX_DATAERR);
	reban_list_free(&list);
	free(line);
}

static void
a_document_tells_its_lines(void **state)
{
	struct reban_list list = { .begun = false };
	struct err e;

	(void)state;
	assert_int_equal(reban_list_read(&list, "[", 1, &e), 0);
	assert_int_equal(list.lines, 0);
	assert_int_equal(reban_list_read(&list, "\"x\"", 3, &e), 0);
	assert_int_equal(reban_list_read(&list, "]", 1, &e), 0);
	assert_int_equal(list.lines, 3);
	assert_int_equal(list.found.bad, 1);
	assert_memory_equal(list.found.part, "\"x\"", list.found.part_len);
	reban_list_free(&list);
}

static void
a_long_line_is_read_for_its_entry(void **state)
{
	static char line[1 << 20];
	char *got;

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "192.0.2.1,", 10);
	got = read_list(line, sizeof(line));
	assert_string_equal(got, "192.0.2.1");
	free(got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_is_read_in_each_spelling),
		cmocka_unit_test(a_range_is_read_as_its_networks),
		cmocka_unit_test(
		    only_a_number_a_date_or_a_keyword_may_stand_before_an_entry),
		cmocka_unit_test(a_line_with_a_second_address_is_ids_or_bad),
		cmocka_unit_test(a_comment_says_nothing),
		cmocka_unit_test(columns_are_found_by_their_names),
		cmocka_unit_test(the_output_of_fail2ban_is_read),
		cmocka_unit_test(the_rules_of_a_firewall_are_read),
		cmocka_unit_test(a_json_document_is_read),
		cmocka_unit_test(a_nul_is_in_no_entry),
		cmocka_unit_test(a_frame_in_too_many_frames_is_bad),
		cmocka_unit_test(a_line_may_have_a_million_entries_and_no_more),
		cmocka_unit_test(a_document_tells_its_lines),
		cmocka_unit_test(a_long_line_is_read_for_its_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
