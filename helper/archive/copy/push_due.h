/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When the next push is due, and of how many changes. Pure. */
#ifndef ARCHIVE_COPY_PUSH_DUE_H
#define ARCHIVE_COPY_PUSH_DUE_H

#include <stdbool.h>

#include "archive/copy/push_state.h"

/* The longest wait after a failure, in seconds, but never under the interval.
 */
#define PUSH_DUE_WAIT_MOST 3600

/*
 * Return the milliseconds from a push that failed to the next one. failing_ms
 * is the time from the first of the pushes that have failed in a row to the
 * last one. The wait is as long as that, which doubles it each time, from
 * least_ms to PUSH_DUE_WAIT_MOST or the interval (seconds); up to a quarter of
 * it, which follows from the machine's name for itself, is taken off, so that
 * the machines of a fleet do not come at one time.
 */
int64_t push_due_wait_ms(const char *host, int64_t failing_ms, int64_t least_ms,
    int64_t interval);

/*
 * Return true when a push is due at now_us, by an interval in seconds. After a
 * failure the wait is that of push_due_wait_ms, and at least the interval. A
 * push that was begun later than now_us was noted by a wrong clock, and
 * does not count. An interval of 0 is never due. A tenth of the wait is spared,
 * so that reconciles that come each interval do not miss each second push.
 */
bool push_due(const struct push_state *state, int64_t interval, int64_t now_us);

/*
 * Return how many changes wait for a push, of an archive with this id whose
 * newest change is rev. Of an archive that was restored or replaced, so that
 * its id is another one, all wait.
 */
int64_t push_due_changes(const struct push_state *state, const char *id,
    int64_t rev);

#endif
