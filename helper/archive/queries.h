/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading bans from the archive, for list, show and export: a cursor goes from
 * ban to ban, and gives the fields of ban_field.h. Errors are db_error's.
 */
#ifndef ARCHIVE_QUERIES_H
#define ARCHIVE_QUERIES_H

#include "archive/archive.h"
#include "ban/ban_field.h"
#include "base/buffer.h"

/* The bans that are wanted; all conditions must hold. */
struct archive_filter {
	const char *jail, *ident;   /* NULL: any; ident is an address too */
	int64_t since_us, until_us; /* begun in [since, until); UNKNOWN: any */
	bool active;		    /* only bans that have not ended */
	int64_t limit;		    /* the most bans, -1: all; newest only */
};

/* A filter that takes every ban. */
#define ARCHIVE_FILTER_ALL \
	{ \
		.since_us = UNKNOWN, .until_us = UNKNOWN, .limit = -1 \
	}

struct archive_cursor {
	struct archive *archive;
	sqlite3_stmt *statement;
	int columns[BAN_FIELDS]; /* the column of each field, -1: none */
	struct buffer matches;	 /* the log lines of the ban, JSON */
	const char *at; /* the next of them; NULL: none was asked for */
	struct buffer line;
};

/*
 * Open a cursor before the first ban: the newest ban of the filter, the oldest,
 * or the oldest of one id or address. The archive and the filter's texts must
 * outlive the cursor; an archive has at most one cursor of each kind at a time.
 * From the newest on, fields that are JSON are not read: they are NULL. Close
 * the cursor also after a failure.
 */
int archive_cursor_open_newest(struct archive_cursor *c, struct archive *a,
    const struct archive_filter *filter, struct err *e);
int archive_cursor_open_oldest(struct archive_cursor *c, struct archive *a,
    const struct archive_filter *filter, struct err *e);
int archive_cursor_open_ident(struct archive_cursor *c, struct archive *a,
    const char *ident, struct err *e);
void archive_cursor_close(struct archive_cursor *c);

/* Go to the next ban; return 1, 0 after the last one, -1 on failure. */
int archive_cursor_next(struct archive_cursor *c, struct err *e);

/*
 * Return a field of the present ban: the text of a field that is no number,
 * valid until the next archive_cursor_next, or NULL; or the number, or UNKNOWN.
 */
const char *archive_cursor_text(const struct archive_cursor *c,
    enum ban_field field);
int64_t archive_cursor_number(const struct archive_cursor *c,
    enum ban_field field);

/*
 * Point *line at the next log line of the present ban; it is valid until the
 * next call. Returns 1, 0 after the last one, -1 with EX_DATAERR when its
 * matches are no JSON array, and with EX_OSERR.
 */
int archive_cursor_next_line(struct archive_cursor *c, const char **line,
    struct err *e);

#endif
