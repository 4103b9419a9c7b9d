/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ban, as the archive keeps it: a row from its beginning to its end. It
 * follows from what witnesses saw of it (ban/sighting.h), by the rules of
 * ban/history.h and ban/end.h. Pure.
 *
 * Times are microseconds since the epoch, durations seconds, -1 for ever;
 * UNKNOWN is a number that is not known.
 */
#ifndef BAN_BAN_H
#define BAN_BAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ban/end.h"
#include "base/macros.h"

/* The origin of a ban. The archive stores sightings with these numbers. */
enum ban_origin {
	BAN_FROM_UNKNOWN = 0,
	BAN_FROM_LOG = 1,
	BAN_FROM_HAND = 2, /* no failures, no matches */
	BAN_FROM_LIST = 3, /* our own reban of a list */
};

/*
 * The witnesses that saw a ban: bits of ban.seen. Where an event or the
 * database has seen the ban, here or in an archive that was imported, only
 * their bits stay; otherwise only the import's; a ban that only logs show has
 * the log's.
 */
#define BAN_SEEN_EVENT 1u
#define BAN_SEEN_DATABASE 2u
#define BAN_SEEN_LOG 4u
#define BAN_SEEN_IMPORT 8u
#define BAN_SEEN_ALL 15u
#define BAN_SEEN_HERE (BAN_SEEN_EVENT | BAN_SEEN_DATABASE)

/*
 * A restored ban within this time of another one is its retry: fail2ban runs a
 * failed command twice (1.0.2, server/action.py: _processCmd).
 */
#define BAN_RETRY_US INT64_C(10000000)

struct ban {
	int64_t id; /* row of the archive */
	size_t row; /* of the history's rows, the one that it continues, counted
		       from 1; 0: it is new */
	/*
	 * When fail2ban made it, as far as is known. The bans of an id follow
	 * one another in this order (ban/history.h).
	 */
	int64_t made_us;
	int64_t timeofban; /* the ticket's second, rounded as fail2ban does */
	int64_t since_us;
	bool exact; /* since_us is more than the rounded second */
	int nth;    /* counts the bans of one id, jail and exact time */
	int64_t seconds, bancount, failures;
	const char *ip; /* where it differs from the ident, else NULL */
	int64_t evidence;
	enum ban_origin origin;
	unsigned seen;
	enum ban_end end;
	int64_t ended_us;   /* UNKNOWN while it lives */
	int64_t restored;   /* how often it came back after a restart */
	int64_t life_us;    /* the last ban, restored or prolong event, or 0 */
	int64_t pending_us; /* an unban whose reason is not known yet, or 0 */
};

/* Return "log", "manual", "list" or "unknown". */
const char *ban_origin_name(enum ban_origin origin);

/* Return the origin of that name, -1 when there is none. */
int ban_origin_from_name(const char *name);

/* Return "event", "database", "log" or "import" for one of the bits. */
const char *ban_seen_name(unsigned bit);

/*
 * Return a time rounded to the second as fail2ban's database rounds it, half to
 * even.
 */
int64_t ban_timeofban(int64_t since_us);

#endif
