/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "os/line_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/list.h"

/* The size of raw. */
#define RAW ((size_t)64 << 10)

/* There is room for more than this before each read of the content. */
#define CHUNK ((size_t)128 << 10)

/* The most that one read asks for, so that memory grows only with a line. */
#define READ_MAX (2 * CHUNK)

/* The longest sleep in poll(2) before *stop is looked at again. */
#define WAIT_MS 1000

/* zlib's windowBits: the largest window, and gzip's header before it. */
#define GZIP_WINDOW (15 + 16)

/* Fail with the reason why path was not opened, from errno. */
static int
fail_to_open(const char *path, struct err *e)
{
	switch (errno) {
	case EACCES:
	case EPERM:
		return err_errno(e, EX_NOPERM, "%s", path);
	case ENOENT:
	case ENOTDIR:
		return err_set(e, EX_NOINPUT,
		    "%s: no such file: give a file that exists, or - for "
		    "standard input",
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

/* Fail with EX_TEMPFAIL when stop is set. */
static int
check_stop(const volatile sig_atomic_t *stop, const char *path, struct err *e)
{
	if (stop == NULL || !*stop)
		return 0;
	return err_set(e, EX_TEMPFAIL, "%s: stopped while it was read", path);
}

/* Learn the kind and size of the open file; fail when it cannot be read. */
static int
look_at(struct line_reader *in, bool standard, struct err *e)
{
	struct stat st;
	off_t start;

	if (fstat(in->fd, &st) != 0)
		return err_errno(e, EX_NOINPUT, "%s", in->path);
	if (S_ISDIR(st.st_mode))
		return err_set(e, EX_NOINPUT,
		    "%s: a folder: give the files in it", in->path);
	in->stream = !S_ISREG(st.st_mode);
	if (in->stream && !standard && !S_ISFIFO(st.st_mode))
		return err_set(e, EX_NOINPUT,
		    "%s: neither a file nor a pipe: give one of these, or - "
		    "for standard input",
		    in->path);
	if (in->stream)
		return 0;
	if ((start = lseek(in->fd, 0, SEEK_CUR)) > 0)
		in->start = start;
	in->size = st.st_size > in->start ? st.st_size - in->start : 0;
	in->mtime_us =
	    (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
	return 0;
}

/* Clear O_NONBLOCK: opening a pipe must not block, reading it may. */
static int
let_it_block(const struct line_reader *in, struct err *e)
{
	int flags = fcntl(in->fd, F_GETFL);

	if (flags == -1 || fcntl(in->fd, F_SETFL, flags & ~O_NONBLOCK) != 0)
		return err_errno(e, EX_OSERR, "%s", in->path);
	return 0;
}

/* Get the buffers of an open reader; close it where that fails. */
static int
get_buffers(struct line_reader *in, struct err *e)
{
	sha256_init(&in->hash);
	in->raw = malloc(RAW);
	in->text = list_grow(NULL, &in->room, READ_MAX, 1);
	if (in->raw != NULL && in->text != NULL)
		return 0;
	err_set(e, EX_OSERR, "%s: out of memory", in->path);
	line_reader_close(in);
	return -1;
}

int
line_reader_open(struct line_reader *in, const char *path, struct err *e)
{
	bool standard = strcmp(path, "-") == 0;

	*in = (struct line_reader){ .path = standard ? "standard input" : path,
		.size = UNKNOWN,
		.mtime_us = UNKNOWN,
		.limit = UNKNOWN };
	in->fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) :
			    open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (in->fd == -1)
		return fail_to_open(in->path, e);
	if (look_at(in, standard, e) != 0 ||
	    (!standard && let_it_block(in, e) != 0)) {
		line_reader_close(in);
		return -1;
	}
	return get_buffers(in, e);
}

int
line_reader_take(struct line_reader *in, int fd, const char *path,
    struct err *e)
{
	*in = (struct line_reader){ .path = path,
		.fd = fd,
		.stream = true,
		.size = UNKNOWN,
		.mtime_us = UNKNOWN,
		.limit = UNKNOWN };
	return get_buffers(in, e);
}

void
line_reader_close(struct line_reader *in)
{
	if (in->fd != -1)
		close(in->fd);
	if (in->gzipped)
		inflateEnd(&in->z);
	free(in->raw);
	free(in->text);
	*in = (struct line_reader){ .fd = -1 };
}

/* Read a file from its beginning again. */
static void
begin_again(struct line_reader *in)
{
	in->at = 0;
	in->begun = in->eof = false;
	in->z.avail_in = 0;
	in->from = in->to = 0;
	in->skipping = in->past_mark = false;
	in->total = 0;
}

/*
 * Read some packed bytes; return 0 at the end, -1 on failure. poll(2) also
 * waits for the first writer of a FIFO, where read(2) returns 0 at once.
 */
static ssize_t
read_packed(struct line_reader *in, void *to, size_t cap, struct err *e)
{
	struct pollfd wait = { .fd = in->fd, .events = POLLIN };
	ssize_t n;

	while (!in->eof) {
		if (check_stop(in->stop, in->path, e) != 0)
			return -1;
		if (!in->stream)
			n = pread(in->fd, to, cap, in->start + in->at);
		else if (poll(&wait, 1, WAIT_MS) > 0)
			n = read(in->fd, to, cap);
		else
			continue;
		if (n >= 0) {
			in->at += n;
			in->eof = n == 0;
			return n;
		}
		if (errno != EINTR && errno != EAGAIN)
			return err_errno(e, EX_IOERR, "%s: byte %lld", in->path,
			    (long long)in->at);
	}
	return 0;
}

static int
prepare_unpacking(struct line_reader *in, struct err *e)
{
	in->state = in->gzipped ? inflateReset(&in->z) :
				  inflateInit2(&in->z, GZIP_WINDOW);
	in->gzipped = in->gzipped || in->state == Z_OK;
	if (in->state == Z_OK)
		return 0;
	return err_set(e, EX_OSERR, "%s: out of memory", in->path);
}

/* Read the first bytes: two of them show whether the file is gzipped. */
static int
begin(struct line_reader *in, struct err *e)
{
	size_t have = 0;
	ssize_t n;

	do {
		n = read_packed(in, in->raw + have, RAW - have, e);
		if (n < 0)
			return -1;
		have += (size_t)n;
	} while (n > 0 && have < 2);
	in->z.next_in = in->raw;
	in->z.avail_in = (uInt)have;
	in->begun = true;
	if (have >= 2 && in->raw[0] == 0x1f && in->raw[1] == 0x8b)
		return prepare_unpacking(in, e);
	if (in->gzipped)
		inflateEnd(&in->z);
	in->gzipped = false;
	return 0;
}

/* Read packed bytes into raw when none are left in it. */
static int
refill(struct line_reader *in, struct err *e)
{
	ssize_t n;

	if (in->z.avail_in > 0)
		return 0;
	if ((n = read_packed(in, in->raw, RAW, e)) < 0)
		return -1;
	in->z.next_in = in->raw;
	in->z.avail_in = (uInt)n;
	return 0;
}

/* Unpack the bytes in raw; in->state becomes zlib's return code. */
static void
step(struct line_reader *in)
{
	if (in->state == Z_STREAM_END && *in->z.next_in == 0) {
		in->z.next_in++;
		in->z.avail_in--;
		return;
	}
	if (in->state == Z_STREAM_END)
		inflateReset(&in->z);
	in->state = inflate(&in->z, Z_NO_FLUSH);
	/* zlib only needs more bytes, or more room. */
	if (in->state == Z_BUF_ERROR)
		in->state = Z_OK;
}

static ssize_t
unpack(struct line_reader *in, char *to, size_t cap, struct err *e)
{
	in->z.next_out = (unsigned char *)to;
	in->z.avail_out = (uInt)cap;
	while (in->z.avail_out == cap &&
	    (in->state == Z_OK || in->state == Z_STREAM_END)) {
		if (refill(in, e) != 0)
			return -1;
		if (in->z.avail_in > 0)
			step(in);
		else if (in->state == Z_STREAM_END)
			return 0;
		else
			return err_set(e, EX_DATAERR,
			    "%s: unexpected end of the gzipped data after "
			    "%lld bytes: the file is not whole",
			    in->path, (long long)in->at);
	}
	if (in->z.avail_out < cap)
		return (ssize_t)(cap - in->z.avail_out);
	if (in->state == Z_MEM_ERROR)
		return err_set(e, EX_OSERR, "%s: out of memory", in->path);
	return err_set(e, EX_DATAERR,
	    "%s: the gzipped data is damaged before byte %lld: %s", in->path,
	    (long long)(in->at - in->z.avail_in),
	    in->z.msg != NULL ? in->z.msg : "not gzipped");
}

/* Read some bytes of the content; return 0 at the end, -1 on failure. */
static ssize_t
read_content(struct line_reader *in, char *to, size_t cap, struct err *e)
{
	size_t n;

	if (!in->begun && begin(in, e) != 0)
		return -1;
	if (in->gzipped)
		return unpack(in, to, cap, e);
	if (in->z.avail_in == 0)
		return read_packed(in, to, cap, e);
	n = in->z.avail_in < cap ? in->z.avail_in : cap;
	memcpy(to, in->z.next_in, n);
	in->z.next_in += n;
	in->z.avail_in -= (uInt)n;
	return (ssize_t)n;
}

/* Make room for CHUNK bytes and a NUL after the bytes in text. */
static int
make_room(struct line_reader *in, struct err *e)
{
	size_t unread = in->to - in->from;
	char *text;

	if (in->room - in->to > CHUNK)
		return 0;
	memmove(in->text, in->text + in->from, unread);
	in->from = 0;
	in->to = unread;
	text = list_grow(in->text, &in->room, in->to + CHUNK + 1, 1);
	if (text == NULL)
		return err_set(e, EX_OSERR, "%s: out of memory", in->path);
	in->text = text;
	return 0;
}

/* Read more of the content into text; return 1, 0 at the end, -1 on failure. */
static int
fill(struct line_reader *in, struct err *e)
{
	size_t cap;
	ssize_t n;

	if (make_room(in, e) != 0)
		return -1;
	cap = in->room - in->to - 1;
	if (cap > READ_MAX)
		cap = READ_MAX;
	if (in->limit != UNKNOWN && in->limit - in->total < (int64_t)cap)
		cap = (size_t)(in->limit - in->total);
	if (cap == 0)
		return 0;
	n = read_content(in, in->text + in->to, cap, e);
	if (n == 0 && in->limit != UNKNOWN)
		return err_set(e, EX_TEMPFAIL,
		    "%s: has become shorter while it was read: read it again",
		    in->path);
	if (n <= 0)
		return (int)n;
	if (in->stream)
		sha256_update(&in->hash, (size_t)n,
		    (const uint8_t *)in->text + in->to);
	in->to += (size_t)n;
	in->total += n;
	return 1;
}

int
line_reader_hash(struct line_reader *in, char hex[DIGEST_HEX],
    const volatile sig_atomic_t *stop, struct err *e)
{
	struct sha256_ctx hash;
	int64_t total = 0;
	ssize_t n;

	if (in->stream)
		return err_set(e, EX_SOFTWARE, "%s: can be read only once",
		    in->path);
	in->stop = stop;
	in->limit = UNKNOWN;
	begin_again(in);
	sha256_init(&hash);
	while ((n = read_content(in, in->text, in->room, e)) > 0) {
		sha256_update(&hash, (size_t)n, (const uint8_t *)in->text);
		total += n;
	}
	if (n == 0) {
		digest_end_hex(&hash, hex);
		in->limit = total;
		in->size = in->at;
	}
	begin_again(in);
	return n == 0 ? 0 : -1;
}

int
line_reader_hash_end(struct line_reader *in, char hex[DIGEST_HEX],
    struct err *e)
{
	int rc;

	do
		in->from = in->to;
	while ((rc = fill(in, e)) == 1);
	if (rc == 0)
		digest_end_hex(&in->hash, hex);
	return rc;
}

/* Hash an open file up to the size that it has now. */
static int
hash_open_file(struct sha256_ctx *hash, int fd, const char *path,
    const volatile sig_atomic_t *stop, struct err *e)
{
	uint8_t bytes[32 << 10];
	struct stat st;
	ssize_t n = 1;

	if (fstat(fd, &st) != 0)
		return err_errno(e, EX_NOINPUT, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, EX_NOINPUT, "%s: not a file", path);
	for (off_t at = 0; at < st.st_size && n > 0; at += n) {
		size_t left = (size_t)(st.st_size - at);

		if (check_stop(stop, path, e) != 0)
			return -1;
		n = pread(fd, bytes,
		    left < sizeof(bytes) ? left : sizeof(bytes), at);
		if (n < 0)
			return err_errno(e, EX_IOERR, "%s: byte %lld", path,
			    (long long)at);
		sha256_update(hash, (size_t)n, bytes);
	}
	return 0;
}

int
line_reader_hash_files(const char *const *paths, size_t n, char hex[DIGEST_HEX],
    const volatile sig_atomic_t *stop, struct err *e)
{
	struct sha256_ctx hash;

	sha256_init(&hash);
	for (size_t i = 0; i < n; i++) {
		int rc,
		    fd = open(paths[i],
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

		if (fd == -1 && errno == ENOENT && i > 0)
			continue;
		if (fd == -1)
			return fail_to_open(paths[i], e);
		rc = hash_open_file(&hash, fd, paths[i], stop, e);
		close(fd);
		if (rc != 0)
			return -1;
	}
	digest_end_hex(&hash, hex);
	return 0;
}

/*
 * Drop the zeros at the beginning of the content, and the byte order mark of
 * UTF-8 after them. Return 1, 0 where nothing else is there, -1 on failure.
 */
static int
drop_mark(struct line_reader *in, struct err *e)
{
	static const char mark[] = { '\xef', '\xbb', '\xbf' };
	int rc = 1;

	if (in->past_mark)
		return 1;
	while (rc == 1 && in->to - in->from < sizeof(mark)) {
		rc = fill(in, e);
		for (; in->from < in->to && in->text[in->from] == '\0';
		     in->from++)
			in->zeros = true;
	}
	/* The lines before damage are returned first. */
	if (in->from == in->to)
		return rc;
	in->past_mark = true;
	if (in->to - in->from >= sizeof(mark) &&
	    memcmp(in->text + in->from, mark, sizeof(mark)) == 0)
		in->from += sizeof(mark);
	return 1;
}

int
line_reader_peek(struct line_reader *in, const char **bytes, size_t *len,
    struct err *e)
{
	int rc = drop_mark(in, e);

	while (in->to - in->from < LINE_READER_PEEK && rc == 1)
		rc = fill(in, e);
	*bytes = in->text + in->from;
	*len = in->to - in->from;
	if (*len > LINE_READER_PEEK)
		*len = LINE_READER_PEEK;
	return rc == -1 && *len == 0 ? -1 : 0;
}

/* Skip the rest of a cut line; return 1, 0 at the end, -1 on failure. */
static int
skip_rest(struct line_reader *in, struct err *e)
{
	char *end;
	int rc;

	while ((end = memchr(in->text + in->from, '\n', in->to - in->from)) ==
	    NULL) {
		in->from = in->to;
		if ((rc = fill(in, e)) != 1)
			return rc;
	}
	in->from = (size_t)(end - in->text) + 1;
	in->skipping = false;
	return 1;
}

/* Return the next n bytes as a line, and drop the newline bytes after them. */
static int
take(struct line_reader *in, size_t n, size_t newline, const char **line,
    size_t *len)
{
	in->text[in->from + n] = '\0';
	*line = in->text + in->from;
	*len = n;
	in->from += n + newline;
	return 1;
}

int
line_reader_next(struct line_reader *in, const char **line, size_t *len,
    struct err *e)
{
	size_t n = 0;
	char *end;
	int rc = 1;

	in->cut = in->unfinished = false;
	if ((rc = drop_mark(in, e)) != 1)
		return rc;
	if (in->skipping && (rc = skip_rest(in, e)) != 1)
		return rc;
	do {
		char *next = in->text + in->from;

		end = memchr(next + n, '\n', in->to - in->from - n);
		n = end != NULL ? (size_t)(end - next) : in->to - in->from;
		in->cut = n > LINE_READER_LINE_MAX;
	} while (end == NULL && !in->cut && (rc = fill(in, e)) == 1);
	if (in->cut) {
		in->skipping = true;
		return take(in, LINE_READER_LINE_MAX, 0, line, len);
	}
	if (end != NULL)
		return take(in, n, 1, line, len);
	if (rc == -1 || n == 0)
		return rc;
	in->unfinished = true;
	return take(in, n, 0, line, len);
}

void
line_reader_progress(const struct line_reader *in, int64_t *at, int64_t *size)
{
	*size = in->size;
	*at = in->at;
	/* A file that grew since it was hashed may be read beyond its size. */
	if (*size != UNKNOWN && *at > *size)
		*at = *size;
}
