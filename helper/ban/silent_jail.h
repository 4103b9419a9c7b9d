/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jails that die quietly: the server has the jail, but it bans no more, as when
 * its log was rotated away or its filter no longer matches. Pure.
 *
 * A jail is silent when all of these hold. Days are 24 hours, counted back from
 * its last ban; a ban by hand is none of the jail's.
 *
 * 1. It banned on 5 or more of the 7 days up to its last ban. A jail with a ban
 *    or an attack a week is never silent.
 * 2. It has made no ban for a day, and none for 5 times as long as the mean
 *    pause between its bans in those 7 days: so a jail of 5 and more bans a day
 *    is silent after one day, and one of a ban a day after five. If a jail bans
 *    at random, it is so long without a ban once in 150 times.
 * 3. The time in which fail2ban did not run, as far as that is known, counts
 * for nothing, nor does the time before the server had the jail again.
 * 4. Its last ban is not older than 30 days. A jail that the running server
 *    does not have was removed or could not start: this ends after 7 days.
 */
#ifndef BAN_SILENT_JAIL_H
#define BAN_SILENT_JAIL_H

#include <stdbool.h>
#include <stdint.h>

/* The days up to the last ban that are looked at. */
#define SILENT_JAIL_DAYS 7

/* The oldest last ban, in days, of a jail that is judged. */
#define SILENT_JAIL_OLDEST_DAYS 30

/* Times are microseconds since the epoch. */
struct silent_jail_facts {
	int64_t now_us;
	int64_t last_us;    /* its last ban */
	int64_t started_us; /* the server had the jail again; 0: always */
	/* The last stop, and the start after it, of fail2ban; 0: not known. */
	int64_t stop_us, start_us;
	int64_t gaps_us; /* how long no reconcile ran, since last_us */
	int64_t bans;	 /* in the SILENT_JAIL_DAYS up to its last ban */
	int days;	 /* on how many of these it banned */
	bool absent;	 /* the running server does not have it */
};

/* Return true when the jail is silent. */
bool silent_jail_is(const struct silent_jail_facts *facts);

#endif
