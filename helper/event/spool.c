/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/list.h"
#include "base/timestamp.h"
#include "os/file_trust.h"

#define FRESH_SECONDS 10
/* The largest file that can be an event. */
#define FILE_BYTES_MAX (16 * 1024 * 1024)
#define TMP_PREFIX "tmp-"
/* A writer needs milliseconds; one that was killed left any older file. */
#define TMP_SECONDS 60
#define BAD_SUFFIX ".bad"

static int
open_folder(const char *folder, struct err *e)
{
	int fd;

	if (file_trust_check_folder(folder, e) != 0)
		return err_wrap(e, "spool");
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_errno(e, EX_CANTCREAT, "spool: %s", folder);
	return fd;
}

static int
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int
write_file(int dir, const char *name, const char *data, size_t len)
{
	int fd = openat(dir, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	int rc;

	if (fd < 0)
		return -1;
	rc = write_all(fd, data, len) != 0 || fsync(fd) != 0 ? -1 : 0;
	if (close(fd) != 0 || rc != 0) {
		unlinkat(dir, name, 0);
		return -1;
	}
	return 0;
}

int
spool_make_folder(const char *folder, struct err *e)
{
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return err_errno(e, EX_CANTCREAT, "spool: %s", folder);
	return 0;
}

int
spool_put(const char *folder, const struct event *event, struct err *e)
{
	char name[64], tmp[80];
	size_t len;
	char *words;
	int dir, rc;

	if (spool_make_folder(folder, e) != 0 ||
	    (dir = open_folder(folder, e)) < 0)
		return -1;
	if ((words = event_to_words(event, &len)) == NULL) {
		close(dir);
		return err_no_memory(e);
	}
	snprintf(name, sizeof(name), "%020" PRId64 "-%ld", event->at_us,
	    (long)getpid());
	snprintf(tmp, sizeof(tmp), TMP_PREFIX "%s", name);
	rc = write_file(dir, tmp, words, len) != 0 ||
		renameat(dir, tmp, dir, name) != 0 || fsync(dir) != 0 ?
	    -1 :
	    0;
	if (rc != 0)
		err_errno(e, EX_IOERR, "spool: %s/%s", folder, name);
	free(words);
	close(dir);
	return rc;
}

/* Return true for TIME-PID; other files are set aside or unfinished. */
static bool
is_event_name(const char *name)
{
	const char *digits = "0123456789";
	size_t time = strspn(name, digits), pid;

	pid = name[time] == '-' ? strspn(name + time + 1, digits) : 0;
	return time > 0 && pid > 0 && name[time + 1 + pid] == '\0';
}

static bool
is_bad_name(const char *name)
{
	size_t len = strlen(name);

	return len > strlen(BAD_SUFFIX) &&
	    strcmp(name + len - strlen(BAD_SUFFIX), BAD_SUFFIX) == 0;
}

/*
 * Return true when two times are less than so many seconds apart. A time far in
 * the future was left by a clock that ran ahead, and is not near.
 */
static bool
is_near(int64_t a, int64_t b, int64_t seconds)
{
	return a - b < seconds && b - a < seconds;
}

static bool
is_fresh(const struct stat *folder, int64_t now_us)
{
	return is_near(now_us / TIMESTAMP_US, folder->st_mtime, FRESH_SECONDS);
}

/* Most of the time the folder's own time is the answer. */
bool
spool_is_fresh(const char *folder, int64_t now_us)
{
	struct stat st;

	return stat(folder, &st) == 0 && is_fresh(&st, now_us) &&
	    spool_look(folder, 1, now_us).waiting > 0;
}

struct spool_state
spool_look(const char *folder, int64_t limit, int64_t now_us)
{
	struct spool_state state = { .oldest_us = UNKNOWN };
	struct dirent *entry;
	struct stat st;
	int64_t at_us;
	DIR *dir = opendir(folder);

	if (dir == NULL) {
		state.unreadable = errno == EACCES;
		return state;
	}
	while (state.waiting < limit && (entry = readdir(dir)) != NULL) {
		if (is_bad_name(entry->d_name))
			state.bad++;
		if (!is_event_name(entry->d_name))
			continue;
		state.waiting++;
		at_us = strtoll(entry->d_name, NULL, 10);
		/* A clock ran ahead: 0 counts as the oldest time. */
		if (at_us / TIMESTAMP_US >=
		    now_us / TIMESTAMP_US + FRESH_SECONDS)
			at_us = 0;
		if (state.oldest_us == UNKNOWN || at_us < state.oldest_us)
			state.oldest_us = at_us;
	}
	state.fresh = state.waiting > 0 && fstat(dirfd(dir), &st) == 0 &&
	    is_fresh(&st, now_us);
	closedir(dir);
	return state;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/*
 * Read a whole file. Fails with EX_DATAERR when it can never be an event, and
 * with EX_IOERR when it could not be read this time.
 */
static int
read_file(int dir, const char *name, char **data, size_t *len, struct err *e)
{
	int fd =
	    openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	ssize_t got = -1;

	*data = NULL;
	*len = 0;
	if (fd < 0)
		return err_errno(e, errno == ELOOP ? EX_DATAERR : EX_IOERR,
		    "cannot be opened");
	if (fstat(fd, &st) != 0) {
		close(fd);
		return err_set(e, EX_IOERR, "cannot be read");
	}
	if (!S_ISREG(st.st_mode) || st.st_size > FILE_BYTES_MAX) {
		close(fd);
		return err_set(e, EX_DATAERR, "not the file of an event");
	}
	if ((*data = malloc((size_t)st.st_size + 1)) != NULL)
		got = read(fd, *data, (size_t)st.st_size);
	close(fd);
	if (got == st.st_size) {
		*len = (size_t)got;
		return 0;
	}
	free(*data);
	*data = NULL;
	return err_set(e, EX_IOERR, "cannot be read");
}

/* Return 1 for a whole event, 0 for none, -1 where it cannot be read now. */
static int
is_whole(int dir, const char *name)
{
	struct event event;
	struct err e;
	size_t len;
	char *data;
	bool whole;

	event_init(&event, EVENT_BAN, 0);
	if (read_file(dir, name, &data, &len, &e) != 0)
		return e.code == EX_DATAERR ? 0 : -1;
	whole = event_from_words(&event, data, len, &e) == 0;
	event_free(&event);
	free(data);
	return whole;
}

/* Give a killed writer's whole event its final name; remove other leftovers. */
static void
clear_leftovers(DIR *dir)
{
	int fd = dirfd(dir);
	struct dirent *entry;
	struct stat st;
	int whole;

	while ((entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;

		if (strncmp(name, TMP_PREFIX, strlen(TMP_PREFIX)) != 0 ||
		    fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		    is_near(time(NULL), st.st_mtime, TMP_SECONDS))
			continue;
		whole = is_whole(fd, name);
		if (whole == 1)
			renameat(fd, name, fd, name + strlen(TMP_PREFIX));
		else if (whole == 0)
			unlinkat(fd, name, 0);
	}
	rewinddir(dir);
}

static int
collect_names(DIR *dir, char ***names, size_t *n)
{
	struct dirent *entry;
	size_t room = 0;
	char **grown;

	while (errno = 0, (entry = readdir(dir)) != NULL) {
		if (!is_event_name(entry->d_name))
			continue;
		grown = list_grow(*names, &room, *n + 1, sizeof(*grown));
		if (grown == NULL)
			return -1;
		*names = grown;
		if (((*names)[*n] = strdup(entry->d_name)) == NULL)
			return -1;
		(*n)++;
	}
	return errno == 0 ? 0 : -1;
}

int
spool_names(const char *folder, size_t max, char ***names, size_t *n,
    struct err *e)
{
	struct stat st;
	DIR *dir;
	int fd, rc;

	*names = NULL;
	*n = 0;
	if (lstat(folder, &st) != 0 && errno == ENOENT)
		return 0;
	if ((fd = open_folder(folder, e)) < 0)
		return -1;
	if ((dir = fdopendir(fd)) == NULL) {
		close(fd);
		return err_errno(e, EX_NOPERM, "spool: %s", folder);
	}
	clear_leftovers(dir);
	if ((rc = collect_names(dir, names, n)) != 0) {
		err_errno(e, EX_IOERR, "spool: %s", folder);
		spool_free_names(*names, *n);
	}
	closedir(dir);
	if (rc != 0)
		return -1;
	if (*n > 0)
		qsort(*names, *n, sizeof(**names), compare_names);
	for (; *n > max; (*n)--)
		free((*names)[*n - 1]);
	return 0;
}

void
spool_free_names(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

int
spool_read(const char *folder, const char *name, struct event *event,
    struct err *e)
{
	int dir = open_folder(folder, e), rc;
	size_t len;
	char *data;

	event_init(event, EVENT_BAN, 0);
	if (dir < 0)
		return -1;
	rc = read_file(dir, name, &data, &len, e);
	close(dir);
	if (rc == 0) {
		rc = event_from_words(event, data, len, e);
		free(data);
	}
	return rc == 0 ? 0 : err_wrap(e, "spool: %s/%s", folder, name);
}

int
spool_set_aside(const char *folder, const char *name, struct err *e)
{
	char bad[NAME_MAX + sizeof(BAD_SUFFIX)];
	int dir = open_folder(folder, e), rc;

	if (dir < 0)
		return -1;
	snprintf(bad, sizeof(bad), "%s" BAD_SUFFIX, name);
	if ((rc = renameat(dir, name, dir, bad)) != 0)
		err_errno(e, EX_IOERR, "spool: %s/%s", folder, name);
	close(dir);
	return rc;
}

int
spool_remove(const char *folder, const char *name, struct err *e)
{
	int dir = open_folder(folder, e), rc;

	if (dir < 0)
		return -1;
	rc = unlinkat(dir, name, 0) == 0 || errno == ENOENT ? 0 : -1;
	if (rc != 0)
		err_errno(e, EX_IOERR, "spool: %s/%s", folder, name);
	close(dir);
	return rc;
}
