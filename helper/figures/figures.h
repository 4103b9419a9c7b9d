/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The figures that top, stats and report show. They take one ban after another,
 * in any order, and are read after figures_finish. Pure, but for the local time
 * zone: days, hours and weekdays are those of local time, or of UTC.
 *
 *	figures_new(&options)
 *	for each ban: figures_jail, figures_take
 *	for each total of removed bans: figures_jail, figures_take_removed
 *	figures_finish
 *	figures_of, figures_day, figures_hours, figures_top ...
 *	figures_free
 *
 * The time that a ban lasted is from its beginning to its end. A ban that has
 * not ended counts with its whole ban time, and up to now if it is permanent; 0
 * if its ban time is unknown.
 */
#ifndef FIGURES_FIGURES_H
#define FIGURES_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ban/end.h"
#include "ban/state.h"
#include "base/err.h"
#include "base/macros.h"

/* Bans are counted by one of these keys; figures_by_name names it. */
enum figures_by {
	FIGURES_BY_ID,
	FIGURES_BY_NET,
	FIGURES_BY_USER,
	FIGURES_BY_JAIL,
	FIGURES_BY_HOUR,
	FIGURES_BY_WEEKDAY,
	FIGURES_BY_COUNTRY,
	FIGURES_BY_ASN,
	FIGURES_BY_HOST,
	FIGURES_BYS /* how many there are; also: an unknown one */
};

/* What is counted of them. */
enum figures_count {
	FIGURES_BANS,
	FIGURES_FAILURES,
	FIGURES_SECONDS, /* the time that the bans lasted */
	FIGURES_COUNTS	 /* how many there are; also: an unknown one */
};

struct figures_options {
	int64_t now_us;
	bool utc; /* days and hours are those of UTC */
	/*
	 * The keys that are counted: the sum of 1u << FIGURES_BY_ID and so on.
	 * Jail, hour, weekday and host always are. Without the id, and without
	 * figures_take_id, these are UNKNOWN or 0: ids, returning, fresh.
	 */
	unsigned by;
	/*
	 * The networks of FIGURES_BY_NET: 24 and 64. A ban of a network that is
	 * larger counts for that network, and one of no address for none.
	 */
	int prefix4, prefix6;
	/*
	 * figures_take_id keeps so many ids and networks for figures_top, those
	 * with most bans.
	 */
	size_t kept;
	bool ids_only; /* no ban is taken by itself: fresh is 0 */
	/*
	 * figures_take_id counts networks, too, in place of FIGURES_BY_NET;
	 * prefix4 is 8, 16 or 24.
	 */
	bool nets_by_id;
	uint64_t seed; /* random, so that nobody can make ids collide */
};

/*
 * The parts of the figures: what depends on when a ban began, on its ban time
 * and its end, on its host, and the keys of the options. Bans that were counted
 * in groups where they lie are grouped for each part by itself, by what the
 * part depends on: so few groups stand for many bans.
 */
enum figures_part {
	FIGURES_WHOLE,	 /* all of a single ban */
	FIGURES_MOMENTS, /* of a jail, moment to the quarter of an hour */
	FIGURES_KINDS,	 /* of a jail, ban time, end, active, by hand */
	FIGURES_HOSTS,	 /* of a host */
	FIGURES_KEYS,	 /* of a jail and an id, or of user names */
};

/* A ban. The caller keeps the texts until figures_take returns. */
struct figures_ban {
	size_t jail; /* as figures_jail counts */
	const char *ident;
	const char *ip;	  /* where it differs from the ident, else NULL */
	const char *host; /* NULL: this machine */
	int64_t since_us;
	int64_t seconds;  /* the ban time, -1: for ever, or UNKNOWN */
	int64_t failures; /* or UNKNOWN */
	int64_t ended_us; /* UNKNOWN while it lives */
	enum ban_end why; /* BAN_LIVES while it lives */
	enum ban_state state;
	bool by_hand; /* somebody banned the id by hand */
	/* Each only with its bit in options.by. */
	const char *users;   /* texts, each ended by a NUL; may be NULL */
	size_t users_n;	     /* how many texts */
	const char *country; /* "DE", or NULL */
	int64_t asn;	     /* or UNKNOWN */
	const char *owner;   /* of the network with that number, or NULL */
	/*
	 * Of a group of bans, which counts for that part: how many they are,
	 * the seconds that they lasted, and when the last of them began. Then
	 * failures is a sum, since_us the first beginning, and no other member
	 * counts than those that the part depends on.
	 */
	enum figures_part part;
	int64_t bans, lasted, last_us;
};

/* The total of the bans of one hour that retention has removed. */
struct figures_removed {
	size_t jail;
	const char *host; /* NULL: this machine */
	int64_t at_us;	  /* within the hour */
	int64_t first_us, last_us;
	int64_t bans, failures;
	int64_t seconds; /* that they lasted */
	int64_t longest; /* ban time: -1, or UNKNOWN */
	int64_t ends[BAN_INFERRED + 1];
};

/*
 * The figures of a jail, or of all. The days of today and yesterday are those
 * of the calendar; d7 counts the bans of the last 7 times 24 hours. Bans that
 * begin later than today (a clock was wrong) are in ever alone.
 */
struct figures_sums {
	const char *jail; /* NULL: all */
	int64_t ever, live, today, yesterday;
	int64_t d7, d7_before;	 /* the last 7 days, and the 7 before them */
	int64_t d30, d30_before; /* likewise with 30 */
	int64_t failures;
	int64_t seconds;   /* that all bans lasted */
	int64_t by_hand;   /* how many bans somebody made by hand */
	int64_t ids;	   /* how many different ids were banned */
	int64_t returning; /* how many of them more than once */
	/* Ban times; -1: for ever; UNKNOWN: none is known. The median of an
	 * even number is the middle of two, and for ever if one of them is. */
	int64_t median_seconds, longest_seconds;
	int64_t ends[BAN_INFERRED + 1]; /* by enum ban_end; BAN_LIVES: no end */
	int64_t first_us, last_us; /* the first and last beginning, UNKNOWN */
	int64_t removed;	   /* how many of ever retention has removed */
	int64_t id_bans; /* how many bans figures_take_id took, of all jails */
};

/* A day of a jail, or of all. */
struct figures_day {
	int64_t bans;
	int64_t fresh; /* the first bans of their ids; only of FIGURES_ALL */
};

/* A key with what was counted of it. */
struct figures_entry {
	/*
	 * "192.0.2.0/24", "root", "sshd", "13", "monday", "DE", "AS64496";
	 * NULL: this machine as a host.
	 */
	const char *name;
	const char *label; /* the owner of an AS, or NULL */
	int64_t number;	   /* of an hour, 0 to 23; weekday, monday is 0; AS */
	int64_t counts[FIGURES_COUNTS];
};

/* A ban time and how many bans have it. */
struct figures_ban_time {
	int64_t seconds; /* -1: for ever; UNKNOWN: unknown */
	int64_t bans;
};

/* How often an id was banned in the jails that banned it. */
struct figures_id {
	const char *ident;
	int64_t first_us; /* its first ban */
	const struct figures_id_jail {
		size_t jail;
		int64_t bans;
	} * jails;
	size_t n;
};

struct figures;

/* In place of the number of a jail: all jails. */
#define FIGURES_ALL SIZE_MAX

/* Return figures that figures_free frees, or NULL: there is no memory. */
struct figures *figures_new(const struct figures_options *options);
void figures_free(struct figures *f);

/*
 * Count no other ids or networks (FIGURES_BY_ID, FIGURES_BY_NET) than those of
 * the calls, all of them before the first ban. Fails with EX_OSERR.
 */
int figures_want(struct figures *f, enum figures_by by, const char *name,
    struct err *e);

/*
 * Set *jail to the number of the jail of that name, counted from 0 in the order
 * of the calls. These and the next five fail with EX_OSERR.
 */
int figures_jail(struct figures *f, const char *name, size_t *jail,
    struct err *e);
int figures_take(struct figures *f, const struct figures_ban *ban,
    struct err *e);
int figures_take_removed(struct figures *f,
    const struct figures_removed *removed, struct err *e);
/*
 * Take all the bans of an id at once, in place of FIGURES_BY_ID: where each id
 * comes once, in the order of their texts, nothing must be kept of it. These
 * bans count for ids, returning, fresh of the last 60 days, and figures_top
 * alone.
 */
int figures_take_id(struct figures *f, const struct figures_id *id,
    struct err *e);

/*
 * With nets_by_id and before any figures_take_id: take each ban with an address
 * ip that differs from its id, so that it counts for the network of ip; and,
 * with ip NULL, each ban whose id is IPv4 inside IPv6, since its network is not
 * among its neighbours. Other bans may be given, too, with ip NULL.
 */
int figures_take_net(struct figures *f, const char *ident, const char *ip,
    struct err *e);

/* Return true when the id or address of a ban is IPv6 in a spelling other than
 * fail2ban's: what is looked up by the beginning of a text may miss it. */
bool figures_has_odd_nets(const struct figures *f);

/*
 * With nets_by_id, after the last figures_take_id and before the first ban: let
 * figures_take count failures and time, too, of the limit networks with most
 * bans, if these have more than one in many_of of all bans, or if
 * figures_has_odd_nets. figures_top has only these networks then, with counts
 * of the bans that were taken. Fails with EX_OSERR.
 */
int figures_want_most_nets(struct figures *f, size_t limit, int64_t many_of,
    struct err *e);
bool figures_has_most_nets(const struct figures *f);

/* End the counting. All below is called after it, all above before it. */
int figures_finish(struct figures *f, struct err *e);

/* Return the moment that the figures are of: now_us of the options. */
int64_t figures_now_us(const struct figures *f);

/*
 * Return the number of jails; write their numbers to order, the one with most
 * bans first, equal ones by name.
 */
size_t figures_jails(const struct figures *f);
void figures_order_jails(const struct figures *f, size_t *order);

/* Return the figures of a jail, or of FIGURES_ALL. */
const struct figures_sums *figures_of(const struct figures *f, size_t jail);

/*
 * Days are counted from 1970-01-01 on, as timestamp_days does. Return the day
 * of a moment in the time zone of the figures, and the moment at which a day
 * begins.
 */
int64_t figures_day_at(const struct figures *f, int64_t us);
int64_t figures_day_begin_us(const struct figures *f, int64_t day);

/* Set *first and *last to the days with bans; return false: there are none. */
bool figures_days(const struct figures *f, int64_t *first, int64_t *last);

/* Return a day of a jail, or of FIGURES_ALL; one without bans is all 0. */
struct figures_day figures_day(const struct figures *f, size_t jail,
    int64_t day);

/* Return the bans of a weekday, 0 is monday, and an hour, 0 to 23. */
int64_t figures_hour(const struct figures *f, int weekday, int hour);

/*
 * Set *times to the ban times of a jail, or of FIGURES_ALL, shortest first, for
 * ever last but for the unknown ones; return their number. They belong to f.
 */
size_t figures_ban_times(const struct figures *f, size_t jail,
    const struct figures_ban_time **times);

/*
 * Write the entries with the highest counts to entries, which has room for
 * limit of them, the highest first, equal ones by their names; return their
 * number. Texts belong to f. A key that was not counted has no entries.
 */
size_t figures_top(const struct figures *f, enum figures_by by,
    enum figures_count count, size_t limit, struct figures_entry *entries);

/* Return how many different keys were counted. */
size_t figures_keys(const struct figures *f, enum figures_by by);

/* Set ids to how many ids have 1, 2, 3 to 5, 6 to 10, and more bans. */
#define FIGURES_REPEATS 5
void figures_repeats(const struct figures *f, int64_t ids[FIGURES_REPEATS]);

/* Return "id", "net", "monday"; and the key or count of a name. */
const char *figures_by_name(enum figures_by by);
enum figures_by figures_by_from_name(const char *name);
enum figures_count figures_count_from_name(const char *name);
const char *figures_weekday_name(int weekday);

#endif
