/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows of columns, as list, top and stats print them: a table for people, which
 * libsmartcols fits to the terminal, or JSON Lines or CSV for programs. All
 * three come from one array of columns. Text from attackers is escaped for each
 * of them.
 *
 *	table_open(&t, &style, columns, ARRAY_LEN(columns), to, e);
 *	for each row {
 *		table_put_text(&t, COLUMN_JAIL, "sshd");
 *		table_put_number(&t, COLUMN_BANS, 12);
 *		table_end_row(&t, e);
 *	}
 *	table_close(&t, rc, e);
 */
#ifndef RENDER_TABLE_H
#define RENDER_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/err.h"

/* The most columns of a table. */
#define TABLE_COLUMNS 32

enum table_format {
	TABLE_PEOPLE,
	TABLE_JSONL, /* one object a line; NULL is null */
	TABLE_CSV,   /* a header, then records as base/csv.h has them */
};

/* The kind of a column's values; JSON and CSV have numbers as they are. */
enum column_kind {
	COLUMN_TEXT,
	COLUMN_NUMBER,
	COLUMN_TIME,	/* microseconds since the epoch; people read a date */
	COLUMN_SECONDS, /* -1: for ever; people read "1h 30m" */
	COLUMN_SHARE,	/* millionths; JSON has 0.25, people read "25 %" */
	COLUMN_BAR,	/* millionths of the longest bar; only for people */
	COLUMN_ARRAY, /* a text that is a JSON array; people read it as it is */
	COLUMN_OBJECT, /* the same for an object */
};

/* The flags of a column. */
#define COLUMN_SHOWN 1u	  /* people see it, unless --fields says otherwise */
#define COLUMN_DATA 2u	  /* so do programs */
#define COLUMN_SHRINKS 4u /* it is cut where the terminal is too narrow */

struct column {
	const char *key;     /* the key of JSON, the header of CSV */
	const char *alias;   /* another name that --fields takes, or NULL */
	const char *heading; /* what people read above the column */
	enum column_kind kind;
	unsigned flags;
	/* Without --fields it is left out of a narrower terminal. */
	size_t from_width;
	/* Its place from the left for people; equal ones go by the array. */
	int place;
	/* A column that shrinks keeps so many characters, 0: eight. */
	size_t keeps;
};

struct table_style {
	enum table_format format;
	const char
	    *fields; /* the columns by name, "jail,id"; NULL: as flagged */
	const char
	    *sort;     /* a column's name, "-" before it: descending; or NULL */
	int64_t limit; /* with sort: the most rows; -1: all */
	bool colour;
	bool utc;      /* times in UTC, not in local time */
	bool terminal; /* the output goes to a terminal */
	size_t width;  /* of the terminal, in characters; 0: any */
	int64_t now_us;
};

/* The colour of a row. */
enum table_tone { TABLE_PLAIN, TABLE_STRONG, TABLE_FAINT };

struct table;

/*
 * Print a time as people read it in a table of this style: "2026-11-23
 * 18:48:38", or, where the terminal is narrow, as ls(1) does, with the time of
 * day or the year. Returns buf.
 */
const char *table_format_time(const struct table_style *style, int64_t us,
    char buf[48]);

/*
 * Begin a table that goes to `to`. Fails with EX_USAGE for an unknown column,
 * whose nearest it names, and with EX_OSERR. The caller keeps columns and style
 * until table_close, which frees *t.
 */
int table_open(struct table **t, const struct table_style *style,
    const struct column *columns, size_t n, FILE *to, struct err *e);

/* Return true when a column is printed or sorted by, so that it is needed. */
bool table_needs(const struct table *t, size_t column);

/* Set a cell of the present row; a cell that is not set is null. */
void table_put_number(struct table *t, size_t column, int64_t v);
void table_put_text(struct table *t, size_t column, const char *s);
void table_set_tone(struct table *t, enum table_tone tone);

/* End the row. Fails with EX_OSERR, and with EX_DATAERR for JSON that is none.
 */
int table_end_row(struct table *t, struct err *e);

/* Write all rows that were ended, as far as they are not sorted. */
int table_flush(struct table *t, struct err *e);

/* Return the number of rows so far. */
int64_t table_rows(const struct table *t);

/* Write the rest, unless rc says that the command failed, and free the table.
 */
int table_close(struct table *t, int rc, struct err *e);

#endif
