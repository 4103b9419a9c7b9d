/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/other_archive.h"

#include <sysexits.h>

#include "archive/backup.h"
#include "archive/statements.h"
#include "base/buffer.h"
#include "os/clock.h"

/* SQLite calls is_over each time after this many steps. */
#define PROGRESS_STEPS 10000

/* The most time for one row; a sound archive needs far less. */
#define ROW_MS 30000

/* The largest cell: the most that the log lines of a ban can have. */
#define CELL_BYTES (32 * 1024 * 1024)

static int
is_over(void *other)
{
	const struct other_archive *in = other;

	return *in->stop != 0 || clock_steady_ms() >= in->deadline_ms;
}

/* Set *n to the first number of a statement, 0 without a row. */
static int
count(struct other_archive *in, int which, int64_t *n, struct err *e)
{
	sqlite3_stmt *st = db_statement(&in->archive.db, which, e);
	int rc = st == NULL ? -1 : db_step(&in->archive.db, st, e);

	*n = rc == 1 ? sqlite3_column_int64(st, 0) : 0;
	if (st != NULL)
		sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}

/* Check that the three tables exist and are no virtual tables. */
static int
check_tables(struct other_archive *in, struct err *e)
{
	int64_t tables, pieces;

	if (count(in, SQL_IMPORT_TABLES, &tables, e) != 0 ||
	    count(in, SQL_IMPORT_PIECES, &pieces, e) != 0)
		return -1;
	if (tables != 3)
		return err_set(e, EX_DATAERR,
		    "%s: its tables are not an archive's", in->archive.db.name);
	in->shared_texts = pieces == 4;
	return 0;
}

int
other_archive_open(struct other_archive *in, const char *file,
    const volatile sig_atomic_t *stop, struct err *e)
{
	sqlite3 *handle;

	*in = (struct other_archive){ .stop = stop };
	if (archive_open_copy(&in->archive, file, e) != 0)
		return -1;
	handle = in->archive.db.handle;
	sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, CELL_BYTES);
	in->deadline_ms = clock_steady_ms() + ROW_MS;
	sqlite3_progress_handler(handle, PROGRESS_STEPS, is_over, in);
	if (check_tables(in, e) == 0)
		return 0;
	other_archive_close(in);
	return -1;
}

void
other_archive_close(struct other_archive *in)
{
	archive_close(&in->archive);
}

/* Set the field seen, which the table has as bits, to names as in export. */
static int
take_seen(sqlite3_stmt *st, int i, struct exported_ban *ban, struct err *e)
{
	int64_t bits = sqlite3_column_int64(st, i);
	struct buffer text = { 0 };
	int rc;

	if (bits < 0 || bits > BAN_SEEN_ALL)
		return err_set(e, EX_DATAERR, "seen: an unknown witness");
	for (unsigned bit = 1; bit < BAN_SEEN_ALL; bit <<= 1) {
		if ((bits & bit) == 0)
			continue;
		buffer_puts(&text, text.len == 0 ? "[\"" : ",\"");
		buffer_puts(&text, ban_seen_name(bit));
		buffer_putc(&text, '"');
	}
	buffer_puts(&text, text.len == 0 ? "[]" : "]");
	rc = text.failed ?
	    err_no_memory(e) :
	    exported_ban_set_text(ban, BAN_FIELD_SEEN, text.s, e);
	buffer_free(&text);
	return rc;
}

static int
take_cell(sqlite3_stmt *st, int i, struct exported_ban *ban,
    enum ban_field field, struct err *e)
{
	switch (sqlite3_column_type(st, i)) {
	case SQLITE_NULL:
		return 0;
	case SQLITE_INTEGER:
		if (field == BAN_FIELD_SEEN)
			return take_seen(st, i, ban, e);
		return exported_ban_set_number(ban, field,
		    sqlite3_column_int64(st, i), e);
	case SQLITE_TEXT:
		return exported_ban_set_text(ban, field, db_text(st, i), e);
	default:
		return err_set(e, EX_DATAERR, "%s: neither text nor number",
		    ban_field_name(field));
	}
}

int
other_archive_next(struct other_archive *in, struct exported_ban *ban,
    bool *bad, struct err *e)
{
	struct db *db = &in->archive.db;
	sqlite3_stmt *st =
	    db_statement(db, in->shared_texts ? SQL_IMPORT : SQL_IMPORT_1, e);
	int rc;

	exported_ban_init(ban);
	*bad = false;
	if (st == NULL)
		return -1;
	in->deadline_ms = clock_steady_ms() + ROW_MS;
	db_bind_int(st, 1, in->after);
	rc = db_step(db, st, e);
	/* Without a greater number the reading would never end. */
	if (rc == 1 &&
	    (sqlite3_column_type(st, 0) != SQLITE_INTEGER ||
		sqlite3_column_int64(st, 0) <= in->after))
		rc = err_set(e, EX_DATAERR, "%s: a ban without a number",
		    db->name);
	if (rc == 1) {
		in->after = sqlite3_column_int64(st, 0);
		for (int i = 0; rc == 1 && i < BAN_FIELDS; i++) {
			if (take_cell(st, i + 1, ban, (enum ban_field)i, e) !=
			    0)
				rc = -1;
		}
		*bad = rc < 0 && e->code == EX_DATAERR;
	}
	sqlite3_reset(st);
	return rc;
}
