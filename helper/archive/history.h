/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What fail2ban's logs tell of one id in one jail into the archive: the lines
 * are kept, and the bans that only they tell of follow from them
 * (ban/bans_of_log.h). Called in the caller's transaction; errors are
 * db_error's.
 */
#ifndef ARCHIVE_HISTORY_H
#define ARCHIVE_HISTORY_H

#include "archive/log_lines.h"

/*
 * Keep n lines; those that the archive has already are passed over. *known:
 * how many those were, counted on.
 */
int history_add(struct archive *a, const struct archive_ident *of,
    const struct logged_line *lines, size_t n, int64_t *known,
    struct archive_change *change, struct err *e);

/* Other bans of the id have changed: do the lines tell the same still? */
int history_renew(struct archive *a, const struct archive_ident *of,
    struct archive_change *change, struct err *e);

#endif
