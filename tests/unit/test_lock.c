/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two processes, pipes between them, and the locks that keep them apart. */
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/lock.h"
#include "scratch.h"

#define LONG_MS 60000 /* never waited for */
#define SHORT_MS 30   /* always waited for */

static int
take(struct lock *lock, const char *path, int wait_ms, struct err *e)
{
	return lock_take(lock, path, wait_ms, NULL, e);
}

/* What the other process does, and what it says to us. */
struct other {
	pid_t pid;
	int says, hears; /* our ends of the pipes */
};

typedef void other_fn(const char *path, int says, int hears);

static void
say(int fd, char c)
{
	if (write(fd, &c, 1) != 1)
		_exit(EX_IOERR);
}

/* The next byte; 0 at the end. */
static char
hear(int fd)
{
	char c = 0;

	return read(fd, &c, 1) == 1 ? c : 0;
}

static void
start(struct other *o, other_fn *fn, const char *path)
{
	int from[2], to[2];

	assert_int_equal(pipe(from), 0);
	assert_int_equal(pipe(to), 0);
	assert_int_not_equal(o->pid = fork(), -1);
	if (o->pid == 0) {
		close(from[0]);
		close(to[1]);
		fn(path, from[1], to[0]);
		_exit(EX_OK);
	}
	close(from[1]);
	close(to[0]);
	o->says = from[0];
	o->hears = to[1];
}

/* Let the process go on to its end, or kill it; return its status. */
static int
finish(struct other *o, int sig)
{
	int status;

	if (sig != 0)
		assert_int_equal(kill(o->pid, sig), 0);
	close(o->hears);
	assert_int_equal(waitpid(o->pid, &status, 0), o->pid);
	close(o->says);
	return status;
}

/* Takes the lock and holds it until it is told to go on. */
static void
hold(const char *path, int says, int hears)
{
	struct lock lock = LOCK_INIT;

	if (take(&lock, path, 0, NULL) != 0)
		_exit(EX_TEMPFAIL);
	say(says, 'h');
	hear(hears);
	lock_release(&lock);
	say(says, 'r');
	hear(hears);
	lock_close(&lock);
}

static void
hold_alone(const char *path, int says, int hears)
{
	if (lock_alone(path, NULL) == -1)
		_exit(EX_TEMPFAIL);
	say(says, 'h');
	hear(hears);
}

/* Waits for the lock, and says so before it lets it go. */
static void
wait_for(const char *path, int says, int hears)
{
	struct lock lock = LOCK_INIT;

	(void)hears;
	if (take(&lock, path, LONG_MS, NULL) != 0)
		_exit(EX_TEMPFAIL);
	say(says, 'h');
	lock_close(&lock);
}

static void
two_processes_exclude_each_other(void **state)
{
	const char *path = scratch_path(*state, "archive");
	struct lock lock = LOCK_INIT;
	struct other o;
	struct err e = { .text = "" };

	start(&o, hold, path);
	assert_int_equal(hear(o.says), 'h');
	assert_int_equal(take(&lock, path, 0, &e), -1);
	assert_error(&e, EX_TEMPFAIL, "/archive: locked by another process");
	say(o.hears, 'g');
	assert_int_equal(hear(o.says), 'r');
	assert_ok(take(&lock, path, 0, &e), &e);
	assert_int_equal(finish(&o, 0), 0);

	/* And the other way round. */
	start(&o, hold, path);
	assert_int_equal(hear(o.says), 0);
	assert_int_equal(WEXITSTATUS(finish(&o, 0)), EX_TEMPFAIL);
	lock_release(&lock);
	start(&o, hold, path);
	assert_int_equal(hear(o.says), 'h');
	assert_int_equal(finish(&o, 0), 0);
	lock_close(&lock);
}

static void
at_the_deadline_it_is_given_up(void **state)
{
	const char *path = scratch_path(*state, "archive");
	struct lock lock = LOCK_INIT;
	struct other o;
	struct err e = { .text = "" };
	int i;

	start(&o, hold, path);
	assert_int_equal(hear(o.says), 'h');
	for (i = 0; i < 3; i++) {
		assert_int_equal(take(&lock, path, SHORT_MS, &e), -1);
		assert_error(&e, EX_TEMPFAIL, "for more than 30 ms");
	}
	/* Giving up lets the gate go: it stops nobody else. */
	assert_int_equal(flock(lock.gate, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(flock(lock.gate, LOCK_UN), 0);
	say(o.hears, 'g');
	assert_int_equal(hear(o.says), 'r');
	assert_ok(take(&lock, path, SHORT_MS, &e), &e);
	assert_int_equal(finish(&o, 0), 0);
	lock_close(&lock);
}

static void
what_is_left_of_the_time_is_told(void **state)
{
	const char *path = scratch_path(*state, "archive");
	struct lock lock = LOCK_INIT;
	struct err e = { .text = "" };
	int left = -1;

	assert_ok(lock_take(&lock, path, 0, &left, &e), &e);
	assert_int_equal(left, 0);
	lock_release(&lock);
	assert_ok(lock_take(&lock, path, LONG_MS, &left, &e), &e);
	assert_true(left >= 1 && left <= LONG_MS);
	lock_close(&lock);
}

static void
whoever_waits_at_the_gate_gives_up_too(void **state)
{
	struct scratch *s = *state;
	struct lock lock = LOCK_INIT;
	struct err e = { .text = "" };
	int gate =
	    open(scratch_path(s, "archive.gate"), O_RDWR | O_CREAT, 0600);

	assert_int_not_equal(gate, -1);
	assert_int_equal(flock(gate, LOCK_EX), 0);
	assert_int_equal(take(&lock, scratch_path(s, "archive"), SHORT_MS, &e),
	    -1);
	assert_error(&e, EX_TEMPFAIL, "for more than 30 ms");
	close(gate);
	assert_ok(take(&lock, scratch_path(s, "archive"), 0, &e), &e);
	lock_close(&lock);
}

static void
a_killed_holder_leaves_nothing(void **state)
{
	const char *path = scratch_path(*state, "archive");
	struct lock lock = LOCK_INIT;
	struct other o;
	struct err e = { .text = "" };

	start(&o, hold, path);
	assert_int_equal(hear(o.says), 'h');
	assert_int_equal(WTERMSIG(finish(&o, SIGKILL)), SIGKILL);
	assert_ok(take(&lock, path, 0, &e), &e);
	lock_close(&lock);
}

/*
 * Come back once the other process waits for the write lock: it has the gate
 * then, and nobody gets it from it.
 */
static void
until_the_gate_is_taken(int gate)
{
	long tries;

	for (tries = 0; tries < 10000000; tries++) {
		if (flock(gate, LOCK_EX | LOCK_NB) != 0) {
			assert_int_equal(errno, EWOULDBLOCK);
			return;
		}
		assert_int_equal(flock(gate, LOCK_UN), 0);
		sched_yield();
	}
	fail_msg("nobody waits at the gate");
}

static void
a_holder_that_takes_it_again_at_once_starves_nobody(void **state)
{
	const char *path = scratch_path(*state, "archive");
	struct lock lock = LOCK_INIT;
	struct other o;
	struct err e = { .text = "" };
	int i;

	for (i = 0; i < 20; i++) {
		assert_ok(take(&lock, path, LONG_MS, &e), &e);
		start(&o, wait_for, path);
		until_the_gate_is_taken(lock.gate);
		lock_release(&lock);
		assert_ok(take(&lock, path, LONG_MS, &e), &e);
		/* It had it meanwhile: what it said is there already. */
		assert_int_equal(fcntl(o.says, F_SETFL, O_NONBLOCK), 0);
		assert_int_equal(hear(o.says), 'h');
		lock_release(&lock);
		assert_int_equal(finish(&o, 0), 0);
	}
	lock_close(&lock);
}

static void
a_waiter_that_is_killed_leaves_the_gate(void **state)
{
	const char *path = scratch_path(*state, "archive");
	struct lock lock = LOCK_INIT;
	struct other o;
	struct err e = { .text = "" };

	assert_ok(take(&lock, path, 0, &e), &e);
	start(&o, wait_for, path);
	until_the_gate_is_taken(lock.gate);
	assert_int_equal(WTERMSIG(finish(&o, SIGKILL)), SIGKILL);
	lock_release(&lock);
	assert_ok(take(&lock, path, 0, &e), &e);
	lock_close(&lock);
}

static void
a_lock_is_wanted_while_another_process_waits_for_it(void **state)
{
	const char *path = scratch_path(*state, "archive");
	struct lock lock = LOCK_INIT;
	struct other o;
	struct err e = { .text = "" };
	int i, gate;

	assert_ok(take(&lock, path, 0, &e), &e);
	gate = open(scratch_path(*state, "archive.gate"), O_RDWR);
	assert_int_not_equal(gate, -1);
	for (i = 0; i < 3; i++) {
		assert_false(lock_is_wanted(&lock));
		/* Asking leaves the gate to whoever comes. */
		assert_int_equal(flock(gate, LOCK_EX | LOCK_NB), 0);
		assert_int_equal(flock(gate, LOCK_UN), 0);
		start(&o, wait_for, path);
		until_the_gate_is_taken(lock.gate);
		assert_true(lock_is_wanted(&lock));
		/* Asking changes nothing. */
		assert_true(lock_is_wanted(&lock));
		lock_release(&lock);
		assert_int_equal(hear(o.says), 'h');
		assert_false(lock_is_wanted(&lock));
		assert_int_equal(finish(&o, 0), 0);
		assert_ok(take(&lock, path, LONG_MS, &e), &e);
	}
	/* Nor does one want it who has given up, or does not wait. */
	start(&o, wait_for, path);
	until_the_gate_is_taken(lock.gate);
	assert_int_equal(WTERMSIG(finish(&o, SIGKILL)), SIGKILL);
	assert_false(lock_is_wanted(&lock));
	start(&o, hold, path);
	assert_int_equal(hear(o.says), 0);
	assert_int_equal(WEXITSTATUS(finish(&o, 0)), EX_TEMPFAIL);
	assert_false(lock_is_wanted(&lock));
	close(gate);
	lock_close(&lock);
}

static volatile sig_atomic_t alarms;

static void
count_alarm(int sig UNUSED)
{
	alarms++;
}

static void
waiting_leaves_the_alarm_as_it_was(void **state)
{
	const char *path = scratch_path(*state, "archive");
	struct sigaction action = { .sa_handler = count_alarm }, now;
	struct lock lock = LOCK_INIT;
	struct itimerval timer;
	struct other o;
	struct err e;

	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	start(&o, hold, path);
	assert_int_equal(hear(o.says), 'h');
	assert_int_equal(take(&lock, path, SHORT_MS, &e), -1);
	assert_int_equal(sigaction(SIGALRM, NULL, &now), 0);
	assert_true(now.sa_handler == count_alarm);
	assert_int_equal(getitimer(ITIMER_REAL, &timer), 0);
	assert_int_equal(timer.it_value.tv_sec, 0);
	assert_int_equal(timer.it_value.tv_usec, 0);
	assert_int_equal(alarms, 0);
	assert_int_equal(finish(&o, 0), 0);
	lock_close(&lock);
	signal(SIGALRM, SIG_DFL);
}

static void
the_lock_files_are_their_owners(void **state)
{
	struct scratch *s = *state;
	struct lock lock = LOCK_INIT;
	struct err e = { .text = "" };
	struct stat st;
	mode_t mask = umask(0);

	assert_ok(take(&lock, scratch_path(s, "archive"), 0, &e), &e);
	umask(mask);
	assert_int_equal(stat(scratch_path(s, "archive.gate"), &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(stat(scratch_path(s, "archive.write"), &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(stat(scratch_path(s, "archive"), &st), -1);
	assert_true(fcntl(lock.gate, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(lock.write, F_GETFD) & FD_CLOEXEC);
	lock_close(&lock);
	assert_int_equal(lock.gate, -1);
	assert_int_equal(lock.write, -1);
	lock_release(&lock);
	lock_close(&lock);
}

static void
locks_that_cannot_be_made_are_an_error(void **state)
{
	struct scratch *s = *state;
	struct lock lock = LOCK_INIT;
	struct err e = { .text = "" };
	char path[5000];

	assert_int_equal(take(&lock, scratch_path(s, "none/a"), 0, &e), -1);
	assert_error(&e, EX_CANTCREAT, "/none/a.gate: No such file");

	/* No link is followed to a file elsewhere. */
	assert_int_equal(symlink("target", scratch_path(s, "b.write")), 0);
	assert_int_equal(take(&lock, scratch_path(s, "b"), 0, &e), -1);
	assert_error(&e, EX_CANTCREAT, "/b.write: ");
	assert_int_equal(access(scratch_path(s, "target"), F_OK), -1);
	lock_close(&lock);

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(take(&lock, path, 0, &e), -1);
	assert_int_equal(e.code, EX_CANTCREAT);
	lock_close(&lock);
}

static void
one_process_is_alone(void **state)
{
	const char *path = scratch_path(*state, "reconcile.lock");
	struct other o;
	struct err e = { .text = "" };
	int fd;

	start(&o, hold_alone, path);
	assert_int_equal(hear(o.says), 'h');
	assert_int_equal(lock_alone(path, &e), -1);
	assert_error(&e, EX_TEMPFAIL, "reconcile.lock: held by another");
	assert_int_equal(finish(&o, SIGKILL), SIGKILL);
	assert_int_not_equal(fd = lock_alone(path, &e), -1);
	start(&o, hold_alone, path);
	assert_int_equal(hear(o.says), 0);
	assert_int_equal(WEXITSTATUS(finish(&o, 0)), EX_TEMPFAIL);
	close(fd);
	assert_int_not_equal(fd = lock_alone(path, &e), -1);
	close(fd);
}

static void
nobody_is_alone_where_no_file_can_be(void **state)
{
	struct err e;

	assert_int_equal(lock_alone(scratch_path(*state, "none/a"), &e), -1);
	assert_error(&e, EX_CANTCREAT, "/none/a: No such file");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_unit_test(two_processes_exclude_each_other),
		scratch_unit_test(at_the_deadline_it_is_given_up),
		scratch_unit_test(what_is_left_of_the_time_is_told),
		scratch_unit_test(whoever_waits_at_the_gate_gives_up_too),
		scratch_unit_test(a_killed_holder_leaves_nothing),
		scratch_unit_test(
		    a_holder_that_takes_it_again_at_once_starves_nobody),
		scratch_unit_test(a_waiter_that_is_killed_leaves_the_gate),
		scratch_unit_test(
		    a_lock_is_wanted_while_another_process_waits_for_it),
		scratch_unit_test(waiting_leaves_the_alarm_as_it_was),
		scratch_unit_test(the_lock_files_are_their_owners),
		scratch_unit_test(locks_that_cannot_be_made_are_an_error),
		scratch_unit_test(one_process_is_alone),
		scratch_unit_test(nobody_is_alone_where_no_file_can_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
