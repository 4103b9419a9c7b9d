/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What time it is. Pure rooms are told and do not ask. */
#ifndef OS_NOW_H
#define OS_NOW_H

#include <stdint.h>

/* Microseconds since the epoch, by the clock on the wall. */
int64_t now_wall_us(void);

/* Milliseconds of a clock that nobody sets, for deadlines. */
int64_t now_steady_ms(void);

#endif
