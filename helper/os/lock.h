/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The archive's own locks, two files beside it. flock(2) alone is not fair: a
 * writer that locks again at once starves the others. So a writer takes the
 * gate, then the write lock, and lets the gate go: whoever waits for the write
 * lock holds the gate meanwhile and is next. The kernel drops the locks of a
 * process that dies.
 */
#ifndef OS_LOCK_H
#define OS_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct lock {
	int gate; /* descriptors, -1: not open */
	int write;
};

#define LOCK_INIT \
	{ \
		-1, -1 \
	}

/*
 * Take the write lock of the file at path, by the files PATH.gate and
 * PATH.write, made 0600 where missing. Waits wait_ms at most, without polling;
 * 0: try once. *left_ms (may be NULL) is what is then left of it. Fails with
 * EX_TEMPFAIL when it is not had in time, with EX_CANTCREAT where the files
 * cannot be made.
 */
int lock_take(struct lock *lock, const char *path, int wait_ms, int *left_ms,
    struct err *e);

/* Whether another process waits for the write lock, which this one has. */
bool lock_is_wanted(const struct lock *lock);

/* Let it go; the descriptors stay open for the next lock_take. */
void lock_release(struct lock *lock);

/* Let it go and close. */
void lock_close(struct lock *lock);

/*
 * Take the lock file at path without waiting, for as long as the process
 * lives or until the descriptor is closed. Returns the descriptor; -1 on
 * failure, with EX_TEMPFAIL when another process has it.
 */
int lock_alone(const char *path, struct err *e);

/* Whether a process has the lock file at path; where it is missing, none. */
bool lock_is_taken(const char *path);

#endif
