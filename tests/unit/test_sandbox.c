/* SPDX-License-Identifier: GPL-2.0-or-later */
/* os/sandbox: a child enters the sandbox and tries forbidden things. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/macros.h"
#include "os/sandbox.h"
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
	/* The program's exit status 0 means that it was started. */
	execl("/bin/true", "true", (char *)NULL);
	return false;
}

static bool
reads_a_file_outside(struct scratch *s)
{
	return open(scratch_path(s, "there"), O_RDONLY) >= 0;
}

/* Return 0 when the child could, 1 when it could not, 2 without a sandbox. */
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
a_process_in_the_sandbox_writes_only_in_its_folders(void **state)
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
		/* 2: this kernel or this build has no Landlock. */
		if (got != 2 && got != !rows[i].allowed)
			fail_msg("row %zu: %d", i, got);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_unit_test(
		    a_process_in_the_sandbox_writes_only_in_its_folders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
