/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of a log, gathered in a temporary file of SQLite's and given back by
 * the id: the archive is written in the order of its own, each id once, and the
 * memory does not grow with the log. Errors are db_error's.
 */
#ifndef JOB_STAGE_H
#define JOB_STAGE_H

#include <stddef.h>

#include "os/db.h"
#include "ban/bans_of_log.h"

struct stage {
	struct db db;
	sqlite3_stmt *next; /* the rows in their order, after stage_begin */
	bool more;	    /* it stands on a row */
	int64_t lines;	    /* that were put in */
};

/* The lines of one id in one jail, in their order. */
struct stage_lines {
	char *jail, *ident;
	struct logged_line *lines;
	size_t n, room;
};

/* Begin to gather. Release with stage_close, on failure too. */
int stage_open(struct stage *s, struct err *e);
void stage_close(struct stage *s);

int stage_put(struct stage *s, const char *jail, const char *ident,
    const struct logged_line *line, struct err *e);

/*
 * All is gathered. stage_next has the lines of the next id in of: 1, 0 at the
 * end, -1. of begins as all zero, and is released with stage_free.
 */
int stage_begin(struct stage *s, struct err *e);
int stage_next(struct stage *s, struct stage_lines *of, struct err *e);
void stage_free(struct stage_lines *of);

#endif
