/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows of columns, as list, top and stats print them: a table for people, which
 * libsmartcols fits to the terminal, or JSON Lines or CSV for programs. All
 * three come from one array of columns. Text from attackers is escaped for each
 * of them.
 *
 *	table_open(&t, &style, columns, ARRAY_LEN(columns), to, e);
 *	for each row {
 *		table_put_text(t, COLUMN_JAIL, "sshd");
 *		table_put_number(t, COLUMN_BANS, 12);
 *		table_end_row(t, e);
 *	}
 *	table_close(t, rc, e);
 */
#ifndef RENDER_TABLE_H
#define RENDER_TABLE_H

#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "render/column.h"

struct table;

/*
 * Begin a table that goes to `to`. Fails with EX_USAGE for an unknown column,
 * whose nearest it names, and with EX_OSERR. The caller keeps columns and style
 * until table_close, which frees *table.
 */
int table_open(struct table **table, const struct table_style *style,
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
