/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bans and signs of the archive, by the group: all that is known of one
 * jail, ident and rounded second. Everything that writes is called between
 * archive_begin and archive_commit; errors are db_error's.
 */
#ifndef ARCHIVE_BAN_H
#define ARCHIVE_BAN_H

#include <stddef.h>

#include "archive.h"

struct archive_group {
	int64_t jail;	   /* row of the table jail */
	const char *ident; /* the caller's */
	int64_t timeofban;
	/* The second of the newest ban of that jail and ident, or UNKNOWN. */
	int64_t newest;
	struct sign *signs;
	size_t n;
	char **texts; /* what signs' ip points to */
	size_t texts_n;
	int64_t *bans; /* rows of the table ban */
	size_t bans_n;
};

/* The row of the jail of that name, made where missing. */
int archive_jail(struct archive *a, const char *name, int64_t *id,
    struct err *e);

/* Note that the jail was flushed, or had a ban restored, at at_us. */
int archive_jail_flushed(struct archive *a, int64_t jail, int64_t at_us,
    struct err *e);
int archive_jail_restored(struct archive *a, int64_t jail, int64_t at_us,
    struct err *e);

/* Load a group; release it with archive_group_free, on failure too. */
int archive_group_load(struct archive *a, struct archive_group *g,
    struct err *e);
void archive_group_free(struct archive_group *g);

/* Room for one more sign in g; NULL when there is no memory. */
struct sign *archive_group_add(struct archive_group *g);

/* What is saved with a group, and what that has done. */
struct archive_change {
	int64_t now_us;
	/* The database of fail2ban's that has the row of the ban, 0: none. */
	int64_t source;
	int64_t added, changed; /* bans; they count on */
};

/*
 * Save what match_bans made of g. Each sign that is not held goes in, each
 * ban is added or changed, and one that is no more is removed.
 */
int archive_group_save(struct archive *a, const struct archive_group *g,
    const struct ban *bans, size_t n, const size_t *owner,
    struct archive_change *change, struct err *e);

/*
 * Archive log lines and captures, JSON texts or NULL, for a sign of g; *id is
 * their row, the one that g has already where it says the same.
 */
int archive_add_evidence(struct archive *a, const struct archive_group *g,
    const char *matches, const char *captures, int64_t *id, struct err *e);

/*
 * When the next ban of g's jail and ident begins, behind g's second, that had
 * not ended before life_us; INT64_MAX where there is none.
 */
int archive_next_start(struct archive *a, const struct archive_group *g,
    int64_t life_us, int64_t *next_us, struct err *e);

/*
 * The second of the ban before g of its jail and ident that lives, or whose
 * end is inferred and not before since_us: another ban may have ended it.
 * UNKNOWN where there is none.
 */
int archive_previous(struct archive *a, const struct archive_group *g,
    int64_t since_us, int64_t *timeofban, struct err *e);

/* What the archive knows of a row of fail2ban's database. */
struct archive_known {
	int64_t id;	 /* the latest ban of that group; 0: there is none */
	int64_t present; /* the source that last had its row, or UNKNOWN */
	bool same;	 /* a row that says the same was seen of it */
};

/*
 * row: what the row of g's jail, ident and second says, a SIGN_ROW with its
 * lines and captures.
 */
int archive_known_row(struct archive *a, struct archive_group *g,
    const struct sign *row, struct archive_known *known, struct err *e);

/* Note that the source has the row of a ban. */
int archive_set_present(struct archive *a, int64_t ban, int64_t source,
    struct err *e);

/* The same, for the latest ban of g. */
int archive_set_present_latest(struct archive *a, const struct archive_group *g,
    int64_t source, struct err *e);

#endif
