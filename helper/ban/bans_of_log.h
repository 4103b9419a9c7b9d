/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines of fail2ban's logs about one id in one jail: the part of a history
 * (ban/history.h) that finds the ban of each line, and makes the bans that only
 * logs show. The log is the weakest witness: it changes nothing of the bans
 * that an event, a row or an import has shown ("witnessed" bans), except that a
 * ban of the log ends one that no event shows later. Pure.
 *
 * 1. fail2ban writes a Ban line, and then runs the actions. So the Ban line of
 *    a fresh ban's event is the last one before it, with no end in between: an
 *    Unban line, or the stop of a server that keeps no bans. A server that was
 *    killed reads its log again: that ban has another line of the same failure,
 *    and another event. (The event of the first one was lost, or the server
 *    restored the ban between the two: the log added a ban that never was.) The
 *    failure that was found last before the line decides only when the ticket
 *    is more than two seconds later than the line, and whether an earlier line
 *    is of the same ban. (It was one of too few, and the ban by hand: the log
 *    added a ban that never was.)
 *    A Restore Ban line and a restored ban's event go together likewise.
 * 2. A witnessed ban without a line so far (its event was lost, or it is from
 *    another archive, or the log has whole seconds) has the last Ban line
 *    before its end whose failure is of its second. A ban
 *    without such a line has the first line that is free, from half a second
 *    before its second to ten minutes after it and while it lived, whose
 *    failure does not contradict. It has a second line when
 *    reban banned it again. It was made when its line was written, unless
 *    something showed it before. (The first event of a ban was its restore. Its
 *    server was killed and read its log again: that made it a later ban.)
 * 3. Any other Ban line is of the ban that lives, when its failure is of that
 *    ban's second and no end stands between: the log was read again and the
 *    event lost. Otherwise it makes a ban of the log's own. That begins with
 *    the failure before the line, unless the jail's ban time from there on was
 *    up: fail2ban bans for no such failure. (It read an old line; a ban by hand
 *    of the id followed.)
 * 4. The other lines speak of the ban that was made last before them. A Restore
 *    Ban line makes a ban that began before the log when there is none, or when
 *    an event or a line has shown its end. An Unban line ends the ban
 *    (ban/end.h); without a ban before it, it says too little to make one.
 */
#ifndef BAN_BANS_OF_LOG_H
#define BAN_BANS_OF_LOG_H

#include <stddef.h>

#include "ban/draft.h"
#include "ban/sighting.h"

/* The archive stores lines with these numbers. */
enum logged_verb {
	LOGGED_BAN = 0,
	LOGGED_RESTORE = 1,
	LOGGED_UNBAN = 2,
	LOGGED_INCREASE = 3, /* the ban time was increased */
	LOGGED_OVER = 4,     /* it ended without an unban: a run judged so, or a
				server that keeps no bans stopped */
};

struct logged_line {
	enum logged_verb verb;
	int64_t at_us;	  /* when it was written, cut to the millisecond */
	int64_t found;	  /* second of the last failure before it, or UNKNOWN */
	int64_t seconds;  /* ban time, or UNKNOWN */
	int64_t bancount; /* of LOGGED_INCREASE, else UNKNOWN */
};

/*
 * Put the n lines of one log about an id, which are in the order in which they
 * stand there, into the order of at_us as well: a line that is stamped earlier
 * than the one before it, because the clock was set back by a day at most, gets
 * a later moment, and so does another verb of the same moment. The same log
 * always gets the same moments.
 */
void bans_of_log_order(struct logged_line *lines, size_t n);

struct history_lines {
	const struct logged_line *lines; /* in the order of at_us and verb */
	size_t n;
	const struct sighting *sightings; /* sorted; of draft owner[i] */
	size_t sightings_n;
	const size_t *owner;
};

/*
 * Give the lines to the *n witnessed drafts, and add the bans that only the
 * lines show to drafts, which has room for one more a line; *n grows. A new
 * draft's made_us is the at_us of its first line. Returns 0, or -1 when there
 * is no memory.
 */
int bans_of_log(const struct history_lines *log, struct draft *drafts,
    size_t *n);

#endif
