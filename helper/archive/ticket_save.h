/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bans of a group into the archive, as same_ban_make_bans made them.
 * Between archive_begin and archive_commit; errors are db_error's.
 */
#ifndef ARCHIVE_TICKET_SAVE_H
#define ARCHIVE_TICKET_SAVE_H

#include "archive/ticket.h"

/* What is saved with a group, and what that has done. */
struct archive_change {
	int64_t now_us;
	/* The database of fail2ban's that has the row of the ban, 0: none. */
	int64_t source;
	int64_t added, changed; /* bans; they count on */
	int64_t replaced;	/* rows of logs' bans that are of others' now */
};

/*
 * Save what same_ban_make_bans made of g: each ban, with its sightings, is
 * added or changed, and one that is no more is removed.
 */
int archive_ticket_save(struct archive *a, const struct archive_ticket *g,
    const struct ban *bans, size_t n, const size_t *owner,
    struct archive_change *change, struct err *e);

/* A row for the table ban. */
struct archive_ban_row {
	const struct ban *ban;
	int64_t jail; /* row of the table jail */
	const char *ident;
	const char *host; /* NULL: this machine */
	int64_t timeofban;
	const char *sightings; /* as archive/sightings_column.h writes them */
	int64_t source;	       /* fail2ban's database that has it; 0: none */
	int64_t added_us;      /* when it is archived */
};

/* Add a row for a ban. */
int archive_ticket_add_row(struct archive *a, const struct archive_ban_row *row,
    struct err *e);

/*
 * Let row ban->id say what ban says. Its rev grows when that is something else
 * than before; sqlite3_changes() counts 1 then.
 */
int archive_ticket_change_row(struct archive *a, const struct ban *ban,
    struct err *e);

#endif
