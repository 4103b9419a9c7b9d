/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sightings become bans. Each row of a table is a set of sightings and the bans
 * that follow from it; each set is played in all its orders.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ban/same_ban.h"
#include "base/timestamp.h"

#define SECOND INT64_C(1795458480) /* the second of all tickets here */
#define MAX 6

/* Seconds after SECOND, in microseconds since the epoch. */
#define AT(seconds) (SECOND * TIMESTAMP_US + (int64_t)((seconds)*1e6))

/* The numbers that a sighting here does not give. */
#define REST .bancount = UNKNOWN, .failures = UNKNOWN

#define FRESH(at, since, length) \
	{ \
		.kind = SIGHTING_BAN, .at_us = AT(at), .since_us = AT(since), \
		.exact = true, .seconds = length, REST \
	}
#define RESTORED(at, length) \
	{ \
		.kind = SIGHTING_RESTORED, .at_us = AT(at), .since_us = AT(0), \
		.seconds = length, REST \
	}
#define PROLONG(at, since, length) \
	{ \
		.kind = SIGHTING_PROLONG, .at_us = AT(at), \
		.since_us = AT(since), .exact = true, .seconds = length, REST \
	}
#define UNBAN(at, since, length, how) \
	{ \
		.kind = SIGHTING_UNBAN, .at_us = AT(at), \
		.since_us = AT(since), .exact = true, .seconds = length, \
		.end = how, REST \
	}
#define UNBAN_LATER(at, length, how) /* after a restart: the bare second */ \
	{ \
		.kind = SIGHTING_UNBAN, .at_us = AT(at), .since_us = AT(0), \
		.seconds = length, .end = how, REST \
	}
#define ROW(at, length) \
	{ \
		.kind = SIGHTING_ROW, .at_us = AT(at), .since_us = AT(0), \
		.seconds = length, REST \
	}
#define JUDGED(at, how, ended) \
	{ \
		.kind = SIGHTING_JUDGED, .at_us = AT(at), .since_us = AT(0), \
		.seconds = UNKNOWN, .end = how, .ended_us = AT(ended), REST \
	}

#define LIVES(since, n, length, came_back) \
	{ \
		.since_us = AT(since), .nth = n, .seconds = length, \
		.end = BAN_LIVES, .ended_us = UNKNOWN, .restored = came_back \
	}
#define ENDED(since, n, length, why, ended, came_back) \
	{ \
		.since_us = AT(since), .nth = n, .seconds = length, \
		.end = why, .ended_us = AT(ended), .restored = came_back \
	}

struct play {
	const char *name;
	struct sighting sightings[MAX];
	size_t n;
	struct ban bans[MAX];
	size_t bans_n;
	int64_t next_us; /* 0: none */
};

#define SIGHTINGS(...) \
	.sightings = { __VA_ARGS__ }, \
	.n = sizeof((struct sighting[]){ __VA_ARGS__ }) / \
	    sizeof(struct sighting)
#define BANS(...) \
	.bans = { __VA_ARGS__ }, \
	.bans_n = sizeof((struct ban[]){ __VA_ARGS__ }) / sizeof(struct ban)

static const struct play plays[] = {
	{ "a ban lives", SIGHTINGS(FRESH(0.5, 0.1, 600)),
	    BANS(LIVES(0.1, 0, 600, 0)) },
	{ "a command that fail2ban runs twice is one ban",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), FRESH(0.6, 0.1, 600)),
	    BANS(LIVES(0.1, 0, 600, 0)) },
	{ "an unban after the time is up is an expiry",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), UNBAN(600.7, 0.1, 600, BAN_LIVES)),
	    BANS(ENDED(0.1, 0, 600, BAN_EXPIRED, 600.7, 0)) },
	{ "an unban whose rows were gone is manual",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), UNBAN(50, 0.1, 600, BAN_MANUAL)),
	    BANS(ENDED(0.1, 0, 600, BAN_MANUAL, 50, 0)) },
	{ "an unban whose rows stand is pending",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), UNBAN(50, 0.1, 600, BAN_LIVES)),
	    BANS(LIVES(0.1, 0, 600, 0)) },
	{ "a permanent ban never expires",
	    SIGHTINGS(FRESH(0.5, 0.1, -1), UNBAN(1e6, 0.1, -1, BAN_LIVES)),
	    BANS(LIVES(0.1, 0, -1, 0)) },
	{ "ban, unban, ban of one whole second are two bans",
	    SIGHTINGS(FRESH(0.2, 0, 600), UNBAN(0.5, 0, 600, BAN_MANUAL),
		FRESH(0.8, 0, 600)),
	    BANS(ENDED(0, 0, 600, BAN_MANUAL, 0.5, 0), LIVES(0, 1, 600, 0)) },
	{ "a fresh ban shows that a pending unban was one",
	    SIGHTINGS(FRESH(0.2, 0, 600), UNBAN(0.5, 0, 600, BAN_LIVES),
		FRESH(0.8, 0, 600)),
	    BANS(ENDED(0, 0, 600, BAN_MANUAL, 0.5, 0), LIVES(0, 1, 600, 0)) },
	{ "two exact times of one second are two bans, one alive",
	    SIGHTINGS(FRESH(0.2, 0.1, 600), FRESH(0.4, 0.3, 600)),
	    BANS(ENDED(0.1, 0, 600, BAN_INFERRED, 0.3, 0),
		LIVES(0.3, 0, 600, 0)) },
	{ "a row alone is a ban of the bare second", SIGHTINGS(ROW(30, 600)),
	    BANS(LIVES(0, 0, 600, 0)) },
	{ "a fresh ban gives a row its exact time",
	    SIGHTINGS(ROW(0.3, 600), FRESH(0.5, 0.1, 600)),
	    BANS(LIVES(0.1, 0, 600, 0)) },
	{ "the database's ban time beats the tag's",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), ROW(0.5, 1200)),
	    BANS(LIVES(0.1, 0, 1200, 0)) },
	{ "a prolong gives the ban time when no row does",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), PROLONG(5, 0.1, 1200)),
	    BANS(LIVES(0.1, 0, 1200, 0)) },
	{ "an unban has the last word on the ban time",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), ROW(0.5, 600),
		UNBAN(301, 0.1, 300, BAN_LIVES), ROW(400, 600)),
	    BANS(ENDED(0.1, 0, 300, BAN_EXPIRED, 301, 0)) },
	{ "a restored ban is counted, and is no second one",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), RESTORED(60, 600)),
	    BANS(LIVES(0.1, 0, 600, 1)) },
	{ "a restored ban's retry is not counted, the next restart is",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), RESTORED(60, 600),
		RESTORED(60.1, 600), RESTORED(90, 600)),
	    BANS(LIVES(0.1, 0, 600, 2)) },
	{ "a restored ban reopens one whose end was judged",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), JUDGED(40, BAN_INFERRED, 20),
		RESTORED(60, 600)),
	    BANS(LIVES(0.1, 0, 600, 1)) },
	{ "a restored ban that was not known makes the ban",
	    SIGHTINGS(RESTORED(60, 600)), BANS(LIVES(0, 0, 600, 1)) },
	{ "after a restart an unban knows the bare second only",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), RESTORED(60, 600),
		UNBAN_LATER(600.4, 600, BAN_LIVES)),
	    BANS(ENDED(0.1, 0, 600, BAN_EXPIRED, 600.4, 1)) },
	{ "an unban without a ban makes the ban and ends it",
	    SIGHTINGS(UNBAN(700, 0.1, 600, BAN_LIVES)),
	    BANS(ENDED(0.1, 0, 600, BAN_EXPIRED, 700, 0)) },
	{ "a judged end holds",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), JUDGED(90, BAN_FLUSHED, 70)),
	    BANS(ENDED(0.1, 0, 600, BAN_FLUSHED, 70, 0)) },
	{ "a real unban that comes late beats the judgement",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), JUDGED(90, BAN_MANUAL, 90),
		UNBAN(95, 0.1, 600, BAN_MANUAL)),
	    BANS(ENDED(0.1, 0, 600, BAN_MANUAL, 95, 0)) },
	{ "a judgement does not touch a seen end",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), UNBAN(600.7, 0.1, 600, BAN_LIVES),
		JUDGED(900, BAN_INFERRED, 600)),
	    BANS(ENDED(0.1, 0, 600, BAN_EXPIRED, 600.7, 0)) },
	{ "a row that stays after the end reopens nothing",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), UNBAN(600.7, 0.1, 600, BAN_LIVES),
		ROW(700, 600)),
	    BANS(ENDED(0.1, 0, 600, BAN_EXPIRED, 600.7, 0)) },
	{ "a younger ban of the ident ends this one at its start",
	    SIGHTINGS(FRESH(0.5, 0.1, 600)),
	    BANS(ENDED(0.1, 0, 600, BAN_INFERRED, 77, 0)), .next_us = AT(77) },
	{ "a younger ban leaves a seen end alone",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), UNBAN(50, 0.1, 600, BAN_MANUAL)),
	    BANS(ENDED(0.1, 0, 600, BAN_MANUAL, 50, 0)), .next_us = AT(77) },
	{ "an older ban outlives a younger one that had ended before it came",
	    SIGHTINGS(FRESH(1, 0.4, 600), UNBAN(2, 0.4, 600, BAN_MANUAL),
		FRESH(3, 0.1, 600)),
	    BANS(ENDED(0.4, 0, 600, BAN_MANUAL, 2, 0), LIVES(0.1, 0, 600, 0)) },
	{ "of two bans of one second the later takes the restored and the row",
	    SIGHTINGS(FRESH(0.2, 0, 600), UNBAN(0.5, 0, 600, BAN_MANUAL),
		FRESH(0.8, 0, 600), RESTORED(60, 600), ROW(70, 900)),
	    BANS(ENDED(0, 0, 600, BAN_MANUAL, 0.5, 0), LIVES(0, 1, 900, 1)) },
};

static bool
same_ban(const struct ban *a, const struct ban *b)
{
	return a->since_us == b->since_us && a->nth == b->nth &&
	    a->seconds == b->seconds && a->end == b->end &&
	    a->ended_us == b->ended_us && a->restored == b->restored;
}

static void
print_ban(const struct ban *ban)
{
	print_error("  since %+.1f nth %d seconds %lld %s %.1f restored %d\n",
	    (double)(ban->since_us - AT(0)) / 1e6, ban->nth,
	    (long long)ban->seconds,
	    ban->end == BAN_LIVES ? "lives" : ban_end_name(ban->end),
	    ban->end == BAN_LIVES ? 0 : (double)(ban->ended_us - AT(0)) / 1e6,
	    (int)ban->restored);
}

static void
assert_bans(const struct play *play, const struct sighting *sightings)
{
	struct sighting copy[MAX];
	struct ban bans[MAX];
	size_t owner[MAX], n;
	bool same;

	memcpy(copy, sightings, sizeof(copy));
	n = same_ban_make_bans(copy, play->n, SECOND,
	    play->next_us != 0 ? play->next_us : INT64_MAX, bans, owner);
	same = n == play->bans_n;
	for (size_t i = 0; same && i < n; i++)
		same = same_ban(&bans[i], &play->bans[i]);
	if (same)
		return;
	print_error("%s:\n", play->name);
	for (size_t i = 0; i < n; i++)
		print_ban(&bans[i]);
	fail();
}

/* Every order of the sightings from index at on (Heap's algorithm). */
static void
permute(const struct play *play, struct sighting *sightings, size_t k)
{
	if (k <= 1) {
		assert_bans(play, sightings);
		return;
	}
	for (size_t i = 0; i < k; i++) {
		size_t other = k % 2 == 0 ? i : 0;
		struct sighting saved;

		permute(play, sightings, k - 1);
		saved = sightings[other];
		sightings[other] = sightings[k - 1];
		sightings[k - 1] = saved;
	}
}

static void
every_play_gives_its_bans_in_every_order(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(plays); i++) {
		struct sighting sightings[MAX];

		memcpy(sightings, plays[i].sightings, sizeof(sightings));
		permute(&plays[i], sightings, plays[i].n);
	}
}

static struct ban
only_ban(struct sighting *sightings, size_t n)
{
	struct ban bans[MAX];
	size_t owner[MAX];

	assert_int_equal(
	    same_ban_make_bans(sightings, n, SECOND, INT64_MAX, bans, owner),
	    1);
	return bans[0];
}

static void
the_database_gives_bancount_and_failures(void **state UNUSED)
{
	struct sighting sightings[] = {
		FRESH(0.5, 0.1, 600),
		ROW(0.5, 600),
		PROLONG(5, 0.1, 1200),
	};
	struct ban ban;

	sightings[0].bancount = 1;
	sightings[0].failures = 3;
	sightings[1].bancount = 2;
	sightings[1].failures = 4;
	sightings[2].bancount = 5;
	ban = only_ban(sightings, ARRAY_LEN(sightings));
	assert_int_equal(ban.bancount, 2);
	assert_int_equal(ban.failures, 4);
	assert_int_equal(ban.seen, BAN_SEEN_EVENT | BAN_SEEN_DATABASE);
}

static void
a_restored_ban_gives_no_bancount(void **state UNUSED)
{
	struct sighting sightings[] = { RESTORED(60, 600) };

	sightings[0].bancount = 7;
	assert_true(only_ban(sightings, 1).bancount == UNKNOWN);
}

static void
the_origin_follows_from_failures_and_lines(void **state UNUSED)
{
	struct sighting sightings[] = { FRESH(0.5, 0.1, 600) };

	assert_int_equal(only_ban(sightings, 1).origin, BAN_FROM_UNKNOWN);
	sightings[0].failures = 0;
	assert_int_equal(only_ban(sightings, 1).origin, BAN_FROM_HAND);
	sightings[0].matches = true;
	assert_int_equal(only_ban(sightings, 1).origin, BAN_FROM_LOG);
	sightings[0].matches = false;
	sightings[0].failures = 3;
	assert_int_equal(only_ban(sightings, 1).origin, BAN_FROM_LOG);
}

static void
a_ban_keeps_the_row_of_its_first_sighting(void **state UNUSED)
{
	struct sighting sightings[] = {
		FRESH(0.8, 0, 600),
		UNBAN(0.5, 0, 600, BAN_MANUAL),
		FRESH(0.2, 0, 600),
	};
	struct ban bans[MAX];
	size_t owner[MAX];

	/* The late ban stands in row 7 when the other two come. */
	sightings[0].ban = 7;
	assert_int_equal(
	    same_ban_make_bans(sightings, 3, SECOND, INT64_MAX, bans, owner),
	    2);
	assert_int_equal(bans[0].id, 0);
	assert_int_equal(bans[1].id, 7);
}

static void
a_sighting_is_the_same_when_its_witness_and_moment_are(void **state UNUSED)
{
	const struct sighting a = FRESH(0.5, 0.1, 600), b = FRESH(0.5, 0.1, 60),
			      later = FRESH(0.6, 0.1, 600),
			      other = ROW(0.5, 600);

	assert_true(sighting_is_same(&a, &b));
	assert_false(sighting_is_same(&a, &later));
	assert_false(sighting_is_same(&a, &other));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_play_gives_its_bans_in_every_order),
		cmocka_unit_test(the_database_gives_bancount_and_failures),
		cmocka_unit_test(a_restored_ban_gives_no_bancount),
		cmocka_unit_test(the_origin_follows_from_failures_and_lines),
		cmocka_unit_test(a_ban_keeps_the_row_of_its_first_sighting),
		cmocka_unit_test(
		    a_sighting_is_the_same_when_its_witness_and_moment_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
