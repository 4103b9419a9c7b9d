/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bans that only fail2ban's logs tell of, for one id in one jail. They
 * follow from all lines of all its logs, taken in the order in which fail2ban
 * wrote them, and from the bans that somebody better has seen: the log is the
 * weakest witness. So logs may come in any order, in pieces and again. Pure.
 *
 * - A Ban line is of the ban whose second is that of the failure found last, or
 *   else of the one that lived when it was written. A ban has only one Ban
 * line, or two where reban banned it again; and a further one of the same
 * second where it lived still: a server that was killed reads its logs again.
 * But if an Unban line stands between, the first was another ban. Where there
 * is none, it is a ban that only the log has seen; it ends the one before.
 * - A Restore Ban line is of the ban that lived; where there is none, it is one
 *   that began before the log does.
 * - An Unban line ends the last ban. One with no ban before it tells too little
 *   to be a ban.
 */
#ifndef BAN_BANS_OF_LOG_H
#define BAN_BANS_OF_LOG_H

#include <stddef.h>

#include "ban/ban.h"

/* The archive has lines with these numbers. */
enum logged_verb {
	LOGGED_BAN = 0,
	LOGGED_RESTORE = 1,
	LOGGED_UNBAN = 2,
	LOGGED_INCREASE = 3, /* the ban time was increased */
	LOGGED_JUDGED = 4,   /* no line: a reconcile judged that it has ended */
};

struct logged_line {
	enum logged_verb verb;
	int64_t at_us;	  /* when it was written, cut to the millisecond */
	int64_t found;	  /* second of the last failure before it, UNKNOWN */
	int64_t seconds;  /* ban time */
	int64_t bancount; /* LOGGED_INCREASE */
};

/* A ban that somebody better has seen. */
struct witnessed_ban {
	int64_t since_us, timeofban;
	int64_t ended_us; /* UNKNOWN while it lives */
	int64_t known_as; /* the second of its being banned again, UNKNOWN */
	int claims;	  /* Ban lines that are of it; 0 at first */
	bool inferred;	  /* nobody saw it end */
};

/*
 * lines: n in the order of at_us and verb. seen: in the order of since_us. What
 * is up before overdue_us has ended, though no line says so. bans has room for
 * n: in the order of their lines, with since_us, nth, seconds, bancount,
 * origin, end, ended_us and restored; nth counts on from those of seen. Returns
 * how many.
 */
size_t bans_of_log(const struct logged_line *lines, size_t n,
    struct witnessed_ban *seen, size_t seen_n, int64_t overdue_us,
    struct ban *bans);

#endif
