/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SQLite, apart from any table: open and close, statements that are prepared
 * when they are first used, values bound by type, errors. A folder that owns
 * tables keeps the text of its statements in one array, which it passes to
 * db_open.
 */
#ifndef OS_DB_H
#define OS_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct db {
	sqlite3 *handle;
	const char *const *sql; /* the text of each statement */
	sqlite3_stmt **statements;
	int count;
	bool corrupt;	/* an error has shown that the file is damaged */
	char name[128]; /* the path, for messages */
};

/*
 * Tell SQLite that this process has one thread, so that it needs no mutexes,
 * and that it need not count its memory. Call it before the first db_open.
 */
void db_be_single_threaded(void);

/*
 * Open path with SQLite's flags; vfs is NULL or the name of a VFS. sql is an
 * array of count texts that outlives db. Tables and views of the file are not
 * trusted to run functions (SQLITE_DBCONFIG_TRUSTED_SCHEMA, _DEFENSIVE;
 * sqlite.org/security.html), and closing never checkpoints. SQLite waits up to
 * busy_ms for another process. On failure nothing is left open. Errors are
 * db_error's.
 */
int db_open(struct db *db, const char *path, int flags, const char *vfs,
    int busy_ms, const char *const *sql, int count, struct err *e);
void db_close(struct db *db);

/*
 * Fill e from SQLite's last error: EX_TEMPFAIL when the database is busy or
 * SQLite was asked to give up, EX_IOERR when the disk is full or cannot be
 * read, EX_DATAERR when the file is corrupt or no database, EX_NOINPUT when it
 * cannot be opened, EX_NOPERM when it is read-only, otherwise EX_SOFTWARE.
 * Always returns -1.
 */
int db_error(struct db *db, struct err *e);

/* Run a text of statements that takes no values and returns no rows. */
int db_exec(struct db *db, const char *sql, struct err *e);

/*
 * Return the statement at index which of the array, reset and with nothing
 * bound; NULL on failure. It belongs to db.
 */
sqlite3_stmt *db_statement(struct db *db, int which, struct err *e);

/*
 * Step a statement: return 1 with a row, 0 at the end (the statement is then
 * reset), -1 on failure.
 */
int db_step(struct db *db, sqlite3_stmt *st, struct err *e);

/* Step a statement to its end, past any rows. Return 0 or -1. */
int db_run(struct db *db, sqlite3_stmt *st, struct err *e);

/*
 * Bind values to all parameters of the statement at index which. types has a
 * letter for each parameter, from the first one on:
 *
 *   i  an int64_t; UNKNOWN is NULL
 *   d  an int, or what C passes as one: a bool, an enumerator
 *   t  a text, or NULL; the caller keeps it until the statement is reset
 *   n  no value follows, and the parameter is NULL
 *
 * The compiler does not check the values against types.
 *
 * db_bind returns the statement, which the caller steps, or NULL on failure.
 * db_query runs it to its end and returns 0 or -1. db_has_row returns 1 when it
 * finds a row, 0 when it finds none, -1 on failure. db_number sets *v to the
 * first value of the first row, a number; UNKNOWN: there is no row, or it is
 * NULL. It returns 0 or -1.
 */
sqlite3_stmt *db_bind(struct db *db, int which, struct err *e,
    const char *types, ...);
int db_query(struct db *db, int which, struct err *e, const char *types, ...);
int db_has_row(struct db *db, int which, struct err *e, const char *types, ...);
int db_number(struct db *db, int which, int64_t *v, struct err *e,
    const char *types, ...);

/*
 * Bind one value to parameter i, counted from 1. Numbers: UNKNOWN is NULL.
 * Texts: NULL is NULL, and the caller keeps the text until the statement is
 * reset.
 */
void db_bind_int(sqlite3_stmt *st, int i, int64_t v);
void db_bind_text(sqlite3_stmt *st, int i, const char *s);

/*
 * Return the value of column i, counted from 0. NULL is UNKNOWN as a number,
 * and NULL as a text. The text lives until the next step.
 */
int64_t db_int(sqlite3_stmt *st, int i);
const char *db_text(sqlite3_stmt *st, int i);

#endif
