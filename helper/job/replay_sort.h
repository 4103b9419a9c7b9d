/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sort the lines of a log by jail and id: gather them in a temporary file of
 * SQLite, and return them id by id. So the archive is written in its own order,
 * each id once, and the memory does not grow with the log. Errors are
 * db_error's.
 */
#ifndef JOB_REPLAY_SORT_H
#define JOB_REPLAY_SORT_H

#include <stddef.h>

#include "ban/bans_of_log.h"
#include "base/buffer.h"
#include "os/db.h"

struct replay_sort {
	struct db db;
	int64_t lines;	    /* the number that was put in */
	sqlite3_stmt *next; /* the sorted rows, after replay_sort_begin */
	bool more;	    /* next stands on a row */
	struct buffer of;   /* the jail, a NUL, and the id of the last line */
};

/*
 * The lines of one id in one jail, in the order of the log. The texts live
 * until the next call.
 */
struct replay_sort_lines {
	const char *jail, *ident;
	struct logged_line *lines;
	size_t n, room;
};

/* Make the temporary file. Release with replay_sort_close, on failure too. */
int replay_sort_open(struct replay_sort *s, struct err *e);
void replay_sort_close(struct replay_sort *s);

/* Put in a line about an id. */
int replay_sort_put(struct replay_sort *s, const char *jail, const char *ident,
    const struct logged_line *line, struct err *e);

/*
 * Sort what was put in. Then replay_sort_next replaces the content of of with
 * the lines of the next id: returns 1, 0 at the end, -1 on failure. of is all
 * zero before the first call, and released with replay_sort_free.
 */
int replay_sort_begin(struct replay_sort *s, struct err *e);
int replay_sort_next(struct replay_sort *s, struct replay_sort_lines *of,
    struct err *e);
void replay_sort_free(struct replay_sort_lines *of);

#endif
