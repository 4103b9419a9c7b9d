/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file ARCHIVE.push (BESIDE_PUSH) keeps the state of this machine's pushes
 * to the PostgreSQL of a fleet. It has a line "key value" for each value that
 * is known. push writes the file; check, metrics and reconcile read it. Keys
 * that are not known here, and values that are no such thing, count as missing,
 * so a file that another program damaged is no error.
 */
#ifndef ARCHIVE_COPY_PUSH_STATE_H
#define ARCHIVE_COPY_PUSH_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Room for a UUID, an archive's id and a token, each with its NUL. */
#define PUSH_STATE_UUID 37
#define PUSH_STATE_ID 64
#define PUSH_STATE_TOKEN 65

/* Room for an error, that of a struct err. */
#define PUSH_STATE_ERROR sizeof(((struct err *)0)->text)

/* A text that is not known is "", a number UNKNOWN. Times are wall clock's. */
struct push_state {
	char host[PUSH_STATE_UUID];   /* the machine's name for itself, random:
					 host */
	char archive[PUSH_STATE_ID];  /* the archive that was pushed: archive */
	char token[PUSH_STATE_TOKEN]; /* what the centre has of the last
					 completed push: token */
	char next[PUSH_STATE_TOKEN];  /* what it may have of the push that was
					 begun after it: next */
	int64_t pushed_us;	      /* the last completed push: pushed_us */
	int64_t rev;		      /* the newest change that the centre has:
					 rev */
	int64_t tried_us;  /* the last push that was begun: tried_us */
	int64_t failed_us; /* the first failure since the last
			      completed push: failed_us */
	char error[PUSH_STATE_ERROR]; /* of the last push, if it
					  failed, safe for a terminal: error */
};

/* Let nothing be known. */
void push_state_init(struct push_state *state);

/* Read the len bytes at s, which may be anything. A later line wins. Pure. */
void push_state_parse(struct push_state *state, const char *s, size_t len);

/*
 * Read the file of the archive at path; nothing is known where there is no
 * file. Fails with EX_NOINPUT, EX_NOPERM, and with EX_DATAERR where a folder,
 * a symbolic link, a device or a file of more than 64 KiB lies there.
 */
int push_state_load(struct push_state *state, const char *path, struct err *e);

/*
 * Write the file of the archive at path (0600): it is either the old one or the
 * new one at any moment, and is on disk on return. One process at a time does
 * this: the one that has the lock file BESIDE_PUSH_LOCK. Fails with EX_IOERR.
 */
int push_state_save(const struct push_state *state, const char *path,
    struct err *e);

#endif
