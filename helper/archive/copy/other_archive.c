/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/copy/other_archive.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "archive/copy/backup.h"
#include "archive/schema.h"
#include "archive/statements.h"
#include "base/buffer.h"
#include "base/number.h"
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

/* Take the fields of the row that a statement stands on. */
static int
take_fields(sqlite3_stmt *st, struct exported_ban *ban, struct err *e)
{
	for (int i = 0; i < BAN_FIELDS; i++) {
		if (take_cell(st, i + 1, ban, (enum ban_field)i, e) != 0)
			return -1;
	}
	return 1;
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
		rc = take_fields(st, ban, e);
		*bad = rc < 0 && e->code == EX_DATAERR;
	}
	sqlite3_reset(st);
	return rc;
}

/* ---------------------------------------------------------------- changes --
 */

/* The greatest rev, as SQL_NUMBERS has it. */
#define REV_MAX (INT64_C(1) << 62)

/* The first version that remembers what has gone. */
#define GONE_SINCE 6

static bool
take_id(char id[OTHER_ARCHIVE_ID], const char *text)
{
	if (text == NULL || strlen(text) != OTHER_ARCHIVE_ID - 1 ||
	    strspn(text, "0123456789abcdef") != OTHER_ARCHIVE_ID - 1)
		return false;
	memcpy(id, text, OTHER_ARCHIVE_ID);
	return true;
}

static int
load_state(struct other_archive *in, struct err *e)
{
	struct db *db = &in->archive.db;
	sqlite3_stmt *st = db_statement(db, SQL_CHANGES_UPTO, e);
	bool is;
	int bad;

	if (st == NULL || db_step(db, st, e) != 1)
		return -1;
	in->upto = sqlite3_column_int64(st, 0);
	is = sqlite3_column_type(st, 0) == SQLITE_INTEGER && in->upto >= 0 &&
	    in->upto <= REV_MAX && take_id(in->id, db_text(st, 1));
	sqlite3_reset(st);
	if ((bad = db_has_row(db, SQL_IMPORT_NO_REV, e, "")) < 0)
		return -1;
	if (!is || bad == 1)
		return err_set(e, EX_DATAERR,
		    "%s: its id or its numbers are not an archive's", db->name);
	if (archive_get_number(&in->archive, ARCHIVE_FORGOTTEN, &in->forgotten,
		e) != 0)
		return -1;
	if (in->forgotten == UNKNOWN || in->forgotten < 0)
		in->forgotten = 0;
	return db_number(db, SQL_PRUNED_UNTIL, &in->pruned_us, e, "t", "");
}

/* Load the ids that the archive had before; ignore what is none. */
static int
load_formers(struct other_archive *in, struct err *e)
{
	static const char key[] = "former:";
	struct db *db = &in->archive.db;
	sqlite3_stmt *st = db_bind(db, SQL_META_FROM, e, "t", key);
	int rc = 0;

	if (st == NULL)
		return -1;
	while (in->formers_n < OTHER_ARCHIVE_FORMERS &&
	    (rc = db_step(db, st, e)) == 1) {
		struct other_archive_former *f = &in->formers[in->formers_n];
		const char *name = db_text(st, 0), *value = db_text(st, 1);

		if (name != NULL && value != NULL &&
		    take_id(f->id, name + strlen(key)) &&
		    number_take_digits(&value, &f->rev) && *value++ == ' ' &&
		    number_take_digits(&value, &f->number))
			in->formers_n++;
	}
	sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}

static int
check_changes(struct other_archive *in, struct err *e)
{
	int64_t version, tables;

	if (archive_schema_check(&in->archive.db, &version, e) != 0)
		return -1;
	if (version < GONE_SINCE)
		return err_set(e, EX_PROTOCOL,
		    "%s: an older program made it: install this one on its "
		    "machine and run fail2ban-archive reconcile there, or read "
		    "it here once, with fail2ban-archive replay --host NAME",
		    in->archive.db.name);
	if (count(in, SQL_IMPORT_CHANGES, &tables, e) != 0)
		return -1;
	return tables == 2 && in->shared_texts ?
	    0 :
	    err_set(e, EX_DATAERR, "%s: its tables are not an archive's",
		in->archive.db.name);
}

int
other_archive_open_changes(struct other_archive *in, const char *file,
    const volatile sig_atomic_t *stop, struct err *e)
{
	if (other_archive_open(in, file, stop, e) != 0)
		return -1;
	if (check_changes(in, e) == 0 && load_state(in, e) == 0 &&
	    load_formers(in, e) == 0)
		return 0;
	other_archive_close(in);
	return -1;
}

static enum other_what
what_of(const char *why)
{
	static const struct {
		const char *why;
		enum other_what what;
	} words[] = {
		{ "merged", OTHER_MERGED },
		{ "forgotten", OTHER_FORGOTTEN },
		{ "anonymized", OTHER_ANONYMIZED },
	};

	for (size_t i = 0; why != NULL && i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i].why, why) == 0)
			return words[i].what;
	}
	return OTHER_PRUNED;
}

/*
 * Read where the next change of a kind is, unless that is read already. Return
 * 1 when the statement stands on it, 0 when not, -1 on failure.
 */
static int
read_next(struct other_archive *in, int which, int64_t after,
    struct other_next *next, sqlite3_stmt **st, struct err *e)
{
	int rc;

	if (next->rev > after)
		return 0;
	in->deadline_ms = clock_steady_ms() + ROW_MS;
	*st = db_bind(&in->archive.db, which, e, "ii", after, in->upto);
	if (*st == NULL || (rc = db_step(&in->archive.db, *st, e)) < 0)
		return -1;
	*next = (struct other_next){ .rev = INT64_MAX };
	if (rc == 0)
		return 0;
	if (sqlite3_column_type(*st, 0) == SQLITE_INTEGER)
		*next = (struct other_next){ sqlite3_column_int64(*st, 0),
			sqlite3_column_int64(*st, 1) };
	if (next->rev > after && next->rev < INT64_MAX)
		return 1;
	sqlite3_reset(*st);
	return err_set(e, EX_DATAERR, "%s: a change without a number",
	    in->archive.db.name);
}

/* Read where the next ban of a kind is. */
static int
read_next_ban(struct other_archive *in, int which, int64_t after,
    struct other_next *next, struct err *e)
{
	sqlite3_stmt *st;
	int rc = read_next(in, which, after, next, &st, e);

	if (rc == 1)
		sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}

static int
read_next_gone(struct other_archive *in, int64_t after, struct err *e)
{
	sqlite3_stmt *st;
	int rc = read_next(in, SQL_IMPORT_GONE, after, &in->gone, &st, e);

	if (rc != 1)
		return rc;
	in->gone_what = what_of(db_text(st, 2));
	sqlite3_reset(st);
	return 0;
}

/* Take the fields of a ban, whose row has the rev that its place has. */
static int
take_change(struct other_archive *in, const struct other_next *next,
    struct other_change *change, bool *bad, struct err *e)
{
	sqlite3_stmt *st =
	    db_bind(&in->archive.db, SQL_IMPORT_BAN, e, "i", next->number);
	int rc;

	if (st == NULL || (rc = db_step(&in->archive.db, st, e)) < 0)
		return -1;
	if (rc == 0 ||
	    sqlite3_column_type(st, BAN_FIELD_REV + 1) != SQLITE_INTEGER ||
	    sqlite3_column_int64(st, BAN_FIELD_REV + 1) != next->rev) {
		sqlite3_reset(st);
		return err_set(e, EX_DATAERR,
		    "%s: it was copied while it was written to, and is not "
		    "whole: copy it again, or copy what backup makes",
		    in->archive.db.name);
	}
	change->rev = next->rev;
	change->number = next->number;
	change->what = OTHER_BAN;
	rc = take_fields(st, &change->ban, e);
	*bad = rc < 0 && e->code == EX_DATAERR;
	sqlite3_reset(st);
	return rc;
}

int
other_archive_next_change(struct other_archive *in, int64_t after,
    struct other_change *change, bool *bad, struct err *e)
{
	const struct other_next *next;

	*change = (struct other_change){ .rev = after };
	exported_ban_init(&change->ban);
	*bad = false;
	if (read_next_ban(in, SQL_IMPORT_LIVE, after, &in->live, e) != 0 ||
	    read_next_ban(in, SQL_IMPORT_ENDED, after, &in->ended, e) != 0 ||
	    read_next_gone(in, after, e) != 0)
		return -1;
	next = in->live.rev < in->ended.rev ? &in->live : &in->ended;
	if (next->rev < in->gone.rev)
		return take_change(in, next, change, bad, e);
	if (in->gone.rev == INT64_MAX)
		return 0;
	change->rev = in->gone.rev;
	change->number = in->gone.number;
	change->what = in->gone_what;
	return 1;
}

int
other_archive_has(struct other_archive *in, int64_t number, struct err *e)
{
	in->deadline_ms = clock_steady_ms() + ROW_MS;
	return db_has_row(&in->archive.db, SQL_IMPORT_HAS, e, "i", number);
}
