/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "os/clock.h"

#include <sys/sysinfo.h>
#include <time.h>

#include "base/macros.h"

int64_t
clock_wall_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
clock_steady_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
clock_uptime_s(void)
{
	struct sysinfo info;

	return sysinfo(&info) == 0 ? info.uptime : UNKNOWN;
}
