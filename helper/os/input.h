/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A source of replay, a file or a stream, read line by line. Its SHA-256 is
 * that of the content: a log and the same log gzipped later have one.
 */
#ifndef OS_INPUT_H
#define OS_INPUT_H

#include <nettle/sha2.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/content.h"
#include "base/err.h"

/* What a line has beyond this is skipped. */
#define INPUT_LINE_MAX ((size_t)32 << 20)

/* As much of the beginning is shown to tell what it is. */
#define INPUT_PEEK ((size_t)4096)

/* A SHA-256 in hexadecimal digits, and the NUL. */
#define INPUT_HASH 65

struct input {
	/* For callers: path, stream, size, mtime_us; stop may be set. */
	struct content content;
	/* Of the line that was read last. */
	bool cut;	 /* it had more than INPUT_LINE_MAX bytes */
	bool unfinished; /* it is the last, and no newline ends it */

	/* The rest is for input.c. */
	char *text; /* in it [from, to) was read and is not taken yet */
	size_t room, from, to;
	bool skipping;		/* the rest of a line that was cut */
	int64_t total;		/* bytes of the content that were read */
	int64_t limit;		/* … that were hashed; UNKNOWN: none were */
	struct sha256_ctx hash; /* of a stream */
};

/* As content_open; the caller keeps path. */
int input_open(struct input *in, const char *path, struct err *e);
void input_close(struct input *in);

/*
 * The SHA-256 of a file's content. The file is read for it and begins anew, and
 * reading then ends where the hash did: a log may grow meanwhile. stop, which
 * may be NULL, stops the reading of lines too.
 *
 * Fails as input_line does. The file begins anew then too, and the lines before
 * the damage can be read. A stream fails with EX_SOFTWARE.
 */
int input_hash(struct input *in, char hex[INPUT_HASH],
    const volatile sig_atomic_t *stop, struct err *e);

/*
 * The SHA-256 of all that a stream held: what was not read yet is read now, and
 * dropped. To be asked once, behind the last line.
 */
int input_hash_end(struct input *in, char hex[INPUT_HASH], struct err *e);

/*
 * The SHA-256 of n files one behind the other, not unpacked: a database and its
 * WAL. Only the first must be there, and none may be a symbolic link. Each is
 * read as far as it went when it was opened.
 *
 * Not for a file that SQLite has open in this process: closing it here would
 * drop SQLite's locks. Fails as input_open and input_line do.
 */
int input_hash_files(const char *const *paths, size_t n, char hex[INPUT_HASH],
    const volatile sig_atomic_t *stop, struct err *e);

/*
 * The first bytes of the content, INPUT_PEEK or all that there are; they are
 * read again as lines. Before the first line only. They live until the next
 * call. Fails as input_line does, where there is no byte before the damage.
 */
int input_peek(struct input *in, const char **bytes, size_t *len,
    struct err *e);

/*
 * The next line without its newline; a carriage return stays. It may hold any
 * bytes, has a NUL behind it, and lives until the next call. 1 with a line, 0
 * at the end, -1 on failure: as content_read, and with EX_TEMPFAIL where a file
 * has become shorter since it was hashed.
 */
int input_line(struct input *in, const char **line, size_t *len, struct err *e);

/*
 * How many bytes of the file were read, packed ones, and how many there are;
 * UNKNOWN for a stream.
 */
void input_progress(const struct input *in, int64_t *at, int64_t *size);

#endif
