/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/utf8: which bytes are UTF-8, and the repair of others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/utf8.h"
#include "watched.h"

#define BYTES(s) s, sizeof(s) - 1

/* Compute the length of the first character of s by arithmetic. */
static size_t
utf8_by_arithmetic(const unsigned char *s, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	static const unsigned char marks[] = { 0, 0, 0xc0, 0xe0, 0xf0, 0xf8 };
	uint32_t c;
	size_t n, i;

	if (len > 0 && s[0] < 0x80)
		return 1;
	for (n = 2; n <= 4 && n <= len; n++) {
		if (s[0] < marks[n] || s[0] >= marks[n + 1])
			continue;
		c = s[0] - marks[n];
		for (i = 1; i < n && (s[i] & 0xc0) == 0x80; i++)
			c = c << 6 | (s[i] & 0x3f);
		return i == n && c >= least[n] && c <= 0x10ffff &&
			(c < 0xd800 || c > 0xdfff) ?
		    n :
		    0;
	}
	return 0;
}

static void
valid_utf8_is_that_of_rfc_3629(void **state)
{
	static const unsigned char bounds[] = { 0x00, 0x7f, 0x80, 0x8f, 0x90,
		0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec,
		0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff };
	enum { N = ARRAY_LEN(bounds) };
	unsigned char s[4];
	size_t i, len;

	(void)state;
	for (i = 0; i < (size_t)N * N * N * N; i++) {
		s[0] = bounds[i / N / N / N];
		s[1] = bounds[i / N / N % N];
		s[2] = bounds[i / N % N];
		s[3] = bounds[i % N];
		for (len = 0; len <= 4; len++) {
			if (utf8_length((const char *)s, len) !=
			    utf8_by_arithmetic(s, len))
				fail_msg("%02x %02x %02x %02x of %zu", s[0],
				    s[1], s[2], s[3], len);
		}
	}
}

static void
each_byte_that_is_no_utf8_is_replaced(void **state)
{
#define R "\xef\xbf\xbd"
	static const struct {
		const char *bytes;
		size_t len;
		const char *expected;
	} rows[] = {
		{ BYTES(""), "" },
		{ BYTES("plain\n\x1b"), "plain\n\x1b" },
		{ BYTES("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
		    "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ BYTES("a\0b"), "a" R "b" },
		{ BYTES("\0"), R },
		/* Overlong: of '/', of NUL, of U+07FF, of U+FFFF. */
		{ BYTES("\xc0\xaf"), R R },
		{ BYTES("\xc0\x80"), R R },
		{ BYTES("\xe0\x9f\xbf"), R R R },
		{ BYTES("\xf0\x8f\xbf\xbf"), R R R R },
		/* Surrogates, and their neighbours. */
		{ BYTES("\xed\x9f\xbf"), "\xed\x9f\xbf" },
		{ BYTES("\xed\xa0\x80"), R R R },
		{ BYTES("\xed\xbf\xbf"), R R R },
		{ BYTES("\xee\x80\x80"), "\xee\x80\x80" },
		/* U+10FFFF, and code points above it. */
		{ BYTES("\xf4\x8f\xbf\xbf"), "\xf4\x8f\xbf\xbf" },
		{ BYTES("\xf4\x90\x80\x80"), R R R R },
		{ BYTES("\xf5\x80\x80\x80"), R R R R },
		{ BYTES("\xfe\xff"), R R },
		/* Cut off by the end or by another character. */
		{ BYTES("\xc3"), R },
		{ BYTES("\xe2\x82"), R R },
		{ BYTES("\xf0\x9f\x98"), R R R },
		{ BYTES("\xe2\x82x"), R R "x" },
		{ BYTES("\xf0\x9f\xc3\xa9"), R R "\xc3\xa9" },
		{ BYTES("\x80\xbf"), R R },
		/* Latin-1. */
		{ BYTES("M\xfcller"), "M" R "ller" },
	};
	size_t i, n;
	char *in, *out;
	bool same;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		in = watched_copy(rows[i].bytes, rows[i].len);
		out = utf8_mend(in, rows[i].len, &n);
		assert_non_null(out);
		assert_string_equal(out, rows[i].expected);
		assert_int_equal(n, strlen(rows[i].expected));
		assert_true(utf8_is_valid(out, n));
		same = n == rows[i].len && memcmp(out, in, n) == 0;
		assert_int_equal(utf8_is_valid(in, rows[i].len), same);
		free(out);
		out = utf8_mend(in, rows[i].len, NULL);
		assert_string_equal(out, rows[i].expected);
		free(out);
		free(in);
	}
#undef R
}

static void
an_impossible_length_fails_for_lack_of_memory(void **state)
{
	(void)state;
	assert_null(utf8_mend("", SIZE_MAX, NULL));
	assert_null(utf8_mend("", SIZE_MAX / 3, NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid_utf8_is_that_of_rfc_3629),
		cmocka_unit_test(each_byte_that_is_no_utf8_is_replaced),
		cmocka_unit_test(an_impossible_length_fails_for_lack_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
