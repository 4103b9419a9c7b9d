/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/list: an array keeps its items while it grows; a huge size fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/list.h"

static void
items_stay_while_their_array_grows(void **state)
{
	int *items = NULL, *grown;
	size_t room = 0;

	(void)state;
	for (size_t n = 0; n < 1000; n++) {
		grown = list_grow(items, &room, n + 1, sizeof(*items));
		assert_non_null(grown);
		items = grown;
		items[n] = (int)n;
	}
	assert_true(room >= 1000 && room < 2 * 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(items[i], i);
	free(items);
}

static void
an_array_with_room_stays_where_it_is(void **state)
{
	char *items, *same;
	size_t room = 0;

	(void)state;
	items = list_grow(NULL, &room, 100, 1);
	assert_non_null(items);
	same = list_grow(items, &room, 100, 1);
	assert_ptr_equal(items, same);
	free(items);
}

static void
an_impossible_size_leaves_the_array_unchanged(void **state)
{
	size_t room = 4, was = room;
	char *items = malloc(room * 16);

	(void)state;
	assert_non_null(items);
	assert_null(list_grow(items, &room, SIZE_MAX / 8, 16));
	assert_int_equal(room, was);
	free(items);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_stay_while_their_array_grows),
		cmocka_unit_test(an_array_with_room_stays_where_it_is),
		cmocka_unit_test(an_impossible_size_leaves_the_array_unchanged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
