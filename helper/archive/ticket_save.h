/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * This file writes the bans of a ticket, as same_ban_make_bans made them, into
 * the table ban. Its functions are called between archive_begin and
 * archive_commit. Errors are db_error's.
 */
#ifndef ARCHIVE_TICKET_SAVE_H
#define ARCHIVE_TICKET_SAVE_H

#include "archive/ticket.h"

/* Values to save with a ban, and counts of changes, to which each call adds. */
struct archive_change {
	int64_t now_us;
	int64_t source; /* fail2ban's database that has its row; 0: none */
	int64_t added, changed; /* bans */
	int64_t replaced; /* bans of logs whose rows are gone or others' now */
};

/* The n bans of a ticket; its sighting i belongs to bans[owner[i]]. */
struct ticket_bans {
	const struct ban *bans;
	size_t n;
	const size_t *owner;
};

/*
 * Let the archive have just these bans of the ticket, each with its sightings:
 * they are added or changed, and a row that is no ban any more is removed.
 */
int archive_ticket_save(struct archive *a, const struct archive_ticket *t,
    const struct ticket_bans *made, struct archive_change *change,
    struct err *e);

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
 * Write what ban says to its row, ban->id. Where that changes the row, its rev
 * grows, and sqlite3_changes() returns 1.
 */
int archive_ticket_change_row(struct archive *a, const struct ban *ban,
    struct err *e);

#endif
