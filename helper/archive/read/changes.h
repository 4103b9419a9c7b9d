/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The changes of an archive since a rev, each once, in the order in which they
 * were made. A change is a ban that is new or is changed, or a tombstone: the
 *id of a ban that has gone. A change that is made while this is read has a rev
 * beyond upto, and comes with the next reading. Errors are db_error's.
 *
 *	archive_changes_open
 *	while archive_changes_next returns 1: c.gone or c.bans is the change
 *	archive_changes_rest
 */
#ifndef ARCHIVE_READ_CHANGES_H
#define ARCHIVE_READ_CHANGES_H

#include "archive/read/queries.h"

/* Room for the id of an archive, with its NUL. */
#define ARCHIVE_ID 64

struct archive_changes {
	struct archive *archive;
	struct archive_filter filter;
	int64_t after, upto; /* changes with greater revs, up to this one */
	char id[ARCHIVE_ID]; /* the archive's */

	/* The present change: a ban that has gone if gone is true, else the
	 * present ban of the cursor; in either case with this id and rev. */
	bool gone;
	int64_t ban, rev;
	/* Of a ban that has gone: "merged" or "pruned", and when. erased:
	 * whoever has a copy removes it there too, as its id was "forgotten",
	 * or it is another ban now, which does not say who was banned
	 * ("anonymized"); NULL otherwise. */
	const char *why, *erased;
	int64_t gone_us;

	struct archive_cursor bans;
	sqlite3_stmt *tombstones;
	bool has_ban, has_tombstone; /* each stands before its next change */
};

/* Set *rev to the newest rev, 0: none, and id to the archive's. */
int archive_changes_state(struct archive *a, int64_t *rev, char id[ARCHIVE_ID],
    struct err *e);

/*
 * Begin before the first change after a rev; 0: all bans. The filter is to want
 * all. Fails with EX_DATAERR where the archive never gave out the rev, and
 * where id is neither NULL nor the archive's.
 */
int archive_changes_open(struct archive_changes *c, struct archive *a,
    const struct archive_filter *filter, int64_t after, const char *id,
    struct err *e);

/*
 * Go to the next change; return 1, 0 after the last one, -1 on failure. Fails
 * with EX_DATAERR where tombstones are forgotten that this would give.
 */
int archive_changes_next(struct archive_changes *c, struct err *e);

/*
 * Let go of the archive, at the end, also after a failure, and before whoever
 * reads this waits (archive_cursor_rest): the next archive_changes_next goes on
 * after the present change.
 */
void archive_changes_rest(struct archive_changes *c);

#endif
