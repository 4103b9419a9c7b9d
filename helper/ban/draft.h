/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The structures that the files of a history share. struct history holds all
 * that is known about one id. struct draft is a ban in the making, with the
 * facts that decide about it: same_ban.c makes drafts of sightings,
 * bans_of_log.c makes drafts of lines, and history.c makes bans of drafts.
 * Pure.
 */
#ifndef BAN_DRAFT_H
#define BAN_DRAFT_H

#include <stddef.h>

#include "ban/ban.h"
#include "ban/sighting.h"

struct logged_line; /* ban/bans_of_log.h */

/* A ban that the archive has already. */
struct history_row {
	int64_t made_us;
	int64_t since_us;
	int64_t nth;
	int64_t known_as;   /* the second at which reban banned it again, or
			       UNKNOWN */
	bool logged;	    /* only logs show it */
	int64_t import_nth; /* that of the import that made it, or UNKNOWN */
};

struct history {
	/* They are sorted in place. */
	struct sighting *sightings;
	size_t n;
	/* In the order in which fail2ban wrote them. */
	const struct logged_line *lines;
	size_t lines_n;
	/* When the jail was flushed, in order. */
	const int64_t *flushes;
	size_t flushes_n;
	const struct history_row *rows; /* in the order of their making */
	size_t rows_n;
	/* The rows by since_us and nth: history_make_bans sets them. */
	const struct history_row **by_nth;
	/*
	 * A ban that only logs show, and whose time was up before this moment,
	 * has ended even without a line that says so.
	 */
	int64_t overdue_us;
};

struct draft {
	struct ban ban;
	size_t before; /* the draft of its second before it, counted from 1 */
	/*
	 * When it ended, by the clock of the witness. ban.ended_us is never
	 * before the ticket's time, but this may be, when the clock was set
	 * back.
	 */
	int64_t gone_us;
	bool end_seen;	    /* an event saw its end */
	int64_t deleted_us; /* an end that left no rows; INT64_MIN: none */
	int64_t back_us;    /* a run judged that it lives; 0: none did */
	int64_t begun_us;   /* when a fresh ban's event showed it, 0: none */
	bool logged;	    /* only lines of logs show it */
	bool lined;	    /* a line shows its making */
	int64_t line_us;    /* that line */
	int64_t first_us;   /* its first own sighting; INT64_MAX: none */
	int64_t known_as;   /* as in struct history_row */
	int64_t counted_us; /* the restored sighting that was counted last */
	/* The ban time, from the best witness to the weakest, or UNKNOWN. */
	int64_t unban_seconds, row_seconds, tag_seconds, import_seconds;
	bool row_bancount, row_failures, row_evidence; /* the row said it */
	bool has_matches;   /* there are log lines of it */
	bool imported;	    /* an import made it */
	int64_t import_nth; /* that import's nth */
	bool listed;	    /* it comes from a list of ours */
	enum ban_origin import_origin;
};

/* The place of a draft in the order in which fail2ban made the bans. */
struct draft_place {
	int64_t made_us, since_us;
	size_t draft; /* its number */
};

/* Fill order, which has room for n, with the drafts as they were made. */
void draft_order(const struct draft *drafts, size_t n,
    struct draft_place *order);

/* Return the last moment at which the ban was seen alive, or was made. */
int64_t draft_held_us(const struct draft *d);

/*
 * End the draft by a verdict, or reopen it by the verdict that it lives, where
 * ban/end.h lets that replace its end. An end is not earlier than the ticket's
 * time.
 */
void draft_end_by(struct draft *d, enum ban_end_source source,
    const struct ban_end_verdict *verdict);

/* Let an end that was inferred be no later than the expiry. */
void draft_bound_end(struct draft *d);

/* Return the origin of the ban, when all of its sightings were taken. */
enum ban_origin draft_origin(const struct draft *d);

/* Return the first flush of the jail between two moments, 0: there was none. */
int64_t draft_first_flush(const struct history *h, int64_t after_us,
    int64_t before_us);

/* Let it live, whatever ended it. */
void draft_reopen(struct draft *d);

/* Sort the rows of a history into by_nth, which has room for them. */
void draft_sort_by_nth(struct history *h);

/*
 * Return the nth of d, the first ban of its time that no import made. A stretch
 * may lack the bans before it, so this is the least nth of the rows of that
 * time that no import made; it is 0 when d is new, because a stretch in which a
 * new ban comes first has all of them.
 */
int64_t draft_first_nth(const struct history *h, const struct draft *d);

#endif
