/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * New sightings into the archive: load what is known of the ban, let
 * ban/same_ban.h say what follows, save the difference. Whether they come from
 * an action, the spool or fail2ban's database makes no difference here.
 */
#ifndef INGEST_MERGE_H
#define INGEST_MERGE_H

#include "archive/ticket.h"
#include "archive/ticket_save.h"
#include "ban/bans_of_log.h"

/* What the calls so far have done to the table of bans. */
struct merge {
	struct archive *archive;
	struct archive_change change;
	const char *host; /* whose bans these are; NULL: this machine's */
	/*
	 * Whether each change asks what logs told of the id. An event only does
	 * where it must: no log is ahead of it.
	 */
	bool thorough;
	enum { LINES_UNKNOWN, LINES_SOME, LINES_NONE } lines; /* of logs */
	/* The jail of the row that was taken last, which is the caller's. */
	const char *row_jail;
	struct archive_jail row_jail_row;
};

/*
 * Record n sightings of one jail, ident (both valid UTF-8) and rounded second,
 * in the caller's transaction. A sighting that the archive has already is
 * passed over. source: the database that has the row of the ban, 0: none. Fails
 * with db_error's codes; the caller rolls back.
 */
int merge_sightings(struct merge *merge, const char *jail, const char *ident,
    int64_t timeofban, const struct sighting *sightings, size_t n,
    int64_t source, struct err *e);

/* The same for a ticket that is loaded, and stays the caller's to free. */
int merge_ticket(struct merge *merge, struct archive_ticket *t,
    const struct sighting *sightings, size_t n, int64_t source, struct err *e);

/*
 * What the sighting says of t, where t is known to fail2ban under another
 * second than its own: the ban goes on.
 */
void merge_adapt(const struct archive_ticket *t, struct sighting *sighting);

/*
 * Record n lines of a log about one jail and ident, in their order. *known is
 * counted on by those that the archive has already.
 */
int merge_log_lines(struct merge *merge, const struct archive_jail *jail,
    const char *ident, const struct logged_line *lines, size_t n,
    int64_t *known, struct err *e);

/* Record that a jail was flushed at at_us. */
int merge_flush(struct merge *merge, const char *jail, int64_t at_us,
    struct err *e);

#endif
