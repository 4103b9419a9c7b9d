/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ids that reban hands to fail2ban are noted before they are sent, so that the
 * ban that comes back is known for what it is: one from a list, or a ban of the
 * archive that goes on. Between archive_begin and archive_commit; errors are
 * db_error's.
 */
#ifndef ARCHIVE_REBAN_NOTES_H
#define ARCHIVE_REBAN_NOTES_H

#include <stddef.h>

#include "archive/archive.h"

/* For so long a note waits for its answer: a day. */
#define REBAN_NOTES_US INT64_C(86400000000)

struct reban_note {
	int64_t noted_us;
	int64_t timeofban; /* of the ban that goes on; UNKNOWN: from a list */
};

/* Note an id; what was noted of it before is forgotten. */
int reban_notes_add(struct archive *a, int64_t jail, const char *ident,
    const struct reban_note *note, struct err *e);

/* What is noted of an id: 1, 0 where there is nothing, -1. */
int reban_notes_get(struct archive *a, int64_t jail, const char *ident,
    struct reban_note *note, struct err *e);

/* It is answered. */
int reban_notes_remove(struct archive *a, int64_t jail, const char *ident,
    struct err *e);

/* Forget what was noted before before_us. */
int reban_notes_prune(struct archive *a, int64_t before_us, struct err *e);

/* A ban that reban may bring back. */
struct lost_ban {
	char *jail, *ident;
	int64_t timeofban, since_us, seconds;
};

struct lost_bans {
	struct lost_ban *list;
	size_t n, room;
};

/*
 * Find the bans that fail2ban may have lost: bans of this machine, of one jail
 * or of all (NULL), that live at now_us as far as the archive knows, or that
 * were inferred to have ended because the server of another database than
 * theirs had them not. Only a ban that an event or fail2ban's database has
 * shown, whose ban time is known, and that may not have been lifted since
 * fail2ban was started at start_us, is among them. They are in the order of
 * their jails. The caller releases lost with reban_notes_free_lost.
 */
int reban_notes_find_lost(struct archive *a, const char *jail, int64_t now_us,
    int64_t start_us, struct lost_bans *lost, struct err *e);
void reban_notes_free_lost(struct lost_bans *lost);

#endif
