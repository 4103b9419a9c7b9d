/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The history of one id: sightings and flushes become bans. Each row of a table
 * is a set of sightings and the bans that follow from it; each set is played in
 * all its orders, and with each sighting twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ban/history.h"
#include "ban/same_ban_fold.h"
#include "base/timestamp.h"

#define SECOND INT64_C(1795458480)
#define MAX 6
#define LIST_MAX 200

/* Seconds after SECOND, in microseconds since the epoch. */
#define AT(seconds) \
	(SECOND * TIMESTAMP_US + \
	    (int64_t)((seconds)*1e6 + ((seconds) < 0 ? -0.5 : 0.5)))
/* The ticket's second of a time, rounded. */
#define TICKET(since) .timeofban = SECOND + (int64_t)((since) + 100.5) - 100

/* The numbers that a sighting here does not give. */
#define REST .bancount = UNKNOWN, .failures = UNKNOWN

/* at: when it was seen; since: the ticket's exact time; of: its second. */
#define EXACT(what, at, since, length) \
	.kind = what, .at_us = AT(at), TICKET(since), .since_us = AT(since), \
	.exact = true, .seconds = length, REST
#define BARE(what, at, of, length) \
	.kind = what, .at_us = AT(at), TICKET(of), .since_us = AT(of), \
	.seconds = length, REST

/* clang-format off */
#define FRESH(at, since, length) \
	{ EXACT(SIGHTING_BAN, at, since, length) }
#define FRESH_AFTER(at, since, length, made) /* the clock was set back */ \
	{ EXACT(SIGHTING_BAN, at, since, length), .made_us = AT(made) }
#define RESTORED(at, of, length) \
	{ BARE(SIGHTING_RESTORED, at, of, length) }
#define PROLONG(at, since, length) \
	{ EXACT(SIGHTING_PROLONG, at, since, length) }
#define UNBAN(at, since, length, how) \
	{ EXACT(SIGHTING_UNBAN, at, since, length), .end = how }
#define UNBAN_LATER(at, of, length, how) /* after a restart: the bare second */ \
	{ BARE(SIGHTING_UNBAN, at, of, length), .end = how }
#define ROW(at, of, length) \
	{ BARE(SIGHTING_ROW, at, of, length) }
#define ROW_AFTER(at, of, length, before) \
	{ BARE(SIGHTING_ROW, at, of, length), \
	    .other_timeofban = SECOND + (before) }
#define JUDGED(at, of, how, ended) \
	{ BARE(SIGHTING_JUDGED, at, of, UNKNOWN), .end = how, \
	    .ended_us = AT(ended) }
#define JUDGED_HELD(at, of, held, how, ended) \
	{ BARE(SIGHTING_JUDGED, at, of, UNKNOWN), .end = how, \
	    .ended_us = AT(ended), .held_us = AT(held) }
#define BACK(at, of) \
	{ BARE(SIGHTING_JUDGED, at, of, UNKNOWN), .end = BAN_LIVES, \
	    .ended_us = UNKNOWN }
#define JUDGED_REPLACED(at, of, by, how, ended) \
	{ BARE(SIGHTING_JUDGED, at, of, UNKNOWN), .end = how, \
	    .ended_us = AT(ended), .other_timeofban = SECOND + (by) }
#define JUDGED_OF(at, of, made, how, ended) \
	{ BARE(SIGHTING_JUDGED, at, of, UNKNOWN), .end = how, \
	    .ended_us = AT(ended), .made_us = AT(made) }
/* An import of a whole second may know no more than that second. */
#define TAKEN(since, n, length) \
	.kind = SIGHTING_IMPORT, .at_us = AT(since), TICKET(since), \
	.since_us = AT(since), .exact = (since) != (int)(since), .nth = n, \
	.seconds = length, REST
#define IMPORT(since, n, length) \
	{ TAKEN(since, n, length), .ended_us = UNKNOWN }
#define IMPORT_ENDED(since, n, length, how, ended) \
	{ TAKEN(since, n, length), .end = how, .ended_us = AT(ended) }
#define OLD_ROW(of, length, how, ended) \
	{ BARE(SIGHTING_OLD_ROW, of, of, length), .end = how, \
	    .ended_us = AT(ended) }

#define LIVES(since, n, length, came_back) \
	{ .since_us = AT(since), .nth = n, .seconds = length, \
	  .end = BAN_LIVES, .ended_us = UNKNOWN, .restored = came_back }
#define ENDED(since, n, length, why, ended, came_back) \
	{ .since_us = AT(since), .nth = n, .seconds = length, \
	  .end = why, .ended_us = AT(ended), .restored = came_back }

struct play {
	const char *name;
	struct sighting sightings[MAX];
	size_t n;
	int64_t flushes[MAX]; /* 0: no more */
	struct ban bans[MAX];
	size_t bans_n;
};

#define SIGHTINGS(...) \
	.sightings = { __VA_ARGS__ }, \
	.n = sizeof((struct sighting[]){ __VA_ARGS__ }) / \
	    sizeof(struct sighting)
#define FLUSHES(...) .flushes = { __VA_ARGS__ }
#define BANS(...) \
	.bans = { __VA_ARGS__ }, \
	.bans_n = sizeof((struct ban[]){ __VA_ARGS__ }) / sizeof(struct ban)

static const struct play of_one_ban[] = {
	{ "a ban lives", SIGHTINGS(FRESH(0.5, 0.1, 600)),
	    BANS(LIVES(0.1, 0, 600, 0)) },
	{ "a command that fail2ban runs twice is one ban",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), FRESH(0.6, 0.1, 600)),
	    BANS(LIVES(0.1, 0, 600, 0)) },
	{ "a server that was killed reads its log again: the ban is the same",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), FRESH(90, 0.1, 600)),
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
	{ "a row alone is a ban of the bare second", SIGHTINGS(ROW(30, 0, 600)),
	    BANS(LIVES(0, 0, 600, 0)) },
	{ "a fresh ban gives a row its exact time",
	    SIGHTINGS(ROW(0.3, 0, 600), FRESH(0.5, 0.1, 600)),
	    BANS(LIVES(0.1, 0, 600, 0)) },
	{ "a fresh ban meets a restored ban whose second was rounded up",
	    SIGHTINGS(RESTORED(60, 1, 600), FRESH(0.8, 0.6, 600)),
	    BANS(LIVES(0.6, 0, 600, 1)) },
	{ "the database's ban time beats the tag's",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), ROW(0.5, 0, 1200)),
	    BANS(LIVES(0.1, 0, 1200, 0)) },
	{ "a prolong gives the ban time when no row does",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), PROLONG(5, 0.1, 1200)),
	    BANS(LIVES(0.1, 0, 1200, 0)) },
	{ "an unban has the last word on the ban time",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), ROW(0.5, 0, 600),
		UNBAN(301, 0.1, 300, BAN_LIVES), ROW(400, 0, 600)),
	    BANS(ENDED(0.1, 0, 300, BAN_EXPIRED, 301, 0)) },
	{ "a restored ban is counted, and is no second one",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), RESTORED(60, 0, 600)),
	    BANS(LIVES(0.1, 0, 600, 1)) },
	{ "a restored ban's retry is not counted, the next restart is",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), RESTORED(60, 0, 600),
		RESTORED(60.1, 0, 600), RESTORED(90, 0, 600)),
	    BANS(LIVES(0.1, 0, 600, 2)) },
	{ "ten seconds after the counted one a restored ban is a retry",
	    SIGHTINGS(RESTORED(60, 0, 600), RESTORED(65, 0, 600),
		RESTORED(70, 0, 600)),
	    BANS(LIVES(0, 0, 600, 1)) },
	{ "more than ten seconds after the counted one it is another restart",
	    SIGHTINGS(RESTORED(60, 0, 600), RESTORED(65, 0, 600),
		RESTORED(70.000001, 0, 600)),
	    BANS(LIVES(0, 0, 600, 2)) },
	{ "a restored ban reopens one whose end was judged",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), JUDGED(40, 0, BAN_INFERRED, 20),
		RESTORED(60, 0, 600)),
	    BANS(LIVES(0.1, 0, 600, 1)) },
	{ "a restored ban reopens one whose end was seen",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), UNBAN(40, 0.1, 600, BAN_MANUAL),
		RESTORED(60, 0, 600)),
	    BANS(LIVES(0.1, 0, 600, 1)) },
	{ "a restored ban that was not known makes the ban",
	    SIGHTINGS(RESTORED(60, 0, 600)), BANS(LIVES(0, 0, 600, 1)) },
	{ "a prolong of a ban that was not known makes the ban",
	    SIGHTINGS(PROLONG(60, 0.1, 1200)), BANS(LIVES(0.1, 0, 1200, 0)) },
	{ "after a restart an unban knows the bare second only",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), RESTORED(60, 0, 600),
		UNBAN_LATER(600.4, 0, 600, BAN_LIVES)),
	    BANS(ENDED(0.1, 0, 600, BAN_EXPIRED, 600.4, 1)) },
	{ "an unban without a ban makes the ban and ends it",
	    SIGHTINGS(UNBAN(700, 0.1, 600, BAN_LIVES)),
	    BANS(ENDED(0.1, 0, 600, BAN_EXPIRED, 700, 0)) },
	{ "a judged end holds",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), JUDGED(90, 0, BAN_FLUSHED, 70)),
	    BANS(ENDED(0.1, 0, 600, BAN_FLUSHED, 70, 0)) },
	{ "a real unban that comes late beats the judgement",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), JUDGED(90, 0, BAN_MANUAL, 90),
		UNBAN(95, 0.1, 600, BAN_MANUAL)),
	    BANS(ENDED(0.1, 0, 600, BAN_MANUAL, 95, 0)) },
	{ "a run ends it by hand at the unban that came late",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), UNBAN(40, 0.1, 600, BAN_LIVES),
		JUDGED(90, 0, BAN_MANUAL, 90)),
	    BANS(ENDED(0.1, 0, 600, BAN_MANUAL, 40, 0)) },
	{ "an unban that came late was before the flush of a stop",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), UNBAN(40, 0.1, 600, BAN_LIVES),
		JUDGED(90, 0, BAN_FLUSHED, 70)),
	    FLUSHES(AT(70)), BANS(ENDED(0.1, 0, 600, BAN_MANUAL, 40, 0)) },
	{ "a server had it after the unban that came late",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), UNBAN(40, 0.1, 600, BAN_LIVES),
		JUDGED_HELD(90, 0, 60, BAN_INFERRED, 70)),
	    BANS(ENDED(0.1, 0, 600, BAN_INFERRED, 70, 0)) },
	{ "a flush before the last sign of life, which came late, ended nothing",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), RESTORED(50, 0, 600),
		JUDGED(90, 0, BAN_FLUSHED, 10)),
	    FLUSHES(AT(10)), BANS(ENDED(0.1, 0, 600, BAN_MANUAL, 90, 1)) },
	{ "a flush after the last sign of life, which came late, ended it",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), RESTORED(50, 0, 600),
		JUDGED(90, 0, BAN_FLUSHED, 10)),
	    FLUSHES(AT(10), AT(60)),
	    BANS(ENDED(0.1, 0, 600, BAN_FLUSHED, 60, 1)) },
	{ "a judgement does not touch a seen end",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), UNBAN(600.7, 0.1, 600, BAN_LIVES),
		JUDGED(900, 0, BAN_INFERRED, 600)),
	    BANS(ENDED(0.1, 0, 600, BAN_EXPIRED, 600.7, 0)) },
	{ "a judgement from before a restored ban does not end it",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), RESTORED(60, 0, 600),
		JUDGED(50, 0, BAN_MANUAL, 50)),
	    BANS(LIVES(0.1, 0, 600, 1)) },
	{ "a row that stays after the end reopens nothing",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), UNBAN(600.7, 0.1, 600, BAN_LIVES),
		ROW(700, 0, 600)),
	    BANS(ENDED(0.1, 0, 600, BAN_EXPIRED, 600.7, 0)) },
	{ "the clock is set back: an unban before its ban ends it",
	    SIGHTINGS(FRESH(60.7, 60.4, 600), UNBAN(5.7, 60.4, 600, BAN_MANUAL)),
	    BANS(ENDED(60.4, 0, 600, BAN_MANUAL, 60.4, 0)) },
	{ "the clock is set back: the ban's retry changes nothing",
	    SIGHTINGS(FRESH(60.7, 60.4, 600), FRESH(60.8, 60.4, 600),
		UNBAN(5.7, 60.4, 600, BAN_MANUAL)),
	    BANS(ENDED(60.4, 0, 600, BAN_MANUAL, 60.4, 0)) },
	{ "the clock is set back: a ban restored before its time ends all the same",
	    SIGHTINGS(FRESH(60.7, 60.4, 600), RESTORED(5, 60, 600),
		UNBAN_LATER(660.9, 60, 600, BAN_LIVES)),
	    BANS(ENDED(60.4, 0, 600, BAN_EXPIRED, 660.9, 1)) },
	{ "the clock is set back: a run ends a ban restored before its time",
	    SIGHTINGS(FRESH(60.7, 60.4, -1), RESTORED(5, 60, -1),
		JUDGED(900, 60, BAN_MANUAL, 900)),
	    BANS(ENDED(60.4, 0, -1, BAN_MANUAL, 900, 1)) },
	{ "the clock is set back: a restored ban lives after an unban before it",
	    SIGHTINGS(FRESH(60.7, 60.4, 600), UNBAN(5, 60.4, 600, BAN_MANUAL),
		RESTORED(6, 60, 600)),
	    BANS(LIVES(60.4, 0, 600, 1)) },
	{ "a flush alone ends no ban: a reconcile run judges",
	    SIGHTINGS(FRESH(0.5, 0.1, 600)), FLUSHES(AT(10)),
	    BANS(LIVES(0.1, 0, 600, 0)) },
	{ "a ban is restored after the flush of a stop",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), RESTORED(20, 0, 600)),
	    FLUSHES(AT(10)), BANS(LIVES(0.1, 0, 600, 1)) },
};

static const struct play of_several[] = {
	{ "ban, unban, ban of one whole second are two bans",
	    SIGHTINGS(FRESH(0.2, 0, 600), UNBAN(0.5, 0, 600, BAN_MANUAL),
		FRESH(0.8, 0, 600)),
	    BANS(ENDED(0, 0, 600, BAN_MANUAL, 0.5, 0), LIVES(0, 1, 600, 0)) },
	{ "a fresh ban shows that a pending unban was one",
	    SIGHTINGS(FRESH(0.2, 0, 600), UNBAN(0.5, 0, 600, BAN_LIVES),
		FRESH(0.8, 0, 600)),
	    BANS(ENDED(0, 0, 600, BAN_MANUAL, 0.5, 0), LIVES(0, 1, 600, 0)) },
	{ "the same ticket after a flush is another ban",
	    SIGHTINGS(FRESH(0.2, 0, 600), FRESH(20, 0, 600)), FLUSHES(AT(10)),
	    BANS(ENDED(0, 0, 600, BAN_INFERRED, 10, 0), LIVES(0, 1, 600, 0)) },
	{ "a flush after the expiry ended nothing",
	    SIGHTINGS(FRESH(0.2, 0, 40), FRESH(90, 0, 40)), FLUSHES(AT(60)),
	    BANS(ENDED(0, 0, 40, BAN_INFERRED, 40, 0), LIVES(0, 1, 40, 0)) },
	{ "the expiry bounds an inferred end also where it is known later",
	    SIGHTINGS(FRESH(0.2, 0, UNKNOWN), JUDGED(90, 0, BAN_INFERRED, 80),
		ROW(95, 0, 40)),
	    BANS(ENDED(0, 0, 40, BAN_INFERRED, 40, 0)) },
	{ "the same ticket before a flush is the same ban",
	    SIGHTINGS(FRESH(0.2, 0, 600), FRESH(5, 0, 600)), FLUSHES(AT(10)),
	    BANS(LIVES(0, 0, 600, 0)) },
	{ "the same ticket after a judged end is another ban",
	    SIGHTINGS(FRESH(0.2, 0, 600), JUDGED(90, 0, BAN_FLUSHED, 10),
		FRESH(95, 0, 600)),
	    BANS(ENDED(0, 0, 600, BAN_FLUSHED, 10, 0), LIVES(0, 1, 600, 0)) },
	{ "of two exact times of one second the later ends the earlier when made",
	    SIGHTINGS(FRESH(0.2, 0.1, 600), FRESH(0.4, 0.3, 600)),
	    BANS(ENDED(0.1, 0, 600, BAN_INFERRED, 0.4, 0),
		LIVES(0.3, 0, 600, 0)) },
	{ "a later ban of the ident ends this one when it is made",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), FRESH(77, 76.6, 600)),
	    BANS(ENDED(0.1, 0, 600, BAN_INFERRED, 77, 0),
		LIVES(76.6, 0, 600, 0)) },
	{ "the clock is set back: a ban after one of a later time lives",
	    SIGHTINGS(FRESH(60.7, 60.4, -1), UNBAN(61, 60.4, -1, BAN_MANUAL),
		FRESH_AFTER(5.2, 5.1, -1, 60.700001)),
	    BANS(ENDED(60.4, 0, -1, BAN_MANUAL, 61, 0),
		LIVES(5.1, 0, -1, 0)) },
	{ "the clock is set back: a ban shows that a pending unban was one",
	    SIGHTINGS(FRESH(60.7, 60.4, -1), UNBAN(61, 60.4, -1, BAN_LIVES),
		FRESH_AFTER(5.2, 5.1, -1, 61.000001)),
	    BANS(ENDED(60.4, 0, -1, BAN_MANUAL, 61, 0),
		LIVES(5.1, 0, -1, 0)) },
	{ "the clock is set back: a ban ends one of a later time",
	    SIGHTINGS(FRESH(60.7, 60.4, -1), FRESH_AFTER(5.2, 5.1, -1, 60.700001)),
	    BANS(ENDED(60.4, 0, -1, BAN_INFERRED, 60.4, 0),
		LIVES(5.1, 0, -1, 0)) },
	{ "the clock is set back: each later ban ends the one before it",
	    SIGHTINGS(FRESH(60.7, 60.4, 10),
		FRESH_AFTER(5.2, 5.1, 600, 60.700001),
		FRESH_AFTER(7.2, 7.1, 600, 60.700002)),
	    BANS(ENDED(60.4, 0, 10, BAN_INFERRED, 60.4, 0),
		ENDED(5.1, 0, 600, BAN_INFERRED, 7.2, 0),
		LIVES(7.1, 0, 600, 0)) },
	{ "a ban whose time was up before the later one ends at its expiry",
	    SIGHTINGS(FRESH(0.5, 0.1, 10), FRESH(77, 76.6, 600)),
	    BANS(ENDED(0.1, 0, 10, BAN_INFERRED, 10.1, 0),
		LIVES(76.6, 0, 600, 0)) },
	{ "a flush before the later ban ended this one",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), FRESH(77, 76.6, 600)),
	    FLUSHES(AT(30), AT(40)),
	    BANS(ENDED(0.1, 0, 600, BAN_INFERRED, 30, 0),
		LIVES(76.6, 0, 600, 0)) },
	{ "a flush before the last sign of life did not end it",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), RESTORED(35, 0, 600),
		FRESH(77, 76.6, 600)),
	    FLUSHES(AT(30), AT(40), AT(80)),
	    BANS(ENDED(0.1, 0, 600, BAN_INFERRED, 40, 1),
		LIVES(76.6, 0, 600, 0)) },
	{ "a ban whose time was up before the flush ends at its expiry",
	    SIGHTINGS(FRESH(0.5, 0.1, 10), FRESH(77, 76.6, 600)),
	    FLUSHES(AT(30)),
	    BANS(ENDED(0.1, 0, 10, BAN_INFERRED, 10.1, 0),
		LIVES(76.6, 0, 600, 0)) },
	{ "of a row only its second is known, and that may be rounded up",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), ROW(80, 77, 600)),
	    BANS(ENDED(0.1, 0, 600, BAN_INFERRED, 76.5, 0),
		LIVES(77, 0, 600, 0)) },
	{ "a later ban leaves a seen end alone",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), UNBAN(50, 0.1, 600, BAN_MANUAL),
		FRESH(77, 76.6, 600)),
	    BANS(ENDED(0.1, 0, 600, BAN_MANUAL, 50, 0),
		LIVES(76.6, 0, 600, 0)) },
	{ "a later ban that was lifted leaves a ban restored since alone",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), FRESH(10, 9.6, 600),
		UNBAN(20, 9.6, 600, BAN_MANUAL), RESTORED(60, 0, 600)),
	    BANS(LIVES(0.1, 0, 600, 1),
		ENDED(9.6, 0, 600, BAN_MANUAL, 20, 0)) },
	{ "an earlier ban that is shown again ends the later one",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), FRESH(10, 9.6, 600),
		RESTORED(60, 0, 600)),
	    BANS(LIVES(0.1, 0, 600, 1),
		ENDED(9.6, 0, 600, BAN_INFERRED, 60, 0)) },
	{ "an older ticket banned after one that was lifted lives",
	    SIGHTINGS(FRESH(1, 0.4, 600), UNBAN(2, 0.4, 600, BAN_MANUAL),
		FRESH(3, 0.1, 600)),
	    BANS(ENDED(0.4, 0, 600, BAN_MANUAL, 2, 0), LIVES(0.1, 0, 600, 0)) },
	{ "an older ticket banned after a flush lives, the flushed ban does not",
	    SIGHTINGS(FRESH(2.02, 2.01, -1), FRESH(2.5, 0, -1)),
	    FLUSHES(AT(2.2)),
	    BANS(ENDED(2.01, 0, -1, BAN_INFERRED, 2.2, 0),
		LIVES(0, 0, -1, 0)) },
	{ "an older ticket banned after one that was lifted is restored",
	    SIGHTINGS(FRESH(1.012, 1, -1), UNBAN(1.019, 1, -1, BAN_MANUAL),
		FRESH(1.044, 0, -1), RESTORED(3.057, 0, -1)),
	    BANS(ENDED(1, 0, -1, BAN_MANUAL, 1.019, 0), LIVES(0, 0, -1, 1)) },
	{ "a restored ban that was not known was made after those before it",
	    SIGHTINGS(FRESH(30.5, 30.1, 600), RESTORED(60, 0, 600)),
	    BANS(ENDED(30.1, 0, 600, BAN_INFERRED, 30.500001, 0),
		LIVES(0, 0, 600, 1)) },
	{ "an unban of a ban that was not known likewise",
	    SIGHTINGS(FRESH(30.5, 30.1, 600), UNBAN(60, 0.1, 600, BAN_MANUAL)),
	    BANS(ENDED(30.1, 0, 600, BAN_INFERRED, 30.500001, 0),
		ENDED(0.1, 0, 600, BAN_MANUAL, 60, 0)) },
	{ "a row of an earlier second was made before the ban",
	    SIGHTINGS(FRESH(30.5, 30.1, 600), ROW(60, 5, 600)),
	    BANS(ENDED(5, 0, 600, BAN_INFERRED, 30.5, 0),
		LIVES(30.1, 0, 600, 0)) },
	{ "a row that stands after the ban's row was made after it",
	    SIGHTINGS(FRESH(30.5, 30.1, 600), ROW_AFTER(60, 5, 600, 30)),
	    BANS(ENDED(30.1, 0, 600, BAN_INFERRED, 30.500001, 0),
		LIVES(5, 0, 600, 0)) },
	{ "a row that stands after a row of its own second is that ban's",
	    SIGHTINGS(FRESH(30.5, 30.1, 600), ROW_AFTER(60, 30, 900, 30)),
	    BANS(LIVES(30.1, 0, 900, 0)) },
	{ "of two bans of one second the later takes the restored and the row",
	    SIGHTINGS(FRESH(0.2, 0, 600), UNBAN(0.5, 0, 600, BAN_MANUAL),
		FRESH(0.8, 0, 600), RESTORED(60, 0, 600), ROW(70, 0, 900)),
	    BANS(ENDED(0, 0, 600, BAN_MANUAL, 0.5, 0), LIVES(0, 1, 900, 1)) },
	{ "of two bans of one second the later takes an unban of the bare second",
	    SIGHTINGS(FRESH(0.2, 0.1, 600), UNBAN(0.25, 0.1, 600, BAN_MANUAL),
		FRESH(0.4, 0.3, 600), UNBAN_LATER(60, 0, 600, BAN_MANUAL)),
	    BANS(ENDED(0.1, 0, 600, BAN_MANUAL, 0.25, 0),
		ENDED(0.3, 0, 600, BAN_MANUAL, 60, 0)) },
	{ "a judgement is of the ban that was made when the judged one was",
	    SIGHTINGS(FRESH(0.2, 0.1, 600), FRESH(0.4, 0.3, 600),
		JUDGED_OF(90, 0, 0.2, BAN_MANUAL, 0.3)),
	    BANS(ENDED(0.1, 0, 600, BAN_MANUAL, 0.3, 0),
		LIVES(0.3, 0, 600, 0)) },
	{ "a ban is made no earlier than its exact time, which is known later",
	    SIGHTINGS(FRESH(0.2, 0.1, 600), ROW(70, 60, 600),
		UNBAN(660.5, 60.4, 600, BAN_LIVES)),
	    BANS(ENDED(0.1, 0, 600, BAN_INFERRED, 60.4, 0),
		ENDED(60.4, 0, 600, BAN_EXPIRED, 660.5, 0)) },
	{ "a row's ban is made after the last sign of life of the one before it",
	    SIGHTINGS(FRESH(0.2, 0.1, 600), RESTORED(5, 0, 600),
		ROW_AFTER(70, 3, 600, 0)),
	    BANS(ENDED(0.1, 0, 600, BAN_INFERRED, 5.000001, 1),
		LIVES(3, 0, 600, 0)) },
	{ "a ban that was seen alive before its log was read again, and a late "
	  "flush",
	    SIGHTINGS(RESTORED(40, 0, 600), FRESH(60, 0.1, 600)),
	    FLUSHES(AT(50)),
	    BANS(ENDED(0, 0, 600, BAN_INFERRED, 50, 1),
		LIVES(0.1, 0, 600, 0)) },
	{ "the row that stood in place of the judged one's is of a later ban",
	    SIGHTINGS(FRESH(60.2, 60, 600), ROW(90, 10, 600),
		JUDGED_REPLACED(91, 60, 10, BAN_MANUAL, 91)),
	    BANS(ENDED(60, 0, 600, BAN_MANUAL, 91, 0),
		LIVES(10, 0, 600, 0)) },
	{ "a row that is seen after a run that found the rows gone is of a later "
	  "ban",
	    SIGHTINGS(FRESH(60.2, 60, 600), JUDGED(90, 60, BAN_FLUSHED, 70),
		ROW(95, 10, 600)),
	    FLUSHES(AT(70)),
	    BANS(ENDED(60, 0, 600, BAN_FLUSHED, 70, 0),
		LIVES(10, 0, 600, 0)) },
	{ "a flush before a server had the ban does not make its end one",
	    SIGHTINGS(FRESH(0.5, 0.1, 600),
		JUDGED_HELD(90, 0, 40, BAN_MANUAL, 80)),
	    FLUSHES(AT(30)),
	    BANS(ENDED(0.1, 0, 600, BAN_MANUAL, 80, 0)) },
	{ "a flush after a server had the ban ended it",
	    SIGHTINGS(FRESH(0.5, 0.1, 600),
		JUDGED_HELD(90, 0, 40, BAN_MANUAL, 80)),
	    FLUSHES(AT(30), AT(50)),
	    BANS(ENDED(0.1, 0, 600, BAN_FLUSHED, 50, 0)) },
	{ "a ban that the server has again lives",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), JUDGED(40, 0, BAN_INFERRED, 30),
		BACK(60, 0)),
	    FLUSHES(AT(30)), BANS(LIVES(0.1, 0, 600, 0)) },
	{ "a ban whose end an event saw stays ended",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), UNBAN(30, 0.1, 600, BAN_MANUAL),
		BACK(60, 0)),
	    BANS(ENDED(0.1, 0, 600, BAN_MANUAL, 30, 0)) },
	{ "a ban that was flushed stays ended",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), JUDGED(40, 0, BAN_FLUSHED, 30),
		BACK(60, 0)),
	    FLUSHES(AT(30)), BANS(ENDED(0.1, 0, 600, BAN_FLUSHED, 30, 0)) },
	{ "a later ban ends one that the server had again when it is made",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), JUDGED(40, 0, BAN_INFERRED, 30),
		BACK(60, 0), FRESH(77, 76.6, 600)),
	    FLUSHES(AT(30)),
	    BANS(ENDED(0.1, 0, 600, BAN_INFERRED, 77, 0),
		LIVES(76.6, 0, 600, 0)) },
	{ "an id that the server has again has the ban made last",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), JUDGED(40, 0, BAN_INFERRED, 30),
		FRESH(50, 49.6, 600), BACK(60, 0)),
	    FLUSHES(AT(30)),
	    BANS(ENDED(0.1, 0, 600, BAN_INFERRED, 30, 0),
		LIVES(49.6, 0, 600, 0)) },
	{ "a judgement of the later one leaves the earlier one alone",
	    SIGHTINGS(FRESH(0.2, 0, 600), UNBAN(0.5, 0, 600, BAN_MANUAL),
		FRESH(0.8, 0, 600), JUDGED_OF(90, 0, 0.8, BAN_FLUSHED, 70)),
	    BANS(ENDED(0, 0, 600, BAN_MANUAL, 0.5, 0),
		ENDED(0, 1, 600, BAN_FLUSHED, 70, 0)) },
};

static const struct play of_imports[] = {
	{ "an import that nobody has seen here makes a ban",
	    SIGHTINGS(IMPORT_ENDED(0.1, 0, 600, BAN_MANUAL, 50)),
	    BANS(ENDED(0.1, 0, 600, BAN_MANUAL, 50, 0)) },
	{ "an import adds the end that is not known here, and no ban time",
	    SIGHTINGS(FRESH(0.5, 0.1, 600),
		IMPORT_ENDED(0.1, 0, 1200, BAN_MANUAL, 50)),
	    BANS(ENDED(0.1, 0, 600, BAN_MANUAL, 50, 0)) },
	{ "an import changes no end that was seen here",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), UNBAN(40, 0.1, 600, BAN_MANUAL),
		IMPORT_ENDED(0.1, 0, 600, BAN_EXPIRED, 600.5)),
	    BANS(ENDED(0.1, 0, 600, BAN_MANUAL, 40, 0)) },
	{ "an import's end before the last sign of life is none",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), RESTORED(60, 0, 600),
		IMPORT_ENDED(0.1, 0, 600, BAN_MANUAL, 50)),
	    BANS(LIVES(0.1, 0, 600, 1)) },
	{ "an import of the exact time gives it to a row",
	    SIGHTINGS(ROW(30, 0, 600), IMPORT(0.1, 0, 600)),
	    BANS(LIVES(0.1, 0, 600, 0)) },
	{ "an import of the bare second is the ban of that second",
	    SIGHTINGS(FRESH(0.5, 0.1, 600),
		IMPORT_ENDED(0, 0, 600, BAN_MANUAL, 50)),
	    BANS(ENDED(0.1, 0, 600, BAN_MANUAL, 50, 0)) },
	{ "imports of several numbers are as many bans, one of them seen here",
	    SIGHTINGS(FRESH(0.5, 0.1, 600),
		IMPORT_ENDED(0, 0, 600, BAN_MANUAL, 50),
		IMPORT_ENDED(0, 1, 600, BAN_MANUAL, 51),
		IMPORT_ENDED(0, 3, 600, BAN_MANUAL, 52)),
	    BANS(ENDED(0, 1, 600, BAN_MANUAL, 51, 0),
		ENDED(0, 3, 600, BAN_MANUAL, 52, 0),
		ENDED(0.1, 0, 600, BAN_MANUAL, 50, 0)) },
	{ "an import speaks of the ban of its number, where its time is not known",
	    SIGHTINGS(FRESH(0.2, 0.1, 600), UNBAN(0.3, 0.1, 600, BAN_MANUAL),
		FRESH(0.5, 0.4, 600), IMPORT_ENDED(0, 1, 600, BAN_MANUAL, 50)),
	    BANS(ENDED(0.1, 0, 600, BAN_MANUAL, 0.3, 0),
		ENDED(0.4, 0, 600, BAN_MANUAL, 50, 0)) },
	{ "an import of another exact time of the second is another ban",
	    SIGHTINGS(FRESH(0.5, 0.3, 600),
		IMPORT_ENDED(0.1, 0, 600, BAN_MANUAL, 0.2)),
	    BANS(ENDED(0.1, 0, 600, BAN_MANUAL, 0.2, 0),
		LIVES(0.3, 0, 600, 0)) },
	{ "two imports of one time keep their numbers",
	    SIGHTINGS(IMPORT_ENDED(0, 0, 10, BAN_MANUAL, 0.3),
		IMPORT(0, 1, 10)),
	    BANS(ENDED(0, 0, 10, BAN_MANUAL, 0.3, 0), LIVES(0, 1, 10, 0)) },
	{ "a judgement ends the one of two imports that was judged",
	    SIGHTINGS(IMPORT_ENDED(0, 0, 10, BAN_MANUAL, 0.3),
		IMPORT(0, 1, 10),
		JUDGED_OF(90, 0, 0.000001, BAN_INFERRED, 10)),
	    BANS(ENDED(0, 0, 10, BAN_MANUAL, 0.3, 0),
		ENDED(0, 1, 10, BAN_INFERRED, 10, 0)) },
	{ "an import speaks of the ban of its number",
	    SIGHTINGS(FRESH(0.2, 0, 600), UNBAN(0.5, 0, 600, BAN_MANUAL),
		FRESH(0.8, 0, 600), IMPORT_ENDED(0, 1, 600, BAN_MANUAL, 50)),
	    BANS(ENDED(0, 0, 600, BAN_MANUAL, 0.5, 0),
		ENDED(0, 1, 600, BAN_MANUAL, 50, 0)) },
	{ "a later ban ends an import that lives",
	    SIGHTINGS(IMPORT(0.1, 0, 600), FRESH(77, 76.6, 600)),
	    BANS(ENDED(0.1, 0, 600, BAN_INFERRED, 77, 0),
		LIVES(76.6, 0, 600, 0)) },
	{ "an old row that nobody has seen here makes a ban",
	    SIGHTINGS(OLD_ROW(0, 600, BAN_INFERRED, 600)),
	    BANS(ENDED(0, 0, 600, BAN_INFERRED, 600, 0)) },
	{ "an old row adds nothing to a ban that was seen here",
	    SIGHTINGS(FRESH(0.5, 0.1, 600), RESTORED(900, 0, 1200),
		OLD_ROW(0, 600, BAN_INFERRED, 600)),
	    BANS(LIVES(0.1, 0, 1200, 1)) },
};

/* clang-format on */

/* The rows of a table that gave other bans. */
static int failed;

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
	print_error("  since %+.6f nth %d seconds %lld %s %.6f restored %d\n",
	    (double)(ban->since_us - AT(0)) / 1e6, ban->nth,
	    (long long)ban->seconds,
	    ban->end == BAN_LIVES ? "lives" : ban_end_name(ban->end),
	    ban->end == BAN_LIVES ? 0 : (double)(ban->ended_us - AT(0)) / 1e6,
	    (int)ban->restored);
}

/* The bans of a history, in the order of their making. */
struct outcome {
	struct ban bans[LIST_MAX];
	size_t owner[LIST_MAX], n;
};

static void
make(struct outcome *out, const struct history *history)
{
	struct history h = *history;

	assert_true(h.n + h.lines_n <= LIST_MAX);
	assert_int_equal(history_make_bans(&h, out->bans, out->owner, &out->n),
	    0);
	for (size_t i = 1; i < out->n; i++)
		assert_true(out->bans[i - 1].made_us <= out->bans[i].made_us);
}

static size_t
flushes_of(const struct play *play)
{
	size_t n = 0;

	while (n < MAX && play->flushes[n] != 0)
		n++;
	return n;
}

/* Play the sightings in this order, times times. */
static void
assert_bans(const struct play *play, const struct sighting *sightings,
    size_t times)
{
	struct sighting copy[2 * MAX];
	struct outcome out;
	bool same;

	for (size_t i = 0; i < times; i++)
		memcpy(&copy[i * play->n], sightings,
		    play->n * sizeof(*sightings));
	make(&out,
	    &(const struct history){ .sightings = copy,
		.n = times * play->n,
		.flushes = play->flushes,
		.flushes_n = flushes_of(play) });
	same = out.n == play->bans_n;
	for (size_t i = 0; same && i < out.n; i++)
		same = same_ban(&out.bans[i], &play->bans[i]);
	if (same)
		return;
	print_error("%s%s:\n", play->name, times == 2 ? ", twice" : "");
	for (size_t i = 0; i < out.n; i++)
		print_ban(&out.bans[i]);
	failed++;
}

/* Every order of the sightings from index at on (Heap's algorithm). */
static void
permute(const struct play *play, struct sighting *sightings, size_t k)
{
	if (k <= 1) {
		assert_bans(play, sightings, 1);
		assert_bans(play, sightings, 2);
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
play_all(const struct play *plays, size_t n)
{
	failed = 0;
	for (size_t i = 0; i < n; i++) {
		struct sighting sightings[MAX];
		int before = failed;

		memcpy(sightings, plays[i].sightings, sizeof(sightings));
		assert_bans(&plays[i], sightings, 1);
		if (failed == before)
			permute(&plays[i], sightings, plays[i].n);
	}
	assert_int_equal(failed, 0);
}

static void
one_ban_follows_from_its_sightings_in_every_order(void **state UNUSED)
{
	play_all(of_one_ban, ARRAY_LEN(of_one_ban));
}

static void
several_bans_follow_one_another_as_they_were_made(void **state UNUSED)
{
	play_all(of_several, ARRAY_LEN(of_several));
}

static void
an_import_adds_only_what_is_not_known_here(void **state UNUSED)
{
	play_all(of_imports, ARRAY_LEN(of_imports));
}

static struct ban
only_ban(struct sighting *sightings, size_t n)
{
	struct outcome out;

	make(&out, &(const struct history){ .sightings = sightings, .n = n });
	assert_int_equal(out.n, 1);
	return out.bans[0];
}

static void
the_database_gives_bancount_and_failures(void **state UNUSED)
{
	struct sighting sightings[] = {
		FRESH(0.5, 0.1, 600),
		ROW(0.5, 0, 600),
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
	struct sighting sightings[] = { RESTORED(60, 0, 600) };

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
	sightings[0].has_matches = true;
	assert_int_equal(only_ban(sightings, 1).origin, BAN_FROM_LOG);
	sightings[0].has_matches = false;
	sightings[0].failures = 3;
	assert_int_equal(only_ban(sightings, 1).origin, BAN_FROM_LOG);
}

static void
an_import_of_what_an_event_has_seen_changes_no_witness(void **state UNUSED)
{
	struct sighting sightings[] = {
		FRESH(0.5, 0.1, 600),
		IMPORT_ENDED(0.1, 0, 1200, BAN_MANUAL, 50),
	};
	struct ban ban;

	sightings[0].failures = 3;
	sightings[1].failures = 9;
	sightings[1].bancount = 2;
	sightings[1].restored = 4;
	sightings[1].seen = BAN_SEEN_LOG;
	ban = only_ban(sightings, 2);
	assert_int_equal(ban.failures, 3);
	assert_int_equal(ban.bancount, 2);
	assert_int_equal(ban.restored, 4);
	assert_int_equal(ban.seen, BAN_SEEN_EVENT);
}

/* The moment at which fail2ban made the only ban of n sightings. */
static double
made_of(struct sighting *sightings, size_t n)
{
	return (double)(only_ban(sightings, n).made_us - AT(0)) / 1e6;
}

static void
the_best_witness_shows_when_a_ban_was_made(void **state UNUSED)
{
	struct sighting row[] = { ROW(60, 5, 600) },
			fresh[] = { ROW(60, 5, 600), FRESH(5.5, 5.1, 600),
				FRESH(9, 5.1, 600) },
			unban[] = { UNBAN(70, 5.1, 600, BAN_MANUAL) },
			late[] = { FRESH(65, 5.1, 600) },
			again[] = { RESTORED(40, 5, 600), FRESH(65, 5.1, 600) },
			import[] = { IMPORT(5.1, 3, 600) },
			judged[] = { JUDGED_OF(90, 0, 7, BAN_MANUAL, 90) };

	assert_float_equal(made_of(row, 1), 4.5, 1e-9);
	assert_float_equal(made_of(fresh, 3), 5.5, 1e-9);
	assert_float_equal(made_of(unban, 1), 5.1, 1e-9);
	assert_float_equal(made_of(late, 1), 65, 1e-9);
	assert_float_equal(made_of(again, 2), 5.1, 1e-9);
	assert_float_equal(made_of(import, 1), 5.100003, 1e-9);
	assert_float_equal(made_of(judged, 1), 7, 1e-9);
}

static void
a_ban_keeps_the_row_of_its_first_sighting(void **state UNUSED)
{
	struct sighting sightings[] = {
		FRESH(0.8, 0, 600),
		UNBAN(0.5, 0, 600, BAN_MANUAL),
		FRESH(0.2, 0, 600),
	};
	const struct history_row late = { .made_us = AT(0.8),
		.since_us = AT(0),
		.known_as = UNKNOWN };
	struct outcome out;

	/* The late ban stands in a row when the other two come. */
	sightings[0].row = 1;
	make(&out,
	    &(const struct history){ .sightings = sightings,
		.n = 3,
		.rows = &late,
		.rows_n = 1 });
	assert_int_equal(out.n, 2);
	assert_int_equal(out.bans[0].row, 0);
	assert_int_equal(out.bans[1].row, 1);
}

static void
of_two_bans_that_were_one_row_the_first_keeps_it(void **state UNUSED)
{
	struct sighting sightings[] = {
		FRESH(0.2, 0, 600),
		FRESH(20, 0, 600),
	};
	const int64_t flushes[] = { AT(10) };
	const struct history_row both = { .made_us = AT(0.2),
		.since_us = AT(0),
		.known_as = UNKNOWN };
	struct outcome out;

	/* The flush that stands between becomes known late. */
	sightings[0].row = sightings[1].row = 1;
	make(&out,
	    &(const struct history){ .sightings = sightings,
		.n = 2,
		.rows = &both,
		.rows_n = 1,
		.flushes = flushes,
		.flushes_n = 1 });
	assert_int_equal(out.n, 2);
	assert_int_equal(out.bans[0].row, 1);
	assert_int_equal(out.bans[1].row, 0);
}

static void
a_stretch_counts_on_from_the_number_of_its_first_row(void **state UNUSED)
{
	struct sighting sightings[] = {
		FRESH(0.2, 0, 600),
		UNBAN(0.5, 0, 600, BAN_MANUAL),
		FRESH(0.8, 0, 600),
	};
	const struct history_row rows[] = {
		{ .made_us = AT(0.2),
		    .since_us = AT(0),
		    .nth = 3,
		    .known_as = UNKNOWN,
		    .import_nth = UNKNOWN },
	};
	struct outcome out;

	sightings[0].row = sightings[1].row = 1;
	make(&out,
	    &(const struct history){ .sightings = sightings,
		.n = 3,
		.rows = rows,
		.rows_n = 1 });
	assert_int_equal(out.n, 2);
	assert_int_equal(out.bans[0].nth, 3);
	assert_int_equal(out.bans[1].nth, 4);
}

static void
each_sighting_is_of_its_ban(void **state UNUSED)
{
	struct sighting sightings[] = {
		FRESH(2.5, 0, -1),
		UNBAN(2.2, 2.1, -1, BAN_MANUAL),
		FRESH(2.15, 2.1, -1),
	};
	struct outcome out;

	make(&out, &(const struct history){ .sightings = sightings, .n = 3 });
	assert_int_equal(out.n, 2);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(out.bans[out.owner[i]].timeofban,
		    sightings[i].timeofban);
}

static void
a_sighting_is_the_same_when_its_witness_and_moment_are(void **state UNUSED)
{
	const struct sighting a = FRESH(0.5, 0.1, 600), b = FRESH(0.5, 0.1, 60),
			      later = FRESH(0.6, 0.1, 600),
			      other = ROW(0.5, 0, 600),
			      ticket = FRESH(0.5, 0.2, 600);

	assert_true(sighting_is_same(&a, &b));
	assert_false(sighting_is_same(&a, &later));
	assert_false(sighting_is_same(&a, &other));
	assert_false(sighting_is_same(&a, &ticket));
}

/* A permanent ban, its row, and a restart an hour: n sightings in all. */
static size_t
set_restarts(struct sighting *sightings, size_t n, int64_t from)
{
	const struct sighting fresh = FRESH(0.5, 0.1, -1), row = ROW(1, 0, -1),
			      restored = RESTORED(0, 0, -1);

	sightings[0] = fresh;
	sightings[1] = row;
	for (size_t i = 2; i < n; i++) {
		sightings[i] = restored;
		sightings[i].at_us =
		    AT(0) + (from + (int64_t)i) * 3600 * TIMESTAMP_US;
	}
	return n;
}

static struct ban
ban_of(const struct sighting *sightings, size_t n)
{
	struct sighting copy[LIST_MAX];

	memcpy(copy, sightings, n * sizeof(*sightings));
	return only_ban(copy, n);
}

static void
a_ban_stays_the_same_when_its_sightings_are_folded(void **state UNUSED)
{
	struct sighting sightings[LIST_MAX];

	for (size_t n = 3; n < LIST_MAX; n++) {
		size_t left;
		struct ban before, after;

		set_restarts(sightings, n, 0);
		before = ban_of(sightings, n);
		left = same_ban_fold(sightings, n, before.made_us);
		assert_true(left <= SAME_BAN_SIGHTINGS);
		assert_true(n > SAME_BAN_SIGHTINGS || left == n);
		after = ban_of(sightings, left);
		assert_int_equal(before.restored, n - 2);
		assert_memory_equal(&after, &before, sizeof(before));
	}
}

/* The archive folds whenever there is one more than it keeps. */
static void
a_ban_that_is_folded_again_and_again_stays_the_same(void **state UNUSED)
{
	struct sighting sightings[LIST_MAX];
	size_t n = set_restarts(sightings, 3, 0);

	for (int64_t i = 3; i < 1000; i++) {
		struct sighting more = RESTORED(0, 0, -1);
		struct ban ban;

		more.at_us = AT(0) + i * 3600 * TIMESTAMP_US;
		sightings[n++] = more;
		ban = ban_of(sightings, n);
		assert_int_equal(ban.restored, i - 1);
		assert_int_equal(ban.life_us, more.at_us);
		n = same_ban_fold(sightings, n, ban.made_us);
		assert_true(n <= SAME_BAN_SIGHTINGS);
		qsort(sightings, n, sizeof(*sightings), sighting_compare);
	}
}

static void
an_unban_between_restored_bans_folds_as_well(void **state UNUSED)
{
	struct sighting sightings[LIST_MAX];
	struct ban before, after;
	size_t n = set_restarts(sightings, 80, 0), left;

	for (size_t i = 3; i < n; i += 2) {
		sightings[i].kind = SIGHTING_UNBAN;
		sightings[i].end = i % 4 == 3 ? BAN_MANUAL : BAN_LIVES;
	}
	before = ban_of(sightings, n);
	left = same_ban_fold(sightings, n, before.made_us);
	assert_true(left <= SAME_BAN_SIGHTINGS);
	after = ban_of(sightings, left);
	assert_memory_equal(&after, &before, sizeof(before));
}

static void
a_folded_ban_keeps_what_only_its_old_events_say(void **state UNUSED)
{
	struct sighting sightings[LIST_MAX];
	struct ban before, after;
	size_t n = set_restarts(sightings, 80, 0), left;

	sightings[0].failures = 3;
	sightings[0].bancount = 1;
	sightings[5].kind = SIGHTING_PROLONG;
	sightings[5].bancount = 4;
	sightings[5].seconds = 86400;
	sightings[6].evidence = 9;
	sightings[6].has_matches = true;
	sightings[7].ip = "192.0.2.1";
	before = ban_of(sightings, n);
	left = same_ban_fold(sightings, n, before.made_us);
	after = ban_of(sightings, left);
	assert_int_equal(before.bancount, 4);
	assert_int_equal(before.evidence, 9);
	assert_memory_equal(&after, &before, sizeof(before));
}

static void
an_import_is_never_folded(void **state UNUSED)
{
	struct sighting sightings[LIST_MAX];
	const struct sighting import = IMPORT_ENDED(0.1, 0, -1, BAN_MANUAL, 50);
	size_t n = set_restarts(sightings, 80, 0), left, imports = 0;

	for (size_t i = 0; i < 5; i++) {
		sightings[n] = import;
		sightings[n++].restored = (int64_t)i;
	}
	left = same_ban_fold(sightings, n, AT(0.5));
	for (size_t i = 0; i < left; i++)
		imports += sightings[i].kind == SIGHTING_IMPORT;
	assert_int_equal(imports, 5);
	assert_true(left - imports <= SAME_BAN_SIGHTINGS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    one_ban_follows_from_its_sightings_in_every_order),
		cmocka_unit_test(
		    several_bans_follow_one_another_as_they_were_made),
		cmocka_unit_test(an_import_adds_only_what_is_not_known_here),
		cmocka_unit_test(the_database_gives_bancount_and_failures),
		cmocka_unit_test(a_restored_ban_gives_no_bancount),
		cmocka_unit_test(the_origin_follows_from_failures_and_lines),
		cmocka_unit_test(
		    an_import_of_what_an_event_has_seen_changes_no_witness),
		cmocka_unit_test(the_best_witness_shows_when_a_ban_was_made),
		cmocka_unit_test(a_ban_keeps_the_row_of_its_first_sighting),
		cmocka_unit_test(
		    of_two_bans_that_were_one_row_the_first_keeps_it),
		cmocka_unit_test(
		    a_stretch_counts_on_from_the_number_of_its_first_row),
		cmocka_unit_test(each_sighting_is_of_its_ban),
		cmocka_unit_test(
		    a_sighting_is_the_same_when_its_witness_and_moment_are),
		cmocka_unit_test(
		    a_ban_stays_the_same_when_its_sightings_are_folded),
		cmocka_unit_test(
		    a_ban_that_is_folded_again_and_again_stays_the_same),
		cmocka_unit_test(an_unban_between_restored_bans_folds_as_well),
		cmocka_unit_test(
		    a_folded_ban_keeps_what_only_its_old_events_say),
		cmocka_unit_test(an_import_is_never_folded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
