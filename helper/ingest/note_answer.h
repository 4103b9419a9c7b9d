/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reban notes an id before it sends it to fail2ban. The event or the row of the
 * ban that fail2ban then makes answers the note. Called in the caller's
 * transaction on the archive. Errors are db_error's.
 */
#ifndef INGEST_NOTE_ANSWER_H
#define INGEST_NOTE_ANSWER_H

#include "archive/jails.h"
#include "ban/sighting.h"

struct note_answer {
	bool listed;	   /* the id came from a list */
	int64_t continues; /* the second of the archived ban that goes on, or
			      UNKNOWN */
};

/*
 * Find out whether a sighting of an id answers a note, and remove the note if
 * so. noted_us: when reban last noted an id of the jail, 0: never. has_ban: the
 * archive has a ban of the sighting's ticket.
 */
int note_answer_take(struct archive *a, const struct archive_ident *of,
    int64_t noted_us, bool has_ban, const struct sighting *sighting,
    struct note_answer *answer, struct err *e);

/* Remove the note of an id that a sighting shows to be unbanned. */
int note_answer_drop(struct archive *a, const struct archive_ident *of,
    int64_t noted_us, const struct sighting *unban, struct err *e);

#endif
