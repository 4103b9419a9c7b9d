/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The archive's own locks, two files beside it. flock(2) alone is not fair: a
 * writer that locks again at once starves the others. So a writer takes the
 * gate, then the write lock, and releases the gate. A process that waits for
 * the write lock has the gate meanwhile, and is next. The kernel releases the
 * locks of a process that dies.
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
 * Take the write lock of the file at path, with the files PATH.gate and
 * PATH.write, which are made with mode 0600 when missing. Waits at most wait_ms
 * milliseconds, without polling; 0 tries once. A vacuum takes long: while a
 * process has the lock file PATH.vacuum (lock_alone), this does not wait.
 * *left_ms, which may be NULL, is
 * set to the rest of that time. Fails with EX_TEMPFAIL when another process has
 * the lock for too long, and with EX_CANTCREAT when the files cannot be made.
 */
int lock_take(struct lock *lock, const char *path, int wait_ms, int *left_ms,
    struct err *e);

/* Return true when another process waits for the lock that this one has. */
bool lock_is_wanted(const struct lock *lock);

/* Release the lock; the descriptors stay open for the next lock_take. */
void lock_release(struct lock *lock);

/* Release the lock and close the descriptors. */
void lock_close(struct lock *lock);

/*
 * Wait at most wait_ms milliseconds until no process has the write lock of the
 * file at path. It makes no file, and has no lock on return. Returns false when
 * there was nothing to wait for.
 */
bool lock_wait(const char *path, int wait_ms);

/*
 * Take the lock file at path without waiting, until the descriptor is closed or
 * the process ends. Returns the descriptor, or -1 on failure, with EX_TEMPFAIL
 * when another process has the lock.
 */
int lock_alone(const char *path, struct err *e);

/* Return true when a process has the lock file at path; false without one. */
bool lock_is_taken(const char *path);

#endif
