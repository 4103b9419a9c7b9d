/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of a log, gathered in a temporary file of SQLite's and given back by
 * the id: the archive is written in the order of its own, each id once, and the
 * memory does not grow with the log. Errors are db_error's.
 */
#ifndef JOB_REPLAY_SORT_H
#define JOB_REPLAY_SORT_H

#include <stddef.h>

#include "os/db.h"
#include "ban/bans_of_log.h"

struct replay_sort {
	struct db db;
	sqlite3_stmt
	    *next;     /* the rows in their order, after replay_sort_begin */
	bool more;     /* it stands on a row */
	int64_t lines; /* that were put in */
};

/* The lines of one id in one jail, in their order. */
struct replay_sort_lines {
	char *jail, *ident;
	struct logged_line *lines;
	size_t n, room;
};

/* Begin to gather. Release with replay_sort_close, on failure too. */
int replay_sort_open(struct replay_sort *s, struct err *e);
void replay_sort_close(struct replay_sort *s);

int replay_sort_put(struct replay_sort *s, const char *jail, const char *ident,
    const struct logged_line *line, struct err *e);

/*
 * All is gathered. replay_sort_next has the lines of the next id in of: 1, 0 at
 * the end, -1. of begins as all zero, and is released with replay_sort_free.
 */
int replay_sort_begin(struct replay_sort *s, struct err *e);
int replay_sort_next(struct replay_sort *s, struct replay_sort_lines *of,
    struct err *e);
void replay_sort_free(struct replay_sort_lines *of);

#endif
