/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a table has: its columns, and the style in which it is printed. */
#ifndef RENDER_COLUMN_H
#define RENDER_COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
	COLUMN_SHARE,	/* millionths; JSON has 0.25, people read "25.0 %" */
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
	const char *fields; /* "jail,id": these columns; NULL: as flagged */
	const char *sort;   /* "jail", or "-jail" for downwards, or NULL */
	int64_t limit;	    /* with sort: the most rows; -1: all */
	bool colour;
	bool utc;      /* times in UTC, not in local time */
	bool terminal; /* the output goes to a terminal */
	size_t width;  /* of the terminal, in characters; 0: any */
	int64_t now_us;
};

/* The colour of a row. */
enum table_tone { TABLE_PLAIN, TABLE_STRONG };

/*
 * Print a time as people read it in a table of this style: "2026-11-23
 * 18:48:38", or, where the terminal is narrow, as ls(1) does, with the time of
 * day or the year. Returns buf.
 */
const char *column_format_time(const struct table_style *style, int64_t us,
    char buf[48]);

#endif
