/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters of each jail, which never fall: its bans by origin, its ends by
 * reason, its failures.
 *
 * To count millions of bans takes seconds. So the archive keeps the sums of
 * each block of 4096 ids (table counted), and the rev up to which these are
 * right. A block in which a ban has changed or gone since is counted again, and
 * no other one. The bans that were removed count by their totals
 * (archive/read/tally.h), which are block -1.
 *
 * A sum falls where two bans become one, or where an end turns out to be
 * another one. A counter stays then: the archive also keeps the greatest value
 * that each counter ever had, and the counter is the greater of both.
 *
 * Errors are db_error's and EX_OSERR.
 */
#ifndef ARCHIVE_READ_COUNTED_H
#define ARCHIVE_READ_COUNTED_H

#include <stddef.h>

#include "archive/archive.h"

/* The counters of a jail. */
enum counted_value {
	COUNTED_ORIGIN,			    /* + enum ban_origin */
	COUNTED_END = COUNTED_ORIGIN + 4,   /* + enum ban_end - BAN_EXPIRED */
	COUNTED_FAILURES = COUNTED_END + 4, /* of all bans */
	/* Bans of any origin: less than the sum of those where one has fallen.
	 */
	COUNTED_BANS,
	COUNTED_VALUES
};

struct counted_jail {
	int64_t row; /* of the table jail */
	char *name;
	int64_t values[COUNTED_VALUES];
	int64_t greatest[COUNTED_VALUES]; /* as far as the archive knows */
};

struct counted {
	struct counted_jail *jails; /* all of the archive, in no order */
	size_t n, room;
	int64_t gaps;	  /* how often no reconcile was completed in time */
	int64_t last_run; /* up to this run they are counted */
	bool risen;	  /* a value is greater than the archive knows */
};

/*
 * Bring the sums of the blocks up to date, in short transactions; no archive
 * that is open for reading. Where another process does the same at the same
 * time, this leaves it the work.
 */
int counted_update(struct archive *a, struct err *e);

/*
 * Set c to the counters of this moment. The archive may be open for reading:
 * blocks that are not up to date are counted in memory. The caller releases c
 * with counted_free, on failure too.
 */
int counted_read(struct archive *a, struct counted *c, struct err *e);
void counted_free(struct counted *c);

/*
 * Keep the counters, so that none falls below these any more, and raise c to
 * what another process has kept meanwhile. Nothing is written unless c->risen.
 * Call it before c is shown to anybody. On failure c stays as it was.
 */
int counted_keep(struct archive *a, struct counted *c, struct err *e);

#endif
