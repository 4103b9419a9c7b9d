/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban/fail2ban_row.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/timestamp.h"
#include "base/utf8.h"

#define NAME_BYTES (4 * 1024 * 1024)

/* The column that says so of a row of "bips"; the other tables have none. */
#define TWIN 8

bool
fail2ban_row_number(sqlite3_stmt *st, int i, int64_t *v)
{
	double d;

	switch (sqlite3_column_type(st, i)) {
	case SQLITE_INTEGER:
		*v = sqlite3_column_int64(st, i);
		return true;
	case SQLITE_FLOAT:
		d = sqlite3_column_double(st, i);
		if (!(d > -9e18 && d < 9e18))
			return false;
		*v = (int64_t)d;
		return true;
	default:
		return false;
	}
}

/*
 * An <F-ID> may be most of a log line, and only here is one told of that is too
 * long for a command; but there is an end to it.
 */
static bool
is_name_length(int bytes)
{
	return bytes > 0 && bytes <= NAME_BYTES;
}

static int
cell_text(sqlite3_stmt *st, int i, char **text)
{
	const char *s = db_text(st, i);

	*text = utf8_mend(s, (size_t)sqlite3_column_bytes(st, i), NULL);
	return *text != NULL ? 0 : -1;
}

/* What ROW and FIND begin with; data are copied as they are. */
int
fail2ban_row_take_said(sqlite3_stmt *st, int64_t max_data,
    struct fail2ban_row *row, struct err *e)
{
	const void *data;

	row->rowid = sqlite3_column_int64(st, 0);
	if (!fail2ban_row_number(st, 1, &row->seconds) || row->seconds == -2)
		row->seconds = UNKNOWN;
	else if (row->seconds < 0)
		row->seconds = -1;
	if (!fail2ban_row_number(st, 2, &row->bancount) || row->bancount < 0)
		row->bancount = UNKNOWN;
	data = sqlite3_column_blob(st, 3);
	row->data_len = (size_t)sqlite3_column_int64(st, 4);
	if (data == NULL)
		return 0;
	row->data_len = (size_t)sqlite3_column_bytes(st, 3);
	if ((int64_t)row->data_len > max_data)
		return 0;
	if ((row->data = malloc(row->data_len)) == NULL)
		return err_set(e, EX_OSERR, "out of memory");
	memcpy(row->data, data, row->data_len);
	return 0;
}

int
fail2ban_row_take(sqlite3_stmt *st, struct fail2ban_row *row, struct err *e)
{
	*row = (struct fail2ban_row){ .rowid = sqlite3_column_int64(st, 0) };
	row->twin = sqlite3_column_count(st) > TWIN &&
	    sqlite3_column_int64(st, TWIN) == 1;
	if (row->twin)
		return 0;
	if (sqlite3_column_type(st, 5) != SQLITE_TEXT ||
	    sqlite3_column_type(st, 6) != SQLITE_TEXT ||
	    !is_name_length(sqlite3_column_bytes(st, 5)) ||
	    !is_name_length(sqlite3_column_bytes(st, 6)) ||
	    !fail2ban_row_number(st, 7, &row->timeofban) ||
	    row->timeofban < 0 ||
	    row->timeofban > INT64_MAX / TIMESTAMP_US - 1) {
		row->bad = true;
		return 0;
	}
	if (cell_text(st, 5, &row->jail) != 0 ||
	    cell_text(st, 6, &row->ident) != 0)
		return err_set(e, EX_OSERR, "out of memory");
	row->name_len = strlen(row->jail) + strlen(row->ident);
	return fail2ban_row_take_said(st, FAIL2BAN_ROW_DATA, row, e);
}

void
fail2ban_row_free(struct fail2ban_row *row)
{
	free(row->jail);
	free(row->ident);
	free(row->data);
	*row = (struct fail2ban_row){ 0 };
}
