/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The content of a file or of a stream, such as a pipe: what is in it, unpacked
 * where it is gzipped.
 */
#ifndef OS_CONTENT_H
#define OS_CONTENT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <zlib.h>

#include "base/err.h"

struct content {
	const char *path;	/* for messages */
	bool stream;		/* no file: it can be read only once */
	int64_t size, mtime_us; /* of the file; UNKNOWN for a stream */
	int64_t at;		/* bytes of the file that were read, packed */
	/* Reading fails soon after it is set; may be NULL. */
	const volatile sig_atomic_t *stop;

	/* The rest is for content.c. */
	int fd;
	int64_t start; /* in the file, where standard input is one */
	bool begun, eof, gzip;
	z_stream z;	    /* its input are the next bytes of the file */
	int state;	    /* what zlib last said of them */
	unsigned char *raw; /* these bytes */
};

/*
 * Open path, which the caller keeps; "-" is standard input. Nothing is read
 * yet, nor waited for. Fails with EX_NOINPUT, EX_NOPERM or EX_OSERR, and says
 * what to do; nothing is open then.
 */
int content_open(struct content *c, const char *path, struct err *e);
void content_close(struct content *c);

/*
 * Read some bytes, 0 at the end, -1 on failure. What stands before the damage
 * in gzipped data is read first. Several gzipped files one behind the other are
 * one, zeros between and behind them are padding (RFC 1952, gzip(1)).
 *
 * Fails with EX_DATAERR where gzipped data ends early or is damaged,
 * EX_TEMPFAIL when stopped, EX_IOERR, EX_OSERR without memory.
 */
ssize_t content_read(struct content *c, char *to, size_t cap, struct err *e);

/* Read a file from its beginning again. */
void content_rewind(struct content *c);

/* Fail with why path could not be opened, by errno. */
int content_not_opened(const char *path, struct err *e);

/* 0, or -1 with EX_TEMPFAIL where stop is set. */
int content_stopped(const volatile sig_atomic_t *stop, const char *path,
    struct err *e);

#endif
