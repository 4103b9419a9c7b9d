/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What time it is. Pure rooms are told and do not ask. */
#ifndef OS_CLOCK_H
#define OS_CLOCK_H

#include <stdint.h>

/* Microseconds since the epoch, by the clock on the wall. */
int64_t clock_wall_us(void);

/* Milliseconds of a clock that nobody sets, for deadlines. */
int64_t clock_steady_ms(void);

#endif
