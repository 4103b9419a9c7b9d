/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reban notes each id before it hands it to fail2ban. When the event of that
 * ban arrives, the note shows whether the ban comes from a list or continues an
 * archived ban. Functions that write are called between archive_begin and
 * archive_commit. Errors are db_error's.
 */
#ifndef ARCHIVE_HISTORY_NOTES_H
#define ARCHIVE_HISTORY_NOTES_H

#include <stddef.h>

#include "archive/archive.h"

/* A note waits for a day for the ban that answers it. */
#define NOTES_US INT64_C(86400000000)

struct note {
	int64_t noted_us;
	int64_t timeofban; /* of the ban that goes on; UNKNOWN: from a list */
};

/* Note an id; an older note of the id is replaced. */
int notes_add(struct archive *a, int64_t jail, const char *ident,
    const struct note *note, struct err *e);

/* Load the note of an id: return 1, 0 when there is none, -1 on failure. */
int notes_get(struct archive *a, int64_t jail, const char *ident,
    struct note *note, struct err *e);

/* Remove the note of an id, which a ban has answered. */
int notes_remove(struct archive *a, int64_t jail, const char *ident,
    struct err *e);

/* Remove the notes that were made before before_us. */
int notes_prune(struct archive *a, int64_t before_us, struct err *e);

#endif
