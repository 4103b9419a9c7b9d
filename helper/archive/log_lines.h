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
 * Keep n lines; those that the archive has already are passed over. *known:
 * how many those were, counted on.
 */
int log_lines_add(struct archive *a, const struct archive_ident *of,
    const struct logged_line *lines, size_t n, int64_t *known,
    struct archive_change *change, struct err *e);

/* Other bans of the id have changed: do the lines tell the same still? */
int log_lines_renew(struct archive *a, const struct archive_ident *of,
    struct archive_change *change, struct err *e);

#endif
