/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fail2ban's own database, and the only code that knows its tables
 * (fail2ban 1.0.2, server/database.py; versions 1 to 4).
 *
 * The database is opened read-only. Between two calls it is not locked, except
 * after fail2ban_database_hold: a shared lock held for 5 s makes fail2ban lose
 * a ban for good. Its content is not trusted: the type of each cell is checked.
 */
#ifndef FAIL2BAN_DATABASE_H
#define FAIL2BAN_DATABASE_H

#include <limits.h>
#include <stddef.h>

#include "os/db.h"

struct fail2ban_database {
	struct db db;
	char path[PATH_MAX];
	int version; /* 1 to 4; 0 before fail2ban_database_check */
	uint64_t dev, ino;
	/*
	 * The time at which the file was made, microseconds since the epoch; 0
	 * where the system or the file system does not know. A file that is
	 * deleted and made again often gets the same inode number, but not the
	 * same birth.
	 */
	int64_t born_us;
	int64_t counter;     /* the file header's change counter */
	int64_t deadline_ms; /* of CLOCK_MONOTONIC */
	bool late; /* a call gave up at the deadline, with EX_TEMPFAIL */
	/*
	 * Many bans are looked up, about in the order of their times: so the
	 * index of these is tried first, of which few pages are read then.
	 */
	bool in_order;
};

enum fail2ban_table { FAIL2BAN_BANS, FAIL2BAN_BIPS };

/* A row of "bans" or "bips". */
struct fail2ban_row {
	int64_t rowid;
	bool twin;  /* of "bips": "bans" has the same row; only rowid is set */
	bool again; /* of "bips": "bans" has a row of the same ban */
	bool bad;   /* a cell has the wrong type or is far too long, so this is
		       no ban; only rowid is set */
	char *jail, *ident; /* valid UTF-8 */
	int64_t timeofban;
	int64_t seconds; /* -1 for ever, UNKNOWN where the row has -2 or NULL */
	int64_t bancount;
	char *data;	 /* any bytes; NULL where there are none or too many */
	size_t data_len; /* their number, also where there are too many */
};

void fail2ban_row_free(struct fail2ban_row *row);

/*
 * Read the header of the database at path without opening it: path, dev, ino,
 * born_us and counter are set. Nothing is left open. Fails with EX_NOINPUT when
 * there is no such file, EX_NOPERM, and EX_DATAERR when it is no database.
 */
int fail2ban_database_look(struct fail2ban_database *f, const char *path,
    struct err *e);

/*
 * Open the database at path, after fail2ban_database_look. A call waits up to
 * busy_ms while fail2ban writes; all calls together end deadline_ms from now.
 * Release with fail2ban_database_close. Fails as fail2ban_database_look does.
 */
int fail2ban_database_open(struct fail2ban_database *f, const char *path,
    int busy_ms, int deadline_ms, struct err *e);
void fail2ban_database_close(struct fail2ban_database *f);

/*
 * Prepare for a database that another user may have made: SQLite checks each
 * page closely, and fail2ban's tables must be ordinary tables. Fails with
 * EX_DATAERR when they are not.
 */
int fail2ban_database_distrust(struct fail2ban_database *f, struct err *e);

/*
 * Find out the version. Fails with EX_DATAERR when these are not fail2ban's
 * tables, EX_PROTOCOL when the version is newer than 4, EX_TEMPFAIL when the
 * file is locked.
 */
int fail2ban_database_check(struct fail2ban_database *f, struct err *e);

/*
 * Find the row of one ban, by index: the newest of its second in "bans", else
 * the one in "bips". However many rows its id has, and its second, this reads
 * about twice as many as the fewer of them, at most. Returns 1 with a row,
 * which the caller releases with fail2ban_row_free, 0 without, and -1 on
 * failure, also for any other version than 4. row->data is NULL when longer
 * than max_data bytes; row->jail and row->ident are NULL, because the caller
 * has them.
 */
int fail2ban_database_find(struct fail2ban_database *f, const char *jail,
    const char *ident, int64_t timeofban, int64_t max_data,
    struct fail2ban_row *row, struct err *e);

/*
 * Find the second of the last ban of ident in a jail, by index: "bips" has one
 * row of it, which each new ban replaces (1.0.2, server/database.py: addBan).
 * Returns 1 with *timeofban, 0 without, and -1 on failure.
 */
int fail2ban_database_find_last(struct fail2ban_database *f, const char *jail,
    const char *ident, int64_t *timeofban, struct err *e);

/*
 * Find the jail that banned ident at that second, by index. Returns 1 and
 * *jail, which the caller frees; 0 when the database has no such ban, or has it
 * of two jails; and -1 on failure.
 */
int fail2ban_database_find_jail(struct fail2ban_database *f, const char *ident,
    int64_t timeofban, char **jail, struct err *e);

/*
 * Keep the shared lock from the next row that is read until
 * fail2ban_database_release, for some hundred look-ups in a row: taking the
 * lock again costs as much as a look-up.
 */
int fail2ban_database_hold(struct fail2ban_database *f, struct err *e);
void fail2ban_database_release(struct fail2ban_database *f);

/*
 * Read the next rows of a table, those after rowid `after`: at most as many as
 * rows has room for, and fewer once their texts exceed a mebibyte or some
 * milliseconds have gone by, because fail2ban cannot write meanwhile. *n is
 * their number, 0 at the end. Rows of "bips" that "bans" has as well, which
 * most are, are marked as twins. The caller frees each row. Fails only before
 * the first row: after a failure further on, the rows before it are returned.
 */
int fail2ban_database_read(struct fail2ban_database *f,
    enum fail2ban_table table, int64_t after, struct fail2ban_row *rows,
    size_t room, size_t *n, struct err *e);

/*
 * Write a digest of the time, the jail and the ident of a row of "bans" to key:
 * it can be compared, and does not tell who was banned. "" where there is no
 * such row.
 */
int fail2ban_database_key(struct fail2ban_database *f, int64_t rowid,
    char key[64], struct err *e);

/*
 * Set *timeofban to the time of the newest ban in the database, in seconds;
 * UNKNOWN when the database is empty.
 */
int fail2ban_database_newest(struct fail2ban_database *f, int64_t *timeofban,
    struct err *e);

/* Set *rowid to that of a table's last row; UNKNOWN when it is empty. */
int fail2ban_database_last(struct fail2ban_database *f,
    enum fail2ban_table table, int64_t *rowid, struct err *e);

#endif
