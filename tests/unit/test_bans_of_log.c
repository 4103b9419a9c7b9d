/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bans that only logs show, and those that have other witnesses beside the
 * lines: by tables of lines, and by random lines, for which general claims must
 * hold.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ban/history.h"
#include "base/timestamp.h"
#include "random.h"
#include "watched.h"

/* The first second, and a time ms milliseconds after it. */
#define T0 INT64_C(1795458480)
#define MS(ms) (T0 * TIMESTAMP_US + (ms)*INT64_C(1000))
#define NOT_YET MS(0)
#define LATER MS(100000000)

#define LINES 8
#define SEENS 10
#define BANS 4
#define PLACES 64

/* clang-format off */

/* Log lines: ms is the time in milliseconds, second that of the last failure. */
#define BAN(ms, seconds) \
	{ LOGGED_BAN, MS(ms), UNKNOWN, seconds, UNKNOWN }
#define FOUND_BAN(ms, second, seconds) \
	{ LOGGED_BAN, MS(ms), T0 + (second), seconds, UNKNOWN }
#define RESTORE(ms) \
	{ LOGGED_RESTORE, MS(ms), UNKNOWN, 600, UNKNOWN }
#define UNBAN(ms) \
	{ LOGGED_UNBAN, MS(ms), UNKNOWN, UNKNOWN, UNKNOWN }
#define INCREASE(ms, seconds, bancount) \
	{ LOGGED_INCREASE, MS(ms), UNKNOWN, seconds, bancount }
#define GONE(ms) \
	{ LOGGED_OVER, MS(ms), UNKNOWN, UNKNOWN, UNKNOWN }

/* The sightings of the witnessed bans. */
struct seen {
	enum sighting_kind kind;
	int64_t at_us, since_us, second, ended_us;
	enum ban_end end;
	int64_t known_as;
	int64_t seconds; /* 0: not known */
};

/* Another archive's ban of that time, which ended then. */
#define SEEN(ms, second, ended) \
	{ SIGHTING_IMPORT, MS(ms), MS(ms), T0 + (second), ended, \
	    (ended) == UNKNOWN ? BAN_LIVES : BAN_MANUAL, UNKNOWN, 0 }
#define AGAIN(ms, second, ended, known_as) \
	{ SIGHTING_IMPORT, MS(ms), MS(ms), T0 + (second), ended, \
	    (ended) == UNKNOWN ? BAN_LIVES : BAN_MANUAL, T0 + (known_as), 0 }
#define INFERRED(ms, second, ended) \
	{ SIGHTING_IMPORT, MS(ms), MS(ms), T0 + (second), ended, \
	    BAN_INFERRED, UNKNOWN, 0 }
/* Events at that time; a ticket's exact time is in ms, too. */
#define EVENT(at, ms, second) \
	{ SIGHTING_BAN, MS(at), MS(ms), T0 + (second), UNKNOWN, BAN_LIVES, \
	    UNKNOWN, 0 }
#define RESTORED(at, second) \
	{ SIGHTING_RESTORED, MS(at), MS(1000 * (second)), T0 + (second), \
	    UNKNOWN, BAN_LIVES, UNKNOWN, 0 }
#define LIFTED(at, ms, second) \
	{ SIGHTING_UNBAN, MS(at), MS(ms), T0 + (second), UNKNOWN, BAN_MANUAL, \
	    UNKNOWN, 0 }
#define ROW(at, second) \
	{ SIGHTING_ROW, MS(at), MS(1000 * (second)), T0 + (second), UNKNOWN, \
	    BAN_LIVES, UNKNOWN, 0 }
#define ROW_OF(at, second, seconds) \
	{ SIGHTING_ROW, MS(at), MS(1000 * (second)), T0 + (second), UNKNOWN, \
	    BAN_LIVES, UNKNOWN, seconds }
#define JUDGED_OVER(at, second, ended) \
	{ SIGHTING_JUDGED, MS(at), MS(1000 * (second)), T0 + (second), \
	    MS(ended), BAN_INFERRED, UNKNOWN, 0 }
#define LIVES UNKNOWN

/* The log's own bans that follow. */
struct expected {
	int64_t since_us, seconds;
	enum ban_origin origin;
	enum ban_end end;
	int64_t ended_us;
	int64_t restored, bancount;
	int nth;
};

#define LIVE(since, seconds) \
	{ since, seconds, BAN_FROM_UNKNOWN, BAN_LIVES, UNKNOWN, 0, UNKNOWN, 0 }
#define ENDED(since, seconds, end, ended) \
	{ since, seconds, BAN_FROM_UNKNOWN, end, ended, 0, UNKNOWN, 0 }

struct row {
	const char *what;
	struct logged_line lines[LINES]; /* up to the first one without a time */
	struct seen seen[SEENS];	   /* likewise */
	int64_t overdue_us;
	struct expected bans[BANS];	   /* likewise */
	/* When the bans of the sightings were made, in ms; 0: not checked. */
	int64_t made[SEENS];
};

static const struct row of_the_log[] = {
	{ .what = "no line, no ban" },
	{ .what = "a ban lives",
	  .lines = { BAN(1000, 600) },
	  .overdue_us = NOT_YET,
	  .bans = { LIVE(MS(1000), 600) } },
	{ .what = "a ban begins with the last failure found",
	  .lines = { FOUND_BAN(1500, 1, 600) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_LIVES, UNKNOWN, 0,
	      UNKNOWN, 0 } } },
	{ .what = "the failure may be of the line's own millisecond",
	  .lines = { FOUND_BAN(1000, 1, 600) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_LIVES, UNKNOWN, 0,
	      UNKNOWN, 0 } } },
	{ .what = "a failure whose ban time was up when the id was banned does not",
	  .lines = { FOUND_BAN(42000, 1, 40) },
	  .overdue_us = NOT_YET,
	  .bans = { LIVE(MS(42000), 40) } },
	{ .what = "the second of the failure may have been cut",
	  .lines = { FOUND_BAN(41999, 1, 40) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 40, BAN_FROM_LOG, BAN_LIVES, UNKNOWN, 0,
	      UNKNOWN, 0 } } },
	{ .what = "a failure in the future does not count",
	  .lines = { FOUND_BAN(1500, 2, 600) },
	  .overdue_us = NOT_YET,
	  .bans = { LIVE(MS(1500), 600) } },
	{ .what = "the failure may be of long ago",
	  .lines = { FOUND_BAN(1500, -500, 600) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(-500000), 600, BAN_FROM_LOG, BAN_LIVES, UNKNOWN, 0,
	      UNKNOWN, 0 } } },
	{ .what = "an earlier failure may be of a ban that was made later",
	  .lines = { BAN(1000, 600), FOUND_BAN(1500, 0, 600) },
	  .overdue_us = NOT_YET,
	  .bans = { ENDED(MS(1000), 600, BAN_INFERRED, MS(1500)),
	    { MS(0), 600, BAN_FROM_LOG, BAN_LIVES, UNKNOWN, 0, UNKNOWN,
	      0 } } },
	{ .what = "a second line of the same failure belongs to the ban that lives",
	  .lines = { FOUND_BAN(1500, 1, 600), FOUND_BAN(5000, 1, 600),
	    UNBAN(6000) },
	  .overdue_us = LATER,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_MANUAL, MS(6000), 0,
	      UNKNOWN, 0 } } },
	{ .what = "a second line of the same failure begins another ban after an Unban",
	  .lines = { FOUND_BAN(1500, 1, 600), UNBAN(2000),
	    FOUND_BAN(5000, 1, 600) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_MANUAL, MS(2000), 0,
	      UNKNOWN, 0 },
	    { MS(1000), 600, BAN_FROM_LOG, BAN_LIVES, UNKNOWN, 0, UNKNOWN,
	      1 } } },
	{ .what = "a line of the next failure begins another ban",
	  .lines = { FOUND_BAN(1500, 1, 600), FOUND_BAN(5000, 2, 600) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_INFERRED, MS(5000), 0,
	      UNKNOWN, 0 },
	    { MS(2000), 600, BAN_FROM_LOG, BAN_LIVES, UNKNOWN, 0, UNKNOWN,
	      0 } } },
	{ .what = "an Unban line before the time is up is by hand",
	  .lines = { BAN(1000, 600), UNBAN(2000) },
	  .overdue_us = LATER,
	  .bans = { ENDED(MS(1000), 600, BAN_MANUAL, MS(2000)) } },
	{ .what = "an Unban line a second late is an expiry",
	  .lines = { BAN(1000, 600), UNBAN(602000) },
	  .overdue_us = LATER,
	  .bans = { ENDED(MS(1000), 600, BAN_EXPIRED, MS(602000)) } },
	{ .what = "an Unban line two seconds early is an expiry",
	  .lines = { BAN(1000, 600), UNBAN(599000) },
	  .overdue_us = LATER,
	  .bans = { ENDED(MS(1000), 600, BAN_EXPIRED, MS(599000)) } },
	{ .what = "an Unban line two seconds and a millisecond early is by hand",
	  .lines = { BAN(1000, 600), UNBAN(598999) },
	  .overdue_us = LATER,
	  .bans = { ENDED(MS(1000), 600, BAN_MANUAL, MS(598999)) } },
	{ .what = "a permanent ban is lifted by hand",
	  .lines = { BAN(1000, -1), UNBAN(90000000) },
	  .overdue_us = LATER,
	  .bans = { ENDED(MS(1000), -1, BAN_MANUAL, MS(90000000)) } },
	{ .what = "a permanent ban lives on",
	  .lines = { BAN(1000, -1) },
	  .overdue_us = LATER,
	  .bans = { LIVE(MS(1000), -1) } },
	{ .what = "a ban of unknown ban time ends inferred",
	  .lines = { BAN(1000, UNKNOWN), UNBAN(2000) },
	  .overdue_us = LATER,
	  .bans = { ENDED(MS(1000), UNKNOWN, BAN_INFERRED, MS(2000)) } },
	{ .what = "the first Unban line counts",
	  .lines = { BAN(1000, 600), UNBAN(2000), UNBAN(601000), GONE(602000) },
	  .overdue_us = LATER,
	  .bans = { ENDED(MS(1000), 600, BAN_MANUAL, MS(2000)) } },
	{ .what = "no ban ends before it began",
	  .lines = { FOUND_BAN(1000, 1, 0), UNBAN(1000) },
	  .overdue_us = LATER,
	  .bans = { { MS(1000), 0, BAN_FROM_LOG, BAN_EXPIRED, MS(1000), 0,
	      UNKNOWN, 0 } } },
	{ .what = "an Unban line alone makes no ban",
	  .lines = { UNBAN(1000), INCREASE(1001, 5, 2), GONE(2000) },
	  .overdue_us = LATER },
	{ .what = "one ban follows another",
	  .lines = { BAN(1000, 600), UNBAN(2000), BAN(3000, 60), UNBAN(63000),
	    BAN(70000, 60) },
	  .overdue_us = NOT_YET,
	  .bans = { ENDED(MS(1000), 600, BAN_MANUAL, MS(2000)),
	    ENDED(MS(3000), 60, BAN_EXPIRED, MS(63000)),
	    LIVE(MS(70000), 60) } },
	{ .what = "a later ban ends one that lives",
	  .lines = { BAN(1000, 600), BAN(3000, 60), UNBAN(63000) },
	  .overdue_us = LATER,
	  .bans = { ENDED(MS(1000), 600, BAN_INFERRED, MS(3000)),
	    ENDED(MS(3000), 60, BAN_EXPIRED, MS(63000)) } },
	{ .what = "a ban that was up before the later one began ends at its expiry",
	  .lines = { BAN(1000, 60), BAN(100000, 60) },
	  .overdue_us = MS(110000),
	  .bans = { ENDED(MS(1000), 60, BAN_INFERRED, MS(61000)),
	    LIVE(MS(100000), 60) } },
	{ .what = "a ban whose time is up has ended without a line that says so",
	  .lines = { BAN(1000, 600) },
	  .overdue_us = MS(601001),
	  .bans = { ENDED(MS(1000), 600, BAN_INFERRED, MS(601000)) } },
	{ .what = "a ban whose time is not yet overdue lives",
	  .lines = { BAN(1000, 600) },
	  .overdue_us = MS(601000),
	  .bans = { LIVE(MS(1000), 600) } },
	{ .what = "an unknown ban time is never up",
	  .lines = { BAN(1000, UNKNOWN) },
	  .overdue_us = LATER,
	  .bans = { LIVE(MS(1000), UNKNOWN) } },
	{ .what = "a judgement of a reconcile run ends a ban",
	  .lines = { BAN(1000, 600), GONE(9000) },
	  .overdue_us = NOT_YET,
	  .bans = { ENDED(MS(1000), 600, BAN_INFERRED, MS(9000)) } },
	{ .what = "an Unban line replaces a judgement",
	  .lines = { BAN(1000, 600), GONE(9000), UNBAN(601000) },
	  .overdue_us = LATER,
	  .bans = { ENDED(MS(1000), 600, BAN_EXPIRED, MS(601000)) } },
	{ .what = "a Restore Ban line replaces a judgement",
	  .lines = { BAN(1000, 600), GONE(9000), RESTORE(10000) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_UNKNOWN, BAN_LIVES, UNKNOWN, 1,
	      UNKNOWN, 0 } } },
	{ .what = "an Increase line gives ban time and bancount",
	  .lines = { BAN(1000, 600), INCREASE(1001, 1200, 3), UNBAN(601000) },
	  .overdue_us = LATER,
	  .bans = { { MS(1000), 1200, BAN_FROM_UNKNOWN, BAN_MANUAL, MS(601000),
	      0, 3, 0 } } },
	{ .what = "an Increase line belongs to the last ban",
	  .lines = { BAN(1000, 600), UNBAN(2000), BAN(3000, 600),
	    INCREASE(3001, 1200, 2), INCREASE(3002, 2400, 3) },
	  .overdue_us = NOT_YET,
	  .bans = { ENDED(MS(1000), 600, BAN_MANUAL, MS(2000)),
	    { MS(3000), 2400, BAN_FROM_UNKNOWN, BAN_LIVES, UNKNOWN, 0, 3,
	      0 } } },
	{ .what = "two bans of one time have their numbers",
	  .lines = { BAN(1000, 600), BAN(1000, 600), BAN(1000, 60) },
	  .overdue_us = NOT_YET,
	  .bans = { ENDED(MS(1000), 600, BAN_INFERRED, MS(1000)),
	    { MS(1000), 600, BAN_FROM_UNKNOWN, BAN_INFERRED, MS(1000), 0,
	      UNKNOWN, 1 },
	    { MS(1000), 60, BAN_FROM_UNKNOWN, BAN_LIVES, UNKNOWN, 0, UNKNOWN,
	      2 } } },
};

static const struct row of_restores[] = {
	{ .what = "a restored ban lives on",
	  .lines = { BAN(1000, 600), UNBAN(2000), RESTORE(5000) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_UNKNOWN, BAN_LIVES, UNKNOWN, 1,
	      UNKNOWN, 0 } } },
	{ .what = "a ban that had not ended may be restored, and then lifted",
	  .lines = { BAN(1000, 600), RESTORE(5000), UNBAN(7000) },
	  .overdue_us = LATER,
	  .bans = { { MS(1000), 600, BAN_FROM_UNKNOWN, BAN_MANUAL, MS(7000), 1,
	      UNKNOWN, 0 } } },
	{ .what = "a retry is not counted as a second restore",
	  .lines = { BAN(1000, 600), RESTORE(5000), RESTORE(15000) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_UNKNOWN, BAN_LIVES, UNKNOWN, 1,
	      UNKNOWN, 0 } } },
	{ .what = "a restore a millisecond later than a retry is counted",
	  .lines = { BAN(1000, 600), RESTORE(5000), RESTORE(15001) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_UNKNOWN, BAN_LIVES, UNKNOWN, 2,
	      UNKNOWN, 0 } } },
	{ .what = "each ban counts its own restores",
	  .lines = { BAN(1000, 600), RESTORE(5000), UNBAN(6000),
	    BAN(7000, 600), RESTORE(8000) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_UNKNOWN, BAN_MANUAL, MS(6000), 1,
	      UNKNOWN, 0 },
	    { MS(7000), 600, BAN_FROM_UNKNOWN, BAN_LIVES, UNKNOWN, 1, UNKNOWN,
	      0 } } },
	{ .what = "a Restore Ban line alone makes a ban from before the log",
	  .lines = { RESTORE(5000) },
	  .overdue_us = LATER,
	  .bans = { { MS(5000), UNKNOWN, BAN_FROM_UNKNOWN, BAN_LIVES, UNKNOWN,
	      1, UNKNOWN, 0 } } },
	{ .what = "a failure before a lone Restore Ban line is not its beginning",
	  .lines = { { LOGGED_RESTORE, MS(5000), T0 + 4, 600, UNKNOWN },
	    UNBAN(9000) },
	  .overdue_us = LATER,
	  .bans = { { MS(5000), UNKNOWN, BAN_FROM_UNKNOWN, BAN_INFERRED,
	      MS(9000), 1, UNKNOWN, 0 } } },
	{ .what = "a Restore Ban line belongs to a witnessed ban that lives",
	  .lines = { RESTORE(5000), UNBAN(6000), INCREASE(7000, 5, 5) },
	  .seen = { SEEN(1000, 1, LIVES) },
	  .overdue_us = LATER },
	{ .what = "a Restore Ban line belongs to a witnessed ban whose end is inferred",
	  .lines = { RESTORE(5000) },
	  .seen = { INFERRED(1000, 1, MS(2000)) },
	  .overdue_us = LATER },
	{ .what = "a Restore Ban line after an end that only an import shows",
	  .lines = { RESTORE(5000) },
	  .seen = { SEEN(1000, 1, MS(2000)) },
	  .overdue_us = LATER },
	{ .what = "a Restore Ban line after an end that was seen makes another ban",
	  .lines = { RESTORE(5000) },
	  .seen = { EVENT(1003, 1000, 1), LIFTED(2000, 1000, 1) },
	  .overdue_us = LATER,
	  .bans = { { MS(5000), UNKNOWN, BAN_FROM_UNKNOWN, BAN_LIVES, UNKNOWN,
	      1, UNKNOWN, 0 } } },
	{ .what = "a Restore Ban line before a witnessed ban makes another ban",
	  .lines = { RESTORE(5000) },
	  .seen = { SEEN(9000, 9, LIVES) },
	  .overdue_us = LATER,
	  .bans = { { MS(5000), UNKNOWN, BAN_FROM_UNKNOWN, BAN_INFERRED,
	      MS(9000), 1, UNKNOWN, 0 } } },
};

static const struct row of_others[] = {
	{ .what = "a Ban line belongs to the witnessed ban that lived",
	  .lines = { BAN(1000, 600), UNBAN(5000) },
	  .seen = { SEEN(900, 1, LIVES) },
	  .overdue_us = LATER, },
	{ .what = "a Ban line belongs to the ban among several that lived",
	  .lines = { BAN(9000, 600) },
	  .seen = { SEEN(1000, 1, MS(2000)), SEEN(3000, 3, LIVES),
	    SEEN(5000, 5, MS(6000)) },
	  .overdue_us = LATER,
	  .made = { 1000, 9000, 5000 } },
	{ .what = "a witnessed ban is found, however many ended since",
	  .lines = { BAN(9000, 600) },
	  .seen = { SEEN(1, 0, LIVES), SEEN(10, 0, MS(20)),
	    SEEN(20, 0, MS(20)), SEEN(30, 0, MS(30)), SEEN(40, 0, MS(40)),
	    SEEN(50, 0, MS(50)), SEEN(60, 0, MS(60)), SEEN(70, 0, MS(70)),
	    SEEN(80, 0, MS(80)) },
	  .overdue_us = NOT_YET,
	  .made = { 9000, 10 } },
	{ .what = "a Ban line without a failure, after the end, is another ban",
	  .lines = { BAN(9000, 600) },
	  .seen = { SEEN(1000, 1, MS(2000)) },
	  .overdue_us = NOT_YET,
	  .bans = { LIVE(MS(9000), 600) },
	  .made = { 1000 } },
	{ .what = "a Ban line belongs to no witnessed ban that had ended",
	  .lines = { BAN(9000, 600) },
	  .seen = { SEEN(1000, 1, MS(9001)) },
	  .overdue_us = NOT_YET,
	  .bans = { LIVE(MS(9000), 600) } },
	{ .what = "a Ban line belongs to a witnessed ban that ended a moment later",
	  .lines = { BAN(9000, 600) },
	  .seen = { SEEN(1000, 1, MS(9001) + 1) },
	  .overdue_us = NOT_YET, },
	{ .what = "a Ban line of its failure after its end is another ban",
	  .lines = { FOUND_BAN(9000, 1, 600) },
	  .seen = { SEEN(1000, 1, MS(2000)) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_LIVES, UNKNOWN, 0,
	      UNKNOWN, 1 } } },
	{ .what = "the Ban line of its failure belongs to a ban however late",
	  .lines = { FOUND_BAN(9000000, 1, 600) },
	  .seen = { SEEN(1000, 1, MS(9000001)) },
	  .overdue_us = NOT_YET,
	  .made = { 9000000 } },
	{ .what = "the failure's second may be rounded up",
	  .lines = { FOUND_BAN(1700, 1, 600) },
	  .seen = { SEEN(1600, 2, MS(2650)) },
	  .overdue_us = NOT_YET, },
	{ .what = "a ban of the second before the failure is another ban",
	  .lines = { FOUND_BAN(1700, 1, 600) },
	  .seen = { SEEN(400, 0, MS(1650)) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_LIVES, UNKNOWN, 0,
	      UNKNOWN, 0 } } },
	{ .what = "the ban of an earlier failure was made after a witnessed ban",
	  .lines = { FOUND_BAN(9000, 1, 600) },
	  .seen = { SEEN(3000, 3, MS(4000)) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_LIVES, UNKNOWN, 0,
	      UNKNOWN, 0 } } },
	{ .what = "two lines of one second belong to its two bans in turn",
	  .lines = { FOUND_BAN(1700, 1, 600), FOUND_BAN(2700, 1, 600),
	    FOUND_BAN(3700, 1, 600) },
	  .seen = { SEEN(900, 1, MS(1800)), SEEN(1200, 1, MS(2800)),
	    SEEN(1600, 2, MS(3800)) },
	  .overdue_us = NOT_YET, },
	{ .what = "the failure decides before the ban that lived",
	  .lines = { FOUND_BAN(9000, 1, 600) },
	  .seen = { SEEN(1000, 1, MS(2000)), SEEN(8000, 8, LIVES) },
	  .overdue_us = NOT_YET, },
	{ .what = "a failure of no witnessed ban is that of the ban that lived",
	  .lines = { FOUND_BAN(9000, 5, 600) },
	  .seen = { SEEN(1000, 1, MS(2000)), SEEN(3000, 3, LIVES) },
	  .overdue_us = NOT_YET, },
	{ .what = "two seconds after a ban by hand the failure does not count",
	  .lines = { FOUND_BAN(9000, 5, 600) },
	  .seen = { SEEN(7000, 7, LIVES) },
	  .overdue_us = NOT_YET,
	  .made = { 7000 } },
	{ .what = "later the ban that lived must not be after the failure",
	  .lines = { FOUND_BAN(9000, 4, 600) },
	  .seen = { SEEN(6000, 6, LIVES) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(4000), 600, BAN_FROM_LOG, BAN_LIVES, UNKNOWN, 0,
	      UNKNOWN, 0 } } },
	{ .what = "a ban that lived may be ten minutes before the line",
	  .lines = { FOUND_BAN(601000, 600, 600) },
	  .seen = { SEEN(1000, 1, LIVES) },
	  .overdue_us = NOT_YET,
	  .made = { 601000 } },
	{ .what = "a ban that lived must not be more than that before the line",
	  .lines = { FOUND_BAN(601001, 600, 600), FOUND_BAN(700001, 602, 600) },
	  .seen = { SEEN(1000, 1, LIVES) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(600000), 600, BAN_FROM_LOG, BAN_INFERRED, MS(700001),
	      0, UNKNOWN, 0 },
	    { MS(602000), 600, BAN_FROM_LOG, BAN_LIVES, UNKNOWN, 0, UNKNOWN,
	      0 } },
	  .made = { 1000 } },
	{ .what = "an Unban line is not that of a ban whose Ban line comes later",
	  .lines = { FOUND_BAN(1100, 1, 600), UNBAN(5000),
	    FOUND_BAN(6500, 4, 600) },
	  .seen = { SEEN(4000, 4, LIVES) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_MANUAL, MS(5000), 0,
	      UNKNOWN, 0 } }, },
	{ .what = "an Unban line may be that of a ban whose Ban line is missing",
	  .lines = { FOUND_BAN(1100, 1, 600), UNBAN(5000),
	    FOUND_BAN(6000, 6, 600) },
	  .seen = { SEEN(4000, 4, LIVES), SEEN(6000, 6, LIVES) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_INFERRED, MS(4000), 0,
	      UNKNOWN, 0 } }, },
	{ .what = "an Unban line between two lines of one ban shows another ban",
	  .lines = { FOUND_BAN(1500, 1, 600), UNBAN(2000),
	    FOUND_BAN(3500, 1, 600) },
	  .seen = { SEEN(1000, 1, LIVES) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_MANUAL, MS(2000), 0,
	      UNKNOWN, 1 } },
	  .made = { 3500 }, },
	{ .what = "an Unban and a Restore Ban line between two lines show no other ban",
	  .lines = { FOUND_BAN(1500, 1, 600), UNBAN(2000), RESTORE(3000),
	    FOUND_BAN(3500, 1, 600) },
	  .seen = { SEEN(1000, 1, LIVES) },
	  .overdue_us = NOT_YET, },
	{ .what = "an Unban line between two lines shows no ban after a later one of the log",
	  .lines = { BAN(1400, 10), UNBAN(2800), FOUND_BAN(4200, 2, -1),
	    BAN(5600, 10) },
	  .seen = { AGAIN(1, 0, MS(7433), 6) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(2000), -1, BAN_FROM_LOG, BAN_LIVES, UNKNOWN, 0,
	      UNKNOWN, 0 } }, },
	{ .what = "a ban may have a row of the second after",
	  .lines = { BAN(9000, 600) },
	  .seen = { SEEN(9501, 10, LIVES) },
	  .overdue_us = NOT_YET, },
	{ .what = "a Ban line may be a second before: some logs have whole ones",
	  .lines = { BAN(9000, 600) },
	  .seen = { SEEN(9502, 10, LIVES) },
	  .overdue_us = LATER,
	  .made = { 9502 } },
	{ .what = "a Ban line belongs to no ban that began long after it",
	  .lines = { BAN(8999, 600) },
	  .seen = { SEEN(9502, 10, LIVES) },
	  .overdue_us = LATER,
	  .bans = { ENDED(MS(8999), 600, BAN_INFERRED, MS(9502)) } },
	{ .what = "a second Ban line while a ban lives begins another ban",
	  .lines = { BAN(1000, 600), BAN(5000, 60), UNBAN(65000) },
	  .seen = { SEEN(1000, 1, LIVES) },
	  .overdue_us = LATER,
	  .bans = { ENDED(MS(5000), 60, BAN_EXPIRED, MS(65000)) }, },
	{ .what = "a second Ban line of the same failure begins no other ban",
	  .lines = { FOUND_BAN(1500, 1, 600), FOUND_BAN(5000, 1, 600),
	    FOUND_BAN(9000, 1, 600) },
	  .seen = { SEEN(1200, 1, LIVES) },
	  .overdue_us = NOT_YET, },
	{ .what = "a second Ban line of the same failure after the end begins another ban",
	  .lines = { FOUND_BAN(1500, 1, 600), FOUND_BAN(5000, 1, 600) },
	  .seen = { SEEN(1200, 1, MS(5001)) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(5000), 600, BAN_FROM_UNKNOWN, BAN_LIVES, UNKNOWN, 0,
	      UNKNOWN, 0 } }, },
	{ .what = "the lines after a second Ban line of an ended ban are the log's own",
	  .lines = { FOUND_BAN(1500, 1, 600), FOUND_BAN(5000, 1, 600),
	    UNBAN(9000) },
	  .seen = { SEEN(1200, 1, MS(4000)) },
	  .overdue_us = LATER,
	  .bans = { { MS(5000), 600, BAN_FROM_UNKNOWN, BAN_MANUAL, MS(9000), 0,
	      UNKNOWN, 0 } }, },
	{ .what = "a second Ban line may be that of reban",
	  .lines = { BAN(1000, 600), BAN(5000, 60), BAN(9000, 60) },
	  .seen = { AGAIN(1000, 1, LIVES, 5) },
	  .overdue_us = NOT_YET,
	  .bans = { LIVE(MS(9000), 60) }, },
	{ .what = "a second Ban line before reban is not reban's",
	  .lines = { BAN(1000, 600), BAN(3999, 60) },
	  .seen = { AGAIN(1000, 1, LIVES, 5) },
	  .overdue_us = NOT_YET,
	  .bans = { LIVE(MS(3999), 60) } },
	{ .what = "the second of reban may be rounded up",
	  .lines = { BAN(1000, 600), BAN(4499, 60) },
	  .seen = { AGAIN(1000, 1, LIVES, 5) },
	  .overdue_us = NOT_YET, },
	{ .what = "a ban that reban banned again has no third line",
	  .lines = { BAN(1000, 600), BAN(9000, 60) },
	  .seen = { AGAIN(1000, 1, MS(8000), 5) },
	  .overdue_us = NOT_YET,
	  .bans = { LIVE(MS(9000), 60) }, },
	{ .what = "lines after a witnessed ban do not belong to the log's own",
	  .lines = { BAN(1000, 600), UNBAN(5000), INCREASE(6000, 1, 1),
	    GONE(7000) },
	  .seen = { SEEN(3000, 3, MS(4000)) },
	  .overdue_us = LATER,
	  .bans = { ENDED(MS(1000), 600, BAN_INFERRED, MS(3000)) } },
	{ .what = "lines before a witnessed ban belong to the log's own",
	  .lines = { BAN(1000, 600), UNBAN(2000), BAN(3000, 60) },
	  .seen = { SEEN(2900, 3, LIVES) },
	  .overdue_us = LATER,
	  .bans = { ENDED(MS(1000), 600, BAN_MANUAL, MS(2000)) }, },
	{ .what = "a witnessed ban ends a ban of the log that lives",
	  .lines = { BAN(1000, 600) },
	  .seen = { SEEN(500, 0, MS(900)), SEEN(61000, 61, LIVES) },
	  .overdue_us = NOT_YET,
	  .bans = { ENDED(MS(1000), 600, BAN_INFERRED, MS(61000)) } },
	{ .what = "a ban that was up before the witnessed ban ends at its expiry",
	  .lines = { BAN(1000, 30) },
	  .seen = { SEEN(61000, 61, LIVES) },
	  .overdue_us = MS(31001),
	  .bans = { ENDED(MS(1000), 30, BAN_INFERRED, MS(31000)) } },
	{ .what = "a witnessed ban ends it before a later ban of the log",
	  .lines = { BAN(1000, 600), BAN(90000, 600) },
	  .seen = { SEEN(61000, 61, MS(62000)) },
	  .overdue_us = NOT_YET,
	  .bans = { ENDED(MS(1000), 600, BAN_INFERRED, MS(61000)),
	    LIVE(MS(90000), 600) } },
	{ .what = "a witnessed ban of the same time ends none",
	  .lines = { FOUND_BAN(1700, 1, 600), FOUND_BAN(1800, 1, 600) },
	  .seen = { SEEN(1000, 1, MS(1500)) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_LIVES, UNKNOWN, 0,
	      UNKNOWN, 1 } }, },
	{ .what = "numbers count on from those of the witnessed bans",
	  .lines = { FOUND_BAN(1100, 1, 600), UNBAN(1150),
	    FOUND_BAN(1200, 1, 600), UNBAN(1250), FOUND_BAN(1900, 1, 600),
	    UNBAN(1950), FOUND_BAN(3000, 1, 600) },
	  .seen = { SEEN(1000, 1, MS(1150)), SEEN(1000, 1, MS(1250)) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_MANUAL, MS(1950), 0,
	      UNKNOWN, 2 },
	    { MS(1000), 600, BAN_FROM_LOG, BAN_LIVES, UNKNOWN, 0, UNKNOWN,
	      3 } },
	  .made = { 1000, 1000 } },
};

/* Rules 1 and 2: Ban lines and the events that follow them. */
static const struct row of_events[] = {
	{ .what = "a Ban line is of the fresh ban whose event follows",
	  .lines = { FOUND_BAN(1002, 1, 600) },
	  .seen = { EVENT(1005, 1000, 1) },
	  .overdue_us = LATER },
	{ .what = "a ban by hand: the failure before its line is another's",
	  .lines = { FOUND_BAN(100375, 0, 600) },
	  .seen = { EVENT(100380, 100372, 100) },
	  .overdue_us = LATER },
	{ .what = "a failure that is no ban's makes none",
	  .lines = { FOUND_BAN(100375, 0, 600), UNBAN(103000) },
	  .seen = { EVENT(100380, 100372, 100) },
	  .overdue_us = LATER },
	{ .what = "an older ticket is banned after one that was lifted",
	  .lines = { FOUND_BAN(1012, 1, -1), UNBAN(1015),
	    FOUND_BAN(1042, 0, -1), RESTORE(3053) },
	  .seen = { EVENT(1013, 1000, 1), LIFTED(1019, 1000, 1),
	    EVENT(1044, 0, 0), RESTORED(3057, 0) },
	  .overdue_us = LATER },
	{ .what = "of two Ban lines before an event the last one is its own",
	  .lines = { FOUND_BAN(1002, 1, 600), FOUND_BAN(50002, 50, 600) },
	  .seen = { EVENT(50005, 50000, 50) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_INFERRED, MS(50005), 0,
	      UNKNOWN, 0 } } },
	{ .what = "an Unban line between a Ban line and an event parts them",
	  .lines = { FOUND_BAN(1002, 1, 600), UNBAN(1500) },
	  .seen = { EVENT(90005, 90000, 90) },
	  .overdue_us = LATER,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_MANUAL, MS(1500), 0,
	      UNKNOWN, 0 } } },
	{ .what = "a Ban line has one event, and an event one line",
	  .lines = { FOUND_BAN(1002, 1, 600) },
	  .seen = { EVENT(1005, 1000, 1), LIFTED(2000, 1000, 1),
	    EVENT(90005, 90000, 90) },
	  .overdue_us = LATER },
	{ .what = "a server that was killed reads its log again: a line each",
	  .lines = { FOUND_BAN(1002, 1, 600), FOUND_BAN(60002, 1, 600) },
	  .seen = { EVENT(1005, 1000, 1), EVENT(60005, 1000, 1) },
	  .overdue_us = LATER },
	{ .what = "its second event is lost: the line is of the ban that lives",
	  .lines = { FOUND_BAN(1002, 1, 600), FOUND_BAN(60002, 1, 600) },
	  .seen = { EVENT(1005, 1000, 1) },
	  .overdue_us = LATER },
	{ .what = "it restored the ban between: its first line made the ban",
	  .lines = { FOUND_BAN(5002, 1, 600), RESTORE(9000),
	    FOUND_BAN(20002, 1, 600) },
	  .seen = { RESTORED(9003, 1), EVENT(20005, 1000, 1) },
	  .overdue_us = LATER,
	  .made = { 5002 } },
	{ .what = "its first events are lost: both lines are of the ban",
	  .lines = { FOUND_BAN(1002, 1, 600), RESTORE(9000),
	    FOUND_BAN(20002, 1, 600) },
	  .seen = { EVENT(20005, 1000, 1) },
	  .overdue_us = LATER },
	{ .what = "it keeps no bans: after its stop the line is of another one",
	  .lines = { FOUND_BAN(1002, 1, 600), GONE(2000),
	    FOUND_BAN(20002, 1, 600) },
	  .seen = { EVENT(20005, 1000, 1) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_INFERRED, MS(2000), 0,
	      UNKNOWN, 0 } } },
	{ .what = "the stop parts the lines likewise when the first has the event",
	  .lines = { FOUND_BAN(1002, 1, 600), GONE(2000),
	    FOUND_BAN(20002, 1, 600) },
	  .seen = { EVENT(1005, 1000, 1) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_LIVES, UNKNOWN, 0,
	      UNKNOWN, 1 } } },
	{ .what = "a line of before the ticket's second is of another ban",
	  .lines = { FOUND_BAN(1166, -1, 600), UNBAN(1369), BAN(1569, 600) },
	  .seen = { ROW(300000, 2) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(-1000), 600, BAN_FROM_LOG, BAN_MANUAL, MS(1369), 0,
	      UNKNOWN, 0 } } },
	{ .what = "after an Unban line a line of the same failure is another ban",
	  .lines = { FOUND_BAN(1002, 1, 600), UNBAN(2000),
	    FOUND_BAN(60002, 1, 600) },
	  .seen = { EVENT(1005, 1000, 1), LIFTED(2005, 1000, 1) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_LIVES, UNKNOWN, 0,
	      UNKNOWN, 1 } } },
	{ .what = "a ticket may be a minute ahead of its line",
	  .lines = { FOUND_BAN(1002, 61, 600) },
	  .seen = { EVENT(1005, 61002, 61) },
	  .overdue_us = LATER },
	{ .what = "a ticket of more than a minute ahead is another ban's",
	  .lines = { FOUND_BAN(1002, 1, 600) },
	  .seen = { EVENT(1005, 61003, 61) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_INFERRED, MS(1005), 0,
	      UNKNOWN, 0 } } },
	{ .what = "a Restore Ban line is of the restored ban whose event follows",
	  .lines = { FOUND_BAN(1002, 1, 600), RESTORE(9000), UNBAN(9500) },
	  .seen = { EVENT(1005, 1000, 1), RESTORED(9003, 1) },
	  .overdue_us = LATER },
	{ .what = "a Restore Ban line from before the archive's first ban",
	  .lines = { RESTORE(9000), UNBAN(9500) },
	  .seen = { RESTORED(9003, 1), LIFTED(9503, 1000, 1) },
	  .overdue_us = LATER },
	{ .what = "the log has whole seconds: the line stands before its time",
	  .lines = { FOUND_BAN(1000, 0, 600) },
	  .seen = { EVENT(1705, 600, 1) },
	  .overdue_us = LATER },
	{ .what = "a row whose event was lost has the line of its failure",
	  .lines = { FOUND_BAN(1002, 1, 600), FOUND_BAN(7502, 5, 600),
	    FOUND_BAN(9002, 9, 600) },
	  .seen = { ROW(300000, 5) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_INFERRED, MS(7502), 0,
	      UNKNOWN, 0 },
	    { MS(9000), 600, BAN_FROM_LOG, BAN_LIVES, UNKNOWN, 0, UNKNOWN,
	      0 } },
	  .made = { 7502 } },
	{ .what = "a row has the first line after its second without a failure",
	  .lines = { BAN(7000, 600), BAN(9000, 600) },
	  .seen = { ROW(300000, 5) },
	  .overdue_us = NOT_YET,
	  .bans = { LIVE(MS(9000), 600) },
	  .made = { 7000 } },
	{ .what = "a row of a rounded second is over half a second later",
	  .lines = { FOUND_BAN(7014, 5, 2), UNBAN(7800) },
	  .seen = { ROW_OF(300000, 5, 2), JUDGED_OVER(300000, 5, 7000) },
	  .overdue_us = LATER,
	  .made = { 7014 } },
	{ .what = "a row has no line of after it was over",
	  .lines = { FOUND_BAN(7501, 5, 2), UNBAN(7800) },
	  .seen = { ROW_OF(300000, 5, 2), JUDGED_OVER(300000, 5, 7000) },
	  .overdue_us = LATER,
	  .bans = { { MS(5000), 2, BAN_FROM_LOG, BAN_EXPIRED, MS(7800), 0,
	      UNKNOWN, 1 } },
	  .made = { 4500 } },
	{ .what = "a row may have a line of ten minutes after",
	  .lines = { BAN(605000, 600) },
	  .seen = { ROW(900000, 5) },
	  .overdue_us = NOT_YET,
	  .made = { 605000 } },
	{ .what = "a row of which the line is prompt was made at its own time",
	  .lines = { FOUND_BAN(6500, 5, 600) },
	  .seen = { ROW(300000, 5) },
	  .overdue_us = NOT_YET,
	  .made = { 4500 } },
	{ .what = "a row has no line of more than ten minutes after",
	  .lines = { BAN(605001, 600) },
	  .seen = { ROW(900000, 5) },
	  .overdue_us = NOT_YET,
	  .bans = { LIVE(MS(605001), 600) },
	  .made = { 4500 } },
	{ .what = "a row has no line whose failure contradicts",
	  .lines = { FOUND_BAN(9000, 1, 600) },
	  .seen = { ROW(300000, 5) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_LIVES, UNKNOWN, 0,
	      UNKNOWN, 0 } },
	  .made = { 4500 } },
	{ .what = "a ban by hand without an event has the line that is at once",
	  .lines = { FOUND_BAN(6999, 1, 600) },
	  .seen = { ROW(300000, 5) },
	  .overdue_us = NOT_YET,
	  .made = { 6999 } },
	{ .what = "a failure of the ban before a ban by hand is not its own",
	  .lines = { FOUND_BAN(2405, 1, 600), UNBAN(3000),
	    FOUND_BAN(5000, 1, 600) },
	  .seen = { EVENT(2408, 2400, 2), LIFTED(3003, 2400, 2) },
	  .overdue_us = NOT_YET,
	  .bans = { LIVE(MS(5000), 600) } },
};

/* clang-format on */

/* The rows of a table that gave other bans. */
static int failed;

static void
assert_ban(const struct ban *ban, const struct expected *expected,
    const char *what)
{
	assert_int_equal(ban->failures, UNKNOWN);
	assert_null(ban->ip);
	assert_int_equal(ban->evidence, 0);
	if (ban->since_us == expected->since_us &&
	    ban->seconds == expected->seconds &&
	    ban->origin == expected->origin && ban->end == expected->end &&
	    ban->ended_us == expected->ended_us &&
	    ban->restored == expected->restored &&
	    ban->bancount == expected->bancount && ban->nth == expected->nth)
		return;
	print_error("%s: since %" PRId64 " seconds %" PRId64
		    " origin %d end %d ended %" PRId64 " restored %" PRId64
		    " bancount %" PRId64 " nth %d\n",
	    what, (ban->since_us - MS(0)) / 1000, ban->seconds, ban->origin,
	    ban->end,
	    ban->ended_us == UNKNOWN ? -1 : (ban->ended_us - MS(0)) / 1000,
	    ban->restored, ban->bancount, ban->nth);
	failed++;
}

/* Lines and sightings, and the bans that follow from them. */
struct game {
	const struct logged_line *lines;
	size_t n;
	struct sighting *sightings;
	size_t sightings_n;
	const struct history_row *rows;
	size_t rows_n;
	int64_t overdue_us;
	/* All bans, and those that only the log shows. */
	struct ban bans[PLACES], own[PLACES];
	size_t owner[PLACES], bans_n, own_n;
};

/* Call it with just as much room as it asks for. */
static void
play(struct game *game)
{
	struct history h = {
		.lines = (struct logged_line *)watched_copy(
		    (const char *)game->lines, game->n * sizeof(*game->lines)),
		.lines_n = game->n,
		.sightings =
		    (struct sighting *)watched_copy((char *)game->sightings,
			game->sightings_n * sizeof(*game->sightings)),
		.n = game->sightings_n,
		.rows = game->rows,
		.rows_n = game->rows_n,
		.overdue_us = game->overdue_us,
	};
	size_t room = game->n + game->sightings_n;
	struct ban *bans = malloc(room * sizeof(*bans) + 1);
	size_t *owner = malloc(game->sightings_n * sizeof(*owner) + 1);

	assert_true(room <= PLACES && bans != NULL && owner != NULL);
	assert_int_equal(history_make_bans(&h, bans, owner, &game->bans_n), 0);
	assert_true(game->bans_n <= room);
	for (size_t i = 0; i < game->n; i++) {
		assert_true(h.lines[i].verb == game->lines[i].verb &&
		    h.lines[i].at_us == game->lines[i].at_us &&
		    h.lines[i].found == game->lines[i].found &&
		    h.lines[i].seconds == game->lines[i].seconds &&
		    h.lines[i].bancount == game->lines[i].bancount);
	}
	if (h.n > 0)
		memcpy(game->sightings, h.sightings,
		    h.n * sizeof(*h.sightings));
	memcpy(game->owner, owner, h.n * sizeof(*owner));
	memcpy(game->bans, bans, game->bans_n * sizeof(*bans));
	game->own_n = 0;
	for (size_t i = 0; i < game->bans_n; i++) {
		if (bans[i].seen == BAN_SEEN_LOG)
			game->own[game->own_n++] = bans[i];
	}
	free((struct logged_line *)h.lines);
	free(h.sightings);
	free(bans);
	free(owner);
}

/* Turn what was seen into sightings, and into rows of an archive. */
static size_t
set_sightings(const struct seen *seen, struct sighting *sightings,
    struct history_row *rows)
{
	size_t n = 0;

	for (; n < SEENS && seen[n].at_us != 0; n++) {
		sightings[n] = (struct sighting){
			.kind = seen[n].kind,
			.at_us = seen[n].at_us,
			.timeofban = seen[n].second,
			.since_us = seen[n].since_us,
			.exact = seen[n].kind != SIGHTING_ROW &&
			    seen[n].kind != SIGHTING_JUDGED &&
			    seen[n].kind != SIGHTING_RESTORED,
			.seconds =
			    seen[n].seconds != 0 ? seen[n].seconds : UNKNOWN,
			.bancount = UNKNOWN,
			.failures = UNKNOWN,
			.end = seen[n].end,
			.ended_us = seen[n].ended_us,
			.seen = BAN_SEEN_EVENT,
			.row = n + 1,
		};
		for (size_t k = 0; k < n; k++)
			sightings[n].nth +=
			    seen[k].since_us == seen[n].since_us;
		rows[n] = (struct history_row){ .made_us = seen[n].since_us,
			.since_us = seen[n].since_us,
			.known_as = seen[n].known_as,
			.import_nth = UNKNOWN };
	}
	return n;
}

static void
check_made(const struct game *game, const struct row *row)
{
	for (size_t i = 0; i < game->sightings_n; i++) {
		size_t seen = game->sightings[i].row - 1;
		int64_t ms =
		    (game->bans[game->owner[i]].made_us - MS(0)) / 1000;

		if (row->made[seen] == 0 || row->made[seen] == ms)
			continue;
		print_error("%s: ban of sighting %zu was made at %" PRId64 "\n",
		    row->what, seen, ms);
		failed++;
	}
}

static void
check_row(const struct row *row)
{
	struct sighting sightings[SEENS];
	struct history_row rows[SEENS];
	struct game game = { .lines = row->lines,
		.sightings = sightings,
		.rows = rows,
		.overdue_us = row->overdue_us };
	size_t expected = 0;

	while (game.n < LINES && row->lines[game.n].at_us != 0)
		game.n++;
	while (expected < BANS && row->bans[expected].since_us != 0)
		expected++;
	game.sightings_n = set_sightings(row->seen, sightings, rows);
	game.rows_n = game.sightings_n;
	play(&game);
	if (game.own_n != expected) {
		print_error("%s: %zu bans\n", row->what, game.own_n);
		failed++;
	}
	for (size_t i = 0; i < game.own_n; i++)
		assert_ban(&game.own[i], &row->bans[i], row->what);
	check_made(&game, row);
}

static void
check_rows(const struct row *rows, size_t count)
{
	failed = 0;
	for (size_t i = 0; i < count; i++)
		check_row(&rows[i]);
	assert_int_equal(failed, 0);
}

static void
lines_make_bans(void **state UNUSED)
{
	check_rows(of_the_log, ARRAY_LEN(of_the_log));
}

static void
a_ban_that_is_restored_goes_on(void **state UNUSED)
{
	check_rows(of_restores, ARRAY_LEN(of_restores));
}

static void
a_witnessed_ban_is_not_the_logs(void **state UNUSED)
{
	check_rows(of_others, ARRAY_LEN(of_others));
}

static void
a_line_is_of_the_ban_whose_event_follows(void **state UNUSED)
{
	check_rows(of_events, ARRAY_LEN(of_events));
}

static void
nothing_is_read_where_there_is_nothing(void **state UNUSED)
{
	const struct logged_line line = BAN(1000, 600);
	struct sighting sighting = { .kind = SIGHTING_BAN, .at_us = MS(1000) };
	struct game game = { .sightings = &sighting, .overdue_us = NOT_YET };

	play(&game);
	assert_int_equal(game.bans_n, 0);
	game.sightings_n = 1;
	play(&game);
	assert_int_equal(game.bans_n, 1);
	assert_int_equal(game.own_n, 0);
	game.sightings_n = 0;
	game.lines = &line;
	game.n = 1;
	play(&game);
	assert_int_equal(game.own_n, 1);
	assert_int_equal(game.own[0].since_us, MS(1000));
}

/* Times that a hostile log may name. */
static void
times_at_their_ends_do_no_harm(void **state UNUSED)
{
	static const int64_t times[] = { 0, 1, 999, TIMESTAMP_US, MS(0),
		INT64_MAX / 2, INT64_MAX - 1, INT64_MAX };
	static const int64_t seconds[] = { UNKNOWN, -1, 0, 1, INT64_MAX };
	const size_t n = ARRAY_LEN(times);

	for (size_t i = 0; i < n * ARRAY_LEN(seconds); i++) {
		struct logged_line lines[2 * ARRAY_LEN(times)];
		struct sighting sightings[2];
		const struct history_row row = { .known_as =
						     INT64_MAX / TIMESTAMP_US };
		struct game game = { .lines = lines,
			.n = 2 * n,
			.sightings = sightings,
			.sightings_n = 2,
			.rows = &row,
			.rows_n = 1,
			.overdue_us = times[i % n] };

		for (size_t k = 0; k < 2; k++)
			sightings[k] = (struct sighting){
				.kind = k == 0 ? SIGHTING_IMPORT : SIGHTING_BAN,
				.at_us = times[i % n],
				.since_us = times[i % n],
				.timeofban = times[i % n] / TIMESTAMP_US,
				.ended_us = UNKNOWN,
				.row = k,
			};
		for (size_t k = 0; k < 2 * n; k++)
			lines[k] = (struct logged_line){
				.verb = k % 2 == 0 ? LOGGED_BAN : LOGGED_UNBAN,
				.at_us = times[k / 2],
				.found = (k & 4) == 0 ?
				    UNKNOWN :
				    times[k / 2] / TIMESTAMP_US,
				.seconds = seconds[i / n],
				.bancount = UNKNOWN,
			};
		play(&game);
		bans_of_log_order(lines, 2 * n);
		play(&game);
	}
}

static void
assert_order(struct logged_line *lines, const struct logged_line *expected,
    size_t n)
{
	bans_of_log_order(lines, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(lines[i].at_us - MS(0),
		    expected[i].at_us - MS(0));
}

static void
lines_of_whole_seconds_keep_their_order(void **state UNUSED)
{
	struct logged_line lines[] = { BAN(1000, 600), UNBAN(1000),
		BAN(1000, 600), UNBAN(2000) };
	const struct logged_line expected[] = { BAN(1000, 600),
		{ .at_us = MS(1000) + 1 }, { .at_us = MS(1000) + 2 },
		UNBAN(2000) };
	struct game game = { .lines = lines,
		.n = ARRAY_LEN(lines),
		.overdue_us = NOT_YET };

	assert_order(lines, expected, ARRAY_LEN(lines));
	play(&game);
	assert_int_equal(game.own_n, 2);
	assert_int_equal(game.own[0].end, BAN_MANUAL);
	assert_int_equal(game.own[0].ended_us, MS(1000) + 1);
	assert_int_equal(game.own[1].end, BAN_MANUAL);
	assert_int_equal(game.own[1].ended_us, MS(2000));
}

static void
lines_of_one_moment_and_verb_are_one_line_twice(void **state UNUSED)
{
	struct logged_line lines[] = { BAN(1000, 600), BAN(1000, 600) };
	const struct logged_line expected[] = { BAN(1000, 600),
		BAN(1000, 600) };

	assert_order(lines, expected, ARRAY_LEN(lines));
}

static void
a_clock_that_is_set_back_does_not_turn_lines_round(void **state UNUSED)
{
	/* An hour back, then on; the log goes on beyond its former time. */
	struct logged_line lines[] = { BAN(3600000, 600), UNBAN(5000),
		BAN(6000, 600), UNBAN(3700000) };
	const struct logged_line expected[] = { BAN(3600000, 600),
		{ .at_us = MS(3600000) + 1 }, { .at_us = MS(3600000) + 2 },
		UNBAN(3700000) };
	struct game game = { .lines = lines,
		.n = ARRAY_LEN(lines),
		.overdue_us = NOT_YET };

	assert_order(lines, expected, ARRAY_LEN(lines));
	play(&game);
	assert_int_equal(game.own_n, 2);
	assert_int_equal(game.own[0].end, BAN_MANUAL);
	assert_int_equal(game.own[1].end, BAN_MANUAL);
}

static void
a_line_of_more_than_a_day_before_is_not_moved(void **state UNUSED)
{
	struct logged_line lines[] = { BAN(86400001, 600), BAN(1000, 600),
		BAN(0, 600) };
	const struct logged_line expected[] = { BAN(86400001, 600),
		{ .at_us = MS(86400001) + 1 }, { .at_us = MS(86400001) + 2 } };

	/* The first is a day and a millisecond before. */
	lines[1].at_us = MS(0);
	bans_of_log_order(lines, 2);
	assert_int_equal(lines[1].at_us, MS(0));
	/* It is a day before. */
	lines[1].at_us = MS(1);
	assert_order(lines, expected, 2);
}

/* A ban that an event shows, and then a log's ban in the same jail. */
static void
a_ban_of_the_log_ends_one_that_no_event_shows_later(void **state UNUSED)
{
	const struct logged_line lines[] = { BAN(1000, 600), BAN(5000, 60),
		RESTORE(8999) };
	struct sighting sightings[] = {
		{ .kind = SIGHTING_BAN,
		    .at_us = MS(1005),
		    .since_us = MS(1000),
		    .timeofban = T0 + 1,
		    .exact = true,
		    .seconds = 600,
		    .bancount = UNKNOWN,
		    .failures = UNKNOWN },
		{ .kind = SIGHTING_RESTORED,
		    .at_us = MS(9000),
		    .since_us = MS(1000),
		    .timeofban = T0 + 1,
		    .seconds = 600,
		    .bancount = UNKNOWN,
		    .failures = UNKNOWN },
	};
	struct game game = { .lines = lines,
		.n = 2,
		.sightings = sightings,
		.sightings_n = 1,
		.overdue_us = NOT_YET };

	play(&game);
	assert_int_equal(game.bans_n, 2);
	assert_int_equal(game.bans[0].end, BAN_INFERRED);
	assert_int_equal(game.bans[0].ended_us, MS(5000));
	assert_int_equal(game.bans[1].end, BAN_LIVES);
	game.sightings_n = 2;
	game.n = 3;
	play(&game);
	assert_int_equal(game.bans_n, 2);
	assert_int_equal(game.bans[0].end, BAN_LIVES);
	assert_int_equal(game.bans[1].end, BAN_INFERRED);
	assert_int_equal(game.bans[1].ended_us, MS(9000));
}

static void
an_unban_line_does_not_end_a_witnessed_ban(void **state UNUSED)
{
	const struct logged_line lines[] = { BAN(1000, 600), UNBAN(5000),
		INCREASE(6000, 9, 9), GONE(7000) };
	struct sighting sighting = { .kind = SIGHTING_BAN,
		.at_us = MS(1005),
		.since_us = MS(1000),
		.timeofban = T0 + 1,
		.exact = true,
		.seconds = 600,
		.bancount = 1,
		.failures = UNKNOWN };
	struct game game = { .lines = lines,
		.n = ARRAY_LEN(lines),
		.sightings = &sighting,
		.sightings_n = 1,
		.overdue_us = LATER };

	play(&game);
	assert_int_equal(game.bans_n, 1);
	assert_int_equal(game.bans[0].end, BAN_LIVES);
	assert_int_equal(game.bans[0].seconds, 600);
	assert_int_equal(game.bans[0].bancount, 1);
}

/* A new ban's event comes when the log's line has made a ban already. */
static void
an_event_continues_the_row_that_was_made_of_its_line(void **state UNUSED)
{
	const struct logged_line lines[] = { FOUND_BAN(1002, 1, 600),
		FOUND_BAN(90000, 80, 60) };
	const struct history_row rows[] = {
		{ .made_us = MS(1002),
		    .since_us = MS(1000),
		    .known_as = UNKNOWN,
		    .import_nth = UNKNOWN,
		    .logged = true },
		{ .made_us = MS(90000),
		    .since_us = MS(80000),
		    .known_as = UNKNOWN,
		    .import_nth = UNKNOWN,
		    .logged = true },
	};
	struct sighting sighting = { .kind = SIGHTING_BAN,
		.at_us = MS(1005),
		.since_us = MS(1000),
		.timeofban = T0 + 1,
		.exact = true,
		.seconds = 600,
		.bancount = UNKNOWN,
		.failures = UNKNOWN };
	struct game game = { .lines = lines,
		.n = ARRAY_LEN(lines),
		.sightings = &sighting,
		.sightings_n = 1,
		.rows = rows,
		.rows_n = 2,
		.overdue_us = NOT_YET };

	play(&game);
	assert_int_equal(game.bans_n, 2);
	assert_int_equal(game.bans[0].row, 1);
	assert_int_equal(game.bans[0].seen, BAN_SEEN_EVENT);
	assert_int_equal(game.bans[1].row, 2);
	assert_int_equal(game.bans[1].seen, BAN_SEEN_LOG);
}

static int64_t
random_below(uint64_t *state, int64_t n)
{
	return (int64_t)(random_next(state) % (uint64_t)n);
}

#define MANY 24
#define SIGHTINGS_MANY 8

static size_t
random_lines(uint64_t *state, struct logged_line *lines)
{
	static const int64_t seconds[] = { UNKNOWN, -1, 0, 1, 10, 600 };
	size_t n = (size_t)random_below(state, MANY + 1);
	int64_t ms = 0;

	for (size_t i = 0; i < n; i++) {
		int verb = (int)random_below(state, LOGGED_OVER + 1);
		int64_t step = random_below(state, 4) * 700;

		/* By time, then by verb. */
		if (i > 0 && step == 0 && verb < (int)lines[i - 1].verb)
			step = 1;
		ms += step;
		lines[i] = (struct logged_line){
			.verb = (enum logged_verb)verb,
			.at_us = MS(ms),
			.found = random_below(state, 3) == 0 ?
			    UNKNOWN :
			    T0 + ms / 1000 - random_below(state, 4) + 1,
			.seconds = seconds[random_below(state, 6)],
			.bancount = random_below(state, 4),
		};
	}
	return n;
}

static size_t
random_sightings(uint64_t *state, struct sighting *sightings)
{
	static const enum sighting_kind kinds[] = { SIGHTING_BAN,
		SIGHTING_RESTORED, SIGHTING_UNBAN, SIGHTING_ROW,
		SIGHTING_IMPORT };
	size_t n = (size_t)random_below(state, SIGHTINGS_MANY + 1);
	int64_t ms = -2000;

	for (size_t i = 0; i < n; i++) {
		enum sighting_kind kind = kinds[random_below(state, 5)];
		bool ended =
		    kind == SIGHTING_IMPORT && random_below(state, 3) != 0;

		ms += random_below(state, 8) * 500;
		sightings[i] = (struct sighting){
			.kind = kind,
			.at_us = MS(ms + random_below(state, 1500)),
			.since_us = MS(ms),
			.timeofban = ban_timeofban(MS(ms)),
			.exact = kind != SIGHTING_ROW,
			.seconds = 600,
			.bancount = UNKNOWN,
			.failures = UNKNOWN,
			.end = ended || kind == SIGHTING_UNBAN ? BAN_MANUAL :
								 BAN_LIVES,
			.ended_us = ended ? MS(ms + random_below(state, 9000)) :
					    UNKNOWN,
			.seen = BAN_SEEN_EVENT,
		};
		if (!sightings[i].exact)
			sightings[i].since_us =
			    timestamp_from_seconds(sightings[i].timeofban);
	}
	return n;
}

/* Each ban was made after the one before it, and only one may live. */
static void
check_order(const struct game *game)
{
	size_t live = 0;

	for (size_t i = 0; i < game->bans_n; i++) {
		const struct ban *ban = &game->bans[i];

		live += ban->end == BAN_LIVES;
		assert_true(i == 0 || ban->made_us >= ban[-1].made_us);
		assert_int_equal(ban->end == BAN_LIVES,
		    ban->ended_us == UNKNOWN);
		assert_true(
		    ban->end == BAN_LIVES || ban->ended_us >= ban->since_us);
		assert_true(ban->end != BAN_LIVES ||
		    ban->seen != BAN_SEEN_LOG ||
		    ban_end_expiry_us(ban->since_us, ban->seconds) >=
			game->overdue_us);
	}
	assert_true(live <= 1);
}

/* No two bans have one time and number. */
static void
check_numbers(const struct game *game)
{
	for (size_t i = 0; i < game->bans_n; i++) {
		const struct ban *ban = &game->bans[i];

		for (size_t k = 0; k < i; k++)
			assert_true(game->bans[k].since_us != ban->since_us ||
			    game->bans[k].nth != ban->nth);
	}
}

/* A ban of the log's own was made when one of its lines was written. */
static void
check_lines(const struct game *game)
{
	size_t makers = 0;

	for (size_t i = 0; i < game->n; i++)
		makers += game->lines[i].verb == LOGGED_BAN ||
		    game->lines[i].verb == LOGGED_RESTORE;
	assert_true(game->own_n <= makers);
	for (size_t i = 0; i < game->own_n; i++) {
		bool has = false;

		for (size_t k = 0; k < game->n; k++)
			has = has ||
			    (game->lines[k].at_us == game->own[i].made_us &&
				game->lines[k].verb <= LOGGED_RESTORE);
		assert_true(has);
	}
}

static void
any_lines_make_bans_in_order(void **state UNUSED)
{
	uint64_t random = 88172645463325252u;

	for (int i = 0; i < 10000; i++) {
		struct logged_line lines[MANY];
		struct sighting sightings[SIGHTINGS_MANY];
		struct game game = { .lines = lines, .sightings = sightings };
		struct game again;
		size_t n;

		game.n = random_lines(&random, lines);
		n = game.sightings_n = random_sightings(&random, sightings);
		game.overdue_us = MS(random_below(&random, 60000));
		play(&game);
		check_order(&game);
		check_numbers(&game);
		check_lines(&game);
		/* The order of the sightings makes no difference. */
		again = game;
		for (size_t k = 0; k < n / 2; k++) {
			struct sighting saved = sightings[k];

			sightings[k] = sightings[n - 1 - k];
			sightings[n - 1 - k] = saved;
		}
		play(&again);
		assert_int_equal(again.bans_n, game.bans_n);
		assert_memory_equal(again.bans, game.bans,
		    game.bans_n * sizeof(*game.bans));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_make_bans),
		cmocka_unit_test(a_ban_that_is_restored_goes_on),
		cmocka_unit_test(a_witnessed_ban_is_not_the_logs),
		cmocka_unit_test(a_line_is_of_the_ban_whose_event_follows),
		cmocka_unit_test(nothing_is_read_where_there_is_nothing),
		cmocka_unit_test(times_at_their_ends_do_no_harm),
		cmocka_unit_test(lines_of_whole_seconds_keep_their_order),
		cmocka_unit_test(
		    lines_of_one_moment_and_verb_are_one_line_twice),
		cmocka_unit_test(
		    a_clock_that_is_set_back_does_not_turn_lines_round),
		cmocka_unit_test(a_line_of_more_than_a_day_before_is_not_moved),
		cmocka_unit_test(
		    a_ban_of_the_log_ends_one_that_no_event_shows_later),
		cmocka_unit_test(an_unban_line_does_not_end_a_witnessed_ban),
		cmocka_unit_test(
		    an_event_continues_the_row_that_was_made_of_its_line),
		cmocka_unit_test(any_lines_make_bans_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
