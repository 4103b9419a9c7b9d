/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A clock for LD_PRELOAD: it is always the second that STILL_CLOCK names. So
 * two programs see the same bans at the same time.
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static time_t still;

/* The program forgets its environment. */
__attribute__((constructor)) static void
look(void)
{
	const char *text = getenv("STILL_CLOCK");

	still = text != NULL ? (time_t)atoll(text) : 0;
}

int
clock_gettime(clockid_t clock, struct timespec *t)
{
	int rc = (int)syscall(SYS_clock_gettime, clock, t);

	if (rc == 0 && clock == CLOCK_REALTIME && still != 0) {
		t->tv_sec = still;
		t->tv_nsec = 123456000;
	}
	return rc;
}
