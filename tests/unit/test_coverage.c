/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A child process plays fail2ban: it gives its answers one after another. */
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macros.h"
#include "fail2ban/coverage.h"
#include "os/clock.h"

#define END "<F2B_END_COMMAND>"
#define LONG_MS 60000 /* never waited for */

/* The most answers of a fake server, and the most bytes of one. */
#define ANSWERS 8
#define BYTES 1024

/* A text, and a list of texts, as a pickle; each text is under 256 bytes. */
static size_t
put_text(char *to, const char *text)
{
	size_t len = strlen(text);

	to[0] = '\x8c';
	to[1] = (char)len;
	memcpy(to + 2, text, len);
	return len + 2;
}

/*
 * Write the answer that a row stands for: "S" a status with these jails, "L" a
 * list of the texts after blanks, "T" a text, "R" a refusal.
 */
static size_t
put_answer(char *to, const char *row)
{
	size_t at = 4, n = 0;
	char names[200], list[256] = "", *word, *rest;

	memcpy(to, row[0] == 'R' ? "\x80\x05K\x01" : "\x80\x05K\x00", 4);
	snprintf(names, sizeof(names), "%s", row + 1);
	if (row[0] == 'T') {
		at += put_text(to + at, row + 1);
	} else if (row[0] == 'L') {
		memcpy(to + at, "](", 2);
		at += 2;
		for (word = strtok_r(names, " ", &rest); word != NULL;
		     word = strtok_r(NULL, " ", &rest))
			at += put_text(to + at, word);
		to[at++] = 'e';
	} else if (row[0] == 'S') {
		for (word = strtok_r(names, " ", &rest); word != NULL;
		     word = strtok_r(NULL, " ", &rest), n++) {
			strcat(list, n > 0 ? ", " : "");
			strcat(list, word);
		}
		memcpy(to + at, "](", 2);
		at += 2;
		at += put_text(to + at, "Number of jail");
		to[at++] = 'K';
		to[at++] = (char)n;
		to[at++] = '\x86';
		at += put_text(to + at, "Jail list");
		at += put_text(to + at, list);
		memcpy(to + at,
		    "\x86"
		    "e",
		    2);
		at += 2;
	} else {
		to[at++] = 'N';
	}
	memcpy(to + at, "\x86." END, sizeof(END) + 1);
	return at + sizeof(END) + 1;
}

/* Answer each question with the next row; hang up when there is no more. */
static void
play(int fd, const char *const rows[ANSWERS])
{
	char answer[BYTES], last[sizeof(END) - 1] = "";

	for (size_t i = 0; i < ANSWERS && rows[i] != NULL; i++) {
		do {
			memmove(last, last + 1, sizeof(last) - 1);
			if (read(fd, &last[sizeof(last) - 1], 1) != 1)
				_exit(1);
		} while (memcmp(last, END, sizeof(last)) != 0);
		memset(last, 0, sizeof(last));
		if (send(fd, answer, put_answer(answer, rows[i]),
			MSG_NOSIGNAL) < 0)
			_exit(1);
	}
	_exit(0);
}

/* Ask a server that gives these answers. */
static int
ask(const char *const rows[ANSWERS], struct coverage *coverage, struct err *e)
{
	struct fail2ban_server server;
	int fds[2], rc;
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_not_equal(pid = fork(), -1);
	if (pid == 0) {
		close(fds[0]);
		play(fds[1], rows);
	}
	close(fds[1]);
	server.session = (struct fail2ban_session){ .fd = fds[0],
		.deadline_ms = clock_steady_ms() + LONG_MS };
	rc = coverage_ask(coverage, &server, e);
	fail2ban_server_close(&server);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return rc;
}

static void
a_jail_is_covered_when_its_action_can_be_run(void **state)
{
	static const struct {
		const char *const answers[ANSWERS];
		enum coverage_state state;
		const char *why;
		int reason;
	} rows[] = {
		{ { "Ssshd", "Lfail2ban-archive", "Tsshd", "T/bin/sh" },
		    COVERAGE_FULL, NULL, 0 },
		/* Another action is none of ours; ours may be one of many. */
		{ { "Ssshd", "Lnftables mail" }, COVERAGE_NONE, NULL, 0 },
		{ { "Ssshd", "L" }, COVERAGE_NONE, NULL, 0 },
		{ { "Ssshd", "Lnftables fail2ban-archive-a", "Tsshd",
		      "T/bin/sh" },
		    COVERAGE_FULL, NULL, 0 },
		{ { "Ssshd", "Lfail2ban-archive", "TSSH", "T/bin/sh" },
		    COVERAGE_RENAMED, "SSH", 0 },
		{ { "Ssshd", "Lfail2ban-archive", "Tsshd", "T/nonexistent/x" },
		    COVERAGE_BROKEN, "/nonexistent/x", ENOENT },
		/* A folder is executable, but cannot be run. */
		{ { "Ssshd", "Lfail2ban-archive", "Tsshd", "T/bin" },
		    COVERAGE_BROKEN, "/bin", EACCES },
		/* The worst of two counts, whichever comes first. */
		{ { "Ssshd", "Lfail2ban-archive", "TSSH", "T/nonexistent/x" },
		    COVERAGE_BROKEN, "/nonexistent/x", ENOENT },
		{ { "Ssshd", "Lfail2ban-archive-a fail2ban-archive-b", "Tsshd",
		      "T/nonexistent/x", "TSSH", "T/bin/sh" },
		    COVERAGE_BROKEN, "/nonexistent/x", ENOENT },
		/* The server does not say: the jail has just gone. */
		{ { "Ssshd", "R" }, COVERAGE_UNKNOWN, NULL, 0 },
		{ { "Ssshd", "Lfail2ban-archive", "R", "R" }, COVERAGE_UNKNOWN,
		    NULL, 0 },
		{ { "Ssshd" }, COVERAGE_UNKNOWN, NULL, 0 },
		{ { "Ssshd", "Lfail2ban-archive", "TSSH" }, COVERAGE_RENAMED,
		    "SSH", 0 },
	};
	struct coverage coverage;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct coverage_jail *jail;

		assert_int_equal(ask(rows[i].answers, &coverage, &e), 0);
		assert_int_equal(coverage.n, 1);
		jail = &coverage.jail[0];
		assert_string_equal(jail->jail, "sshd");
		if (jail->state != rows[i].state ||
		    jail->reason != rows[i].reason)
			fail_msg("row %zu: %d %d", i, jail->state,
			    jail->reason);
		if (rows[i].why == NULL)
			assert_null(jail->why);
		else
			assert_string_equal(jail->why, rows[i].why);
		coverage_free(&coverage);
	}
}

static void
the_jails_stand_in_order(void **state)
{
	static const char *const answers[ANSWERS] = { "Sb a",
		"Lfail2ban-archive", "Ta", "T/bin/sh", "L" };
	struct coverage coverage;
	struct err e;

	(void)state;
	assert_int_equal(ask(answers, &coverage, &e), 0);
	assert_int_equal(coverage.n, 2);
	assert_string_equal(coverage.jail[0].jail, "a");
	assert_int_equal(coverage.jail[0].state, COVERAGE_FULL);
	assert_string_equal(coverage.jail[1].jail, "b");
	assert_int_equal(coverage.jail[1].state, COVERAGE_NONE);
	coverage_free(&coverage);
}

static void
a_server_that_does_not_name_its_jails_is_a_failure(void **state)
{
	static const char *const refuses[ANSWERS] = { "R" };
	static const char *const hangs_up[ANSWERS] = { NULL };
	struct coverage coverage;
	struct err e;

	(void)state;
	assert_int_equal(ask(refuses, &coverage, &e), -1);
	assert_int_equal(e.code, EX_PROTOCOL);
	assert_int_equal(coverage.n, 0);
	assert_int_equal(ask(hangs_up, &coverage, &e), -1);
	assert_int_equal(e.code, EX_UNAVAILABLE);
	assert_int_equal(coverage.n, 0);
	coverage_free(&coverage);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_jail_is_covered_when_its_action_can_be_run),
		cmocka_unit_test(the_jails_stand_in_order),
		cmocka_unit_test(
		    a_server_that_does_not_name_its_jails_is_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
