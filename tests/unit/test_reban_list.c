/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines as in published lists, with addresses for documentation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "job/reban_list.h"

#define BYTES(s) s, sizeof(s) - 1
#define MARK "\xef\xbb\xbf"

/* Read a line in memory of just its length, which a sanitizer watches. */
static enum reban_list_kind
read_line(const char *line, size_t len, struct address *a, const char **why)
{
	enum reban_list_kind kind;
	char *copy = malloc(len == 0 ? 1 : len);

	assert_non_null(copy);
	memcpy(copy, line, len);
	kind = reban_list_read(copy, len, a, why);
	free(copy);
	return kind;
}

static void
a_line_says_an_address(void **state)
{
	static const struct {
		const char *line;
		size_t len;
		const char *address;
	} rows[] = {
		{ BYTES("192.0.2.1"), "192.0.2.1" },
		{ BYTES("192.0.2.1\n"), "192.0.2.1" },
		{ BYTES("192.0.2.1\r\n"), "192.0.2.1" },
		{ BYTES(" \t192.0.2.1 \t\r\n"), "192.0.2.1" },
		{ BYTES(MARK "192.0.2.1\n"), "192.0.2.1" },
		{ BYTES("2001:db8::1\n"), "2001:db8::1" },
		{ BYTES("2001:DB8::/32\n"), "2001:db8::/32" },
		{ BYTES("192.0.2.77/24"), "192.0.2.0/24" },
		{ BYTES("192.0.2.0/255.255.255.0"), "192.0.2.0/24" },
		{ BYTES("::ffff:192.0.2.1"), "192.0.2.1" },
		/* Comments. */
		{ BYTES("192.0.2.0/24 ; SBL123"), "192.0.2.0/24" },
		{ BYTES("192.0.2.0/24;SBL123"), "192.0.2.0/24" },
		{ BYTES("192.0.2.1 # 198.51.100.7"), "192.0.2.1" },
		{ BYTES("192.0.2.1#4#2#Scanning Host#US,,0.0,0.0#3"),
		    "192.0.2.1" },
		{ BYTES("192.0.2.1 // since May"), "192.0.2.1" },
		{ BYTES("192.0.2.1 //"), "192.0.2.1" },
		{ BYTES("192.0.2.1,http://192.0.2.1/x"), "192.0.2.1" },
		/* Fields. */
		{ BYTES("192.0.2.1,443,online"), "192.0.2.1" },
		{ BYTES("192.0.2.1\t12\tUS"), "192.0.2.1" },
		{ BYTES("192.0.2.1 12 2026-11-23"), "192.0.2.1" },
		{ BYTES("\"192.0.2.1\",\"443\""), "192.0.2.1" },
		{ BYTES("'192.0.2.1','443'"), "192.0.2.1" },
		{ BYTES("\"192.0.2.1"), "192.0.2.1" },
		{ BYTES(",,192.0.2.1"), "192.0.2.1" },
		{ BYTES("\"2026-01-01 00:00:00\",\"192.0.2.1\",\"443\",\"x\""),
		    "192.0.2.1" },
		{ BYTES("2026-01-01 00:00:00,192.0.2.1,443,x"), "192.0.2.1" },
		{ BYTES("1,2026-01-01 00:00:00,2001:db8::1"), "2001:db8::1" },
		{ BYTES("ExitAddress 192.0.2.1 2026-01-01 00:00:00"),
		    "192.0.2.1" },
		{ BYTES("192.0.2.1,\xff\xfe\x00\x01"), "192.0.2.1" },
		/* Ranges. */
		{ BYTES("192.0.2.0\t192.0.2.255\t24\t1234\tNET\tUS\tabuse@x"),
		    "192.0.2.0/24" },
		{ BYTES("192.0.2.4\t192.0.2.7\t30"), "192.0.2.4/30" },
		{ BYTES("192.0.2.4,192.0.2.4,32"), "192.0.2.4" },
		{ BYTES("192.0.2.4,192.0.2.4,US"), "192.0.2.4" },
		{ BYTES("2001:db8:: 2001:db8::ffff 112"), "2001:db8::/112" },
		{ BYTES("192.0.2.0/24 192.0.2.255"), "192.0.2.0/24" },
		{ BYTES("192.0.2.0-192.0.2.255"), "192.0.2.0/24" },
		{ BYTES("\"192.0.2.0-192.0.2.255\",\"US\""), "192.0.2.0/24" },
		{ BYTES("192.0.2.0 - 192.0.2.255 , 100 , x"), "192.0.2.0/24" },
		{ BYTES("192.0.2.0 -192.0.2.255"), "192.0.2.0/24" },
		{ BYTES("192.0.2.0- 192.0.2.255"), "192.0.2.0/24" },
		{ BYTES("192.0.2.9-192.0.2.9"), "192.0.2.9" },
		{ BYTES("192.0.2.1 - seen again"), "192.0.2.1" },
		{ BYTES("192.0.2.1 -"), "192.0.2.1" },
		{ BYTES("192.0.2.1-"), "192.0.2.1" },
		/* JSON Lines. */
		{ BYTES("{\"cidr\":\"192.0.2.0/24\",\"sblid\":\"SBL123\","
			"\"rir\":\"ripencc\"}\n"),
		    "192.0.2.0/24" },
		{ BYTES("{\"cidr\":\"192.0.2.0\\/24\"}"), "192.0.2.0/24" },
		{ BYTES(MARK " { \"asn\" : 1, \"ip\" : \"2001:db8::1\" } \r\n"),
		    "2001:db8::1" },
		{ BYTES("{\"ip\":\"192.0.2.1\",\"cidr\":24}"), "192.0.2.1" },
		{ BYTES("{\"ip\":null,\"cidr\":\"192.0.2.0/24\"}"),
		    "192.0.2.0/24" },
	};
	struct address a;
	const char *why;
	char buf[ADDRESS_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		why = "untouched";
		if (read_line(rows[i].line, rows[i].len, &a, &why) !=
		    REBAN_LIST_ADDRESS)
			fail_msg("%s: %s", rows[i].line, why);
		assert_string_equal(address_print(&a, buf), rows[i].address);
		assert_string_equal(why, "untouched");
	}
}

static void
a_line_says_nothing(void **state)
{
	static const struct {
		const char *line;
		size_t len;
	} rows[] = {
		{ BYTES("") },
		{ BYTES("\n") },
		{ BYTES("\r\n") },
		{ BYTES(" \t \v\f\r\n") },
		{ BYTES(MARK) },
		{ BYTES(MARK "# list") },
		{ BYTES("# 192.0.2.1") },
		{ BYTES("  #192.0.2.1") },
		{ BYTES("; 192.0.2.1") },
		{ BYTES("// 192.0.2.1") },
		{ BYTES("\t//192.0.2.1") },
		{ BYTES("\"\",\"\"") },
		{ BYTES("{\"type\":\"metadata\",\"timestamp\":1795458480,"
			"\"size\":1,\"records\":2}\n") },
	};
	struct address a;
	const char *why = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		if (read_line(rows[i].line, rows[i].len, &a, &why) !=
		    REBAN_LIST_NOTHING)
			fail_msg("%s says something", rows[i].line);
		assert_null(why);
	}
	assert_int_equal(reban_list_read(NULL, 0, &a, &why),
	    REBAN_LIST_NOTHING);
}

static void
a_bad_line_comes_with_a_reason(void **state)
{
	static const struct {
		const char *line;
		size_t len;
		const char *why;
	} rows[] = {
		{ BYTES("example.org"), "not an address" },
		{ BYTES("first_seen_utc,dst_ip,dst_port"), "not an address" },
		{ BYTES("192.0.2.1:443"), "not an address" },
		{ BYTES("[2001:db8::1]"), "not an address" },
		{ BYTES("192.0.2.01"), "not an address" },
		{ BYTES("192.0.2.0/33"), "not an address" },
		{ BYTES("192.0.2.0/ 24"), "not an address" },
		{ BYTES("192.0.2.1\0"), "not an address" },
		{ BYTES("\0"), "not an address" },
		{ BYTES("\xff\xfe"), "not an address" },
		{ BYTES("<html><body>192.0.2.1</body>"), "not an address" },
		{ BYTES("http://192.0.2.1/"), "not an address" },
		{ BYTES("a b c d 192.0.2.1"), "not an address" },
		{ BYTES("2026-01-01;192.0.2.1"), "not an address" },
		{ BYTES("-"), "not an address" },
		{ BYTES("-192.0.2.1"), "not an address" },
		{ BYTES("192.0.2.0-255"), "not an address" },
		{ BYTES("192.0.2.0-192.0.2.256"), "not an address" },
		{ BYTES("192.0.2.0-192.0.2.254"),
		    "a range that is no network" },
		{ BYTES("192.0.2.255-192.0.2.0"),
		    "a range that is no network" },
		{ BYTES("192.0.2.0/24-192.0.2.255"),
		    "a range that is no network" },
		{ BYTES("192.0.2.0 - 2001:db8::1"),
		    "a range that is no network" },
		{ BYTES("192.0.2.1,198.51.100.7,443"), "two addresses" },
		{ BYTES("192.0.2.0\t192.0.2.255"), "two addresses" },
		{ BYTES("192.0.2.0\t192.0.2.255\t23"), "two addresses" },
		{ BYTES("192.0.2.0\t192.0.2.254\t24"), "two addresses" },
		{ BYTES("192.0.2.0\t192.0.2.255\t2424"), "two addresses" },
		{ BYTES("192.0.2.0 255.255.255.0"), "two addresses" },
		{ BYTES("{\"cidr\":\"example.org\"}"), "not an address" },
		{ BYTES("{\"cidr\":[\"192.0.2.1\"]}"), "not an address" },
		{ BYTES("{\"x\":{\"ip\":\"192.0.2.1\"}}"), "not an address" },
		{ BYTES("{\"cidr\":\"192.0.2.1\\u0000\"}"), "not an address" },
		{ BYTES("{\"cidr\":\"\"}"), "not an address" },
		{ BYTES("{\"type\":[\"metadata\"]}"), "not an address" },
		{ BYTES("{}"), "not an address" },
		{ BYTES("{\"ip\":\"192.0.2.1\"},"), "not JSON" },
		{ BYTES("{\"ip\":\"192.0.2.1\""), "not JSON" },
		{ BYTES("{"), "not JSON" },
		{ BYTES("{\"ip\":\"192.0.2.1\"}\0"), "not UTF-8" },
		{ BYTES("{\"\xff\":1}"), "not UTF-8" },
		{ BYTES("[{\"ip\":\"192.0.2.1\"}]"), "not an address" },
	};
	struct address a;
	const char *why;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		why = NULL;
		if (read_line(rows[i].line, rows[i].len, &a, &why) !=
		    REBAN_LIST_BAD)
			fail_msg("%s is taken", rows[i].line);
		assert_string_equal(why, rows[i].why);
	}
}

static void
a_long_line_is_read_for_its_first_words(void **state)
{
	static char line[1 << 20];
	struct address a;
	const char *why = NULL;
	size_t len;

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "192.0.2.1,", 10);
	assert_int_equal(reban_list_read(line, sizeof(line), &a, &why),
	    REBAN_LIST_ADDRESS);
	memset(line, ' ', sizeof(line));
	memcpy(line, "{\"ip\":\"192.0.2.1\"}", 18);
	for (len = REBAN_LIST_JSON; len <= REBAN_LIST_JSON + 1; len++)
		assert_int_equal(reban_list_read(line, len, &a, &why),
		    len == REBAN_LIST_JSON ? REBAN_LIST_ADDRESS :
					     REBAN_LIST_BAD);
	assert_string_equal(why, "too long");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_says_an_address),
		cmocka_unit_test(a_line_says_nothing),
		cmocka_unit_test(a_bad_line_comes_with_a_reason),
		cmocka_unit_test(a_long_line_is_read_for_its_first_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
