/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sighting: one thing that one witness saw of a ban, such as an action
 * command, a row of fail2ban's database, the judgement of a reconcile run, an
 * import. (Log lines are struct logged_line of ban/bans_of_log.h.) Pure.
 */
#ifndef BAN_SIGHTING_H
#define BAN_SIGHTING_H

#include "ban/ban.h"

/*
 * Sightings of the same moment are taken in this order. The archive stores
 * them with these numbers.
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
	SIGHTING_FOLDED = 8,  /* several events up to at_us in one, the last of
				 which shows it alive (ban/same_ban_fold.h) */
};

struct sighting {
	enum sighting_kind kind;
	int64_t at_us;	   /* when the witness saw it */
	int64_t timeofban; /* the ticket's second, rounded as fail2ban does */
	int64_t since_us;  /* the ticket's time, cut to the microsecond */
	bool exact;	   /* since_us is more than the rounded second */
	int64_t seconds;
	int64_t bancount;
	int64_t failures;
	const char *ip;	  /* where it differs from the ident, else NULL */
	int64_t evidence; /* row of the archive's evidence, 0: none */
	bool has_matches; /* that evidence has log lines */
	/* Evidence to be archived, or NULL. */
	const char *matches, *captures;
	enum ban_end end;	/* SIGHTING_JUDGED, SIGHTING_IMPORT,
				   SIGHTING_OLD_ROW; SIGHTING_UNBAN: BAN_MANUAL
				   when the rows were gone, else BAN_LIVES */
	int64_t ended_us;	/* SIGHTING_JUDGED, _IMPORT, _OLD_ROW */
	enum ban_origin origin; /* SIGHTING_IMPORT; _BAN, _ROW: a list's */
	unsigned seen;		/* SIGHTING_IMPORT: who had seen it there */
	int64_t restored;	/* SIGHTING_IMPORT, SIGHTING_FOLDED */
	int64_t nth;		/* SIGHTING_IMPORT */
	int64_t made_us; /* SIGHTING_JUDGED: the made_us of the very ban that
			    was judged; _FOLDED: of its own. 0: not known.
			    _BAN: its place among the id's bans, where the
			    clock was set back after the one before it, or 0 */
	int64_t held_us; /* SIGHTING_JUDGED: when a server said last, before the
			    judgement, that it had the ban. 0: none did */
	/*
	 * The second of another ban of the id, or 0. SIGHTING_ROW: that of the
	 * row that stands before it in the table. SIGHTING_JUDGED: that of the
	 * later ban whose row stood in place of the judged one's.
	 */
	int64_t other_timeofban;
	size_t row; /* of the history's rows, the one that has it, counted
		       from 1; 0: none has */
};

/*
 * Return the time of the ticket; of a rounded second the earliest time that it
 * may be.
 */
int64_t sighting_ticket_us(const struct sighting *sighting);

/* Return true for a moment that is before the ticket's time for certain. */
bool sighting_is_before_ticket(const struct sighting *sighting, int64_t us);

/*
 * Return when the ban of an import was made, as far as the import shows that:
 * at its time, and one with a greater number later.
 */
int64_t sighting_import_us(const struct sighting *import);

/* Return true when the sighting was made here, and not taken from elsewhere. */
bool sighting_is_own(const struct sighting *sighting);

/* Return true for a command that fail2ban ran. */
bool sighting_is_event(const struct sighting *sighting);

/* Return true for an event after which the ban lives. */
bool sighting_shows_life(const struct sighting *sighting);

/*
 * Order sightings, for qsort(3): what was seen here by the time at which it was
 * seen, then imports, then rows of old databases. What was seen before the time
 * of its own ticket, by a clock that was set back, comes after the rest of what
 * was seen here. The order in which they reach the archive makes no difference.
 */
int sighting_compare(const void *a, const void *b);

/*
 * Return true when two sightings are one and the same: the same witness saw it
 * at the same time. Two imports must agree in everything but their evidence.
 */
bool sighting_is_same(const struct sighting *a, const struct sighting *b);

#endif
