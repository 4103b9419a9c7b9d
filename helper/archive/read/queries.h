/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading bans from the archive, for list, show and export: a cursor goes from
 * ban to ban, and gives the fields of ban_field.h. Errors are db_error's.
 */
#ifndef ARCHIVE_READ_QUERIES_H
#define ARCHIVE_READ_QUERIES_H

#include "archive/archive.h"
#include "archive/filter.h"
#include "ban/ban_field.h"
#include "ban/state.h"
#include "base/buffer.h"

/* The columns beside the fields; they tell the state of a ban. */
enum archive_fact {
	ARCHIVE_FACT_LIFE,
	ARCHIVE_FACT_HELD,
	ARCHIVE_FACT_PENDING,
	ARCHIVE_FACT_FLUSHED,
	ARCHIVE_FACTS
};

struct archive_cursor {
	struct archive *archive;
	struct elsewhere *elsewhere; /* of the archive, once it was asked */
	struct archive_filter filter;
	sqlite3_stmt *statement;
	struct buffer ids;	  /* the texts that WANTED_IDS takes, JSON */
	bool inside;		  /* they are beginnings of ids */
	int columns[BAN_FIELDS];  /* the column of each field, -1: none */
	int facts[ARCHIVE_FACTS]; /* the column of each fact */
	int row;		  /* the column of the row, -1: none */
	bool sorts;    /* to open it again, all its bans are found and sorted */
	int64_t given; /* how many bans it has given so far */
	bool newest;   /* it goes from the newest ban on */
	int64_t second;	       /* of the present ban */
	bool begins;	       /* the ban before is of another second */
	bool rests;	       /* it must be opened again */
	struct buffer matches; /* the log lines of the ban, JSON */
	const char *at;	       /* the next of them; NULL: none was asked for */
	struct buffer line;
};

/*
 * Open a cursor before the first ban of the filter, from the newest or from the
 * oldest on. The archive and the filter's texts must outlive the cursor; an
 * archive has at most one cursor of each kind at a time. Unless it is whole, a
 * cursor from the newest on reads what a line has room for: fields that are
 * JSON are NULL, and a text is cut at 256 characters. Any other cursor knows
 * the row of its present ban. Close the cursor also after a failure.
 *
 * An ident or a net is looked up by an index: see archive/history/spelling.h.
 */
int archive_cursor_open_newest(struct archive_cursor *c, struct archive *a,
    const struct archive_filter *filter, bool whole, struct err *e);
int archive_cursor_open_oldest(struct archive_cursor *c, struct archive *a,
    const struct archive_filter *filter, struct err *e);

/*
 * Open a cursor, from the oldest on, for the bans that have not ended of
 * networks that hold filter->ident: larger ones than itself. It gives none when
 * the ident is no address. Otherwise it is as archive_cursor_open_oldest's.
 */
int archive_cursor_open_networks(struct archive_cursor *c, struct archive *a,
    const struct archive_filter *filter, struct err *e);

/*
 * Open a cursor for the bans that were archived after the row `after`, in this
 * order; the filter's limit counts for nothing. archive_cursor_row is the row
 * of the present ban, its number.
 */
int archive_cursor_open_after(struct archive_cursor *c, struct archive *a,
    const struct archive_filter *filter, int64_t after, struct err *e);
int64_t archive_cursor_row(const struct archive_cursor *c);

/*
 * Open a cursor for the bans whose rev is greater than after and at most upto,
 * in the order of their revs; the filter is to want all. archive_cursor_row is
 * the id of the present ban. Otherwise it is as archive_cursor_open_after's.
 */
int archive_cursor_open_changes(struct archive_cursor *c, struct archive *a,
    const struct archive_filter *filter, int64_t after, int64_t upto,
    struct err *e);

/*
 * Set *row so that exactly the last n of the bans that were archived before
 * before_us have later rows; 0 where there are no more than n.
 */
int archive_row_before(struct archive *a, int64_t n, int64_t before_us,
    int64_t *row, struct err *e);

/*
 * Set *more to whether more than n bans may be inside of a network. It is false
 * for a network that no index finds: see archive/history/spelling.h.
 */
int archive_net_has_more(struct archive *a, const struct address *net,
    int64_t n, bool *more, struct err *e);

void archive_cursor_close(struct archive_cursor *c);

/*
 * Return 1 when the present ban may be one that became anonymous, whose id then
 * is a network of its address (ban/anonymous.h); 0 when it is not, or -1. An
 * ended ban from an export that has no log lines looks the same.
 */
int archive_cursor_may_be_anonymous(const struct archive_cursor *c,
    struct err *e);

/* Go to the next ban; return 1, 0 after the last one, -1 on failure. */
int archive_cursor_next(struct archive_cursor *c, struct err *e);

/*
 * Let go of the archive, if the present ban is the first one of its second: the
 * next archive_cursor_next gives it again. Whoever waits for another process
 * between two bans must do this, because SQLite keeps the pages of the WAL for
 * a statement that has not ended. Returns false within a second, whose bans are
 * read at once, so that none is given twice. (SQLite: Write-Ahead Logging,
 * "Avoiding Excessively Large WAL Files".)
 */
bool archive_cursor_rest(struct archive_cursor *c);

/* Return the state of the present ban at the filter's now_us. */
enum ban_state archive_cursor_state(const struct archive_cursor *c);

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
