/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slow_flush MILLISECONDS COMMAND...
 *
 * Runs the command, and makes each flush to disk that it or its children do
 * take so much longer. A seccomp filter reports these calls, and no others, to
 * this program. So it works for static programs as well, and all other calls
 * run at full speed. (seccomp_unotify(2))
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

struct filtered {
	char **command;
	int listener; /* reports its flushes; -1 on failure */
	pthread_barrier_t listens;
};

#define ASK_US_IF(call) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1), \
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF)

/* Filter this thread and its children; return the descriptor or -1. */
static int
install_filter(void)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		ASK_US_IF(SYS_fsync),
		ASK_US_IF(SYS_fdatasync),
		ASK_US_IF(SYS_msync),
		ASK_US_IF(SYS_sync_file_range),
		ASK_US_IF(SYS_sync),
		ASK_US_IF(SYS_syncfs),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {
		.len = sizeof(rules) / sizeof(rules[0]),
		.filter = rules,
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
}

/* Only this thread is filtered, so the other can answer. Ends the process. */
static void *
run_filtered(void *argument)
{
	struct filtered *f = argument;
	int status;
	pid_t pid;

	f->listener = install_filter();
	if (f->listener < 0)
		perror("slow_flush: seccomp");
	pthread_barrier_wait(&f->listens);
	if (f->listener < 0)
		exit(71);
	errno =
	    posix_spawnp(&pid, f->command[0], NULL, NULL, f->command, environ);
	if (errno != 0 || waitpid(pid, &status, 0) != pid) {
		perror(f->command[0]);
		exit(71);
	}
	exit(WIFEXITED(status) ? WEXITSTATUS(status) : 70);
}

/* Let each flush that is reported go on after the delay. */
static void
delay_flushes(int listener, long ms)
{
	struct timespec delay = { ms / 1000, ms % 1000 * 1000000 };

	for (;;) {
		struct seccomp_notif call = { 0 };
		struct seccomp_notif_resp answer = {
			.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE,
		};

		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0)
			continue;
		nanosleep(&delay, NULL);
		answer.id = call.id;
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
}

int
main(int argc, char **argv)
{
	struct filtered f = { .command = argv + 2 };
	pthread_t thread;

	if (argc < 3) {
		fprintf(stderr, "usage: slow_flush MILLISECONDS COMMAND...\n");
		return 64;
	}
	/* The delay is to be exact to the microsecond. */
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	pthread_barrier_init(&f.listens, NULL, 2);
	if (pthread_create(&thread, NULL, run_filtered, &f) != 0)
		return 71;
	pthread_barrier_wait(&f.listens);
	if (f.listener >= 0)
		delay_flushes(f.listener, strtol(argv[1], NULL, 10));
	pthread_join(thread, NULL);
	return 71;
}
