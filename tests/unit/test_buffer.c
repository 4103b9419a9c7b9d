/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/buffer: a text that grows keeps what was written, whatever its size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/macros.h"

/* The first room, as in buffer.c; each later one is twice as large. */
#define ROOM 256

/* Return byte i of a text in which neighbouring bytes differ. */
static char
byte_at(size_t i)
{
	return (char)('!' + i % 89);
}

static void
assert_bytes(const struct buffer *b, size_t len)
{
	assert_false(b->failed);
	assert_int_equal(b->len, len);
	assert_true(b->room > len);
	assert_int_equal(b->s[len], '\0');
	for (size_t i = 0; i < len; i++) {
		if (b->s[i] != byte_at(i))
			fail_msg("byte %zu of %zu", i, len);
	}
}

/* Append the next n bytes from a copy of just that length. */
static void
put_more(struct buffer *b, size_t n)
{
	char *piece = malloc(n + (n == 0));

	assert_non_null(piece);
	for (size_t i = 0; i < n; i++)
		piece[i] = byte_at(b->len + i);
	buffer_put(b, piece, n);
	free(piece);
}

static void
a_text_grows_with_each_write(void **state UNUSED)
{
	static const size_t sizes[] = { 0, 1, 2, ROOM - 2, ROOM - 1, ROOM,
		ROOM + 1, 2 * ROOM - 1, 2 * ROOM, 2 * ROOM + 1, 5000, 100000 };
	struct buffer b = { 0 };
	size_t len;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		put_more(&b, sizes[i]);
		assert_bytes(&b, sizes[i]);
		/* Append as many bytes again. */
		put_more(&b, sizes[i]);
		assert_bytes(&b, 2 * sizes[i]);
		buffer_free(&b);
	}
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		len = b.len;
		put_more(&b, sizes[i]);
		assert_bytes(&b, len + sizes[i]);
	}
	buffer_free(&b);
}

static void
a_byte_at_the_edge_of_the_room_makes_it_grow(void **state UNUSED)
{
	struct buffer b = { 0 };

	for (size_t i = 0; i < 5 * ROOM; i++) {
		buffer_putc(&b, byte_at(i));
		assert_int_equal(b.len, i + 1);
		assert_int_equal(b.s[i + 1], '\0');
	}
	assert_bytes(&b, 5 * ROOM);
	buffer_free(&b);

	/* Begin at each place before the edge, and on it. */
	for (size_t len = ROOM - 4; len < ROOM + 2; len++) {
		put_more(&b, len);
		for (size_t i = 0; i < 4; i++)
			buffer_putc(&b, byte_at(b.len));
		assert_bytes(&b, len + 4);
		buffer_free(&b);
	}
}

static void
bytes_texts_and_numbers_can_be_mixed(void **state UNUSED)
{
	struct buffer b = { 0 };

	buffer_puts(&b, "ab");
	buffer_putc(&b, 'c');
	buffer_put(&b, "defg", 1);
	buffer_puts(&b, "");
	buffer_put_number(&b, -10);
	buffer_put(&b, "", 0);
	assert_string_equal(b.s, "abcd-10");
	assert_int_equal(b.len, 7);
	/* A text may hold any byte. */
	buffer_put(&b, "\0x", 2);
	buffer_putc(&b, '\0');
	assert_int_equal(b.len, 10);
	assert_memory_equal(b.s, "abcd-10\0x\0", 11);
	buffer_free(&b);
}

static void
a_number_is_written_in_full(void **state UNUSED)
{
	static const int64_t numbers[] = { 0, 1, -1, 9, 10, -10, 99, 100,
		1795458480123456, -1795458480123456, INT32_MIN, UINT32_MAX,
		INT64_MAX, INT64_MAX - 1, -INT64_MAX, INT64_MIN };
	struct buffer b = { 0 };
	char expected[32];

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		snprintf(expected, sizeof(expected), "%lld",
		    (long long)numbers[i]);
		buffer_put_number(&b, numbers[i]);
		assert_string_equal(b.s, expected);
		buffer_cut(&b, 0);
	}
	/* The longest number ends at the edge of the room. */
	for (size_t len = ROOM - 22; len <= ROOM; len++) {
		buffer_cut(&b, 0);
		put_more(&b, len);
		buffer_put_number(&b, INT64_MIN);
		assert_int_equal(b.len, len + 20);
		assert_string_equal(b.s + len, "-9223372036854775808");
		buffer_free(&b);
	}
}

static void
a_cut_text_continues_where_it_was_cut(void **state UNUSED)
{
	struct buffer b = { 0 };

	buffer_cut(&b, 0);
	assert_null(b.s);
	put_more(&b, 1000);
	buffer_cut(&b, 1000);
	assert_bytes(&b, 1000);
	buffer_cut(&b, 700);
	assert_bytes(&b, 700);
	put_more(&b, 30);
	assert_bytes(&b, 730);
	buffer_cut(&b, 0);
	assert_bytes(&b, 0);
	assert_string_equal(b.s, "");
	buffer_puts(&b, "!\"#");
	assert_bytes(&b, 3);
	buffer_free(&b);
}

static void
a_taken_text_belongs_to_the_caller(void **state UNUSED)
{
	struct buffer b = { 0 };
	char *one, *two;

	buffer_puts(&b, "one");
	one = buffer_take(&b);
	assert_null(b.s);
	assert_int_equal(b.len, 0);
	assert_int_equal(b.room, 0);
	buffer_puts(&b, "two");
	two = buffer_take(&b);
	assert_string_equal(one, "one");
	assert_string_equal(two, "two");
	free(one);
	free(two);
}

static void
an_empty_buffer_gives_no_text(void **state UNUSED)
{
	struct buffer b = { 0 };
	char *empty;

	assert_null(buffer_take(&b));
	buffer_free(&b);
	assert_null(buffer_take(&b));
	/* After an empty text was written there is a text. */
	buffer_puts(&b, "");
	empty = buffer_take(&b);
	assert_string_equal(empty, "");
	free(empty);
	buffer_puts(&b, "x");
	buffer_cut(&b, 0);
	empty = buffer_take(&b);
	assert_string_equal(empty, "");
	free(empty);
	assert_null(buffer_take(&b));
}

static void
a_buffer_without_memory_gives_no_text(void **state UNUSED)
{
	struct buffer b = { 0 };
	char *text;

	buffer_puts(&b, "half of it");
	b.failed = true;
	buffer_puts(&b, "more");
	buffer_put_number(&b, 1);
	put_more(&b, 2 * ROOM);
	assert_string_equal(b.s, "half of it");
	assert_null(buffer_take(&b));
	/* Afterwards the buffer may be used again. */
	assert_false(b.failed);
	buffer_puts(&b, "again");
	text = buffer_take(&b);
	assert_string_equal(text, "again");
	free(text);

	b.failed = true;
	buffer_putc(&b, 'x');
	buffer_puts(&b, "x");
	assert_null(b.s);
	assert_null(buffer_take(&b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_grows_with_each_write),
		cmocka_unit_test(a_byte_at_the_edge_of_the_room_makes_it_grow),
		cmocka_unit_test(bytes_texts_and_numbers_can_be_mixed),
		cmocka_unit_test(a_number_is_written_in_full),
		cmocka_unit_test(a_cut_text_continues_where_it_was_cut),
		cmocka_unit_test(a_taken_text_belongs_to_the_caller),
		cmocka_unit_test(an_empty_buffer_gives_no_text),
		cmocka_unit_test(a_buffer_without_memory_gives_no_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
