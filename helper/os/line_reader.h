/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines of a file or of a stream, such as a pipe; gzipped data is unpacked.
 * A byte order mark at the beginning is no part of the first line. Neither are
 * zeros: where a log is cut to nothing while a program goes on writing it, the
 * system puts them there (logrotate's copytruncate).
 * The SHA-256 is that of the unpacked content, so that a log and the same log
 * gzipped later have the same one.
 */
#ifndef OS_LINE_READER_H
#define OS_LINE_READER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <zlib.h>

#include "base/digest.h"
#include "base/err.h"

/* A line's bytes beyond these are skipped. */
#define LINE_READER_LINE_MAX ((size_t)32 << 20)

/* This many bytes of the beginning are enough to recognise a kind of file. */
#define LINE_READER_PEEK ((size_t)4096)

struct line_reader {
	const char *path;	/* for messages */
	bool stream;		/* a pipe or the like: it is read only once */
	bool gzipped;		/* known after the first read */
	int64_t size, mtime_us; /* of the file; UNKNOWN for a stream */
	bool zeros; /* the content begins with zeros, which were dropped */
	/* Reading fails soon after it is set; may be NULL. */
	const volatile sig_atomic_t *stop;
	/* Of the line that was read last. */
	bool cut;	 /* it had more than LINE_READER_LINE_MAX bytes */
	bool unfinished; /* it is the last line and has no newline */

	/* The rest is for line_reader.c. First the packed bytes of the file. */
	int fd;
	int64_t start; /* of the content: where standard input stood at first */
	int64_t at;    /* packed bytes that were read, from start on */
	bool begun, eof;
	unsigned char *raw; /* a buffer for packed bytes */
	z_stream z;	    /* its next_in is in raw, also for a plain file */
	int state;	    /* zlib's last return code */

	/* The content in text: [from, to) was read and is no line yet. */
	char *text;
	size_t room, from, to;
	bool skipping;		/* from here to the newline is a cut line */
	bool past_mark;		/* the zeros and the mark were dropped */
	int64_t total;		/* bytes of the content that were read */
	int64_t limit;		/* bytes that were hashed; UNKNOWN: none */
	struct sha256_ctx hash; /* of a stream, updated as it is read */
};

/*
 * Open path, which the caller keeps; "-" is standard input. Opening reads
 * nothing and does not block, even on a pipe without a writer. Fails with
 * EX_NOINPUT, EX_NOPERM or EX_OSERR and a message that says what to do; the
 * reader is closed then.
 */
int line_reader_open(struct line_reader *in, const char *path, struct err *e);
void line_reader_close(struct line_reader *in);

/*
 * Read the end of a pipe, which is called path in messages. The descriptor is
 * the reader's from now on, also on failure. Fails with EX_OSERR.
 */
int line_reader_take(struct line_reader *in, int fd, const char *path,
    struct err *e);

/*
 * Put the SHA-256 of a file's content into hex. The file is read to its end,
 * and line_reader_next starts again at its beginning and ends where the hash
 * ended, because a log may grow in between. stop, which may be NULL, stops the
 * reading of lines too.
 *
 * Fails as line_reader_next does; the lines before the damage can still be
 * read. A stream fails with EX_SOFTWARE.
 */
int line_reader_hash(struct line_reader *in, char hex[DIGEST_HEX],
    const volatile sig_atomic_t *stop, struct err *e);

/*
 * Put the SHA-256 of a whole stream into hex: the rest of the stream is read
 * and dropped. Call it once, after the last line.
 */
int line_reader_hash_end(struct line_reader *in, char hex[DIGEST_HEX],
    struct err *e);

/*
 * Put the SHA-256 of n files, one after the other and not unpacked, into hex: a
 * database and its WAL. Only the first file must exist, and none may be a
 * symbolic link. Each is read up to the size that it had when it was opened.
 *
 * Never use this for a file that SQLite has open in this process: closing the
 * descriptor would release SQLite's locks. Fails as line_reader_open and
 * line_reader_next do.
 */
int line_reader_hash_files(const char *const *paths, size_t n,
    char hex[DIGEST_HEX], const volatile sig_atomic_t *stop, struct err *e);

/*
 * Point *bytes at the first LINE_READER_PEEK bytes of the content, or at all of
 * it where it is shorter. Call it before the first line_reader_next, which
 * returns these bytes again. They are valid until the next call. Fails as
 * line_reader_next does when the damage is at the first byte.
 */
int line_reader_peek(struct line_reader *in, const char **bytes, size_t *len,
    struct err *e);

/*
 * Point *line at the next line, without its newline; a carriage return stays.
 * The line may hold any bytes, a NUL follows it, and it is valid until the next
 * call. Several gzipped files one after the other are one content, and zeros
 * between and after them are padding (RFC 1952, gzip(1)). The lines before
 * damage in gzipped data are returned first.
 *
 * Returns 1 with a line, 0 at the end, -1 on failure: EX_DATAERR when gzipped
 * data ends early or is damaged, EX_TEMPFAIL when stopped or when a file has
 * become shorter since it was hashed, EX_IOERR, EX_OSERR without memory.
 */
int line_reader_next(struct line_reader *in, const char **line, size_t *len,
    struct err *e);

/*
 * Set *at to the number of the file's bytes that were read, packed as they are,
 * and *size to the number that it has; *size is UNKNOWN for a stream.
 */
void line_reader_progress(const struct line_reader *in, int64_t *at,
    int64_t *size);

#endif
