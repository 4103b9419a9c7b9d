/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bans that only fail2ban's logs show, for one id in one jail. They follow
 * from all lines of all its logs, taken in the order in which fail2ban wrote
 * them, and from the witnessed bans: those that an event, a row of a database
 * or an import has shown. The log is the weakest witness. So logs may come in
 * any order, in pieces, and again. Pure.
 *
 * - A Ban line belongs to the witnessed ban whose second is that of the failure
 *   found last, or else to the one that lived when the line was written. A
 *   witnessed ban has one Ban line. It has a second one when reban banned it
 *   again, and further ones of the same second while it lives, as a server that
 *   was killed reads its logs again. But when an Unban line stands between two
 *   of them, the first line is another ban's.
 * - A Ban line that belongs to no witnessed ban makes a ban of the log's own,
 *   which ends the one before it.
 * - A Restore Ban line belongs to the ban that lived. When none did, it makes a
 *   ban that began before the log.
 * - An Unban line ends the last ban. Without a ban before it, it says too
 *   little to make one. The rule for that end stands in ban/end.h.
 */
#ifndef BAN_BANS_OF_LOG_H
#define BAN_BANS_OF_LOG_H

#include <stddef.h>

#include "ban/ban.h"

/* The archive stores lines with these numbers. */
enum logged_verb {
	LOGGED_BAN = 0,
	LOGGED_RESTORE = 1,
	LOGGED_UNBAN = 2,
	LOGGED_INCREASE = 3, /* the ban time was increased */
	LOGGED_JUDGED = 4,   /* no line: a reconcile run judged that it ended */
};

struct logged_line {
	enum logged_verb verb;
	int64_t at_us;	  /* when it was written, cut to the millisecond */
	int64_t found;	  /* second of the last failure before it, or UNKNOWN */
	int64_t seconds;  /* ban time, or UNKNOWN */
	int64_t bancount; /* of LOGGED_INCREASE, else UNKNOWN */
};

/* A ban that an event, a row or an import has shown. */
struct witnessed_ban {
	int64_t since_us, timeofban;
	int64_t ended_us; /* UNKNOWN while it lives */
	int64_t known_as; /* the second at which reban banned it again, or
			     UNKNOWN */
	int claims;	  /* Ban lines that belong to it; 0 at first */
	bool inferred;	  /* its end was inferred */
};

/*
 * Make the bans that only the log shows of n lines, which are in the order of
 * at_us and verb, and of the witnessed bans, which are in the order of since_us
 * and whose claims are counted. A ban whose time is up before overdue_us has
 * ended even without a line that says so. bans has room for n; they come in the
 * order of their lines, with since_us, nth, seconds, bancount, origin, end,
 * ended_us and restored. nth counts on from the witnessed bans of the same
 * time. Returns their number.
 */
size_t bans_of_log(const struct logged_line *lines, size_t n,
    struct witnessed_ban *witnessed, size_t witnessed_n, int64_t overdue_us,
    struct ban *bans);

#endif
