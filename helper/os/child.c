/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "os/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

/* Take back what a program's start does not: ignored and blocked signals. */
static void
reset_signals(void)
{
	static const int changed[] = { SIGPIPE, SIGXFSZ, SIGXCPU, SIGBUS,
		SIGTERM, SIGINT, SIGHUP, SIGALRM };
	sigset_t none;

	for (size_t i = 0; i < sizeof(changed) / sizeof(changed[0]); i++)
		signal(changed[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A process has no more files, unless its soft limit was raised. */
#define FILES 1024

/*
 * Make the standard files /dev/null, and close all others, also those that this
 * program was started with: whoever waits for the end of such a pipe would wait
 * for the new process. Return false where that fails.
 */
static bool
let_go_of_files(void)
{
	for (int fd = 0; fd < FILES; fd++)
		close(fd);
	return open("/dev/null", O_RDWR) == 0 && dup(0) == 1 && dup(0) == 2;
}

int
child_leave(struct err *e)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return err_errno(e, EX_OSERR, "fork");
	if (pid > 0) {
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			continue;
		return 0;
	}
	/* The process that this one makes belongs to init. */
	if (setsid() < 0 || fork() != 0)
		_exit(0);
	if (!let_go_of_files())
		_exit(EX_OSERR);
	reset_signals();
	return 1;
}

int
child_begin(struct child *child, struct err *e)
{
	int ends[2];

	*child = (struct child){ .fd = -1 };
	if (pipe(ends) != 0)
		return err_errno(e, EX_OSERR, "pipe");
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	if ((child->pid = fork()) < 0) {
		err_errno(e, EX_OSERR, "fork");
		close(ends[0]);
		close(ends[1]);
		child->pid = 0;
		return -1;
	}
	if (child->pid == 0) {
		if (dup2(ends[1], STDOUT_FILENO) < 0 ||
		    fcntl(STDOUT_FILENO, F_SETFD, 0) != 0)
			_exit(EX_OSERR);
		reset_signals();
		return 1;
	}
	close(ends[1]);
	child->fd = ends[0];
	return 0;
}

int
child_wait(struct child *child, struct err *e)
{
	int status;

	if (child->pid == 0)
		return 0;
	while (waitpid(child->pid, &status, 0) < 0) {
		if (errno != EINTR)
			return err_errno(e, EX_OSERR, "wait for a child");
	}
	child->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void
child_stop(const struct child *child)
{
	if (child->pid > 0)
		kill(child->pid, SIGTERM);
}
