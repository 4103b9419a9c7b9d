/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A clock for LD_PRELOAD: each look at CLOCK_MONOTONIC finds it 20 ms later. A
 * program that shows something after half a second then shows it at any speed.
 */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STEP_NS 20000000L
#define SECOND_NS 1000000000L

int
clock_gettime(clockid_t clock, struct timespec *t)
{
	static long looks;
	int rc = (int)syscall(SYS_clock_gettime, clock, t);

	if (rc == 0 && clock == CLOCK_MONOTONIC) {
		long ns = t->tv_nsec + ++looks * STEP_NS;

		t->tv_sec += ns / SECOND_NS;
		t->tv_nsec = ns % SECOND_NS;
	}
	return rc;
}
