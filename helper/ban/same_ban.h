/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is this the same ban? All sightings of one jail, ident and rounded second
 * make a ticket. same_ban_make_bans turns the ticket into bans. It takes the
 * sightings by the time at which they were seen, not by the order in which they
 * came, so any order of the same sightings, any number of times, gives the same
 * bans. Pure.
 *
 * The rules, a sighting at a time:
 * - A fresh ban of the exact time is the ban that lives, or that ended later
 *   than the sighting (a retry, a late arrival); after its end it is another
 * one (nth): ban, unban, ban within one second of a log are two bans.
 * - A fresh ban meets one of which only the rounded second is known: the same,
 *   it now gets its exact time.
 * - A restored ban, a row, an unban of the bare second are the latest ban.
 * - A restored ban later than the end reopens it. Within 10 s of the one last
 *   counted it is a retry: fail2ban runs a failed command twice
 *   (1.0.2, server/action.py: _processCmd).
 * - An unban whose own time + ban time is up: expired. Otherwise, where the
 *   rows were gone: manual. Otherwise the end is pending, and a fresh ban of
 *   that time shows it to have been manual.
 * - A judged end holds until an event says better.
 *
 * What another archive or another database of fail2ban's says comes after all
 * that was seen here, whenever it was read: it is of the ban of its exact time,
 * or of its second where that is all that is known, and tells what nobody
 * else does; where there is no such ban, it makes one.
 */
#ifndef BAN_SAME_BAN_H
#define BAN_SAME_BAN_H

#include <stddef.h>

#include "ban/ban.h"

/*
 * sightings: n of one ticket, sorted in place; sightings[i]'s ban is owner[i],
 * an index into bans, which has room for n. timeofban: the ticket's second.
 * next_us: when a ban of a later second ends one of these that lives, INT64_MAX
 * if there is none. A ban that lives when a younger one starts is ended by that
 * (inferred); not by one that had ended before its last sign of life. Returns
 * the number of bans, in the order of their making. Texts in bans are those of
 * signs. A ban's id is that of the archived ban which holds the first of its
 * sightings, or 0.
 */
size_t same_ban_make_bans(struct sighting *sightings, size_t n,
    int64_t timeofban, int64_t next_us, struct ban *bans, size_t *owner);

/*
 * Whether two sightings are one and the same: seen by the same, at the same
 * time. Of an import all must be the same, but for its evidence.
 */
bool same_ban_is_same_sighting(const struct sighting *a,
    const struct sighting *b);

#endif
