/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/row_stage.h"

#include <stdlib.h>
#include <string.h>

enum { SQL_PUT, SQL_NEXT, SQL_COUNT };

/* The columns, and the parameters less 1. */
enum { JAIL, IDENT, AT, TIMEOFBAN, SECONDS, BANCOUNT, DATA, DATA_LEN, OTHER };

static const char *const sql[SQL_COUNT] = {
	[SQL_PUT] =
	    "INSERT INTO row VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[SQL_NEXT] = "SELECT * FROM row ORDER BY jail, ident, at",
};

/* The file is of no use after the process, so nothing is made safe. */
static const char begin[] =
    "PRAGMA temp_store = FILE; PRAGMA journal_mode = OFF;"
    "PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;"
    "CREATE TABLE row (jail, ident, at, timeofban, seconds, bancount, data, "
    "data_len, other_timeofban);"
    "BEGIN";

int
row_stage_open(struct row_stage *s, struct err *e)
{
	*s = (struct row_stage){ .next = NULL };
	/* No name: no other process finds it (sqlite.org/inmemorydb.html). */
	if (db_open(&s->db, "", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
		NULL, 0, sql, SQL_COUNT, e) != 0)
		return err_wrap(e, "temporary file");
	/* A defensive SQLite does not do without a journal. */
	sqlite3_db_config(s->db.handle, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
	if (db_exec(&s->db, begin, e) != 0)
		return err_wrap(e, "temporary file");
	return 0;
}

void
row_stage_close(struct row_stage *s)
{
	db_close(&s->db);
}

int
row_stage_put(struct row_stage *s, const struct fail2ban_row *row,
    int64_t other_timeofban, struct err *e)
{
	sqlite3_stmt *st = db_statement(&s->db, SQL_PUT, e);

	if (st == NULL)
		return err_wrap(e, "temporary file");
	db_bind_text(st, JAIL + 1, row->jail);
	db_bind_text(st, IDENT + 1, row->ident);
	db_bind_int(st, AT + 1, row->rowid);
	db_bind_int(st, TIMEOFBAN + 1, row->timeofban);
	db_bind_int(st, SECONDS + 1, row->seconds);
	db_bind_int(st, BANCOUNT + 1, row->bancount);
	if (row->data != NULL)
		sqlite3_bind_blob64(st, DATA + 1, row->data, row->data_len,
		    SQLITE_STATIC);
	db_bind_int(st, DATA_LEN + 1, (int64_t)row->data_len);
	db_bind_int(st, OTHER + 1, other_timeofban);
	s->rows++;
	return db_run(&s->db, st, e) == 0 ? 0 : err_wrap(e, "temporary file");
}

int
row_stage_begin(struct row_stage *s, struct err *e)
{
	s->next = db_statement(&s->db, SQL_NEXT, e);
	return s->next != NULL ? 0 : err_wrap(e, "temporary file");
}

/* Return a copy of a text or blob with a NUL after it; NULL when it is NULL. */
static int
copy(sqlite3_stmt *st, int column, char **to, struct err *e)
{
	const void *from = sqlite3_column_blob(st, column);
	size_t n = (size_t)sqlite3_column_bytes(st, column);

	*to = NULL;
	if (sqlite3_column_type(st, column) == SQLITE_NULL)
		return 0;
	if ((*to = malloc(n + 1)) == NULL)
		return err_no_memory(e);
	if (n > 0)
		memcpy(*to, from, n);
	(*to)[n] = '\0';
	return 0;
}

int
row_stage_next(struct row_stage *s, struct fail2ban_row *row,
    int64_t *other_timeofban, struct err *e)
{
	int rc = db_step(&s->db, s->next, e);

	*row = (struct fail2ban_row){ 0 };
	if (rc <= 0)
		return rc == 0 ? 0 : err_wrap(e, "temporary file");
	row->rowid = db_int(s->next, AT);
	row->timeofban = db_int(s->next, TIMEOFBAN);
	row->seconds = db_int(s->next, SECONDS);
	row->bancount = db_int(s->next, BANCOUNT);
	*other_timeofban = db_int(s->next, OTHER);
	row->data_len = (size_t)db_int(s->next, DATA_LEN);
	if (copy(s->next, JAIL, &row->jail, e) != 0 ||
	    copy(s->next, IDENT, &row->ident, e) != 0 ||
	    copy(s->next, DATA, &row->data, e) != 0) {
		fail2ban_row_free(row);
		return -1;
	}
	return 1;
}
