/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sort the lines of a log by jail and id: gather them in memory, sort a few
 * megabytes at a time into a temporary file of SQLite, and merge these runs id
 * by id. So the archive is written in its own order, each id once, and the
 * memory grows by less than a thousandth of the log. Errors are db_error's.
 */
#ifndef JOB_REPLAY_SORT_H
#define JOB_REPLAY_SORT_H

#include <stddef.h>

#include "ban/bans_of_log.h"
#include "base/buffer.h"
#include "os/db.h"

/* The most bytes that are gathered before they are sorted into the file. */
#define REPLAY_SORT_GATHERED ((size_t)6 * 1024 * 1024)

/* A part of the lines in the file, which is sorted. */
struct replay_sort_run {
	int64_t next, end;  /* the pieces of the file that are not read yet */
	struct buffer read; /* the piece that is being read */
	size_t at;	    /* the next line in it */
};

struct replay_sort {
	struct db db;
	int64_t lines;		/* the number that was put in */
	struct buffer gathered; /* lines that are not in the file yet, */
	size_t gathered_n;	/* and their number */
	int64_t pieces;		/* the file has so many */
	struct replay_sort_run *runs;
	size_t runs_n, runs_room;
	size_t *heap; /* runs that have a line left; the least line is first */
	size_t heap_n;
	struct buffer of; /* the jail, a NUL, and the id that came last */
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
