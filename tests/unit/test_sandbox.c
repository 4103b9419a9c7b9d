/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A child is confined, and tries what it must not do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "os/sandbox.h"
#include "base/macros.h"
#include "scratch.h"

typedef bool try_fn(struct scratch *s);

static bool
makes(struct scratch *s, const char *name)
{
	int fd = open(scratch_path(s, name), O_WRONLY | O_CREAT, 0600);

	return fd >= 0 && write(fd, "x", 1) == 1;
}

static bool
makes_a_file_inside(struct scratch *s)
{
	return makes(s, "in/new") &&
	    rename(scratch_path(s, "in/new"), scratch_path(s, "in/other")) == 0;
}

static bool
makes_a_file_outside(struct scratch *s)
{
	return makes(s, "new");
}

static bool
writes_a_file_outside(struct scratch *s)
{
	return makes(s, "there");
}

static bool
removes_a_file_outside(struct scratch *s)
{
	return unlink(scratch_path(s, "there")) == 0;
}

static bool
makes_a_folder_inside(struct scratch *s)
{
	return mkdir(scratch_path(s, "in/folder"), 0700) == 0;
}

static bool
starts_a_program(struct scratch *s)
{
	(void)s;
	/* What it ends with means that it was started. */
	execl("/bin/true", "true", (char *)NULL);
	return false;
}

static bool
reads_a_file_outside(struct scratch *s)
{
	return open(scratch_path(s, "there"), O_RDONLY) >= 0;
}

/* What the child ends with: 0 it could, 1 it could not, 2 it is not confined.
 */
static int
attempt(struct scratch *s, try_fn *try)
{
	const char *folders[] = { scratch_path(s, "in"),
		scratch_path(s, "none") };
	pid_t pid = fork();
	int status;

	assert_int_not_equal(pid, -1);
	if (pid == 0)
		_exit(sandbox_enter(folders, ARRAY_LEN(folders)) ? !try(s) : 2);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
what_is_not_in_its_folders_is_refused(void **state)
{
	static const struct {
		try_fn *try;
		bool allowed;
	} rows[] = {
		{ makes_a_file_inside, true },
		{ reads_a_file_outside, true },
		{ makes_a_file_outside, false },
		{ writes_a_file_outside, false },
		{ removes_a_file_outside, false },
		{ makes_a_folder_inside, false },
		{ starts_a_program, false },
	};
	struct scratch *s = *state;
	int got;

	assert_int_equal(mkdir(scratch_path(s, "in"), 0700), 0);
	scratch_write(scratch_path(s, "there"), "x", 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		got = attempt(s, rows[i].try);
		/* 2: this kernel or this build cannot, and says so. */
		if (got != 2 && got != !rows[i].allowed)
			fail_msg("row %zu: %d", i, got);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_unit_test(what_is_not_in_its_folders_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
