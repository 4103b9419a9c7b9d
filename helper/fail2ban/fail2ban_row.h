/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows of fail2ban's tables, cell by cell: what is not of its type is no ban.
 * The statements are fail2ban_db.c's.
 */
#ifndef FAIL2BAN_FAIL2BAN_ROW_H
#define FAIL2BAN_FAIL2BAN_ROW_H

#include <stddef.h>

#include "os/db.h"

/* The longest data that are taken. */
#define FAIL2BAN_ROW_DATA (4 * 1024 * 1024)

/* A row of "bans" or "bips". */
struct fail2ban_row {
	int64_t rowid;
	bool twin; /* of "bips": "bans" has the same row; only rowid is set */
	bool bad;  /* no ban: a cell of the wrong type, or far too long; only
		      rowid is set */
	char *jail, *ident; /* valid UTF-8 */
	size_t name_len;    /* bytes of both */
	int64_t timeofban;
	int64_t seconds; /* -1 for ever, UNKNOWN where it says -2 or nothing */
	int64_t bancount;
	char *data;	 /* any bytes, NULL where there is none or too much */
	size_t data_len; /* its length, also where it is too much */
};

void fail2ban_row_free(struct fail2ban_row *row);

/* A number of a cell, cut to a whole one; false if it is no number. */
bool fail2ban_row_number(sqlite3_stmt *st, int i, int64_t *v);

/*
 * Take a row over: rowid, ban time, bancount, data and their length; the second
 * one also what stands behind them, jail, ip, time and twin. Fails with
 * EX_OSERR.
 */
int fail2ban_row_take_said(sqlite3_stmt *st, int64_t max_data,
    struct fail2ban_row *row, struct err *e);
int fail2ban_row_take(sqlite3_stmt *st, struct fail2ban_row *row,
    struct err *e);

#endif
