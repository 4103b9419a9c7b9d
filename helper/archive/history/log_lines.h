/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines of fail2ban's logs about bans (table line), each once. The bans of
 * these lines follow from ban/history.h. Functions that write are called
 * between archive_begin and archive_commit. Errors are db_error's.
 */
#ifndef ARCHIVE_HISTORY_LOG_LINES_H
#define ARCHIVE_HISTORY_LOG_LINES_H

#include <stddef.h>

#include "archive/jails.h"
#include "ban/bans_of_log.h"

/* Return 1 when the archive has a log's line, 0 when not, -1 on failure. */
int log_lines_any(struct archive *a, struct err *e);

/* Return 1 when the archive has a ban of the id or a line, 0 when not, or -1.
 */
int log_lines_knows(struct archive *a, const struct archive_ident *of,
    struct err *e);

/*
 * Return 1 when a ban of the id lived at at_us, 0 when none did, -1 on failure.
 */
int log_lines_is_of_ban(struct archive *a, const struct archive_ident *of,
    int64_t at_us, struct err *e);

/*
 * Add a line about an id. *known: the archive has it already. *news: the
 * archive has learnt something, also from a line that it has: one log may show
 * a number that another log, which begins later, does not show. Of two numbers
 * the lesser one stays, so that the order of the logs makes no difference.
 */
int log_lines_add(struct archive *a, const struct archive_ident *of,
    const struct logged_line *line, bool *known, bool *news, struct err *e);

/*
 * Add n lines about an id of which the archive has no line, as log_lines_add
 * does. *known_n grows by the lines that stand twice in the list.
 */
int log_lines_add_first(struct archive *a, const struct archive_ident *of,
    const struct logged_line *lines, size_t n, int64_t *known_n, struct err *e);

struct log_lines {
	struct logged_line *list;
	size_t n, room;
};

/*
 * Add the lines about an id that were written from from_us to to_us to lines,
 * in their order. The caller frees lines->list.
 */
int log_lines_load(struct archive *a, const struct archive_ident *of,
    int64_t from_us, int64_t to_us, struct log_lines *lines, struct err *e);

#endif
