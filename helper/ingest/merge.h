/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Merge new sightings into the archive: load what it has of their ticket,
 * decide by the rules of ban/, save the changes. A sighting is treated the
 * same, whether it comes from an action, the spool or fail2ban's database.
 */
#ifndef INGEST_MERGE_H
#define INGEST_MERGE_H

#include "archive/ticket.h"
#include "archive/ticket_save.h"
#include "ban/bans_of_log.h"

/* The values that all calls of a transaction share, and their changes. */
struct merge {
	struct archive *archive;
	struct archive_change change;
	/* Bans whose time was up by then are over; 0: by change.now_us. */
	int64_t trusted_us;
	const char *host; /* whose bans these are; NULL: this machine's */
	/*
	 * Each change is compared with the logs' lines. Events leave this to
	 * the next run unless the ban may already be known from a log: hardly
	 * any log is ahead of an event.
	 */
	bool thorough;
	enum { LINES_UNKNOWN, LINES_SOME, LINES_NONE } lines; /* of logs */
	/* The jail of the row that was taken last, which is the caller's. */
	const char *row_jail;
	struct archive_jail row_jail_row;
};

/*
 * Merge n sightings of one ticket (jail and ident are valid UTF-8, timeofban is
 * its rounded second) in the caller's transaction. A sighting that the archive
 * has already is skipped. source: the database that has the row of the ban, 0:
 * none. Fails with db_error's codes; the caller rolls back.
 */
int merge_sightings(struct merge *merge, const char *jail, const char *ident,
    int64_t timeofban, const struct sighting *sightings, size_t n,
    int64_t source, struct err *e);

/* Do the same for a ticket that the caller has loaded and will free. */
int merge_ticket(struct merge *merge, struct archive_ticket *t,
    const struct sighting *sightings, size_t n, int64_t source, struct err *e);

/*
 * Change a sighting of a ban that fail2ban knows under another second than t's,
 * because reban banned it again: it then speaks of t, which goes on. Other
 * tickets' sightings stay as they are.
 */
void merge_adapt(const struct archive_ticket *t, struct sighting *sighting);

/*
 * Merge n lines of a log about one jail and ident, in their order. *known
 * counts on by those that the archive has already. Fails as merge_sightings.
 */
int merge_log_lines(struct merge *merge, const struct archive_jail *jail,
    const char *ident, const struct logged_line *lines, size_t n,
    int64_t *known, struct err *e);

/* Note that a jail was flushed at at_us. Fails as merge_sightings. */
int merge_flush(struct merge *merge, const char *jail, int64_t at_us,
    struct err *e);

#endif
