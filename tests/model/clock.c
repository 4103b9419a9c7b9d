/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A clock for one program: preloaded, with MODEL_CLOCK="US" in its environment,
 * the program is at that microsecond of the epoch, and each question takes one
 * microsecond. MODEL_UPTIME="SECONDS" is for how long the machine has run.
 * MODEL_FILES="PATH=US PATH=US" gives files the time of their
 * birth and of their last change of state, which no program can set. Other
 * clocks are the kernel's.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long long now;
static long uptime;
static int lives; /* the calls until it is killed; 0: it is not */
static struct {
	dev_t dev;
	ino_t ino;
	long long us;
} file[8];
static int files;

/* The environment is read first, because the program may clear it. */
__attribute__((constructor)) static void
begin(void)
{
	const char *text = getenv("MODEL_CLOCK"), *list = getenv("MODEL_FILES");
	const char *calls = getenv("MODEL_KILL");
	char *copy = strdup(list != NULL ? list : "");

	now = text != NULL ? atoll(text) : 1;
	text = getenv("MODEL_UPTIME");
	uptime = text != NULL ? atol(text) : 1;
	lives = calls != NULL ? atoi(calls) : 0;
	for (char *next = strtok(copy, " "); next != NULL && files < 8;
	     next = strtok(NULL, " ")) {
		struct stat st;
		char *is = strrchr(next, '=');

		*is = '\0';
		if (syscall(SYS_newfstatat, AT_FDCWD, next, &st, 0) != 0)
			continue;
		file[files].dev = st.st_dev;
		file[files].ino = st.st_ino;
		file[files++].us = atoll(is + 1);
	}
	free(copy);
}

static long long
now_us(void)
{
	return now++;
}

int
clock_gettime(clockid_t id, struct timespec *t)
{
	long long us;

	if (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE)
		return (int)syscall(SYS_clock_gettime, id, t);
	us = now_us();
	t->tv_sec = us / 1000000;
	t->tv_nsec = us % 1000000 * 1000;
	return 0;
}

time_t
time(time_t *t)
{
	time_t now = (time_t)(now_us() / 1000000);

	if (t != NULL)
		*t = now;
	return now;
}

int
gettimeofday(struct timeval *t, void *zone)
{
	long long us = now_us();

	(void)zone;
	t->tv_sec = us / 1000000;
	t->tv_usec = us % 1000000;
	return 0;
}

int
sysinfo(struct sysinfo *info)
{
	memset(info, 0, sizeof(*info));
	info->uptime = uptime;
	return 0;
}

/* Return the time that MODEL_FILES gives to a file, or 0. */
static long long
time_of(dev_t dev, ino_t ino)
{
	for (int i = 0; i < files; i++)
		if (file[i].dev == dev && file[i].ino == ino)
			return file[i].us;
	return 0;
}

static int
stat_of(int folder, const char *path, struct stat *st, int flags)
{
	int rc = (int)syscall(SYS_newfstatat, folder, path, st, flags);
	long long us = rc == 0 ? time_of(st->st_dev, st->st_ino) : 0;

	if (us != 0) {
		st->st_ctim.tv_sec = us / 1000000;
		st->st_ctim.tv_nsec = us % 1000000 * 1000;
	}
	return rc;
}

int
stat(const char *restrict path, struct stat *restrict st)
{
	return stat_of(AT_FDCWD, path, st, 0);
}

int
lstat(const char *restrict path, struct stat *restrict st)
{
	return stat_of(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

int
fstatat(int folder, const char *restrict path, struct stat *restrict st,
    int flags)
{
	return stat_of(folder, path, st, flags);
}

int
fstat(int fd, struct stat *st)
{
	return stat_of(fd, "", st, AT_EMPTY_PATH);
}

int
statx(int folder, const char *restrict path, int flags, unsigned mask,
    struct statx *restrict st)
{
	int rc = (int)syscall(SYS_statx, folder, path, flags, mask, st);
	struct stat plain;
	long long us;

	if (rc != 0 ||
	    syscall(SYS_newfstatat, folder, path, &plain,
		flags & (AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) != 0)
		return rc;
	us = time_of(plain.st_dev, plain.st_ino);
	if (us != 0) {
		st->stx_ctime.tv_sec = st->stx_btime.tv_sec = us / 1000000;
		st->stx_ctime.tv_nsec = st->stx_btime.tv_nsec =
		    (unsigned)(us % 1000000 * 1000);
	}
	return rc;
}

static void
change(void)
{
	if (lives > 0 && --lives == 0)
		raise(SIGKILL);
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t at)
{
	change();
	return syscall(SYS_pwrite64, fd, data, len, at);
}

ssize_t
pwrite64(int fd, const void *data, size_t len, off64_t at)
{
	change();
	return syscall(SYS_pwrite64, fd, data, len, at);
}

int
ftruncate(int fd, off_t len)
{
	change();
	return (int)syscall(SYS_ftruncate, fd, len);
}

int
ftruncate64(int fd, off64_t len)
{
	change();
	return (int)syscall(SYS_ftruncate, fd, len);
}

int
unlink(const char *path)
{
	change();
	return (int)syscall(SYS_unlink, path);
}

int
unlinkat(int folder, const char *path, int flags)
{
	change();
	return (int)syscall(SYS_unlinkat, folder, path, flags);
}

int
fdatasync(int fd)
{
	change();
	return (int)syscall(SYS_fdatasync, fd);
}

int
fsync(int fd)
{
	change();
	return (int)syscall(SYS_fsync, fd);
}
