/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ban/silent_jail.h"

#include "base/number.h"
#include "base/timestamp.h"

/* The days with bans that make a jail a busy one, and the pauses to wait. */
#define BUSY_DAYS 5
#define PAUSES 5

/* For how many days it is news that the server lacks a jail. */
#define ABSENT_DAYS 7

/* Return for how long fail2ban has not run since the last ban. */
static int64_t
down_us(const struct silent_jail_facts *facts)
{
	int64_t stopped_us = 0;

	if (facts->stop_us > facts->last_us && facts->stop_us < facts->start_us)
		stopped_us = facts->start_us - facts->stop_us;
	return stopped_us > facts->gaps_us ? stopped_us : facts->gaps_us;
}

/* Return for how long the jail could have banned and did not. */
static int64_t
silence_us(const struct silent_jail_facts *facts)
{
	if (facts->started_us > facts->last_us)
		return number_sub_sat(facts->now_us, facts->started_us);
	return number_sub_sat(number_sub_sat(facts->now_us, facts->last_us),
	    down_us(facts));
}

bool
silent_jail_is(const struct silent_jail_facts *facts)
{
	int64_t oldest = facts->absent ? ABSENT_DAYS : SILENT_JAIL_OLDEST_DAYS;
	int64_t wait_us;

	if (facts->days < BUSY_DAYS || facts->bans <= 0)
		return false;
	wait_us = PAUSES * SILENT_JAIL_DAYS * TIMESTAMP_DAY_US / facts->bans;
	if (wait_us < TIMESTAMP_DAY_US)
		wait_us = TIMESTAMP_DAY_US;
	return silence_us(facts) > wait_us &&
	    number_sub_sat(facts->now_us, facts->last_us) <=
	    oldest * TIMESTAMP_DAY_US;
}
