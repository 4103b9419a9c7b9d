/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <sysexits.h>

#include "os/file_trust.h"
#include "scratch.h"

/* Make a folder of that mode in the scratch folder; return its path. */
static const char *
make_folder(struct scratch *s, const char *name, mode_t mode)
{
	const char *path = scratch_path(s, name);

	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

static void
refuses(const char *path, const char *why)
{
	struct err e;

	assert_int_equal(file_trust_check_folder(path, &e), -1);
	assert_error(&e, EX_NOPERM, why);
	assert_error(&e, EX_NOPERM, path);
}

static void
a_folder_of_ours_is_trusted(void **state)
{
	struct scratch *s = *state;
	struct err e;

	assert_ok(file_trust_check_folder(make_folder(s, "own", 0700), &e), &e);
	assert_ok(file_trust_check_folder(scratch_path(s, "own//"), &e), &e);
	assert_ok(file_trust_check_folder(scratch_path(s, "./own"), &e), &e);
	assert_ok(file_trust_check_folder(make_folder(s, "read", 0755), &e),
	    &e);
	assert_ok(file_trust_check_folder("/", &e), &e);
}

static void
a_folder_that_others_may_write_is_not_trusted(void **state)
{
	struct scratch *s = *state;

	refuses(make_folder(s, "group", 0770), "mode 770): choose a folder");
	refuses(make_folder(s, "world", 0707), "mode 707): choose a folder");
	refuses(make_folder(s, "sticky", 01777), "mode 777): choose a folder");
}

static void
a_folder_below_one_that_others_may_write_is_not_trusted(void **state)
{
	struct scratch *s = *state;
	struct err e;

	make_folder(s, "world", 0777);
	make_folder(s, "world/below", 0700);
	assert_int_equal(
	    file_trust_check_folder(scratch_path(s, "world/below"), &e), -1);
	assert_error(&e, EX_NOPERM, "/world: group or others");
}

static void
a_folder_below_one_like_tmp_is_trusted(void **state)
{
	struct scratch *s = *state;
	struct err e;

	make_folder(s, "tmp", 01777);
	make_folder(s, "tmp/below", 0700);
	assert_ok(file_trust_check_folder(scratch_path(s, "tmp/below"), &e),
	    &e);
}

static void
a_symbolic_link_is_not_followed(void **state)
{
	struct scratch *s = *state;
	struct err e;

	make_folder(s, "real", 0700);
	make_folder(s, "real/below", 0700);
	assert_int_equal(symlink("real", scratch_path(s, "link")), 0);
	refuses(scratch_path(s, "link"), "a symbolic link");
	assert_int_equal(
	    file_trust_check_folder(scratch_path(s, "link/below"), &e), -1);
	assert_error(&e, EX_NOPERM, "/link: a symbolic link");
}

static void
a_path_that_is_no_folder_is_refused(void **state)
{
	struct scratch *s = *state;
	struct err e;

	scratch_write(scratch_path(s, "file"), "x", 1);
	refuses(scratch_path(s, "file"), "not a folder");
	refuses("relative", "not an absolute path");
	refuses("", "not an absolute path");
	assert_int_equal(file_trust_check_folder(scratch_path(s, "none"), &e),
	    -1);
	assert_error(&e, EX_NOINPUT, "No such file");
}

static void
a_file_or_folder_of_another_user_is_not_trusted(void **state)
{
	static const struct {
		uid_t uid;
		mode_t mode;
		const char *why; /* NULL: trusted */
	} rows[] = {
		{ 0, S_IFREG | 0600, NULL },
		{ 0, S_IFREG | 0644, NULL },
		{ 0, S_IFREG | 0664, "(mode 664): chmod go-w it" },
		{ 0, S_IFREG | 0602, "(mode 602): chmod go-w it" },
		{ 12345, S_IFREG | 0600,
		    "user 12345, who could change it: run this as that user" },
		{ 12345, S_IFDIR | 0755,
		    "user 12345, who could change it: choose a folder" },
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct stat st = { .st_uid = rows[i].uid,
			.st_mode = rows[i].mode };

		if (rows[i].why == NULL) {
			assert_ok(file_trust_check("/a", &st, &e), &e);
			continue;
		}
		assert_int_equal(file_trust_check("/a", &st, &e), -1);
		assert_error(&e, EX_NOPERM, rows[i].why);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_unit_test(a_folder_of_ours_is_trusted),
		scratch_unit_test(
		    a_folder_that_others_may_write_is_not_trusted),
		scratch_unit_test(
		    a_folder_below_one_that_others_may_write_is_not_trusted),
		scratch_unit_test(a_folder_below_one_like_tmp_is_trusted),
		scratch_unit_test(a_symbolic_link_is_not_followed),
		scratch_unit_test(a_path_that_is_no_folder_is_refused),
		cmocka_unit_test(
		    a_file_or_folder_of_another_user_is_not_trusted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
