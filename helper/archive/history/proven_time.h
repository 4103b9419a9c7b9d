/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The time as far as it is proven. The clock may be wrong: a machine boots in
 * 1970, or a clock is in 2038 for an hour. The archive must not remove bans by
 * such a clock, nor remember its times for good. So each run notes the time
 * that is proven, by these rules:
 *
 * 1. It begins with the clock when the archive is made.
 * 2. It goes on by what the machine's uptime has grown since the last run, or
 * by the whole uptime after a boot. So much time has passed for certain.
 * 3. Where the clock differs from it, the machine was off, or one of the two is
 *    wrong. The clock is right when it has differed by as much at all runs of a
 *    day for which the machine ran: then the proven time follows it, by the
 *    least difference of that day.
 * 4. As long as no such day has passed, the proven time is no later than the
 *    clock: the archive may have been made by a wrong clock.
 *
 * The time that retention counts to is the earlier of the two. A time that was
 * noted and is later than both is wrong, and counts as never noted.
 */
#ifndef ARCHIVE_HISTORY_PROVEN_TIME_H
#define ARCHIVE_HISTORY_PROVEN_TIME_H

#include "archive/archive.h"

struct proven_time {
	int64_t us;	  /* the proven time */
	int64_t uptime_s; /* the machine's uptime then, or UNKNOWN */
	int64_t ran_s;	  /* seconds of uptime in which */
	int64_t least_us; /* the clock was ahead by at least this, */
	int64_t most_us;  /* and at most this; UNKNOWN: no run since */
	bool sure;	  /* rule 3 was used once */
};

/*
 * Go on to a run at wall_us by the clock, when the machine has run for uptime_s
 * seconds, or UNKNOWN. Pure.
 */
void proven_time_advance(struct proven_time *t, int64_t wall_us,
    int64_t uptime_s);

/* Return the earlier, or the later, of the proven time and the clock's. */
int64_t proven_time_earliest(const struct proven_time *t, int64_t wall_us);
int64_t proven_time_latest(const struct proven_time *t, int64_t wall_us);

/*
 * Load the proven time, or save it; save is called between archive_begin and
 * archive_commit. Errors are db_error's.
 */
int proven_time_load(struct archive *a, struct proven_time *t, struct err *e);
int proven_time_save(struct archive *a, const struct proven_time *t,
    struct err *e);

/*
 * Return 1 when a mark is later than latest_us, 0 when none is, -1 on failure.
 * A mark is a time that is noted for later runs: of a flush, a restored ban, a
 * note of reban, a full reading of fail2ban's database and its first one, and
 * of when a ban that has ended was archived. The marks of a live ban are in
 * archive/history/live_bans.
 */
int proven_time_has_later(struct archive *a, int64_t latest_us, struct err *e);

/*
 * Forget the marks that are later than latest_us: such a mark counts as never
 * made. A ban, and a database of fail2ban, then count as first seen at
 * latest_us. Called between archive_begin and archive_commit.
 */
int proven_time_forget_later(struct archive *a, int64_t latest_us,
    struct err *e);

#endif
