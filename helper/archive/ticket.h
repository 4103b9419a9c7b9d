/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The archive's bans and sightings by their ticket: all that the archive knows
 * of one jail, ident and rounded second on one host. An event or a row of
 * fail2ban's database is compared with them. Functions that write are called
 * between archive_begin and archive_commit. Errors are db_error's.
 */
#ifndef ARCHIVE_TICKET_H
#define ARCHIVE_TICKET_H

#include <stddef.h>

#include "archive/archive.h"
#include "ban/sighting.h"

/* A row of the table jail. */
struct archive_jail {
	int64_t id;
	int64_t noted_us; /* when reban last noted an id of it; 0: never */
};

/* Load the row of the jail of that name; add it when it is missing. */
int archive_jail_get(struct archive *a, const char *name,
    struct archive_jail *jail, struct err *e);

/* Note that a jail was flushed, or that a ban of it was restored, at at_us. */
int archive_jail_flushed(struct archive *a, int64_t jail, int64_t at_us,
    struct err *e);
int archive_jail_restored(struct archive *a, int64_t jail, int64_t at_us,
    struct err *e);

struct archive_ticket {
	int64_t jail;	   /* row of the table jail */
	int64_t noted_us;  /* of that row; 0: no ban of it was banned again */
	const char *ident; /* the caller keeps it */
	const char *host;  /* the caller keeps it; NULL: this machine */
	int64_t timeofban; /* the ticket's second */
	/*
	 * The other second under which fail2ban has the ban since reban banned
	 * it again; 0: there is none.
	 */
	int64_t known_as;
	/* The second of the newest ban of that jail and ident, or UNKNOWN. */
	int64_t newest;
	bool newest_logged; /* the newest ban lives, and only logs show it */
	struct sighting *sightings;
	size_t n, room;
	char **texts; /* the addresses that the sightings point to */
	size_t texts_n, texts_room;
	/*
	 * Rows of the table ban. The first is the ban that a row of fail2ban's
	 * database with this ticket is of.
	 */
	int64_t *bans;
	size_t bans_n, bans_room;
	int64_t source; /* the database that last had its row, or UNKNOWN */
	/* A row that only logs show, which a new ban takes over; 0: none. */
	int64_t logged;
};

/*
 * Load the ticket of t's jail, ident, host and second. When there is none and
 * reban has banned the ban again under that second, its own ticket is loaded
 * instead: t->timeofban changes. The caller releases t with
 * archive_ticket_free, on failure too.
 */
int archive_ticket_load(struct archive *a, struct archive_ticket *t,
    struct err *e);
void archive_ticket_free(struct archive_ticket *t);

/*
 * Note that fail2ban now has the latest ban of t's jail and ident that began at
 * timeofban under t's second. t becomes the ticket of that ban, and is loaded.
 * Does nothing when an event or a row has shown the end of that ban.
 */
int archive_ticket_set_known_as(struct archive *a, struct archive_ticket *t,
    int64_t timeofban, struct err *e);

/*
 * Find the next ban of t's jail and ident after t's second that had not ended
 * before life_us. *next_us is its beginning, INT64_MAX when there is none.
 */
int archive_ticket_next_start(struct archive *a, const struct archive_ticket *t,
    int64_t life_us, int64_t *next_us, struct err *e);

/*
 * Find the last ban of t's jail and ident before t's second that another ban
 * may have ended: it lives, or its end is inferred and not before since_us.
 * *timeofban is its second, UNKNOWN when there is none.
 */
int archive_ticket_previous(struct archive *a, const struct archive_ticket *t,
    int64_t since_us, int64_t *timeofban, struct err *e);

/*
 * Add an empty sighting to t and return it, NULL when memory is short. The next
 * call may move it.
 */
struct sighting *archive_ticket_add(struct archive_ticket *t);

/*
 * Archive log lines and captures, JSON texts or NULL, for a sighting of t. *id
 * is their row in the table evidence; a row that t has already is used again
 * when it says the same. 0: both are NULL.
 */
int archive_ticket_add_evidence(struct archive *a,
    const struct archive_ticket *t, const char *matches, const char *captures,
    int64_t *id, struct err *e);

/*
 * Return 1 when a sighting of the archive has the log lines and captures of
 * another sighting, 0 when not, -1 on failure.
 */
int archive_ticket_has_evidence(struct archive *a,
    const struct sighting *archived, const struct sighting *sighting,
    struct err *e);

/* Note that the database with the id source has the row of a ban. */
int archive_ticket_set_source(struct archive *a, int64_t ban, int64_t source,
    struct err *e);

/*
 * Return 1 when t has a sighting of a row of fail2ban's database that says the
 * same as row, a SIGHTING_ROW with its log lines and captures; 0 when not, -1
 * on failure.
 */
int archive_ticket_has_row(struct archive *a, const struct archive_ticket *t,
    const struct sighting *row, struct err *e);

#endif
