/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reban notes each id before it hands it to fail2ban. When the event of that
 * ban arrives, the note shows whether the ban comes from a list or continues an
 * archived ban. These functions also find the bans that reban may bring back.
 * Functions that write are called between archive_begin and archive_commit.
 * Errors are db_error's.
 */
#ifndef ARCHIVE_REBAN_NOTES_H
#define ARCHIVE_REBAN_NOTES_H

#include <stddef.h>

#include "archive/archive.h"

/* A note waits for a day for the ban that answers it. */
#define REBAN_NOTES_US INT64_C(86400000000)

struct reban_note {
	int64_t noted_us;
	int64_t timeofban; /* of the ban that goes on; UNKNOWN: from a list */
};

/* Note an id; an older note of the id is replaced. */
int reban_notes_add(struct archive *a, int64_t jail, const char *ident,
    const struct reban_note *note, struct err *e);

/* Load the note of an id: return 1, 0 when there is none, -1 on failure. */
int reban_notes_get(struct archive *a, int64_t jail, const char *ident,
    struct reban_note *note, struct err *e);

/* Remove the note of an id, which a ban has answered. */
int reban_notes_remove(struct archive *a, int64_t jail, const char *ident,
    struct err *e);

/* Remove the notes that were made before before_us. */
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
 * or of all (NULL). Such a ban lives at now_us as far as the archive knows; or
 * its end was inferred, because a server with another database than the ban's
 * lacked it. A ban is left out when only logs or imports show it, when its ban
 * time is unknown, and when it may have been lifted since fail2ban was started
 * at start_us. The bans are in the order of their jails. The caller releases
 * lost with reban_notes_free_lost.
 */
int reban_notes_find_lost(struct archive *a, const char *jail, int64_t now_us,
    int64_t start_us, struct lost_bans *lost, struct err *e);
void reban_notes_free_lost(struct lost_bans *lost);

#endif
