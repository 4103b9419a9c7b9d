/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * This file keeps the lines of fail2ban's logs about one id in one jail of one
 * host (table line), and the rows of the bans that only logs show, which follow
 * from these lines (ban/bans_of_log.h). Its functions are called in the
 * caller's transaction. Errors are db_error's.
 */
#ifndef ARCHIVE_LOG_LINES_H
#define ARCHIVE_LOG_LINES_H

#include "archive/ticket_save.h"
#include "ban/bans_of_log.h"

struct archive_ident {
	int64_t jail;	   /* row of the table jail */
	const char *ident; /* as fail2ban names it: mostly an address */
	const char *host;  /* NULL: this machine */
};

/* Return 1 when the archive has a log's line, 0 when not, -1 on failure. */
int log_lines_any(struct archive *a, struct err *e);

/*
 * Add n lines about an id, in their order. *known is increased by the number of
 * those that the archive has already.
 */
int log_lines_add(struct archive *a, const struct archive_ident *of,
    const struct logged_line *lines, size_t n, int64_t *known,
    struct archive_change *change, struct err *e);

/*
 * Make the bans of an id that only logs show anew from its lines, because other
 * bans of the id have changed.
 */
int log_lines_renew(struct archive *a, const struct archive_ident *of,
    struct archive_change *change, struct err *e);

#endif
