/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The day, hour and weekday of a moment, in local time or UTC. Asking the C
 * library takes as long as reading a ban, so the answers for quarters of an
 * hour are kept: all time zones of today change at one. Pure, but for the local
 * time zone.
 */
#ifndef FIGURES_CALENDAR_H
#define FIGURES_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

/* Three years have 105,000 quarters. */
#define CALENDAR_SLOTS 131072

struct calendar_moment {
	int64_t day; /* from 1970-01-01 on */
	int hour;    /* 0 to 23 */
	int weekday; /* 0 is monday */
};

/* Begin with zeros and utc. */
struct calendar {
	bool utc;
	struct {
		int64_t after; /* the quarter and 1; 0: a free slot */
		struct calendar_moment moment;
	} slots[CALENDAR_SLOTS];
};

/*
 * Return the day and hour of a moment; calendar_look_up keeps no answer.
 * Outside the years 1970 to 9999, which bans are of only by mistake, it is that
 * of UTC.
 */
const struct calendar_moment *calendar_at(struct calendar *c, int64_t us);
struct calendar_moment calendar_look_up(bool utc, int64_t us);

/* Return the moment at which a day begins. */
int64_t calendar_begin_us(bool utc, int64_t day);

#endif
