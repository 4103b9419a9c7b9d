/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "os/input.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/version.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

/* At least as much is read at once. */
#define CHUNK ((size_t)128 << 10)

/* A line that is just not cut, and what is read behind it. */
#define ROOM_MAX (INPUT_LINE_MAX + 4 * CHUNK)

int
input_open(struct input *in, const char *path, struct err *e)
{
	*in = (struct input){ .limit = UNKNOWN };
	if (content_open(&in->content, path, e) != 0)
		return -1;
	in->room = 2 * CHUNK;
	if ((in->text = malloc(in->room)) == NULL) {
		input_close(in);
		return err_set(e, EX_OSERR, "%s: out of memory", path);
	}
	sha256_init(&in->hash);
	return 0;
}

void
input_close(struct input *in)
{
	content_close(&in->content);
	free(in->text);
	in->text = NULL;
}

static void
begin_again(struct input *in)
{
	content_rewind(&in->content);
	in->from = in->to = 0;
	in->skipping = false;
	in->total = 0;
}

/* Have room for CHUNK bytes and a NUL behind what is there. */
static int
make_room(struct input *in, struct err *e)
{
	size_t held = in->to - in->from, room = 2 * in->room;
	char *text;

	if (in->room - in->to > CHUNK)
		return 0;
	memmove(in->text, in->text + in->from, held);
	in->from = 0;
	in->to = held;
	if (in->room - in->to > CHUNK)
		return 0;
	if (room > ROOM_MAX)
		room = ROOM_MAX;
	if ((text = realloc(in->text, room)) == NULL)
		return err_set(e, EX_OSERR, "%s: out of memory",
		    in->content.path);
	in->text = text;
	in->room = room;
	return 0;
}

/* Read on behind what is there; 1, 0 at the end, -1 on failure. */
static int
fill(struct input *in, struct err *e)
{
	size_t cap;
	ssize_t n;

	if (make_room(in, e) != 0)
		return -1;
	cap = in->room - in->to - 1;
	if (in->limit != UNKNOWN && in->limit - in->total < (int64_t)cap)
		cap = (size_t)(in->limit - in->total);
	if (cap == 0)
		return 0;
	n = content_read(&in->content, in->text + in->to, cap, e);
	if (n == 0 && in->limit != UNKNOWN)
		return err_set(e, EX_TEMPFAIL,
		    "%s: has become shorter while it was read: read it again",
		    in->content.path);
	if (n <= 0)
		return (int)n;
	if (in->content.stream)
		sha256_update(&in->hash, (size_t)n,
		    (const uint8_t *)in->text + in->to);
	in->to += (size_t)n;
	in->total += n;
	return 1;
}

static void
put_hash(struct sha256_ctx *hash, char hex[INPUT_HASH])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t bytes[SHA256_DIGEST_SIZE];

/* Since 4.0 a digest is always whole. */
#if NETTLE_VERSION_MAJOR >= 4
	sha256_digest(hash, bytes);
#else
	sha256_digest(hash, sizeof(bytes), bytes);
#endif
	for (size_t i = 0; i < sizeof(bytes); i++) {
		hex[2 * i] = digits[bytes[i] >> 4];
		hex[2 * i + 1] = digits[bytes[i] & 15];
	}
	hex[INPUT_HASH - 1] = '\0';
}

int
input_hash(struct input *in, char hex[INPUT_HASH],
    const volatile sig_atomic_t *stop, struct err *e)
{
	struct sha256_ctx hash;
	int64_t total = 0;
	ssize_t n;

	if (in->content.stream)
		return err_set(e, EX_SOFTWARE, "%s: can be read only once",
		    in->content.path);
	in->content.stop = stop;
	in->limit = UNKNOWN;
	begin_again(in);
	sha256_init(&hash);
	while ((n = content_read(&in->content, in->text, in->room, e)) > 0) {
		sha256_update(&hash, (size_t)n, (const uint8_t *)in->text);
		total += n;
	}
	if (n == 0) {
		put_hash(&hash, hex);
		in->limit = total;
		in->content.size = in->content.at;
	}
	begin_again(in);
	return n == 0 ? 0 : -1;
}

int
input_hash_end(struct input *in, char hex[INPUT_HASH], struct err *e)
{
	int rc;

	do
		in->from = in->to;
	while ((rc = fill(in, e)) == 1);
	if (rc == 0)
		put_hash(&in->hash, hex);
	return rc;
}

/* Hash as much of a file as there is now. */
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

		if (content_stopped(stop, path, e) != 0)
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
input_hash_files(const char *const *paths, size_t n, char hex[INPUT_HASH],
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
			return content_not_opened(paths[i], e);
		rc = hash_open_file(&hash, fd, paths[i], stop, e);
		close(fd);
		if (rc != 0)
			return -1;
	}
	put_hash(&hash, hex);
	return 0;
}

int
input_peek(struct input *in, const char **bytes, size_t *len, struct err *e)
{
	int rc = 1;

	while (in->to - in->from < INPUT_PEEK && rc == 1)
		rc = fill(in, e);
	*bytes = in->text + in->from;
	*len = in->to - in->from;
	if (*len > INPUT_PEEK)
		*len = INPUT_PEEK;
	return rc == -1 && *len == 0 ? -1 : 0;
}

/* Skip what is left of a line that was cut; 1, 0 at the end, -1 on failure. */
static int
skip_rest(struct input *in, struct err *e)
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

/* Hand out the next n bytes as a line, and take as many with them. */
static int
take(struct input *in, size_t n, size_t with, const char **line, size_t *len)
{
	in->text[in->from + n] = '\0';
	*line = in->text + in->from;
	*len = n;
	in->from += n + with;
	return 1;
}

int
input_line(struct input *in, const char **line, size_t *len, struct err *e)
{
	size_t n = 0;
	char *end;
	int rc = 1;

	in->cut = in->unfinished = false;
	if (in->skipping && (rc = skip_rest(in, e)) != 1)
		return rc;
	do {
		char *next = in->text + in->from;

		end = memchr(next + n, '\n', in->to - in->from - n);
		n = end != NULL ? (size_t)(end - next) : in->to - in->from;
		in->cut = n > INPUT_LINE_MAX;
	} while (end == NULL && !in->cut && (rc = fill(in, e)) == 1);
	if (in->cut) {
		in->skipping = true;
		return take(in, INPUT_LINE_MAX, 0, line, len);
	}
	if (end != NULL)
		return take(in, n, 1, line, len);
	if (rc == -1 || n == 0)
		return rc;
	in->unfinished = true;
	return take(in, n, 0, line, len);
}

void
input_progress(const struct input *in, int64_t *at, int64_t *size)
{
	*size = in->content.size;
	*at = in->content.at;
	/* It may have grown, and be read behind what was hashed. */
	if (*size != UNKNOWN && *at > *size)
		*at = *size;
}
