/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ids that reban hands to fail2ban are noted before they are sent, so that the
 * ban that comes back is known for what it is: one from a list, or a ban of the
 * archive that goes on. Between archive_begin and archive_commit; errors are
 * db_error's.
 */
#ifndef ARCHIVE_ARCHIVE_NOTE_H
#define ARCHIVE_ARCHIVE_NOTE_H

#include "archive/archive.h"

/* For so long a note waits for its answer: a day. */
#define ARCHIVE_NOTE_US INT64_C(86400000000)

struct archive_note {
	int64_t noted_us;
	int64_t timeofban; /* of the ban that goes on; UNKNOWN: from a list */
};

/* Note an id; what was noted of it before is forgotten. */
int archive_note_add(struct archive *a, int64_t jail, const char *ident,
    const struct archive_note *note, struct err *e);

/* What is noted of an id: 1, 0 where there is nothing, -1. */
int archive_note_get(struct archive *a, int64_t jail, const char *ident,
    struct archive_note *note, struct err *e);

/* It is answered. */
int archive_note_remove(struct archive *a, int64_t jail, const char *ident,
    struct err *e);

/* Forget what was noted before before_us. */
int archive_note_prune(struct archive *a, int64_t before_us, struct err *e);

#endif
