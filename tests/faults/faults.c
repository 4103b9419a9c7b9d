/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults that strace cannot put. strace makes a call fail, or changes its
 * result; this library really does a part of the call. tests/faults preloads
 * it, with FAULT=NAME:K:WHAT for the K-th call of that name:
 *
 *   short  it writes or reads half of the bytes
 *   full   it writes half of the bytes; every later write fails with ENOSPC
 *   lost   the sync fails with EIO, and the bytes written since the last sync
 *          are gone, as when the kernel drops pages that it cannot write
 *   locks  this fcntl(2) and all later ones fail to take a lock with ENOLCK, as
 *          when the kernel has no memory for a lock; unlocking still works
 *
 * Standard input, output and error do not count. For 64-bit systems only.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum name { WRITE, PWRITE64, PREAD64, FSYNC, FDATASYNC, FCNTL, NAMES };

static const char *const names[] = { "write", "pwrite64", "pread64", "fsync",
	"fdatasync", "fcntl" };

/* The bytes that a write has replaced, and the file's length before it. */
struct undo {
	struct undo *older;
	struct stat file;
	off_t offset;
	size_t len;
	char old[];
};

static struct undo *newest;
static int seen[NAMES];
static int disk_full, no_locks;
static char *fault;

/* Copy the fault now, because the program may clear its environment. */
__attribute__((constructor)) static void
begin(void)
{
	const char *text = getenv("FAULT");

	fault = text != NULL ? strdup(text) : NULL;
}

/* Return true when this call gets the fault, and set *what to the fault. */
static int
is_struck(enum name name, int fd, const char **what)
{
	static const char message[] = "the fault has struck\n";
	size_t len = strlen(names[name]);
	char *end;

	if (fd < 3 || fault == NULL)
		return 0;
	seen[name]++;
	if (strncmp(fault, names[name], len) != 0 || fault[len] != ':' ||
	    strtol(fault + len + 1, &end, 10) != seen[name])
		return 0;
	*what = end + 1;
	syscall(SYS_write, 2, message, sizeof(message) - 1);
	return 1;
}

static int
fails_with(int error)
{
	errno = error;
	return -1;
}

static void
remember(int fd, size_t n, off_t offset)
{
	struct undo *undo = malloc(sizeof(*undo) + n);
	long got;

	if (undo == NULL)
		return;
	if (fstat(fd, &undo->file) != 0 || !S_ISREG(undo->file.st_mode)) {
		free(undo);
		return;
	}
	got = syscall(SYS_pread64, fd, undo->old, n, offset);
	undo->len = got > 0 ? (size_t)got : 0;
	undo->offset = offset;
	undo->older = newest;
	newest = undo;
}

/* Forget the writes to the file, which are safe now; is_lost: undo them. */
static void
settle(int fd, int is_lost)
{
	struct undo **at = &newest;
	struct stat file;

	if (fstat(fd, &file) != 0)
		return;
	while (*at != NULL) {
		struct undo *undo = *at;

		if (undo->file.st_dev != file.st_dev ||
		    undo->file.st_ino != file.st_ino) {
			at = &undo->older;
			continue;
		}
		if (is_lost) {
			syscall(SYS_pwrite64, fd, undo->old, undo->len,
			    undo->offset);
			syscall(SYS_ftruncate, fd, undo->file.st_size);
		}
		*at = undo->older;
		free(undo);
	}
}

/* Return how many of n bytes to write; -1 when the write must fail. */
static ssize_t
room(enum name name, int fd, size_t n)
{
	const char *what;

	if (fd > 2 && disk_full)
		return fails_with(ENOSPC);
	if (!is_struck(name, fd, &what))
		return (ssize_t)n;
	disk_full = strcmp(what, "full") == 0;
	if (n / 2 == 0)
		return disk_full ? fails_with(ENOSPC) : (ssize_t)n;
	return (ssize_t)(n / 2);
}

ssize_t
write(int fd, const void *data, size_t n)
{
	ssize_t most = room(WRITE, fd, n);

	if (most < 0)
		return most;
	if (fd > 2)
		remember(fd, n, lseek(fd, 0, SEEK_CUR));
	return syscall(SYS_write, fd, data, most);
}

ssize_t
pwrite64(int fd, const void *data, size_t n, off_t offset)
{
	ssize_t most = room(PWRITE64, fd, n);

	if (most < 0)
		return most;
	remember(fd, n, offset);
	return syscall(SYS_pwrite64, fd, data, most, offset);
}

ssize_t
pwrite(int fd, const void *data, size_t n, off_t offset)
{
	return pwrite64(fd, data, n, offset);
}

ssize_t
pread64(int fd, void *data, size_t n, off_t offset)
{
	const char *what;

	if (is_struck(PREAD64, fd, &what) && n > 1)
		n /= 2;
	return syscall(SYS_pread64, fd, data, n, offset);
}

ssize_t
pread(int fd, void *data, size_t n, off_t offset)
{
	return pread64(fd, data, n, offset);
}

static int
sync_file(enum name name, long call, int fd)
{
	const char *what;
	int is_lost = is_struck(name, fd, &what);

	if (!is_lost && syscall(call, fd) != 0)
		return -1;
	settle(fd, is_lost);
	return is_lost ? fails_with(EIO) : 0;
}

int
fsync(int fd)
{
	return sync_file(FSYNC, SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	return sync_file(FDATASYNC, SYS_fdatasync, fd);
}

/* The third argument, whatever it is, is as wide as a pointer. */
int
fcntl64(int fd, int command, ...)
{
	const struct flock *lock;
	const char *what;
	va_list ap;
	void *more;

	va_start(ap, command);
	more = va_arg(ap, void *);
	va_end(ap);
	lock = more;
	if (is_struck(FCNTL, fd, &what))
		no_locks = 1;
	if (no_locks && command == F_SETLK && lock->l_type != F_UNLCK)
		return fails_with(ENOLCK);
	return (int)syscall(SYS_fcntl, fd, command, more);
}

int
fcntl(int fd, int command, ...)
{
	va_list ap;
	void *more;

	va_start(ap, command);
	more = va_arg(ap, void *);
	va_end(ap);
	return fcntl64(fd, command, more);
}
