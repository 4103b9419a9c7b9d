/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What logs told of one id in one jail of a host (NULL: this machine), and the
 * rows of the bans that only they tell of. What writes is called between
 * archive_begin and archive_commit; errors are db_error's.
 */
#ifndef ARCHIVE_LOG_LINES_H
#define ARCHIVE_LOG_LINES_H

#include "archive/ticket_save.h"
#include "ban/bans_of_log.h"

struct archive_ident {
	int64_t jail; /* row of the table jail */
	const char *ident, *host;
};

/* Whether there is any line at all: 1, 0 or -1. */
int log_lines_any(struct archive *a, struct err *e);

/*
 * The lines of an id in their order; the caller frees *lines. room: for how
 * many more there is to be room behind them.
 */
int log_lines_load(struct archive *a, const struct archive_ident *of,
    size_t room, struct logged_line **lines, size_t *n, struct err *e);

int log_lines_add(struct archive *a, const struct archive_ident *of,
    const struct logged_line *line, struct err *e);

/* Write anew what is known of a line that the archive has. */
int log_lines_set(struct archive *a, const struct archive_ident *of,
    const struct logged_line *line, struct err *e);

/* What the archive has of an id; release with log_lines_free. */
struct archive_bans {
	struct witnessed_ban *seen; /* somebody better has seen them */
	size_t seen_n;
	int64_t newest;	    /* row of the one that began last, 0: none */
	struct ban *logged; /* only logs tell of them; id is their row */
	size_t logged_n;
};

int log_lines_bans(struct archive *a, const struct archive_ident *of,
    struct archive_bans *bans, struct err *e);
void log_lines_free(struct archive_bans *bans);

/*
 * Make rows of n bans, in place of those that there are; what is as it was is
 * not touched. Those that are no more are removed, and what stays gets a later
 * rev.
 */
int log_lines_save(struct archive *a, const struct archive_ident *of,
    const struct archive_bans *before, const struct ban *bans, size_t n,
    struct archive_change *change, struct err *e);

#endif
