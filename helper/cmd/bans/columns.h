/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The columns of a ban: the fields of ban/ban_field.h first, in their order,
 * then what people read and what is looked up. To add a column, write one line
 * in the table of ban_columns.c.
 */
#ifndef CMD_BANS_COLUMNS_H
#define CMD_BANS_COLUMNS_H

#include "cmd/bans/view.h"

enum ban_column {
	BAN_COLUMN_NUMBER = BAN_FIELDS, /* of the ban in the archive */
	BAN_COLUMN_END,			/* "active", or when it ended and why */
	BAN_COLUMN_STATE,
	BAN_COLUMN_USER, /* the user names that were tried */
	BAN_COLUMN_COUNTRY,
	BAN_COLUMN_ASN,
	BAN_COLUMN_OWNER, /* of the network with that number */
	BAN_COLUMNS
};

/*
 * Set columns to those of a ban. With databases of places, country and asn are
 * among those that programs get, and people on a wide terminal.
 */
void ban_columns(const struct view *view, struct column columns[BAN_COLUMNS]);

/* Set the cells of a row to the present ban. Fails as table_end_row. */
int ban_columns_put(struct table *table, const struct archive_cursor *ban,
    struct view *view, struct err *e);

#endif
