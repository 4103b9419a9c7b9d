/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "os/db.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/escape.h"

/* SQLite's message begins so when it cannot parse a schema. */
#define MALFORMED_SCHEMA "malformed database schema"

static int
exit_code(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
	case SQLITE_INTERRUPT:
		return EX_TEMPFAIL;
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_NOMEM:
		return EX_IOERR;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
	case SQLITE_TOOBIG:
		return EX_DATAERR;
	case SQLITE_CANTOPEN:
		return EX_NOINPUT;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return EX_NOPERM;
	default:
		return EX_SOFTWARE;
	}
}

/* Return the last errno that SQLite met with a file; 0: none. */
static int
file_errno(sqlite3_file *file)
{
	int number = 0;

	if (file != NULL && file->pMethods != NULL)
		file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO,
		    &number);
	return number;
}

/*
 * Return true when the disk could not be read this time, which SQLite reports
 * as a corrupt database. (SQLite, os_unix.c: SQLITE_IOERR_CORRUPTFS.)
 */
static bool
is_unread(struct db *db)
{
	static const int files[] = { SQLITE_FCNTL_FILE_POINTER,
		SQLITE_FCNTL_JOURNAL_POINTER };
	bool unread = false;

	for (size_t i = 0; i < 2; i++) {
		sqlite3_file *file = NULL;
		int number;

		sqlite3_file_control(db->handle, NULL, files[i], &file);
		number = file_errno(file);
		unread = unread || number == EIO || number == ENXIO ||
		    number == ERANGE;
	}
	return unread;
}

int
db_error(struct db *db, struct err *e)
{
	int rc;

	if (db->handle == NULL)
		return err_set(e, EX_IOERR, "%s: out of memory", db->name);
	rc = sqlite3_extended_errcode(db->handle);
	if ((rc & 0xff) == SQLITE_CORRUPT && is_unread(db))
		return err_set(e, EX_IOERR, "%s: cannot be read", db->name);
	/* A foreign index with a function that is refused is no damage. */
	if ((rc & 0xff) == SQLITE_NOTADB ||
	    ((rc & 0xff) == SQLITE_CORRUPT &&
		strncmp(sqlite3_errmsg(db->handle), MALFORMED_SCHEMA,
		    strlen(MALFORMED_SCHEMA)) != 0))
		db->corrupt = true;
	return err_set(e, exit_code(rc), "%s: %s", db->name,
	    sqlite3_errmsg(db->handle));
}

void
db_be_single_threaded(void)
{
	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int
db_open(struct db *db, const char *path, int flags, const char *vfs,
    int busy_ms, const char *const *sql, int count, struct err *e)
{
	*db = (struct db){ .sql = sql, .count = count };
	escape_text(db->name, sizeof(db->name), path, strlen(path));
	db->statements = calloc((size_t)count + 1, sizeof(sqlite3_stmt *));
	if (db->statements == NULL)
		return err_set(e, EX_OSERR, "%s: out of memory", db->name);
	if (sqlite3_open_v2(path, &db->handle, flags, vfs) != SQLITE_OK) {
		db_error(db, e);
		db_close(db);
		return -1;
	}
	sqlite3_extended_result_codes(db->handle, 1);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
	    NULL);
	sqlite3_busy_timeout(db->handle, busy_ms);
	return 0;
}

void
db_close(struct db *db)
{
	for (int i = 0; db->statements != NULL && i < db->count; i++)
		sqlite3_finalize(db->statements[i]);
	free(db->statements);
	sqlite3_close(db->handle);
	db->statements = NULL;
	db->handle = NULL;
}

int
db_exec(struct db *db, const char *sql, struct err *e)
{
	if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
		return db_error(db, e);
	return 0;
}

sqlite3_stmt *
db_statement(struct db *db, int which, struct err *e)
{
	sqlite3_stmt **st;

	if (db->statements == NULL) {
		err_set(e, EX_IOERR, "%s: not open", db->name);
		return NULL;
	}
	st = &db->statements[which];
	if (*st == NULL &&
	    sqlite3_prepare_v3(db->handle, db->sql[which], -1,
		SQLITE_PREPARE_PERSISTENT, st, NULL) != SQLITE_OK) {
		db_error(db, e);
		return NULL;
	}
	sqlite3_reset(*st);
	sqlite3_clear_bindings(*st);
	return *st;
}

int
db_step(struct db *db, sqlite3_stmt *st, struct err *e)
{
	int rc = sqlite3_step(st);

	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		db_error(db, e);
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? 0 : -1;
}

int
db_run(struct db *db, sqlite3_stmt *st, struct err *e)
{
	int rc;

	while ((rc = db_step(db, st, e)) == 1)
		continue;
	return rc;
}

static void
bind_all(sqlite3_stmt *st, const char *types, va_list values)
{
	for (int i = 1; types[i - 1] != '\0'; i++) {
		switch (types[i - 1]) {
		case 'i':
			db_bind_int(st, i, va_arg(values, int64_t));
			break;
		case 'd':
			sqlite3_bind_int(st, i, va_arg(values, int));
			break;
		case 't':
			db_bind_text(st, i, va_arg(values, const char *));
			break;
		default: /* 'n': what is not bound is NULL */
			break;
		}
	}
}

static sqlite3_stmt *
bind_statement(struct db *db, int which, struct err *e, const char *types,
    va_list values)
{
	sqlite3_stmt *st = db_statement(db, which, e);

	if (st != NULL)
		bind_all(st, types, values);
	return st;
}

sqlite3_stmt *
db_bind(struct db *db, int which, struct err *e, const char *types, ...)
{
	sqlite3_stmt *st;
	va_list values;

	va_start(values, types);
	st = bind_statement(db, which, e, types, values);
	va_end(values);
	return st;
}

int
db_query(struct db *db, int which, struct err *e, const char *types, ...)
{
	sqlite3_stmt *st;
	va_list values;

	va_start(values, types);
	st = bind_statement(db, which, e, types, values);
	va_end(values);
	return st != NULL ? db_run(db, st, e) : -1;
}

/*
 * Step a statement once and reset it: return as db_step. *v is the first value
 * of the row.
 */
static int
first_row(struct db *db, sqlite3_stmt *st, int64_t *v, struct err *e)
{
	int rc;

	*v = UNKNOWN;
	if (st == NULL)
		return -1;
	if ((rc = db_step(db, st, e)) == 1)
		*v = db_int(st, 0);
	sqlite3_reset(st);
	return rc;
}

int
db_has_row(struct db *db, int which, struct err *e, const char *types, ...)
{
	sqlite3_stmt *st;
	va_list values;
	int64_t v;

	va_start(values, types);
	st = bind_statement(db, which, e, types, values);
	va_end(values);
	return first_row(db, st, &v, e);
}

int
db_number(struct db *db, int which, int64_t *v, struct err *e,
    const char *types, ...)
{
	sqlite3_stmt *st;
	va_list values;

	va_start(values, types);
	st = bind_statement(db, which, e, types, values);
	va_end(values);
	return first_row(db, st, v, e) < 0 ? -1 : 0;
}

void
db_bind_int(sqlite3_stmt *st, int i, int64_t v)
{
	if (v == UNKNOWN)
		sqlite3_bind_null(st, i);
	else
		sqlite3_bind_int64(st, i, v);
}

void
db_bind_text(sqlite3_stmt *st, int i, const char *s)
{
	sqlite3_bind_text(st, i, s, -1, SQLITE_STATIC);
}

int64_t
db_int(sqlite3_stmt *st, int i)
{
	if (sqlite3_column_type(st, i) == SQLITE_NULL)
		return UNKNOWN;
	return sqlite3_column_int64(st, i);
}

const char *
db_text(sqlite3_stmt *st, int i)
{
	return (const char *)sqlite3_column_text(st, i);
}
