/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is this the same ban? All sightings of one ticket (jail, ident and rounded
 * second) are made into bans here. They are taken in the order in which the
 * witnesses saw them, not in that of their arrival, so any order of the same
 * sightings, any number of times, gives the same bans. Pure.
 *
 * The rules, a sighting at a time:
 * - A fresh ban of the exact time is the ban that lives, or that ended later
 *   than the sighting (a retry, a late arrival). After that ban's end it is
 *   another one (nth): ban, unban, ban within one second of a log are two bans.
 * - A fresh ban meets a ban of which only the rounded second is known: it is
 *   the same ban, which now gets its exact time.
 * - A restored ban, a row, and an unban that has only the rounded second speak
 *   of the latest ban.
 * - A restored ban later than the end reopens the ban. Within 10 s of the one
 *   counted last it is a retry.
 * - The rules for the end of a ban stand in ban/end.h.
 *
 * An import, or a row of another database, is taken after all that was seen
 * here. It speaks of the ban of its exact time, or of its second when no more
 * is known, and adds only what is not known here. When there is no such ban,
 * it makes one.
 */
#ifndef BAN_SAME_BAN_H
#define BAN_SAME_BAN_H

#include <stddef.h>

#include "ban/sighting.h"

/*
 * Make bans of n sightings of one ticket, which are sorted in place. The ban of
 * sightings[i] is owner[i], an index into bans, which has room for n.
 * timeofban: the ticket's second. next_us: when a ban of a later second begins
 * that ends one of these if it lives (ban/end.h), INT64_MAX if there is none.
 * Texts in bans are those of the sightings. A ban's id is that of the archived
 * ban which has the first of its sightings, or 0. Returns the number of bans,
 * in the order of their making; 0 when there is no memory.
 */
size_t same_ban_make_bans(struct sighting *sightings, size_t n,
    int64_t timeofban, int64_t next_us, struct ban *bans, size_t *owner);

#endif
