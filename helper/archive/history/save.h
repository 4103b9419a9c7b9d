/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Write the bans of a stretch of a history, as history_make_bans made them,
 * into the table ban. Called between archive_begin and archive_commit. Errors
 * are db_error's.
 */
#ifndef ARCHIVE_HISTORY_SAVE_H
#define ARCHIVE_HISTORY_SAVE_H

#include "archive/history/history.h"

/* Counts of changes, to which each call adds, and the time of all. */
struct archive_change {
	int64_t now_us;
	int64_t added, changed; /* bans */
	/*
	 * The rev of the ban that is added next, which saves a look at three
	 * indexes for each of them; 0: the archive is asked. The caller sets
	 * it, and to 0 before anything but a new ban gets a rev.
	 */
	int64_t next_rev;
};

/* The bans of a stretch; its sighting i belongs to bans[owner[i]]. */
struct archive_made {
	struct ban *bans;
	size_t n;
	const size_t *owner;
	const size_t *of_row; /* the ban of each row, counted from 1; 0: none */
	/* fail2ban's database that has the row of one of them; 0: none. */
	int64_t source;
	size_t sourced; /* the ban that has it */
};

/*
 * Return true when the stretch was too short: a ban at its edge is another one
 * than the archive has, so that a ban beyond it might be another one too.
 */
bool archive_history_is_short(const struct archive_history *h,
    const struct archive_made *made);

/* Return true when the archive has the ban under its present number. */
bool archive_history_has_number(const struct archive_history *h,
    const struct ban *ban);

/*
 * Let the archive have just these bans, each with its sightings: they are added
 * or changed, and a row that is no ban any more is removed. Rows that need no
 * change are not touched. Sets the ids of the bans. Where that changes what is
 * said of a ban, its rev grows.
 */
int archive_history_save(struct archive *a, const struct archive_history *h,
    const struct archive_made *made, struct archive_change *change,
    struct err *e);

/* Set *rev to the rev that the next ban gets, for change->next_rev. */
int archive_history_next_rev(struct archive *a, int64_t *rev, struct err *e);

/* Note that the database with the id source has the row of a ban. */
int archive_history_set_source(struct archive *a, int64_t ban, int64_t source,
    struct err *e);

/*
 * Remove the row of a ban and leave no tombstone. No reader has seen the ban's
 * rev yet.
 */
int archive_history_remove(struct archive *a, int64_t ban, struct err *e);

#endif
