/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people and programs read from the archive. Each function hands row
 * after row to a callback; the texts in it live until that returns. A callback
 * that returns -1 ends the reading.
 */
#ifndef ARCHIVE_QUERIES_H
#define ARCHIVE_QUERIES_H

#include "archive/archive.h"

/* Which bans are wanted. */
struct archive_wanted {
	const char *jail, *ident;   /* NULL: any; ident is an address too */
	int64_t since_us, until_us; /* UNKNOWN: any; from since, before until */
	bool active;		    /* only those that have not ended */
	int64_t limit;		    /* -1: all; archive_list only */
};

/* A ban as the view "bans" has it; texts may be NULL, numbers UNKNOWN. */
struct archive_row {
	const char *jail, *ident, *ip, *host;
	int64_t since_us, seconds, bancount, failures;
	const char *origin, *seen; /* seen: a JSON array */
	int64_t ended_us;
	const char *ended_why;
	int64_t restored;
	const char *captures; /* a JSON object */
};

typedef int archive_row_fn(void *to, const struct archive_row *row);
typedef int archive_text_fn(void *to, const char *text);

/*
 * What export writes of a ban, in its order; the manual explains each. A JSON
 * text is an array or an object.
 */
struct archive_column {
	const char *name;
	enum { ARCHIVE_TEXT, ARCHIVE_NUMBER, ARCHIVE_JSON } type;
};

#define ARCHIVE_COLUMNS 18
extern const struct archive_column archive_columns[ARCHIVE_COLUMNS];

/* The value of one of them: a number, or a text or JSON. */
struct archive_value {
	const char *text; /* NULL: not known */
	int64_t number;	  /* UNKNOWN */
};

/* values has ARCHIVE_COLUMNS of them. */
typedef int archive_values_fn(void *to, const struct archive_value *values);

/* The newest first. */
int archive_list(struct archive *a, const struct archive_wanted *wanted,
    archive_row_fn *fn, void *to, struct err *e);

/*
 * All bans of one id or address, the oldest first; after each row its log
 * lines go to line, one by one.
 */
int archive_show(struct archive *a, const char *ident, archive_row_fn *fn,
    archive_text_fn *line, void *to, struct err *e);

/* Each ban as one line of JSON, the oldest first. */
int archive_export(struct archive *a, const struct archive_wanted *wanted,
    archive_text_fn *fn, void *to, struct err *e);

/* The same as values. */
int archive_export_columns(struct archive *a,
    const struct archive_wanted *wanted, archive_values_fn *fn, void *to,
    struct err *e);

#endif
