/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ban/state: what is said about a ban at one moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ban/state.h"

/* Seconds of the tests count from here. */
#define BEGIN INT64_C(1700000000)
#define DAY 86400

/* Seconds after BEGIN; NEVER: it did not happen. */
#define NEVER INT64_MIN

static const struct row {
	const char *what;
	int64_t seconds; /* the ban time */
	int64_t now, ended, life, confirmed, unbanned, flushed;
	bool elsewhere;
	enum ban_state state;
} rows[] = {
#define NO_EVENT NEVER, NEVER, NEVER, NEVER
#define MADE 0, NEVER, NEVER, NEVER
	{ "an event's ban within its time", 600, 599, NEVER, MADE, false,
	    BAN_STATE_ACTIVE },
	{ "a row's ban within its time", 600, 599, NEVER, NO_EVENT, false,
	    BAN_STATE_ACTIVE },
	{ "a permanent ban after years", -1, 3000 * DAY, NEVER, NO_EVENT, false,
	    BAN_STATE_ACTIVE },
	{ "a ban that begins later than now", 600, -100, NEVER, MADE, false,
	    BAN_STATE_ACTIVE },
	{ "a ban with an end", 600, 100, 50, MADE, false, BAN_STATE_ENDED },
	{ "an end of a ban of unknown ban time", UNKNOWN, 100, 50, NO_EVENT,
	    false, BAN_STATE_ENDED },
	/* Rule 2. */
	{ "an old log's ban of unknown ban time", UNKNOWN, 1500 * DAY, NEVER,
	    NO_EVENT, false, BAN_STATE_UNKNOWN },
	{ "a new log's ban of unknown ban time", UNKNOWN, 10, NEVER, NO_EVENT,
	    false, BAN_STATE_UNKNOWN },
	{ "an event's ban of unknown ban time", UNKNOWN, DAY, NEVER, MADE,
	    false, BAN_STATE_ACTIVE },
	{ "an event's ban of unknown ban time, long after it", UNKNOWN, 3 * DAY,
	    NEVER, MADE, false, BAN_STATE_UNKNOWN },
	{ "the server has a ban of unknown ban time", UNKNOWN, 1500 * DAY,
	    NEVER, NEVER, 1499 * DAY, NEVER, NEVER, false, BAN_STATE_ACTIVE },
	{ "the server had a ban of unknown ban time years ago", UNKNOWN,
	    1500 * DAY, NEVER, NEVER, 100 * DAY, NEVER, NEVER, false,
	    BAN_STATE_UNKNOWN },
	{ "a clock that was wrong confirmed it in the future", UNKNOWN, 10,
	    NEVER, 9999 * DAY, NEVER, NEVER, NEVER, false, BAN_STATE_UNKNOWN },
	{ "a ban of unknown ban time of another machine", UNKNOWN, 10, NEVER,
	    MADE, true, BAN_STATE_UNKNOWN },
	{ "a flush after a ban of unknown ban time that nothing confirms",
	    UNKNOWN, 1500 * DAY, NEVER, NEVER, NEVER, NEVER, 10, false,
	    BAN_STATE_UNKNOWN },
	{ "a flush after a confirmed ban of unknown ban time", UNKNOWN, 20,
	    NEVER, 0, NEVER, NEVER, 10, false, BAN_STATE_ENDING },
	/* Rule 3. */
	{ "a ban whose time is just up", 600, 600, NEVER, MADE, false,
	    BAN_STATE_ENDING },
	{ "another machine's ban whose time is up", 600, 601, NEVER, NO_EVENT,
	    true, BAN_STATE_ENDING },
	{ "a ban that the server confirmed before its time was up", 600, 601,
	    NEVER, 0, 599, NEVER, NEVER, false, BAN_STATE_ENDING },
	{ "a ban that the server confirmed after its time was up", 600, 700,
	    NEVER, 0, 650, NEVER, NEVER, false, BAN_STATE_ACTIVE },
	{ "a ban that the server confirmed after its time was up, long ago",
	    600, 9 * DAY, NEVER, 0, 650, NEVER, NEVER, false,
	    BAN_STATE_ENDING },
	{ "a ban of no time at all", 0, 0, NEVER, MADE, false,
	    BAN_STATE_ENDING },
	{ "a ban time that is out of range", INT64_MAX, 3000 * DAY, NEVER, MADE,
	    false, BAN_STATE_ACTIVE },
	/* Rule 4. */
	{ "an unban that is pending", 600, 100, NEVER, 0, NEVER, 50, NEVER,
	    false, BAN_STATE_ENDING },
	{ "a restored ban after an unban", 600, 100, NEVER, 60, NEVER, 50,
	    NEVER, false, BAN_STATE_ACTIVE },
	{ "the server has a ban after an unban", 600, 100, NEVER, 0, 60, 50,
	    NEVER, false, BAN_STATE_ACTIVE },
	{ "a flush after a ban", 600, 100, NEVER, 0, NEVER, NEVER, 50, false,
	    BAN_STATE_ENDING },
	{ "a flush after a permanent ban that only a row shows", -1, 100, NEVER,
	    NEVER, NEVER, NEVER, 50, false, BAN_STATE_ENDING },
	{ "a flush before a ban", 600, 100, NEVER, 0, NEVER, NEVER, -1, false,
	    BAN_STATE_ACTIVE },
	{ "a restored ban after a flush", 600, 100, NEVER, 60, NEVER, NEVER, 50,
	    false, BAN_STATE_ACTIVE },
	{ "the server has a ban after a flush", 600, 100, NEVER, 0, 60, NEVER,
	    50, false, BAN_STATE_ACTIVE },
	{ "a flush here after another machine's ban", 600, 100, NEVER, NEVER,
	    NEVER, NEVER, 50, true, BAN_STATE_ACTIVE },
};

static int64_t
us(int64_t second, int64_t never)
{
	return second == NEVER ? never : (BEGIN + second) * TIMESTAMP_US;
}

static void
the_state_of_a_ban_follows_from_what_is_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		struct ban_state_facts facts = {
			.since_us = us(0, 0),
			.seconds = row->seconds,
			.ended_us = us(row->ended, UNKNOWN),
			.life_us = us(row->life, 0),
			.confirmed_us = us(row->confirmed, 0),
			.unbanned_us = us(row->unbanned, 0),
			.flushed_us = us(row->flushed, 0),
			.here = !row->elsewhere,
		};
		enum ban_state is = ban_state_at(&facts, us(row->now, 0));

		if (is != row->state)
			fail_msg("%s: %s", row->what, ban_state_name(is));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_state_of_a_ban_follows_from_what_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
