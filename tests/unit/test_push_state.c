/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a machine knows of its pushes: the file, and what may lie in its place.
 */
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "archive/copy/push_state.h"
#include "scratch.h"

#define HOST "0b2f7a10-4c5d-4e6f-8a9b-0123456789ab"
#define ID "00112233445566778899aabbccddeeff"

static const struct push_state full = {
	.host = HOST,
	.archive = ID,
	.token = "a1",
	.next = "b2",
	.pushed_us = 1795458480123456,
	.rev = 7,
	.tried_us = 1795458490000000,
	.failed_us = 1795458485000000,
	.error = "host db: connection refused \\x1b \xc3\xa9",
};

static void
assert_state(const struct push_state *got, const struct push_state *wanted)
{
	assert_string_equal(got->host, wanted->host);
	assert_string_equal(got->archive, wanted->archive);
	assert_string_equal(got->token, wanted->token);
	assert_string_equal(got->next, wanted->next);
	assert_string_equal(got->error, wanted->error);
	assert_int_equal(got->pushed_us, wanted->pushed_us);
	assert_int_equal(got->rev, wanted->rev);
	assert_int_equal(got->tried_us, wanted->tried_us);
	assert_int_equal(got->failed_us, wanted->failed_us);
}

static void
what_is_saved_is_loaded_again(void **state)
{
	const char *path = scratch_path(*state, "an archive");
	struct push_state got;
	struct err e = { .text = "" };
	struct stat st;

	assert_ok(push_state_save(&full, path, &e), &e);
	assert_ok(push_state_load(&got, path, &e), &e);
	assert_state(&got, &full);
	assert_int_equal(stat(scratch_path(*state, "an archive.push"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_not_equal(
	    access(scratch_path(*state, "an archive.push-new"), F_OK), 0);
}

static void
nothing_is_known_without_a_file(void **state)
{
	struct push_state got, none;
	struct err e = { .text = "" };

	push_state_init(&none);
	assert_ok(push_state_load(&got, scratch_path(*state, "a"), &e), &e);
	assert_state(&got, &none);
	assert_ok(push_state_save(&none, scratch_path(*state, "a"), &e), &e);
	assert_ok(push_state_load(&got, scratch_path(*state, "a"), &e), &e);
	assert_state(&got, &none);
}

static void
what_a_killed_push_left_is_replaced(void **state)
{
	const char *path = scratch_path(*state, "a");
	struct push_state got;
	struct err e = { .text = "" };

	scratch_write(scratch_path(*state, "a.push-new"), "host", 4);
	assert_ok(push_state_save(&full, path, &e), &e);
	assert_ok(push_state_load(&got, path, &e), &e);
	assert_state(&got, &full);
}

static void
an_error_is_one_safe_line(void **state)
{
	const char *path = scratch_path(*state, "a");
	struct push_state odd = full, got;
	struct err e = { .text = "" };

	memset(odd.error, '\n', sizeof(odd.error) - 1);
	memcpy(odd.error, "bad\nrev 99\n\x1b[31m", 16);
	assert_ok(push_state_save(&odd, path, &e), &e);
	assert_ok(push_state_load(&got, path, &e), &e);
	assert_int_equal(got.rev, 7);
	assert_null(strchr(got.error, '\n'));
	assert_null(strchr(got.error, '\x1b'));
	assert_memory_equal(got.error, "bad\\x0arev 99", 13);
}

static void
a_value_that_is_no_such_thing_counts_as_missing(void **state)
{
	static const char *const bad[] = {
		"host 0b2f7a10-4c5d-4e6f-8a9b-0123456789AB\n",
		"host 0b2f7a10-4c5d-4e6f-8a9b-0123456789\n",
		"host 0b2f7a1004c5d-4e6f-8a9b-0123456789abc\n",
		"host \n",
		"host\n",
		" host " HOST "\n",
		"host  " HOST "\n",
		"host " HOST " \n",
		"Host " HOST "\n",
		"hosts " HOST "\n",
		"host " HOST, /* cut off */
		"archive a b\n",
		"archive 0123456789012345678901234567890123456789012345678901"
		"234567890123\n",
		"token '; DROP\n",
		"next \xff\n",
		"rev -1\n",
		"rev 9223372036854775808\n",
		"rev 99999999999999999999999999999999999\n",
		"rev 0x10\n",
		"rev 1 \n",
		"rev\n",
		"pushed_us 1.5\n",
		"tried_us \n",
		"failed_us soon\n",
		"error \x1b[31m\n",
		"error \xff\n",
		"error \xe2\x80\xae\n",
		"\n\n \n",
	};
	struct push_state got, none;

	(void)state;
	push_state_init(&none);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		push_state_parse(&got, bad[i], strlen(bad[i]));
		assert_state(&got, &none);
	}
	push_state_parse(&got, "rev 1\0\n", 7);
	assert_int_equal(got.rev, UNKNOWN);
	push_state_parse(&got, "x", 0);
	assert_state(&got, &none);
}

static void
the_lines_around_a_damaged_one_count(void **state)
{
	static const char text[] =
	    "later things\nrev 3\nrev x\ntoken a\0b\n"
	    "host " HOST "\nrev 4\ntoken";
	struct push_state got;

	(void)state;
	push_state_parse(&got, text, sizeof(text) - 1);
	assert_int_equal(got.rev, 4);
	assert_string_equal(got.host, HOST);
	assert_string_equal(got.token, "");
}

static void
what_is_no_file_of_push_is_refused(void **state)
{
	const char *path = scratch_path(*state, "a");
	const char *file = scratch_path(*state, "a.push");
	char *large = calloc(1, 70000);
	struct push_state got;
	struct err e = { .text = "" };

	assert_int_equal(mkdir(file, 0700), 0);
	assert_int_equal(push_state_load(&got, path, &e), -1);
	assert_error(&e, EX_DATAERR, "a.push");
	assert_int_equal(rmdir(file), 0);
	assert_int_equal(symlink("/dev/zero", file), 0);
	assert_int_equal(push_state_load(&got, path, &e), -1);
	assert_error(&e, EX_DATAERR, "symbolic link");
	assert_int_equal(unlink(file), 0);
	assert_int_equal(mkfifo(file, 0600), 0);
	assert_int_equal(push_state_load(&got, path, &e), -1);
	assert_error(&e, EX_DATAERR, "a.push");
	assert_int_equal(unlink(file), 0);
	scratch_write(file, large, 70000);
	free(large);
	assert_int_equal(push_state_load(&got, path, &e), -1);
	assert_error(&e, EX_DATAERR, "a.push");
}

static void
a_folder_that_is_not_there_is_an_error(void **state)
{
	struct err e = { .text = "" };

	assert_int_equal(
	    push_state_save(&full, scratch_path(*state, "no/a"), &e), -1);
	assert_error(&e, EX_IOERR, "no/a.push");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_unit_test(what_is_saved_is_loaded_again),
		scratch_unit_test(nothing_is_known_without_a_file),
		scratch_unit_test(what_a_killed_push_left_is_replaced),
		scratch_unit_test(an_error_is_one_safe_line),
		cmocka_unit_test(
		    a_value_that_is_no_such_thing_counts_as_missing),
		cmocka_unit_test(the_lines_around_a_damaged_one_count),
		scratch_unit_test(what_is_no_file_of_push_is_refused),
		scratch_unit_test(a_folder_that_is_not_there_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
