/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "os/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sysexits.h>
#include <unistd.h>

#include "beside.inc"
#include "os/clock.h"
#include "os/signals.h"

/* Return true while a vacuum has the lock of the file at path for long. */
static bool
is_vacuumed(const char *path)
{
	char name[PATH_MAX];

	return path != NULL &&
	    (size_t)snprintf(name, sizeof(name), "%s" BESIDE_VACUUM, path) <
	    sizeof(name) &&
	    lock_is_taken(name);
}

/*
 * Wait for flock(2) with LOCK_EX or LOCK_SH; after the deadline return -1 with
 * errno EWOULDBLOCK. A vacuum of the file at path, which may be NULL, is not
 * waited for.
 */
static int
flock_until(int fd, int how, const char *path, int64_t deadline)
{
	struct signals_wake wake;
	int64_t left;
	int rc;

	do {
		rc = flock(fd, how | LOCK_NB);
	} while (rc != 0 && errno == EINTR);
	if (rc == 0 || errno != EWOULDBLOCK ||
	    (left = deadline - clock_steady_ms()) <= 0)
		return rc;
	if (is_vacuumed(path)) {
		errno = EWOULDBLOCK;
		return -1;
	}

	signals_wake_begin(&wake, (int)left);
	do {
		rc = flock(fd, how);
	} while (rc != 0 && errno == EINTR && clock_steady_ms() < deadline);
	if (rc != 0 && errno == EINTR)
		errno = EWOULDBLOCK;
	signals_wake_end(&wake);
	return rc;
}

static int
open_lock(int *fd, const char *path, const char *suffix, struct err *e)
{
	char name[PATH_MAX];

	if (*fd >= 0)
		return 0;
	if ((size_t)snprintf(name, sizeof(name), "%s%s", path, suffix) >=
	    sizeof(name))
		return err_set(e, EX_CANTCREAT, "%s%s: path too long", path,
		    suffix);
	*fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return err_errno(e, EX_CANTCREAT, "%s", name);
	return 0;
}

int
lock_take(struct lock *lock, const char *path, int wait_ms, int *left_ms,
    struct err *e)
{
	int64_t deadline = clock_steady_ms() + wait_ms;
	int rc;

	if (open_lock(&lock->gate, path, BESIDE_GATE, e) != 0 ||
	    open_lock(&lock->write, path, BESIDE_WRITE, e) != 0)
		return -1;
	if (flock_until(lock->gate, LOCK_EX, path, deadline) != 0)
		goto busy;
	rc = flock_until(lock->write, LOCK_EX, path, deadline);
	flock(lock->gate, LOCK_UN);
	if (rc == 0) {
		deadline -= clock_steady_ms();
		if (left_ms != NULL)
			*left_ms = deadline > 0 ? (int)deadline : 0;
		return 0;
	}
busy:
	if (errno != EWOULDBLOCK)
		return err_errno(e, EX_OSERR, "%s: lock", path);
	if (is_vacuumed(path))
		return err_set(e, EX_TEMPFAIL, "%s: a vacuum is at work", path);
	return err_set(e, EX_TEMPFAIL,
	    "%s: locked by another process for more than %d ms", path, wait_ms);
}

/* A process that waits for the write lock has the gate. */
bool
lock_is_wanted(const struct lock *lock)
{
	if (flock(lock->gate, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK;
	flock(lock->gate, LOCK_UN);
	return false;
}

void
lock_release(struct lock *lock)
{
	if (lock->write >= 0)
		flock(lock->write, LOCK_UN);
}

void
lock_close(struct lock *lock)
{
	if (lock->write >= 0)
		close(lock->write);
	if (lock->gate >= 0)
		close(lock->gate);
	lock->gate = lock->write = -1;
}

bool
lock_wait(const char *path, int wait_ms)
{
	char name[PATH_MAX];
	int fd;

	if ((size_t)snprintf(name, sizeof(name), "%s" BESIDE_WRITE, path) >=
		sizeof(name) ||
	    !lock_is_taken(name) ||
	    (fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) < 0)
		return false;
	flock_until(fd, LOCK_SH, path, clock_steady_ms() + wait_ms);
	close(fd);
	return true;
}

int
lock_alone(const char *path, struct err *e)
{
	int fd = -1;

	if (open_lock(&fd, path, "", e) != 0)
		return -1;
	if (flock_until(fd, LOCK_EX, NULL, 0) == 0)
		return fd;
	if (errno != EWOULDBLOCK)
		err_errno(e, EX_OSERR, "%s: lock", path);
	else
		err_set(e, EX_TEMPFAIL, "%s: held by another process", path);
	close(fd);
	return -1;
}

bool
lock_is_taken(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool taken;

	if (fd < 0)
		return false;
	taken = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	close(fd);
	return taken;
}
