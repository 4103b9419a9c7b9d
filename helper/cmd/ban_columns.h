/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The columns of a ban: the fields of ban/ban_field.h first, in their order,
 * then what people read and what is looked up. To add a column, write one line
 * in the table of ban_columns.c.
 */
#ifndef CMD_BAN_COLUMNS_H
#define CMD_BAN_COLUMNS_H

#include "archive/queries.h"
#include "render/table.h"

enum ban_column {
	BAN_COLUMN_END = BAN_FIELDS, /* "active", or when it ended and why */
	BAN_COLUMN_STATE,
	BAN_COLUMN_USER, /* the user names that were tried */
	BAN_COLUMNS
};

extern const struct column ban_columns[BAN_COLUMNS];

/* Set the cells of a row to the present ban. Fails as table_end_row. */
int ban_columns_put(struct table *table, const struct archive_cursor *ban,
    const struct table_style *style, struct err *e);

#endif
