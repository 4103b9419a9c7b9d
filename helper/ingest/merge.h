/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Merge new sightings into the archive: load the stretch of the id's history
 * that they can touch, decide by the rules of ban/history.h, save the changes.
 * A sighting is treated the same, whether it comes from an action, the spool,
 * fail2ban's database, a log or another archive.
 */
#ifndef INGEST_MERGE_H
#define INGEST_MERGE_H

#include "archive/history/history.h"
#include "archive/history/save.h"
#include "archive/jails.h"

/*
 * Return 1 when a ban of an id that the archive lacks is not to be added, 0
 * when it is, -1 on failure. ip is its address where that is not the id, else
 * NULL. at_us is when it began, or when a log's line of it was written.
 */
typedef int merge_refuse_fn(void *context, const struct archive_ident *of,
    const char *ip, int64_t at_us, struct err *e);

/* The values that all calls of a transaction share, and their changes. */
struct merge {
	struct archive *archive;
	struct archive_change change;
	/* Bans whose time was up by then are over; 0: by change.now_us. */
	int64_t trusted_us;
	const char *host; /* whose bans these are; NULL: this machine's */
	merge_refuse_fn *refuse; /* or NULL: every ban is added */
	void *refuse_context;
	int64_t refused; /* sightings and lines, to which calls add */
	enum { LINES_UNKNOWN, LINES_SOME, LINES_NONE } lines; /* of logs */
	/* The row that was taken last, whose texts are the caller's. */
	const char *row_jail, *row_ident;
	int64_t row_timeofban;
	struct archive_jail row_jail_row;
	bool left_out; /* the row that was taken last was left out */
	bool is_first; /* the archive has no ban of the ids that come */
	/*
	 * In the whole transaction nothing but merge_log_lines gives out a rev.
	 * next_rev is the next one, 0: the archive is asked.
	 */
	bool only_lines;
	int64_t next_rev;
};

/*
 * Merge n sightings of one ticket (jail and ident are valid UTF-8) in the
 * caller's transaction. A sighting that the archive has already is skipped, and
 * so is one of a ban that merge->refuse refuses.
 * source: the database that has the row of the ban, 0: none. Fails with
 * db_error's codes; the caller rolls back.
 */
int merge_sightings(struct merge *merge, const char *jail, const char *ident,
    const struct sighting *sightings, size_t n, int64_t source, struct err *e);

/* A ticket to which sightings are merged, and the history around it. */
struct merge_ticket {
	struct archive_ident of;
	/* When reban last noted an id of the jail; 0: never. */
	int64_t noted_us;
	int64_t timeofban; /* the ticket's second */
	/*
	 * The other second under which fail2ban has the ban since reban banned
	 * it again; 0: there is none.
	 */
	int64_t known_as;
	/*
	 * When a fresh ban is made, in the order of the id's bans, where the
	 * clock was set back; 0: by its own time.
	 */
	int64_t made_us;
	bool is_known; /* the archive has a ban of the id */
	bool has_ban;  /* an event, a row or an import has shown one of it */
	struct archive_span span;
	struct archive_history history;
};

/*
 * Load the ticket of a sighting in a jail. When the archive has no ban of it,
 * but reban has banned one again under that second, that one's ticket is loaded
 * instead. The caller releases t with merge_close, on failure too.
 */
int merge_open(struct merge *merge, struct merge_ticket *t,
    const struct archive_jail *jail, const char *ident,
    const struct sighting *first, struct err *e);
void merge_close(struct merge_ticket *t);

/*
 * Find out whether the archive has a sighting of a row that says the same as
 * row, a SIGHTING_ROW with its log lines and captures: *has. If so, note that
 * the database with the id source has the row. merge_has_row needs no ticket:
 * most rows are known, and this is all that they cost. merge_has_row_of knows
 * the ticket of a ban that reban banned again.
 */
int merge_has_row(struct merge *merge, const struct archive_jail *jail,
    const char *ident, const struct sighting *row, int64_t source, bool *has,
    struct err *e);
int merge_has_row_of(struct merge *merge, const struct merge_ticket *t,
    const struct sighting *row, int64_t source, bool *has, struct err *e);

/* Do as merge_sightings, for a ticket that is open. */
int merge_add(struct merge *merge, struct merge_ticket *t,
    const struct sighting *sightings, size_t n, int64_t source, struct err *e);

/*
 * Merge n lines of a log about one jail and ident, in the order in which they
 * stand there; their moments may be changed (bans_of_log_order). *known counts
 * on by those that the archive has already. Fails as merge_sightings.
 */
int merge_log_lines(struct merge *merge, const struct archive_jail *jail,
    const char *ident, struct logged_line *lines, size_t n, int64_t *known,
    struct err *e);

/* Note that a jail was flushed at at_us. Fails as merge_sightings. */
int merge_flush(struct merge *merge, const char *jail, int64_t at_us,
    struct err *e);

#endif
