/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What changed in an archive since a rev: the bans that are new or changed, and
 * the ids of those that have gone, in the order in which that happened, each
 * once. What changes while this is read comes with the next reading, after
 * upto. Errors are db_error's.
 *
 *	archive_changes_open
 *	while archive_changes_next returns 1: c.gone or c.bans is the change
 *	archive_changes_rest
 */
#ifndef ARCHIVE_CHANGES_H
#define ARCHIVE_CHANGES_H

#include "archive/queries.h"

struct archive_changes {
	struct archive *archive;
	struct archive_filter filter;
	int64_t after, upto; /* changes with greater revs, up to this one */
	char id[64];	     /* the archive's, as the table meta has it */

	/* The present change: a ban that has gone if gone is true, else the
	 * present ban of the cursor; in either case with this id and rev. */
	bool gone;
	int64_t ban, rev;
	const char *why; /* of a ban that has gone: "merged", "pruned" */

	struct archive_cursor bans;
	sqlite3_stmt *losses;
	bool has_ban, has_loss; /* each stands before its next change */
};

/*
 * Begin before the first change after a rev; 0: all bans. The filter is to want
 * all. Fails with EX_DATAERR where the changes after this rev are not known:
 * some are forgotten, or the archive never gave out the rev; and where id is
 * neither NULL nor the archive's.
 */
int archive_changes_open(struct archive_changes *c, struct archive *a,
    const struct archive_filter *filter, int64_t after, const char *id,
    struct err *e);

/* Go to the next change; return 1, 0 after the last one, -1 on failure. */
int archive_changes_next(struct archive_changes *c, struct err *e);

/*
 * Let go of the archive, at the end, also after a failure, and before whoever
 * reads this waits (archive_cursor_rest): the next archive_changes_next goes on
 * after the present change.
 */
void archive_changes_rest(struct archive_changes *c);

#endif
