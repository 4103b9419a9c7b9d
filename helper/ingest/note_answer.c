/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/note_answer.h"

#include <stddef.h>

#include "archive/history/notes.h"
#include "base/number.h"
#include "base/timestamp.h"

/*
 * Return true when the id may have a note that is not too old for the sighting.
 * All notes of a jail are at least as old as its last one.
 */
static bool
may_be_noted(const struct archive_ident *of, int64_t noted_us,
    const struct sighting *sighting)
{
	return noted_us != 0 && of->host == NULL &&
	    sighting->at_us <= number_add_sat(noted_us, NOTES_US);
}

/*
 * Return true when the sighting may be the answer to a note: the ban began
 * since the note, and fail2ban takes it for a ban by hand.
 */
static bool
may_answer(const struct sighting *sighting, int64_t noted_us)
{
	return (sighting->kind == SIGHTING_BAN ||
		   sighting->kind == SIGHTING_ROW) &&
	    sighting->failures == 0 &&
	    timestamp_from_seconds(sighting->timeofban + 1) >= noted_us &&
	    sighting->at_us <= number_add_sat(noted_us, NOTES_US);
}

int
note_answer_take(struct archive *a, const struct archive_ident *of,
    int64_t noted_us, bool has_ban, const struct sighting *sighting,
    struct note_answer *answer, struct err *e)
{
	struct note note;
	int rc;

	*answer = (struct note_answer){ .continues = UNKNOWN };
	if (!may_be_noted(of, noted_us, sighting))
		return 0;
	rc = notes_get(a, of->jail, of->ident, &note, e);
	if (rc != 1 || !may_answer(sighting, note.noted_us))
		return rc < 0 ? -1 : 0;
	/* A lost ban may come back within the second of its ticket. */
	if (has_ban &&
	    (sighting->timeofban != note.timeofban ||
		sighting->kind != SIGHTING_BAN))
		return 0;
	if (notes_remove(a, of->jail, of->ident, e) != 0)
		return -1;
	answer->listed = note.timeofban == UNKNOWN;
	answer->continues = note.timeofban;
	return 0;
}

int
note_answer_drop(struct archive *a, const struct archive_ident *of,
    int64_t noted_us, const struct sighting *unban, struct err *e)
{
	return may_be_noted(of, noted_us, unban) ?
	    notes_remove(a, of->jail, of->ident, e) :
	    0;
}
