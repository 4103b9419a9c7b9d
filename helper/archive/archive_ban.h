/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jails, and the bans before and behind a ticket. What writes is called between
 * archive_begin and archive_commit; errors are db_error's.
 */
#ifndef ARCHIVE_ARCHIVE_BAN_H
#define ARCHIVE_ARCHIVE_BAN_H

#include "archive/ticket.h"

/* A row of the table jail. */
struct archive_jail {
	int64_t id;
	int64_t noted_us; /* when an id was last handed to fail2ban, 0: never */
};

/* The row of the jail of that name, made where missing. */
int archive_jail(struct archive *a, const char *name, struct archive_jail *jail,
    struct err *e);

/* Note that the jail was flushed, or had a ban restored, at at_us. */
int archive_jail_flushed(struct archive *a, int64_t jail, int64_t at_us,
    struct err *e);
int archive_jail_restored(struct archive *a, int64_t jail, int64_t at_us,
    struct err *e);

/*
 * When the next ban of t's jail and ident begins, behind t's second, that had
 * not ended before life_us; INT64_MAX where there is none.
 */
int archive_next_start(struct archive *a, const struct archive_ticket *t,
    int64_t life_us, int64_t *next_us, struct err *e);

/*
 * The second of the ban before t of its jail and ident that lives, or whose
 * end is inferred and not before since_us: another ban may have ended it.
 * UNKNOWN where there is none.
 */
int archive_previous(struct archive *a, const struct archive_ticket *t,
    int64_t since_us, int64_t *timeofban, struct err *e);

#endif
