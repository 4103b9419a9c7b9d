/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bans that only logs show: by tables of lines, and by random lines, for
 * which general claims must hold.
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

#include "ban/bans_of_log.h"
#include "base/timestamp.h"
#include "watched.h"

/* The first second, and a time ms milliseconds after it. */
#define T0 INT64_C(1795458480)
#define MS(ms) (T0 * TIMESTAMP_US + (ms)*INT64_C(1000))
#define NOT_YET MS(0)
#define LATER MS(100000000)

#define LINES 8
#define SEENS 10
#define BANS 4

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
	{ LOGGED_JUDGED, MS(ms), UNKNOWN, UNKNOWN, UNKNOWN }

/* The witnessed bans. */
#define SEEN(ms, second, end) \
	{ MS(ms), T0 + (second), end, UNKNOWN, 0, false }
#define AGAIN(ms, second, end, known_as) \
	{ MS(ms), T0 + (second), end, T0 + (known_as), 0, false }
#define INFERRED(ms, second, end) \
	{ MS(ms), T0 + (second), end, UNKNOWN, 0, true }
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
	struct witnessed_ban seen[SEENS];   /* likewise */
	int64_t overdue_us;
	struct expected bans[BANS];	   /* likewise */
	int claims[SEENS];
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
	{ .what = "a failure in the future does not count",
	  .lines = { FOUND_BAN(1500, 2, 600) },
	  .overdue_us = NOT_YET,
	  .bans = { LIVE(MS(1500), 600) } },
	{ .what = "the failure may be of long ago",
	  .lines = { FOUND_BAN(1500, -500, 600) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(-500000), 600, BAN_FROM_LOG, BAN_LIVES, UNKNOWN, 0,
	      UNKNOWN, 0 } } },
	{ .what = "a failure before the last ban is that ban's",
	  .lines = { BAN(1000, 600), FOUND_BAN(1500, 0, 600) },
	  .overdue_us = NOT_YET,
	  .bans = { ENDED(MS(1000), 600, BAN_INFERRED, MS(1500)),
	    { MS(1500), 600, BAN_FROM_LOG, BAN_LIVES, UNKNOWN, 0, UNKNOWN,
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
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_INFERRED, MS(2000), 0,
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
	{ .what = "a Restore Ban line after a witnessed end makes another ban",
	  .lines = { RESTORE(5000) },
	  .seen = { SEEN(1000, 1, MS(2000)) },
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
	  .overdue_us = LATER,
	  .claims = { 1 } },
	{ .what = "a Ban line belongs to the last of several bans that lived",
	  .lines = { BAN(9000, 600) },
	  .seen = { SEEN(1000, 1, MS(2000)), SEEN(3000, 3, LIVES),
	    SEEN(5000, 5, MS(6000)) },
	  .overdue_us = LATER,
	  .claims = { 0, 1, 0 } },
	{ .what = "one of the last eight witnessed bans is found",
	  .lines = { BAN(9000, 600) },
	  .seen = { SEEN(1, 0, LIVES), SEEN(10, 0, MS(20)),
	    SEEN(20, 0, MS(20)), SEEN(30, 0, MS(30)), SEEN(40, 0, MS(40)),
	    SEEN(50, 0, MS(50)), SEEN(60, 0, MS(60)), SEEN(70, 0, MS(70)) },
	  .overdue_us = NOT_YET,
	  .claims = { 1 } },
	{ .what = "a ninth witnessed ban is not looked at",
	  .lines = { BAN(9000, 600) },
	  .seen = { SEEN(1, 0, LIVES), SEEN(10, 0, MS(20)),
	    SEEN(20, 0, MS(20)), SEEN(30, 0, MS(30)), SEEN(40, 0, MS(40)),
	    SEEN(50, 0, MS(50)), SEEN(60, 0, MS(60)), SEEN(70, 0, MS(70)),
	    SEEN(80, 0, MS(80)) },
	  .overdue_us = NOT_YET,
	  .bans = { LIVE(MS(9000), 600) } },
	{ .what = "a Ban line belongs to no witnessed ban that had ended",
	  .lines = { BAN(9000, 600) },
	  .seen = { SEEN(1000, 1, MS(9001)) },
	  .overdue_us = NOT_YET,
	  .bans = { LIVE(MS(9000), 600) } },
	{ .what = "a Ban line belongs to a witnessed ban that ended a moment later",
	  .lines = { BAN(9000, 600) },
	  .seen = { SEEN(1000, 1, MS(9001) + 1) },
	  .overdue_us = NOT_YET,
	  .claims = { 1 } },
	{ .what = "the Ban line of its failure belongs to a witnessed ban that had ended",
	  .lines = { FOUND_BAN(9000, 1, 600) },
	  .seen = { SEEN(1000, 1, MS(2000)) },
	  .overdue_us = NOT_YET,
	  .claims = { 1 } },
	{ .what = "the failure's second may be rounded up",
	  .lines = { FOUND_BAN(1700, 1, 600) },
	  .seen = { SEEN(1600, 2, MS(1650)) },
	  .overdue_us = NOT_YET,
	  .claims = { 1 } },
	{ .what = "a ban of the second before the failure is another ban",
	  .lines = { FOUND_BAN(1700, 1, 600) },
	  .seen = { SEEN(400, 0, MS(1650)) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_LIVES, UNKNOWN, 0,
	      UNKNOWN, 0 } } },
	{ .what = "a ban of two seconds after the failure is another ban",
	  .lines = { FOUND_BAN(9000, 1, 600) },
	  .seen = { SEEN(3000, 3, MS(4000)) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_INFERRED, MS(3000), 0,
	      UNKNOWN, 0 } } },
	{ .what = "two lines of one second belong to its two bans in turn",
	  .lines = { FOUND_BAN(1700, 1, 600), FOUND_BAN(2700, 1, 600),
	    FOUND_BAN(3700, 1, 600) },
	  .seen = { SEEN(900, 1, MS(1800)), SEEN(1200, 1, MS(1900)),
	    SEEN(1600, 2, MS(2800)) },
	  .overdue_us = NOT_YET,
	  .claims = { 1, 1, 1 } },
	{ .what = "the failure decides before the ban that lived",
	  .lines = { FOUND_BAN(9000, 1, 600) },
	  .seen = { SEEN(1000, 1, MS(2000)), SEEN(8000, 8, LIVES) },
	  .overdue_us = NOT_YET,
	  .claims = { 1, 0 } },
	{ .what = "a failure of no witnessed ban is that of the ban that lived",
	  .lines = { FOUND_BAN(9000, 5, 600) },
	  .seen = { SEEN(1000, 1, MS(2000)), SEEN(3000, 3, LIVES) },
	  .overdue_us = NOT_YET,
	  .claims = { 0, 1 } },
	{ .what = "the ban that lived must not be later than the failure",
	  .lines = { FOUND_BAN(9000, 5, 600) },
	  .seen = { SEEN(7000, 7, LIVES) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(5000), 600, BAN_FROM_LOG, BAN_INFERRED, MS(7000), 0,
	      UNKNOWN, 0 } } },
	{ .what = "the ban that lived must not be ten minutes before the failure",
	  .lines = { FOUND_BAN(700000, 601, 600), FOUND_BAN(700001, 602, 600) },
	  .seen = { SEEN(1000, 1, LIVES), SEEN(1001, 1, LIVES) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(602000), 600, BAN_FROM_LOG, BAN_LIVES, UNKNOWN, 0,
	      UNKNOWN, 0 } },
	  .claims = { 0, 1 } },
	{ .what = "an Unban line is not that of a ban whose Ban line comes later",
	  .lines = { FOUND_BAN(1100, 1, 600), UNBAN(5000),
	    FOUND_BAN(6000, 4, 600) },
	  .seen = { SEEN(4000, 4, LIVES) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_MANUAL, MS(5000), 0,
	      UNKNOWN, 0 } },
	  .claims = { 1 } },
	{ .what = "an Unban line may be that of a ban whose Ban line is missing",
	  .lines = { FOUND_BAN(1100, 1, 600), UNBAN(5000),
	    FOUND_BAN(6000, 6, 600) },
	  .seen = { SEEN(4000, 4, LIVES), SEEN(6000, 6, LIVES) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_INFERRED, MS(4000), 0,
	      UNKNOWN, 0 } },
	  .claims = { 0, 1 } },
	{ .what = "an Unban line between two lines of one ban shows another ban",
	  .lines = { FOUND_BAN(1500, 1, 600), UNBAN(2000),
	    FOUND_BAN(3500, 1, 600) },
	  .seen = { SEEN(1000, 1, LIVES) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_MANUAL, MS(2000), 0,
	      UNKNOWN, 1 } },
	  .claims = { 2 } },
	{ .what = "an Unban and a Restore Ban line between two lines show no other ban",
	  .lines = { FOUND_BAN(1500, 1, 600), UNBAN(2000), RESTORE(3000),
	    FOUND_BAN(3500, 1, 600) },
	  .seen = { SEEN(1000, 1, LIVES) },
	  .overdue_us = NOT_YET,
	  .claims = { 2 } },
	{ .what = "an Unban line between two lines shows no ban after a later one of the log",
	  .lines = { BAN(1400, 10), UNBAN(2800), FOUND_BAN(4200, 2, -1),
	    BAN(5600, 10) },
	  .seen = { AGAIN(1, 0, MS(7433), 6) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(2000), -1, BAN_FROM_LOG, BAN_LIVES, UNKNOWN, 0,
	      UNKNOWN, 0 } },
	  .claims = { 2 } },
	{ .what = "a ban may have a row of the second after",
	  .lines = { BAN(9000, 600) },
	  .seen = { SEEN(9501, 10, LIVES) },
	  .overdue_us = NOT_YET,
	  .claims = { 1 } },
	{ .what = "a Ban line belongs to no ban that began after it",
	  .lines = { BAN(9000, 600) },
	  .seen = { SEEN(9502, 10, LIVES) },
	  .overdue_us = LATER,
	  .bans = { ENDED(MS(9000), 600, BAN_INFERRED, MS(9502)) } },
	{ .what = "a second Ban line while a ban lives begins another ban",
	  .lines = { BAN(1000, 600), BAN(5000, 60), UNBAN(65000) },
	  .seen = { SEEN(1000, 1, LIVES) },
	  .overdue_us = LATER,
	  .bans = { ENDED(MS(5000), 60, BAN_EXPIRED, MS(65000)) },
	  .claims = { 1 } },
	{ .what = "a second Ban line of the same failure begins no other ban",
	  .lines = { FOUND_BAN(1500, 1, 600), FOUND_BAN(5000, 1, 600),
	    FOUND_BAN(9000, 1, 600) },
	  .seen = { SEEN(1200, 1, LIVES) },
	  .overdue_us = NOT_YET,
	  .claims = { 3 } },
	{ .what = "a second Ban line of the same failure after the end begins another ban",
	  .lines = { FOUND_BAN(1500, 1, 600), FOUND_BAN(5000, 1, 600) },
	  .seen = { SEEN(1200, 1, MS(5001)) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(5000), 600, BAN_FROM_LOG, BAN_LIVES, UNKNOWN, 0,
	      UNKNOWN, 0 } },
	  .claims = { 1 } },
	{ .what = "the lines after a second Ban line of an ended ban are the log's own",
	  .lines = { FOUND_BAN(1500, 1, 600), FOUND_BAN(5000, 1, 600),
	    UNBAN(9000) },
	  .seen = { SEEN(1200, 1, MS(4000)) },
	  .overdue_us = LATER,
	  .bans = { { MS(5000), 600, BAN_FROM_LOG, BAN_MANUAL, MS(9000), 0,
	      UNKNOWN, 0 } },
	  .claims = { 1 } },
	{ .what = "a second Ban line may be that of reban",
	  .lines = { BAN(1000, 600), BAN(5000, 60), BAN(9000, 60) },
	  .seen = { AGAIN(1000, 1, LIVES, 5) },
	  .overdue_us = NOT_YET,
	  .bans = { LIVE(MS(9000), 60) },
	  .claims = { 2 } },
	{ .what = "a second Ban line before reban is not reban's",
	  .lines = { BAN(1000, 600), BAN(4498, 60) },
	  .seen = { AGAIN(1000, 1, LIVES, 5) },
	  .overdue_us = NOT_YET,
	  .bans = { LIVE(MS(4498), 60) },
	  .claims = { 1 } },
	{ .what = "the second of reban may be rounded up",
	  .lines = { BAN(1000, 600), BAN(4499, 60) },
	  .seen = { AGAIN(1000, 1, LIVES, 5) },
	  .overdue_us = NOT_YET,
	  .claims = { 2 } },
	{ .what = "a ban that reban banned again has no third line",
	  .lines = { BAN(1000, 600), BAN(9000, 60) },
	  .seen = { AGAIN(1000, 1, MS(8000), 5) },
	  .overdue_us = NOT_YET,
	  .bans = { LIVE(MS(9000), 60) },
	  .claims = { 1 } },
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
	  .bans = { ENDED(MS(1000), 600, BAN_MANUAL, MS(2000)) },
	  .claims = { 1 } },
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
	      UNKNOWN, 1 } },
	  .claims = { 1 } },
	{ .what = "numbers count on from those of the witnessed bans",
	  .lines = { FOUND_BAN(1700, 1, 600), FOUND_BAN(1800, 1, 600),
	    FOUND_BAN(1900, 1, 600), UNBAN(1900), FOUND_BAN(3000, 1, 600) },
	  .seen = { SEEN(1000, 1, MS(1500)), SEEN(1000, 1, MS(1500)) },
	  .overdue_us = NOT_YET,
	  .bans = { { MS(1000), 600, BAN_FROM_LOG, BAN_MANUAL, MS(1900), 0,
	      UNKNOWN, 2 },
	    { MS(1000), 600, BAN_FROM_LOG, BAN_LIVES, UNKNOWN, 0, UNKNOWN,
	      3 } },
	  .claims = { 1, 1 } },
};

/* clang-format on */

static void
assert_ban(const struct ban *ban, const struct expected *expected,
    const char *what)
{
	if (ban->since_us != expected->since_us ||
	    ban->seconds != expected->seconds ||
	    ban->origin != expected->origin || ban->end != expected->end ||
	    ban->ended_us != expected->ended_us ||
	    ban->restored != expected->restored ||
	    ban->bancount != expected->bancount || ban->nth != expected->nth)
		fail_msg("%s: since %" PRId64 " seconds %" PRId64
			 " origin %d end %d ended %" PRId64 " restored %" PRId64
			 " bancount %" PRId64 " nth %d",
		    what, (ban->since_us - MS(0)) / 1000, ban->seconds,
		    ban->origin, ban->end,
		    ban->ended_us == UNKNOWN ? -1 :
					       (ban->ended_us - MS(0)) / 1000,
		    ban->restored, ban->bancount, ban->nth);
	assert_int_equal(ban->seen, BAN_SEEN_LOG);
	assert_int_equal(ban->failures, UNKNOWN);
	assert_null(ban->ip);
	assert_int_equal(ban->evidence, 0);
}

static void
assert_same_line(const struct logged_line *a, const struct logged_line *b)
{
	assert_int_equal(a->verb, b->verb);
	assert_int_equal(a->at_us, b->at_us);
	assert_int_equal(a->found, b->found);
	assert_int_equal(a->seconds, b->seconds);
	assert_int_equal(a->bancount, b->bancount);
}

static void
assert_same_but_claims(const struct witnessed_ban *a,
    const struct witnessed_ban *b)
{
	assert_int_equal(a->since_us, b->since_us);
	assert_int_equal(a->timeofban, b->timeofban);
	assert_int_equal(a->ended_us, b->ended_us);
	assert_int_equal(a->known_as, b->known_as);
}

/* Call it with just as many of each as there are. */
static size_t
run(const struct logged_line *lines, size_t n, const struct witnessed_ban *seen,
    size_t seen_n, int64_t overdue_us, struct ban *bans, int *claims)
{
	struct logged_line *in = (struct logged_line *)watched_copy(
	    (const char *)lines, n * sizeof(*lines));
	struct witnessed_ban *others = (struct witnessed_ban *)watched_copy(
	    (const char *)seen, seen_n * sizeof(*seen));
	struct ban *out =
	    (struct ban *)watched_copy((const char *)bans, n * sizeof(*bans));
	size_t count = bans_of_log(in, n, others, seen_n, overdue_us, out);

	assert_true(count <= n);
	for (size_t i = 0; i < n; i++)
		assert_same_line(&in[i], &lines[i]);
	memcpy(bans, out, n * sizeof(*bans));
	for (size_t i = 0; i < seen_n; i++) {
		claims[i] = others[i].claims;
		assert_same_but_claims(&others[i], &seen[i]);
	}
	free(in);
	free(others);
	free(out);
	return count;
}

static void
check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		struct ban bans[LINES];
		int claims[SEENS] = { 0 };
		size_t n = 0, seen_n = 0, expected = 0, got;

		while (n < LINES && row->lines[n].at_us != 0)
			n++;
		while (seen_n < SEENS && row->seen[seen_n].since_us != 0)
			seen_n++;
		while (expected < BANS && row->bans[expected].since_us != 0)
			expected++;
		memset(bans, 0x5a, sizeof(bans));
		got = run(row->lines, n, row->seen, seen_n, row->overdue_us,
		    bans, claims);
		if (got != expected)
			fail_msg("%s: %zu bans", row->what, got);
		for (size_t k = 0; k < got; k++)
			assert_ban(&bans[k], &row->bans[k], row->what);
		for (size_t k = 0; k < seen_n; k++) {
			if (claims[k] != row->claims[k])
				fail_msg("%s: %zu claimed %d times", row->what,
				    k, claims[k]);
		}
	}
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
nothing_is_read_where_there_is_nothing(void **state UNUSED)
{
	struct witnessed_ban seen[] = { SEEN(1000, 1, LIVES) };
	struct logged_line line = BAN(1000, 600);
	struct ban ban;

	assert_int_equal(bans_of_log(NULL, 0, NULL, 0, LATER, NULL), 0);
	assert_int_equal(bans_of_log(NULL, 0, seen, 1, LATER, NULL), 0);
	assert_int_equal(seen[0].claims, 0);
	assert_int_equal(bans_of_log(&line, 1, NULL, 0, NOT_YET, &ban), 1);
	assert_int_equal(ban.since_us, MS(1000));
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
		struct witnessed_ban seen[] = { { times[i % n],
		    times[i % n] / TIMESTAMP_US, UNKNOWN,
		    INT64_MAX / TIMESTAMP_US, 0, false } };
		struct ban bans[2 * ARRAY_LEN(times)];
		int claims[1];

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
		memset(bans, 0, sizeof(bans));
		run(lines, 2 * n, seen, 1, times[i % n], bans, claims);
	}
}

/* Numbers that are the same in each run. */
static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static int64_t
random_below(uint64_t *state, int64_t n)
{
	return (int64_t)(next_random(state) % (uint64_t)n);
}

#define MANY 24

static size_t
random_lines(uint64_t *state, struct logged_line *lines)
{
	static const int64_t seconds[] = { UNKNOWN, -1, 0, 1, 10, 600 };
	size_t n = (size_t)random_below(state, MANY + 1);
	int64_t ms = 0;

	for (size_t i = 0; i < n; i++) {
		int verb = (int)random_below(state, LOGGED_JUDGED + 1);
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
random_seen(uint64_t *state, struct witnessed_ban *seen)
{
	size_t n = (size_t)random_below(state, 9);
	int64_t ms = -2000;

	for (size_t i = 0; i < n; i++) {
		ms += random_below(state, 8) * 500;
		seen[i] = (struct witnessed_ban){
			.since_us = MS(ms),
			.timeofban = ban_timeofban(MS(ms)),
			.ended_us = random_below(state, 3) == 0 ?
			    UNKNOWN :
			    MS(ms + random_below(state, 9000)),
			.known_as = random_below(state, 3) != 0 ?
			    UNKNOWN :
			    T0 + ms / 1000 + random_below(state, 9),
		};
	}
	return n;
}

static size_t
count_of(const struct logged_line *lines, size_t n, enum logged_verb verb)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += lines[i].verb == verb;
	return count;
}

/* Each ban begins after the one before it and ends; only the last may live. */
static void
check_order(const struct ban *bans, size_t n, int64_t overdue_us)
{
	for (size_t i = 0; i < n; i++) {
		const struct ban *ban = &bans[i];

		assert_true(i == 0 || ban->since_us >= ban[-1].since_us);
		assert_int_equal(ban->end == BAN_LIVES,
		    ban->ended_us == UNKNOWN);
		assert_true(
		    ban->end == BAN_LIVES || ban->ended_us >= ban->since_us);
		assert_true(ban->end != BAN_LIVES || i + 1 == n);
		assert_true(ban->end != BAN_LIVES ||
		    ban_end_expiry_us(ban->since_us, ban->seconds) >=
			overdue_us);
		assert_int_equal(ban->seen, BAN_SEEN_LOG);
	}
}

/* No two bans have one time and number. */
static void
check_numbers(const struct ban *bans, size_t n,
    const struct witnessed_ban *seen, size_t seen_n)
{
	for (size_t i = 0; i < n; i++) {
		int nth = 0;

		for (size_t k = 0; k < seen_n; k++)
			nth += seen[k].since_us == bans[i].since_us;
		for (size_t k = 0; k < i; k++)
			nth += bans[k].since_us == bans[i].since_us;
		assert_int_equal(bans[i].nth, nth);
	}
}

/* Count the Ban lines whose last failure was in that second. */
static size_t
count_found(const struct logged_line *lines, size_t n, int64_t found)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += lines[i].verb == LOGGED_BAN &&
		    lines[i].found != UNKNOWN && lines[i].found == found;
	return count;
}

/* Return true when the failure of line i may be that of an earlier line. */
static bool
may_be_again(const struct logged_line *lines, size_t i)
{
	bool may = count_found(lines, i, lines[i].found) > 0;

	for (size_t k = 0; k < i && lines[i].found != UNKNOWN; k++)
		may = may ||
		    lines[k].at_us == timestamp_from_seconds(lines[i].found);
	return may && lines[i].verb == LOGGED_BAN;
}

/*
 * Each Ban line belongs to one ban. A witnessed ban has one or two, and those
 * of its second.
 */
static void
check_claims(const struct logged_line *lines, size_t n, size_t count,
    const struct witnessed_ban *seen, const int *claims, size_t seen_n)
{
	size_t claimed = 0, total = count_of(lines, n, LOGGED_BAN), again = 0;

	for (size_t i = 0; i < seen_n; i++) {
		size_t most = (seen[i].known_as == UNKNOWN ? 1 : 2) +
		    count_found(lines, n, seen[i].timeofban) +
		    count_found(lines, n, seen[i].timeofban - 1);

		assert_true(claims[i] >= 0 && (size_t)claims[i] <= most);
		claimed += (size_t)claims[i];
	}
	for (size_t i = 0; i < n; i++)
		again += may_be_again(lines, i);
	assert_true(claimed <= total);
	assert_true(count + again >= total - claimed);
	/* The others are restored bans, whose beginning no line shows. */
	assert_true(count <= total + count_of(lines, n, LOGGED_RESTORE));
}

static void
any_lines_make_bans_in_order(void **state UNUSED)
{
	uint64_t random = 88172645463325252u;

	for (int i = 0; i < 10000; i++) {
		struct logged_line lines[MANY];
		struct witnessed_ban seen[8];
		struct ban bans[MANY] = { 0 }, again[MANY] = { 0 };
		int claims[8], ignored[8];
		size_t n = random_lines(&random, lines);
		size_t seen_n = random_seen(&random, seen), count;
		int64_t overdue_us = MS(random_below(&random, 60000));

		count = run(lines, n, seen, seen_n, overdue_us, bans, claims);
		check_order(bans, count, overdue_us);
		check_numbers(bans, count, seen, seen_n);
		check_claims(lines, n, count, seen, claims, seen_n);
		/* Adding a part of the lines first makes no difference. */
		run(lines, n / 2, seen, seen_n, overdue_us, again, ignored);
		memset(again, 0, sizeof(again));
		assert_int_equal(
		    run(lines, n, seen, seen_n, overdue_us, again, ignored),
		    count);
		assert_memory_equal(again, bans, sizeof(bans));
		assert_memory_equal(ignored, claims, seen_n * sizeof(int));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_make_bans),
		cmocka_unit_test(a_ban_that_is_restored_goes_on),
		cmocka_unit_test(a_witnessed_ban_is_not_the_logs),
		cmocka_unit_test(nothing_is_read_where_there_is_nothing),
		cmocka_unit_test(times_at_their_ends_do_no_harm),
		cmocka_unit_test(any_lines_make_bans_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
