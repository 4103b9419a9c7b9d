/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is this the same ban? The part of a history (ban/history.h) that makes bans
 * of sightings. They are taken in the order in which the witnesses saw them
 * (sighting_compare): when the clock is set back by a minute, and the ban is
 * then lifted, the unban comes after the ban all the same. Pure.
 *
 * The rules, a sighting at a time:
 * - A fresh ban of the exact time is the ban that lives, or that ended later
 *   than the sighting: a retry, a late arrival, a server that was killed and
 *   read its log again. After that ban's end, or after a flush of its jail, it
 *   is another one: ban, unban, ban within one second of a log are two bans.
 * - A fresh ban meets a ban of which only the rounded second is known: it is
 *   the same ban, which now gets its exact time. It was made when the fresh
 *   ban's event ran, unless it was seen alive before: then a server that was
 *   killed has read its log again.
 * - A restored ban, a row, and an unban that has only the rounded second speak
 *   of the latest ban of that second.
 * - A restored ban later than the end reopens the ban. Within 10 s of the one
 *   counted last it is a retry. One that was seen before the ticket's time, by
 *   a clock that was set back, reopens no ban that ended after that time. (A
 *   machine without a clock of its own started an hour behind, and its bans
 *   were restored: no unban ended them.)
 * - A restored ban, a prolong or an unban of a ban that is not known makes it.
 *   fail2ban held that ban, so it is the last that was made until then. A ban
 *   is made no earlier than its exact time, which may be known later. A row
 *   makes a ban at its ticket's time, after the last sign of life until then of
 *   the ban of the id's row before it, and after an end before it that deleted
 *   all rows of the id: an unban by hand or a flush. The row that stands in
 *   place of a judged ban's is of a later ban, too. (An id was flushed, and
 *   banned again without a word by a log line of minutes before: its row seemed
 *   to be older than the ban that was flushed.)
 * - A judgement is of the ban that was made when the judged one was: two bans
 *   may have one second. It ends the ban at an unban, or a flush, that the run
 *   did not know yet. (The event of an unban by hand came two runs late, and
 *   did not say whether the rows were gone: the ban ended at the run.) Nor did
 *   the ban end before a sign of life that the run did not know: its rows then
 *   went at a flush since, or by hand. (A restored ban's event came late: the
 *   ban ended at the flush of the stop before it.)
 * - The rules for the end of a ban stand in ban/end.h.
 *
 * An import, or a row of another database, is taken after all that was seen
 * here. It speaks of the ban of its exact time, or of its second when no more
 * is known, and adds only what is not known here. Its archive numbers the bans
 * of one time: of several bans here it is that of its number. When there is no
 * such ban, it makes one, which keeps the number. So two imports of two numbers
 * are never one ban. (A ban of a network swallowed all the bans of one second
 * whose ids had become that network.)
 */
#ifndef BAN_SAME_BAN_H
#define BAN_SAME_BAN_H

#include <stddef.h>

#include "ban/draft.h"

/*
 * Make drafts of the sightings of a history, which are sorted
 * (sighting_compare). The draft of sightings[i] is owner[i], an index into
 * drafts, which has room for all. Drafts come in the order in which sightings
 * made them. A draft's row is that of the archived ban which has the first of
 * its sightings, or 0. Sets *n to the number of drafts. Returns 0, or -1 when
 * there is no memory.
 */
int same_ban_make_drafts(const struct history *h, struct draft *drafts,
    size_t *owner, size_t *n);

#endif
