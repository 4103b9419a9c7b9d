/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ban, and the sightings that we have of it. A sighting is one thing that
 * one witness saw: an action command, a row of fail2ban's database, the
 * judgement of a reconcile run. A ban is what follows from its sightings
 * (ban/same_ban.h). Pure.
 *
 * Times are microseconds since the epoch, durations seconds, -1 for ever;
 * UNKNOWN is a number that nobody told.
 */
#ifndef BAN_BAN_H
#define BAN_BAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

/* Sightings are archived with these numbers. */
enum ban_end {
	BAN_LIVES = 0, /* or its end is pending */
	BAN_EXPIRED = 1,
	BAN_MANUAL = 2,
	BAN_FLUSHED = 3,
	BAN_INFERRED = 4, /* nobody saw it end */
};

/* … and so are their origins. */
enum ban_origin {
	BAN_FROM_UNKNOWN = 0,
	BAN_FROM_LOG = 1,
	BAN_FROM_HAND = 2, /* no failures, no matches */
	BAN_FROM_LIST = 3, /* our own reban of a list */
};

/* A restored ban this soon after another one is its retry. */
#define BAN_RETRY_US INT64_C(10000000)

/*
 * Which witnesses have seen it: bits of ban.seen. The last two are there only
 * where nobody better has.
 */
#define BAN_SEEN_EVENT 1u
#define BAN_SEEN_DATABASE 2u
#define BAN_SEEN_LOG 4u
#define BAN_SEEN_IMPORT 8u
#define BAN_SEEN_ALL 15u
#define BAN_SEEN_HERE (BAN_SEEN_EVENT | BAN_SEEN_DATABASE)

/*
 * In the order in which sightings of the same moment are taken; they are
 * archived with these numbers.
 */
enum sighting_kind {
	SIGHTING_BAN = 0,
	SIGHTING_RESTORED = 1,
	SIGHTING_PROLONG = 2,
	SIGHTING_ROW = 3, /* a row of fail2ban's database */
	SIGHTING_UNBAN = 4,
	SIGHTING_JUDGED = 5,  /* a reconcile run judged that it has ended */
	SIGHTING_IMPORT = 6,  /* another archive has it */
	SIGHTING_OLD_ROW = 7, /* a row of another database of fail2ban's */
};

struct sighting {
	enum sighting_kind kind;
	int64_t at_us;	  /* when the witness saw it */
	int64_t since_us; /* the ticket's time, cut to the microsecond */
	bool exact;	  /* since_us is more than the rounded second */
	int64_t seconds;
	int64_t bancount;
	int64_t failures;
	const char *ip;	  /* where it differs from the ident, else NULL */
	int64_t evidence; /* row of the archive's evidence, 0: none */
	bool matches;	  /* that evidence has log lines */
	const char *lines, *captures; /* evidence to be archived, or NULL */
	enum ban_end end; /* SIGHTING_JUDGED; SIGHTING_UNBAN: BAN_MANUAL where
			     the rows were gone, BAN_LIVES where nothing says */
	int64_t
	    ended_us; /* SIGHTING_JUDGED, SIGHTING_IMPORT, SIGHTING_OLD_ROW */
	enum ban_origin
	    origin; /* SIGHTING_IMPORT; SIGHTING_BAN, SIGHTING_ROW: a list's */
	unsigned seen;	       /* SIGHTING_IMPORT: who had seen it there */
	int64_t restored, nth; /* SIGHTING_IMPORT */
	int64_t ban; /* row of the archive's ban that holds it, or 0 */
};

struct ban {
	int64_t id; /* row of the archive, 0: not there yet */
	int64_t since_us;
	bool exact;
	int nth;
	int64_t seconds, bancount, failures;
	const char *ip;
	int64_t evidence;
	enum ban_origin origin;
	unsigned seen;
	enum ban_end end;
	int64_t ended_us; /* UNKNOWN while it lives */
	int64_t restored;
	int64_t life_us;    /* the last sign of life by an event, or 0 */
	int64_t pending_us; /* an unban that is not settled, or 0 */
};

/* "expired", "manual", …; NULL for BAN_LIVES. */
const char *ban_end_name(enum ban_end end);

/* "log", "manual", "list", "unknown". */
const char *ban_origin_name(enum ban_origin origin);

/* What these names are of; -1 where they are none. NULL is BAN_LIVES. */
int ban_end_from_name(const char *name);
int ban_origin_from_name(const char *name);

/* "event", "database", "log" or "import", for one of the bits. */
const char *ban_seen_name(unsigned bit);

/* The second to which fail2ban's database rounds a time: half to even. */
int64_t ban_timeofban(int64_t since_us);

/*
 * When a ban of that many seconds is over: INT64_MAX for ever and for an
 * unknown time. Saturates.
 */
int64_t ban_expiry_us(int64_t since_us, int64_t seconds);

#endif
