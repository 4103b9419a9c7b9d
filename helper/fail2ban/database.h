/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fail2ban's own database, and the only room that knows its tables
 * (fail2ban 1.0.2, server/database.py; versions 1 to 4).
 *
 * It is opened read-only, and between two calls it is not locked, but for
 * fail2ban_database_hold: a shared lock held for 5 s makes fail2ban lose a ban
 * for good. What it holds is not trusted: types are asked of every cell.
 */
#ifndef FAIL2BAN_DATABASE_H
#define FAIL2BAN_DATABASE_H

#include <limits.h>
#include <stddef.h>

#include "fail2ban/fail2ban_row.h"

struct fail2ban_database {
	struct db db;
	char path[PATH_MAX];
	int version; /* 1 to 4; 0 before fail2ban_database_check */
	uint64_t dev, ino;
	int64_t born_us;     /* birth.h */
	int64_t counter;     /* the file header's change counter */
	int64_t deadline_ms; /* of CLOCK_MONOTONIC */
	bool late; /* a reading was given up at the deadline, EX_TEMPFAIL */
};

enum fail2ban_table { FAIL2BAN_BANS, FAIL2BAN_BIPS };

/*
 * Look at the header of the database at path without opening it: path, dev,
 * ino, born_us and counter are set. Nothing is left open. Fails with EX_NOINPUT
 * when there is no such file, EX_NOPERM, EX_DATAERR when it is no database.
 */
int fail2ban_database_look(struct fail2ban_database *f, const char *path,
    struct err *e);

/*
 * Open the database at path, after a look at it. busy_ms: how long
 * to wait where fail2ban is writing; whatever is asked of it, all is over
 * deadline_ms from now. Release with fail2ban_database_close. Fails
 * as fail2ban_database_look does.
 */
int fail2ban_database_open(struct fail2ban_database *f, const char *path,
    int busy_ms, int deadline_ms, struct err *e);
void fail2ban_database_close(struct fail2ban_database *f);

/*
 * It may be anybody's: each page is looked at closely, and its tables must be
 * tables. Fails with EX_DATAERR.
 */
int fail2ban_database_distrust(struct fail2ban_database *f, struct err *e);

/*
 * Find out the version. Fails with EX_DATAERR when these are not fail2ban's
 * tables, EX_PROTOCOL when the version is newer than 4, EX_TEMPFAIL when the
 * file is locked.
 */
int fail2ban_database_check(struct fail2ban_database *f, struct err *e);

/*
 * The row of one ban, by index: the newest of its second in "bans", else the
 * one in "bips". 1 with a row, to be released with fail2ban_row_free, 0
 * without, -1 on failure, as for any other version than 4. data longer than
 * max_data bytes is left out; jail and ident, which the caller has, too.
 */
int fail2ban_database_find(struct fail2ban_database *f, const char *jail,
    const char *ident, int64_t timeofban, int64_t max_data,
    struct fail2ban_row *row, struct err *e);

/*
 * Keep the shared lock from the next row that is read until it is released, for
 * some hundred look-ups on end: to take it anew takes as long as to look.
 */
int fail2ban_database_hold(struct fail2ban_database *f, struct err *e);
void fail2ban_database_release(struct fail2ban_database *f);

/*
 * The next rows of a table behind rowid after (of "bips" it is said where they
 * are the same in "bans", as most are): at most as many as rows has
 * room for, and fewer once their texts pass a mebibyte. *n: how many; 0 at
 * the end. The caller frees each.
 */
int fail2ban_database_read(struct fail2ban_database *f,
    enum fail2ban_table table, int64_t after, struct fail2ban_row *rows,
    size_t room, size_t *n, struct err *e);

/*
 * What stands in a row of "bans", as a short text to compare: the start of
 * "TIME JAIL IDENT"; "" where there is no such row.
 */
int fail2ban_database_key(struct fail2ban_database *f, int64_t rowid,
    char key[64], struct err *e);

/* The time of the newest ban in there, seconds; UNKNOWN when it is empty. */
int fail2ban_database_newest(struct fail2ban_database *f, int64_t *timeofban,
    struct err *e);

#endif
