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
 * Return true when a push is due at now_us, by an interval in seconds. After a
 * failure the wait is as long as pushes have failed so far, which doubles it,
 * from the interval to PUSH_DUE_WAIT_MOST; a part of it follows from the
 * machine's name for itself, so that the machines of a fleet do not come at one
 * time. A push that was begun later than now_us was noted by a wrong clock, and
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
