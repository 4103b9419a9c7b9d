/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bans and sightings of the archive, by the ticket: all that is known of
 * one jail, ident and rounded second. Everything that writes is called between
 * archive_begin and archive_commit; errors are db_error's.
 */
#ifndef ARCHIVE_TICKET_H
#define ARCHIVE_TICKET_H

#include <stddef.h>

#include "archive/archive.h"
#include "ban/sighting.h"

/* A row of the table jail. */
struct archive_jail {
	int64_t id;
	int64_t noted_us; /* when an id was last handed to fail2ban, 0: never */
};

/* The row of the jail of that name, made where missing. */
int archive_jail_get(struct archive *a, const char *name,
    struct archive_jail *jail, struct err *e);

/* Note that the jail was flushed, or had a ban restored, at at_us. */
int archive_jail_flushed(struct archive *a, int64_t jail, int64_t at_us,
    struct err *e);
int archive_jail_restored(struct archive *a, int64_t jail, int64_t at_us,
    struct err *e);

struct archive_ticket {
	int64_t jail;	   /* row of the table jail */
	int64_t noted_us;  /* of that row; 0: no ban of it was banned again */
	const char *ident; /* the caller's */
	const char *host;  /* the caller's; NULL: this machine */
	int64_t timeofban;
	/*
	 * The second under which it was asked for, where that is not its own
	 * timeofban: fail2ban has it so since it was banned again. Else 0.
	 */
	int64_t known_as;
	/* The second of the newest ban of that jail and ident, or UNKNOWN. */
	int64_t newest;
	bool newest_logged; /* that one lives, and only logs tell of it */
	struct sighting *sightings;
	size_t n, room;
	char **texts; /* what sightings' ip points to */
	size_t texts_n, texts_room;
	/* Rows of the table ban; the one that a row of the ticket is of first.
	 */
	int64_t *bans;
	size_t bans_n, bans_room;
	int64_t source; /* the source that last had the row of that, UNKNOWN */
	int64_t logged; /* a row that only logs tell of, which a new ban takes
			   over; 0: there is none */
};

/*
 * Load a ticket by its second, its own or the one that it is known as; release
 * it with archive_ticket_free, on failure too.
 */
int archive_ticket_load(struct archive *a, struct archive_ticket *t,
    struct err *e);
void archive_ticket_free(struct archive_ticket *t);

/*
 * fail2ban has the latest ban of t's jail and ident that began at timeofban,
 * under t's second now: t becomes the ticket of that ban, and is loaded. But
 * nothing is done where somebody has seen that ban end.
 */
int archive_ticket_set_known_as(struct archive *a, struct archive_ticket *t,
    int64_t timeofban, struct err *e);

/*
 * When the next ban of t's jail and ident begins, behind t's second, that had
 * not ended before life_us; INT64_MAX where there is none.
 */
int archive_ticket_next_start(struct archive *a, const struct archive_ticket *t,
    int64_t life_us, int64_t *next_us, struct err *e);

/*
 * The second of the ban before t of its jail and ident that lives, or whose
 * end is inferred and not before since_us: another ban may have ended it.
 * UNKNOWN where there is none.
 */
int archive_ticket_previous(struct archive *a, const struct archive_ticket *t,
    int64_t since_us, int64_t *timeofban, struct err *e);

/* Room for one more sighting in t; NULL when there is no memory. */
struct sighting *archive_ticket_add(struct archive_ticket *t);

/*
 * Archive log lines and captures, JSON texts or NULL, for a sighting of t; *id
 * is their row, the one that t has already where it says the same.
 */
int archive_ticket_add_evidence(struct archive *a,
    const struct archive_ticket *t, const char *matches, const char *captures,
    int64_t *id, struct err *e);

/* Whether a sighting of the archive has the lines and captures of another. */
int archive_ticket_has_evidence(struct archive *a,
    const struct sighting *archived, const struct sighting *sighting,
    struct err *e);

/* Note that the source has the row of a ban. */
int archive_ticket_set_source(struct archive *a, int64_t ban, int64_t source,
    struct err *e);

/*
 * Whether a row of fail2ban's database that says the same was seen of t: row
 * is a SIGHTING_ROW with its lines and captures. 1, 0 or -1.
 */
int archive_ticket_has_row(struct archive *a, const struct archive_ticket *t,
    const struct sighting *row, struct err *e);

#endif
