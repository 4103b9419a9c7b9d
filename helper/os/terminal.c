/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "os/terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS 16
#define WIDTH 80
#define WIDTH_MAX 10000

struct terminal
terminal_of_output(void)
{
	struct terminal terminal = { .is = isatty(STDOUT_FILENO) == 1 };
	const char *columns = getenv("COLUMNS"), *no = getenv("NO_COLOR");
	const char *name = getenv("TERM");
	struct winsize size;
	long width = columns != NULL ? strtol(columns, NULL, 10) : 0;

	if (!terminal.is)
		return terminal;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		width = size.ws_col;
	if (width > WIDTH_MAX)
		width = WIDTH_MAX;
	terminal.width = width > 0 ? (size_t)width : WIDTH;
	terminal.colour = (no == NULL || *no == '\0') &&
	    (name == NULL || strcmp(name, "dumb") != 0);
	return terminal;
}

/* Copy standard input to standard output, where no pager can be started. */
static void
copy(void)
{
	char bytes[4096];
	ssize_t n;

	while ((n = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0) {
		for (ssize_t done = 0, some; done < n; done += some) {
			some = write(STDOUT_FILENO, bytes + done,
			    (size_t)(n - done));
			if (some < 0)
				return;
		}
	}
}

/*
 * Become the pager. more(1) is none that we choose: that of util-linux waits at
 * the end for a key, even where all has room on the screen.
 */
static void
become_pager(char *wanted)
{
	char *words[WORDS + 1] = { 0 };
	size_t n = 0;

	setenv("LESS", "FRX", 0);
	setenv("LV", "-c", 0);
	for (char *word = wanted != NULL ? strtok(wanted, " \t") : NULL;
	     word != NULL && n < WORDS; word = strtok(NULL, " \t"))
		words[n++] = word;
	if (n > 0)
		execvp(words[0], words);
	execlp("less", "less", (char *)NULL);
	copy();
	_exit(0);
}

/* The pager that is running, for the signal handler. */
static volatile pid_t running;

/*
 * Let the pager have the end of its input, and wait for it: it sets the
 * terminal right.
 */
static void
on_interrupt(int sig)
{
	close(STDOUT_FILENO);
	waitpid(running, NULL, 0);
	_exit(128 + sig);
}

pid_t
terminal_start_pager(void)
{
	const char *name = getenv("TERM");
	char *wanted = getenv("PAGER");
	int ends[2];
	pid_t pid;

	if ((name != NULL && strcmp(name, "dumb") == 0) ||
	    (wanted != NULL &&
		(wanted[strspn(wanted, " \t")] == '\0' ||
		    strcmp(wanted, "cat") == 0)) ||
	    pipe(ends) != 0)
		return 0;
	if ((pid = fork()) == 0) {
		dup2(ends[0], STDIN_FILENO);
		close(ends[0]);
		close(ends[1]);
		become_pager(wanted);
	}
	if (pid > 0 && dup2(ends[1], STDOUT_FILENO) >= 0) {
		running = pid;
		signal(SIGPIPE, SIG_IGN);
		signal(SIGINT, on_interrupt);
		signal(SIGTERM, on_interrupt);
	}
	close(ends[0]);
	close(ends[1]);
	return pid > 0 ? pid : 0;
}

void
terminal_end_pager(pid_t pager)
{
	if (pager == 0)
		return;
	close(STDOUT_FILENO);
	while (waitpid(pager, NULL, 0) < 0 && errno == EINTR)
		;
}
