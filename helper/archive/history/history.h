/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stretch of the history of one id (ban/history.h) as the archive has it: the
 * bans that fail2ban made from one moment to another, some more on either side,
 * their sightings, and the lines of logs of that time. So an event of an id
 * with thousands of bans costs what that of any other id does. Functions that
 * write are called between archive_begin and archive_commit. Errors are
 * db_error's.
 */
#ifndef ARCHIVE_HISTORY_HISTORY_H
#define ARCHIVE_HISTORY_HISTORY_H

#include <stddef.h>

#include "archive/history/log_lines.h"
#include "archive/jails.h"
#include "ban/history.h"

/* A row of the table ban: the fields that its sightings may change. */
struct archive_history_row {
	struct ban ban; /* without ip, evidence, seen; the texts are NULL */
	int64_t source; /* the database that last had its row, or UNKNOWN */
	bool inner;	/* it lies within the stretch, not beside it */
};

struct archive_history {
	struct archive_ident of;
	struct archive_history_row *rows; /* in the order of their making */
	struct history_row *known;	  /* the same rows for ban/history */
	size_t rows_n, rows_room, known_room;
	struct sighting *sightings;
	size_t n, room;
	char **texts; /* the addresses that the sightings point to */
	size_t texts_n, texts_room;
	struct log_lines lines;
	int64_t *flushes;
	size_t flushes_n, flushes_room;
	bool begins, ends; /* no ban was made before, or after, the stretch */
};

/* A ticket, as a sighting shows it. */
struct archive_ticket {
	int64_t timeofban; /* its rounded second */
	int64_t since_us;  /* its exact time, UNKNOWN: that is not known */
	bool imported;	   /* an import shows it */
};

/* The time that a stretch must hold, both ends included. */
struct archive_span {
	int64_t from_us, to_us;
	struct archive_ticket held; /* all bans of it are within; 0: none */
};

/* Widen the span so that it holds a moment. */
void archive_span_add(struct archive_span *span, int64_t us);

/*
 * Widen the span so that it holds the bans of a ticket: those of its second; of
 * an exact time only those that may be its. For an import, the bans that only
 * imports show are left out.
 */
int archive_history_widen(struct archive *a, const struct archive_ident *of,
    const struct archive_ticket *ticket, struct archive_span *span,
    struct err *e);

/* The ban that has a number among those of one time, or the last before it. */
struct archive_numbered {
	int64_t made_us;
	bool own;     /* it has that number, and an event or a row shows it */
	bool sighted; /* of a ban of that time more than a log is known */
};

/*
 * Find the ban with the number nth among those of a time. Return 1, 0 when
 * there is none up to that number, -1 on failure.
 */
int archive_history_find_number(struct archive *a,
    const struct archive_ident *of, int64_t timeofban, int64_t since_us,
    int64_t nth, struct archive_numbered *found, struct err *e);

/*
 * Set *made_us to when the last ban of a second was made of those that only
 * imports, or rows of another database, show; UNKNOWN: there is none.
 */
int archive_history_last_imported(struct archive *a,
    const struct archive_ident *of, int64_t timeofban, int64_t *made_us,
    struct err *e);

/*
 * Load the bans that were made within the span, and beside more on either side;
 * with_lines: with the lines of logs. h->of is set. The caller releases h with
 * archive_history_free, on failure too.
 */
int archive_history_load(struct archive *a, struct archive_history *h,
    const struct archive_span *span, int64_t beside, bool with_lines,
    struct err *e);
void archive_history_free(struct archive_history *h);

/*
 * Load only the bans of one second, in no order, for a look at their sightings:
 * no bans can be made of them. Release as archive_history_load.
 */
int archive_history_load_second(struct archive *a, struct archive_history *h,
    int64_t timeofban, struct err *e);

/*
 * Return true for a row at the edge of a stretch that does not reach to that
 * end of the history. It is known what is inside of it, and not what is beyond,
 * so it stays as it is.
 */
bool archive_history_is_anchor(const struct archive_history *h, size_t row);

/*
 * Add an empty sighting to h and return it, NULL when memory is short. The next
 * call may move it.
 */
struct sighting *archive_history_add(struct archive_history *h);

/* Set *made_us to when the id's last ban was made, or UNKNOWN. */
int archive_history_last(struct archive *a, const struct archive_ident *of,
    int64_t *made_us, struct err *e);

/*
 * Find the second of the ban that fail2ban has under another second, known_as,
 * since reban banned it again. *timeofban is UNKNOWN when there is none.
 */
int archive_history_find_known_as(struct archive *a,
    const struct archive_ident *of, int64_t known_as, int64_t *timeofban,
    struct err *e);

/*
 * Note that fail2ban now has the latest ban of timeofban under the second
 * known_as. Sets *noted to false, and changes nothing, when there is no such
 * ban, or when an event or a row has shown its end.
 */
int archive_history_set_known_as(struct archive *a,
    const struct archive_ident *of, int64_t timeofban, int64_t known_as,
    bool *noted, struct err *e);

#endif
