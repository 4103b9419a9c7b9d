/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The history of one id in one jail on one host: which bans its sightings and
 * the lines of its logs are of, in which order fail2ban made them, and when
 * each ended. Any order of the same sightings and lines, any number of times,
 * gives the same bans, as they are sorted here first. Pure.
 *
 * fail2ban holds at most one ban of an id in a jail at a time, so the bans of
 * an id are a sequence. The rules:
 *
 * 1. The order is that in which fail2ban made the bans: the moment of a fresh
 *    ban's event; of its Ban line, where that is well after the ticket's time;
 *    otherwise the ticket's time. A ticket's time alone is no order. (A ban by
 *    hand is lifted by "unban --all", and a log line that is stamped two
 *    seconds before it bans the id again: the archive ended the ban that
 *    fail2ban held, and the flushed one lived for ever.) A fresh ban's event
 *    that came as it happened, by a clock that was set back, is after all that
 *    was known of the id then (sighting.made_us). (A clock was in the year 2038
 *    for a while: each later ban of the id had ended when it was made.)
 * 2. A ticket's time shows which ban a sighting is of: same_ban.h.
 * 3. A line belongs to the ban whose event follows it: bans_of_log.h.
 * 4. An event shows that fail2ban held its ban then. So a ban that lives, and
 *    that no event shows later, ends when another one of the id is made or
 *    shown:
 *    - at its pending unban, by hand: fail2ban bans no id that it still holds;
 *    - at the jail's first flush in between, inferred: "unban --all" and a stop
 *      look alike;
 *    - at its expiry or when the other one was made, whichever is earlier:
 *      inferred. (The unban of a ban of 40 s was lost, and the id was banned
 *      again ten minutes later.)
 * 5. Bans of the same ticket time are numbered (nth) in the order of their
 *    making. One that an import made keeps the import's number, so that the
 *    import finds it again; the others leave that number out.
 *
 * The bans that became anonymous (anonymous.h) are those of others than the id
 * that they have now. They are a history of their own. (The ban of an address,
 * which had become its network, ended a ban of that network.)
 *
 * A caller may give a stretch of a history instead of all of it: the bans
 * between two others, with all their sightings and the lines of that time. The
 * bans inside the stretch come out as from the whole history.
 */
#ifndef BAN_HISTORY_H
#define BAN_HISTORY_H

#include <stddef.h>

#include "ban/bans_of_log.h"
#include "ban/draft.h"

/*
 * Make the bans of a history, in the order of their making. bans and owner have
 * room for n + lines_n and n; the ban of sightings[i] is owner[i], an index
 * into bans. Texts in bans are those of the sightings. A ban continues the
 * row that has the first of its sightings, or that was made from its line; else
 * its row is 0. Sets *count. Returns 0, or -1 when there is no memory.
 */
int history_make_bans(struct history *h, struct ban *bans, size_t *owner,
    size_t *count);

#endif
