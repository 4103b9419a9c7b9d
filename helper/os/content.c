/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "os/content.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

/* Bytes of the file that wait to be unpacked. */
#define RAW ((size_t)64 << 10)

/* How long a stream is waited for before *stop is looked at again. */
#define WAIT_MS 1000

/* zlib: the largest window, and gzip's header before it. */
#define GZIP_WINDOW (15 + 16)

int
content_not_opened(const char *path, struct err *e)
{
	switch (errno) {
	case EACCES:
	case EPERM:
		return err_errno(e, EX_NOPERM, "%s", path);
	case ENOENT:
	case ENOTDIR:
		return err_set(e, EX_NOINPUT,
		    "%s: there is no such file: give one that is there, or - "
		    "for standard input",
		    path);
	case ELOOP:
		return err_set(e, EX_NOINPUT,
		    "%s: a symbolic link: give the file itself", path);
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return err_errno(e, EX_OSERR, "%s", path);
	default:
		return err_errno(e, EX_NOINPUT, "%s", path);
	}
}

int
content_stopped(const volatile sig_atomic_t *stop, const char *path,
    struct err *e)
{
	if (stop == NULL || !*stop)
		return 0;
	return err_set(e, EX_TEMPFAIL, "%s: stopped while it was read", path);
}

/* What it is that was opened, and whether it can be read. */
static int
look_at(struct content *c, bool standard, struct err *e)
{
	struct stat st;
	off_t start;

	if (fstat(c->fd, &st) != 0)
		return err_errno(e, EX_NOINPUT, "%s", c->path);
	if (S_ISDIR(st.st_mode))
		return err_set(e, EX_NOINPUT,
		    "%s: a folder: give the files in it", c->path);
	c->stream = !S_ISREG(st.st_mode);
	if (c->stream && !standard && !S_ISFIFO(st.st_mode))
		return err_set(e, EX_NOINPUT,
		    "%s: neither a file nor a pipe: give one of these, or - "
		    "for standard input",
		    c->path);
	if (c->stream)
		return 0;
	if ((start = lseek(c->fd, 0, SEEK_CUR)) > 0)
		c->start = start;
	c->size = st.st_size > c->start ? st.st_size - c->start : 0;
	c->mtime_us =
	    (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
	return 0;
}

/* O_NONBLOCK is so that opening waits for nobody; reading may. */
static int
let_it_wait(const struct content *c, struct err *e)
{
	int flags = fcntl(c->fd, F_GETFL);

	if (flags == -1 || fcntl(c->fd, F_SETFL, flags & ~O_NONBLOCK) != 0)
		return err_errno(e, EX_OSERR, "%s", c->path);
	return 0;
}

int
content_open(struct content *c, const char *path, struct err *e)
{
	bool standard = strcmp(path, "-") == 0;

	*c = (struct content){ .path = standard ? "standard input" : path,
		.size = UNKNOWN,
		.mtime_us = UNKNOWN };
	c->fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) :
			   open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (c->fd == -1)
		return content_not_opened(c->path, e);
	if (look_at(c, standard, e) != 0 ||
	    (!standard && let_it_wait(c, e) != 0))
		goto failed;
	if ((c->raw = malloc(RAW)) != NULL)
		return 0;
	err_set(e, EX_OSERR, "%s: out of memory", c->path);
failed:
	content_close(c);
	return -1;
}

void
content_close(struct content *c)
{
	if (c->fd != -1)
		close(c->fd);
	if (c->gzip)
		inflateEnd(&c->z);
	free(c->raw);
	*c = (struct content){ .fd = -1 };
}

void
content_rewind(struct content *c)
{
	c->at = 0;
	c->begun = c->eof = false;
	c->z.avail_in = 0;
}

/*
 * Read some bytes of the file; 0 at its end. poll(2) waits for a FIFO too that
 * nobody has opened for writing yet, where read(2) has nothing to read.
 */
static ssize_t
read_file(struct content *c, void *to, size_t cap, struct err *e)
{
	struct pollfd wait = { .fd = c->fd, .events = POLLIN };
	ssize_t n;

	while (!c->eof) {
		if (content_stopped(c->stop, c->path, e) != 0)
			return -1;
		if (!c->stream)
			n = pread(c->fd, to, cap, c->start + c->at);
		else if (poll(&wait, 1, WAIT_MS) > 0)
			n = read(c->fd, to, cap);
		else
			continue;
		if (n >= 0) {
			c->at += n;
			c->eof = n == 0;
			return n;
		}
		if (errno != EINTR && errno != EAGAIN)
			return err_errno(e, EX_IOERR, "%s: byte %lld", c->path,
			    (long long)c->at);
	}
	return 0;
}

static int
prepare_unpacking(struct content *c, struct err *e)
{
	c->state =
	    c->gzip ? inflateReset(&c->z) : inflateInit2(&c->z, GZIP_WINDOW);
	c->gzip = c->gzip || c->state == Z_OK;
	if (c->state == Z_OK)
		return 0;
	return err_set(e, EX_OSERR, "%s: out of memory", c->path);
}

/* Read the first bytes of the file: two of them tell whether it is gzipped. */
static int
begin(struct content *c, struct err *e)
{
	size_t have = 0;
	ssize_t n;

	do {
		n = read_file(c, c->raw + have, RAW - have, e);
		if (n < 0)
			return -1;
		have += (size_t)n;
	} while (n > 0 && have < 2);
	c->z.next_in = c->raw;
	c->z.avail_in = (uInt)have;
	c->begun = true;
	if (have >= 2 && c->raw[0] == 0x1f && c->raw[1] == 0x8b)
		return prepare_unpacking(c, e);
	if (c->gzip)
		inflateEnd(&c->z);
	c->gzip = false;
	return 0;
}

/* Have bytes to unpack, unless the file is at its end. */
static int
refill(struct content *c, struct err *e)
{
	ssize_t n;

	if (c->z.avail_in > 0)
		return 0;
	if ((n = read_file(c, c->raw, RAW, e)) < 0)
		return -1;
	c->z.next_in = c->raw;
	c->z.avail_in = (uInt)n;
	return 0;
}

/* Unpack what there is of the file; what zlib says is c->state. */
static void
step(struct content *c)
{
	if (c->state == Z_STREAM_END && *c->z.next_in == 0) {
		c->z.next_in++;
		c->z.avail_in--;
		return;
	}
	if (c->state == Z_STREAM_END)
		inflateReset(&c->z);
	c->state = inflate(&c->z, Z_NO_FLUSH);
	/* It wants more bytes, or more room. */
	if (c->state == Z_BUF_ERROR)
		c->state = Z_OK;
}

static ssize_t
unpack(struct content *c, char *to, size_t cap, struct err *e)
{
	c->z.next_out = (unsigned char *)to;
	c->z.avail_out = (uInt)cap;
	while (c->z.avail_out == cap &&
	    (c->state == Z_OK || c->state == Z_STREAM_END)) {
		if (refill(c, e) != 0)
			return -1;
		if (c->z.avail_in > 0)
			step(c);
		else if (c->state == Z_STREAM_END)
			return 0;
		else
			return err_set(e, EX_DATAERR,
			    "%s: unexpected end of the gzipped data after "
			    "%lld bytes: the file is not whole",
			    c->path, (long long)c->at);
	}
	if (c->z.avail_out < cap)
		return (ssize_t)(cap - c->z.avail_out);
	if (c->state == Z_MEM_ERROR)
		return err_set(e, EX_OSERR, "%s: out of memory", c->path);
	return err_set(e, EX_DATAERR,
	    "%s: the gzipped data is damaged before byte %lld: %s", c->path,
	    (long long)(c->at - c->z.avail_in),
	    c->z.msg != NULL ? c->z.msg : "not gzipped");
}

ssize_t
content_read(struct content *c, char *to, size_t cap, struct err *e)
{
	size_t n;

	if (!c->begun && begin(c, e) != 0)
		return -1;
	if (c->gzip)
		return unpack(c, to, cap, e);
	if (c->z.avail_in == 0)
		return read_file(c, to, cap, e);
	n = c->z.avail_in < cap ? c->z.avail_in : cap;
	memcpy(to, c->z.next_in, n);
	c->z.next_in += n;
	c->z.avail_in -= (uInt)n;
	return (ssize_t)n;
}
