/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clocks. Pure code gets the time as an argument and never reads it. */
#ifndef OS_CLOCK_H
#define OS_CLOCK_H

#include <stdint.h>

/* Return the wall clock's time in microseconds since the epoch. */
int64_t clock_wall_us(void);

/* Return milliseconds of CLOCK_MONOTONIC, which is never set: for deadlines. */
int64_t clock_steady_ms(void);

/*
 * Return for how many seconds the machine has run, sleep included (sysinfo(2));
 * UNKNOWN where the system does not say.
 */
int64_t clock_uptime_s(void);

#endif
