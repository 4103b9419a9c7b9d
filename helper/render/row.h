/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A row of a table, and the two ways to write it: see render/table.h. */
#ifndef RENDER_ROW_H
#define RENDER_ROW_H

#include <stdio.h>

#include "base/buffer.h"
#include "base/err.h"
#include "render/column.h"

struct table;

struct cell {
	bool set; /* false: null */
	int64_t number;
	size_t text; /* where the text begins in the row's texts */
};

/* The cells of all columns, also of those that are not printed. */
struct row {
	struct cell *cells;
	struct buffer texts; /* each ends with a NUL */
	enum table_tone tone;
	const struct table *table;
	int64_t number; /* counts the rows of the table */
};

/* Return true when a column's cells are texts, not numbers. */
bool row_has_text(const struct column *column);

/* Return the text of a cell, NULL: null. */
const char *row_text(const struct row *row, size_t column);

/* The columns that are printed, in their order. */
struct table_shown {
	const struct column *columns;
	size_t which[TABLE_COLUMNS];
	size_t n;
	FILE *to;
	const struct table_style *style;
};

/*
 * Write the header of CSV, or nothing; write a row as JSON or CSV. The row is
 * collected in out. Fails as table_end_row does.
 */
void records_header(const struct table_shown *shown);
int records_row(const struct table_shown *shown, const struct row *row,
    struct buffer *out, struct err *e);

/*
 * Rows for people. They are collected, and written when there are many or
 * people_flush is called: their widths come from the rows that are written at
 * once, and never shrink. people_close frees. Fail with EX_OSERR.
 */
struct people;

int people_open(struct people **people, const struct table_shown *shown,
    struct err *e);
int people_row(struct people *p, const struct row *row, struct err *e);
int people_flush(struct people *p, struct err *e);
void people_close(struct people *p);

#endif
