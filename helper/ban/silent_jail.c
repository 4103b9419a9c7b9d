/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ban/silent_jail.h"

#include "base/number.h"
#include "base/timestamp.h"

/* The days with bans that make a jail a busy one, and the pauses to wait. */
#define BUSY_DAYS 5
#define PAUSES 5

/* For how many days it is news that the server lacks a jail. */
#define ABSENT_DAYS 7

bool
silent_jail_is(const struct silent_jail_facts *facts)
{
	int64_t silence_us = number_sub_sat(facts->now_us, facts->last_us);
	int64_t running_us = number_sub_sat(facts->now_us, facts->running_us);
	int64_t oldest = facts->absent ? ABSENT_DAYS : SILENT_JAIL_OLDEST_DAYS;
	int64_t wait_us;

	if (facts->days < BUSY_DAYS || facts->bans <= 0)
		return false;
	wait_us = PAUSES * SILENT_JAIL_DAYS * TIMESTAMP_DAY_US / facts->bans;
	if (wait_us < TIMESTAMP_DAY_US)
		wait_us = TIMESTAMP_DAY_US;
	return silence_us > wait_us && running_us > wait_us &&
	    silence_us <= oldest * TIMESTAMP_DAY_US;
}
