/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/kind.h"

#include <stddef.h>

#include "archive/schema.h"
#include "os/clock.h"
#include "os/db.h"

/* Milliseconds to wait for a writer, and for all of the look. */
#define BUSY_MS 2000
#define LOOK_MS 30000
#define PROGRESS_STEPS 10000

enum { SQL_MARK, SQL_TABLES, SQL_OURS, SQL_COUNT };

static const char *const sql[SQL_COUNT] = {
	[SQL_MARK] = "PRAGMA application_id",
	[SQL_TABLES] = "SELECT count(*) FROM sqlite_schema",
	[SQL_OURS] =
	    ("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND "
	     "rootpage > 0 AND name IN ('ban', 'jail', 'evidence', 'meta')"),
};

/* The tables that SQL_OURS counts. */
#define OURS 4

static int
is_late(void *until_ms)
{
	return clock_steady_ms() >= *(int64_t *)until_ms;
}

static int
one_number(struct db *db, int which, int64_t *v, struct err *e)
{
	sqlite3_stmt *st = db_statement(db, which, e);
	int rc = st == NULL ? -1 : db_step(db, st, e);

	*v = rc == 1 ? sqlite3_column_int64(st, 0) : 0;
	if (st != NULL)
		sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}

int
archive_kind(const char *file, enum archive_kind *kind, struct err *e)
{
	int64_t mark, tables, ours, until_ms = clock_steady_ms() + LOOK_MS;
	struct db db;
	int rc = -1;

	if (db_open(&db, file, SQLITE_OPEN_READONLY, NULL, BUSY_MS, sql,
		SQL_COUNT, e) != 0)
		return -1;
	sqlite3_progress_handler(db.handle, PROGRESS_STEPS, is_late, &until_ms);
	if (db_exec(&db, "PRAGMA cell_size_check = ON", e) == 0 &&
	    one_number(&db, SQL_MARK, &mark, e) == 0 &&
	    one_number(&db, SQL_TABLES, &tables, e) == 0 &&
	    one_number(&db, SQL_OURS, &ours, e) == 0)
		rc = 0;
	db_close(&db);
	if (rc != 0)
		return -1;
	*kind = mark == ARCHIVE_APPLICATION_ID ? ARCHIVE_KIND_ARCHIVE :
	    tables == 0			       ? ARCHIVE_KIND_EMPTY :
	    ours == OURS		       ? ARCHIVE_KIND_UNMARKED :
						 ARCHIVE_KIND_OTHER;
	return 0;
}
