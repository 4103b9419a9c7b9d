/* SPDX-License-Identifier: GPL-2.0-or-later */
/* figures/id_list: each address and network once, in order, and networks that
 * are joined. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "figures/id_list.h"

static void
add(struct id_list *list, const char *text, int64_t last_us)
{
	struct id_list_entry entry = {
		.bans = 1,
		.failures = 2,
		.last_us = last_us,
		.categories = 1u << last_us % 20,
	};
	struct err e;

	assert_true(address_parse(text, strlen(text), &entry.net));
	assert_int_equal(id_list_add(list, &entry, &e), 0);
}

/* Add the words of a text. */
static struct id_list
list_of(const char *words)
{
	struct id_list list = { 0 };
	char text[400], *rest = text;

	snprintf(text, sizeof(text), "%s", words);
	for (int i = 0; rest != NULL && *rest != '\0'; i++)
		add(&list, strsep(&rest, " "), i);
	id_list_sort(&list);
	return list;
}

/* Assert that the list has these networks, and free it. */
static void
assert_list(struct id_list *list, const char *expected)
{
	char text[800] = "", net[ADDRESS_TEXT];

	for (size_t i = 0; i < list->n; i++)
		sprintf(text + strlen(text), "%s%s", i > 0 ? " " : "",
		    address_print(&list->entries[i].net, net));
	assert_string_equal(text, expected);
	id_list_free(list);
}

static void
a_list_is_sorted_and_has_each_id_once(void **state)
{
	static const struct {
		const char *words, *expected;
	} rows[] = {
		{ "", "" },
		{ "192.0.2.10 192.0.2.9 192.0.2.10", "192.0.2.9 192.0.2.10" },
		{ "2001:db8::2 2001:db8::1 192.0.2.1",
		    "192.0.2.1 2001:db8::1 2001:db8::2" },
		/* Two spellings are one address. */
		{ "2001:DB8:0::1 2001:db8::1 ::ffff:192.0.2.1 192.0.2.1",
		    "192.0.2.1 2001:db8::1" },
		{ "192.0.2.0 192.0.2.0/24 192.0.2.0/25 192.0.2.5/24",
		    "192.0.2.0/24 192.0.2.0/25 192.0.2.0" },
	};
	struct id_list list;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		list = list_of(rows[i].words);
		assert_list(&list, rows[i].expected);
	}
}

static void
the_bans_of_an_id_are_summed_up(void **state)
{
	struct id_list list =
	    list_of("192.0.2.1 192.0.2.2 192.0.2.1 192.0.2.3 192.0.2.1");

	(void)state;
	assert_int_equal(list.n, 3);
	assert_int_equal(list.entries[0].bans, 3);
	assert_int_equal(list.entries[0].failures, 6);
	assert_int_equal(list.entries[0].last_us, 4);
	assert_int_equal(list.entries[0].categories, 1 | 1 << 2 | 1 << 4);
	assert_int_equal(list.entries[1].bans, 1);
	id_list_need(&list, 2);
	assert_list(&list, "192.0.2.1");
}

static void
many_bans_of_few_ids_take_no_more_memory(void **state)
{
	struct id_list list = { 0 };
	char text[40];

	(void)state;
	for (int i = 0; i < 100000; i++) {
		snprintf(text, sizeof(text), "192.0.2.%d", i % 100);
		add(&list, text, i);
	}
	id_list_sort(&list);
	assert_int_equal(list.n, 100);
	assert_int_equal(list.entries[0].bans, 1000);
	assert_true(list.room < 1000);
	id_list_free(&list);
}

static void
only_the_ids_that_were_banned_last_are_kept(void **state)
{
	struct id_list list =
	    list_of("192.0.2.9 192.0.2.3 192.0.2.5 192.0.2.1 192.0.2.9");

	(void)state;
	id_list_keep_latest(&list, 9);
	assert_int_equal(list.n, 4);
	id_list_keep_latest(&list, 2);
	assert_list(&list, "192.0.2.1 192.0.2.9");
}

static void
what_a_network_of_the_list_holds_is_dropped(void **state)
{
	struct id_list list = list_of(
	    "192.0.2.0/24 192.0.2.1 192.0.2.128/25 "
	    "192.0.3.0 2001:db8::/32 2001:db8:1::1");

	(void)state;
	id_list_drop_contained(&list);
	assert_list(&list, "192.0.2.0/24 192.0.3.0 2001:db8::/32");
}

static void
networks_are_joined_so_that_no_address_is_added(void **state)
{
	static const struct {
		const char *words, *expected;
	} rows[] = {
		{ "192.0.2.0/25 192.0.2.128/25", "192.0.2.0/24" },
		{ "192.0.2.128/25 192.0.2.0/25 192.0.2.7", "192.0.2.0/24" },
		{ "192.0.2.0 192.0.2.1 192.0.2.2 192.0.2.3", "192.0.2.0/30" },
		/* These are neighbours, but no halves of a network. */
		{ "192.0.2.1 192.0.2.2", "192.0.2.1 192.0.2.2" },
		{ "192.0.3.0/24 192.0.4.0/24", "192.0.3.0/24 192.0.4.0/24" },
		{ "192.0.2.0/25 192.0.2.128/26",
		    "192.0.2.0/25 192.0.2.128/26" },
		/* What is joined last makes all of it one. */
		{ "192.0.2.0/26 192.0.2.64/27 192.0.2.96/28 192.0.2.112/28 "
		  "192.0.2.128/25",
		    "192.0.2.0/24" },
		{ "2001:db8::/33 2001:db8:8000::/33", "2001:db8::/32" },
		{ "0.0.0.0/1 128.0.0.0/1 ::/1 8000::/1", "0.0.0.0/0 ::/0" },
		{ "0.0.0.0/0 192.0.2.1 ::/0", "0.0.0.0/0 ::/0" },
		{ "", "" },
	};
	struct id_list list;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		list = list_of(rows[i].words);
		id_list_aggregate(&list);
		assert_list(&list, rows[i].expected);
	}
}

/* The networks cover just the same addresses of a /24, for any set of them. */
static void
any_list_covers_the_same_addresses_when_it_is_joined(void **state)
{
	unsigned random = 1;

	(void)state;
	for (int round = 0; round < 500; round++) {
		bool banned[256] = { false };
		struct id_list list = { 0 };

		for (int i = 0; i < 60; i++) {
			int bits, at, size;
			char text[40];

			random = random * 1103515245u + 12345u;
			bits = 26 + (int)(random >> 16) % 7;
			size = 1 << (32 - bits);
			at = (int)(random >> 8) % 256 / size * size;
			snprintf(text, sizeof(text), "192.0.2.%d/%d", at, bits);
			add(&list, text, i);
			memset(&banned[at], true, (size_t)size);
		}
		id_list_sort(&list);
		id_list_aggregate(&list);
		for (size_t i = 0; i < list.n; i++) {
			const struct address *net = &list.entries[i].net;
			size_t size = (size_t)1 << (32 - net->bits);

			/* No address is in two of them, and none is added. */
			for (size_t k = 0; k < size; k++) {
				assert_true(banned[net->bytes[3] + k]);
				banned[net->bytes[3] + k] = false;
			}
			assert_true(i == 0 ||
			    list.entries[i - 1].net.bits != net->bits ||
			    list.entries[i - 1].net.bytes[3] / size / 2 !=
				net->bytes[3] / size / 2);
		}
		for (int i = 0; i < 256; i++)
			assert_false(banned[i]);
		id_list_free(&list);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_sorted_and_has_each_id_once),
		cmocka_unit_test(the_bans_of_an_id_are_summed_up),
		cmocka_unit_test(many_bans_of_few_ids_take_no_more_memory),
		cmocka_unit_test(only_the_ids_that_were_banned_last_are_kept),
		cmocka_unit_test(what_a_network_of_the_list_holds_is_dropped),
		cmocka_unit_test(
		    networks_are_joined_so_that_no_address_is_added),
		cmocka_unit_test(
		    any_list_covers_the_same_addresses_when_it_is_joined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
