/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * New signs into the archive: load what is known of the ban, let match.h say
 * what follows, save the difference. Whether they come from an action, the
 * spool or fail2ban's database makes no difference here.
 */
#ifndef RECORD_H
#define RECORD_H

#include "archive_ban.h"

/* What the calls so far have done to the table of bans. */
struct record {
	struct archive *archive;
	struct archive_change change;
	/* The jail of the row that was taken last, which is the caller's. */
	const char *row_jail;
	int64_t row_jail_id;
};

/*
 * Record n signs of one jail, ident (both valid UTF-8) and rounded second, in
 * the caller's transaction. A sign that the archive has already is passed
 * over. source: the database that has the row of the ban, 0: none. Fails with
 * db_error's codes; the caller rolls back.
 */
int record_signs(struct record *record, const char *jail, const char *ident,
    int64_t timeofban, const struct sign *signs, size_t n, int64_t source,
    struct err *e);

/* The same for a group that is loaded, and stays the caller's to free. */
int record_group(struct record *record, struct archive_group *g,
    const struct sign *signs, size_t n, int64_t source, struct err *e);

/* Record that a jail was flushed at at_us. */
int record_flush(struct record *record, const char *jail, int64_t at_us,
    struct err *e);

#endif
