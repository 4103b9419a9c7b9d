/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/copy/new_file.h"
#include "archive/copy/new_file_inside.h"
#include "archive/statements.h"
#include "base/hash.h"
#include "base/list.h"

/* Those that have nothing of bans. */
static const char tables[] =
    "SELECT name FROM sqlite_schema WHERE type = 'table' "
    "AND name NOT LIKE 'sqlite_%' AND name NOT IN ('ban', 'evidence')";

sqlite3_stmt *
new_file_prepare(struct db *db, const char *sql, struct err *e)
{
	sqlite3_stmt *st = NULL;

	if (sqlite3_prepare_v2(db->handle, sql, -1, &st, NULL) == SQLITE_OK)
		return st;
	db_error(db, e);
	return NULL;
}

int
new_file_run(struct db *db, const char *sql, int64_t v, struct err *e)
{
	sqlite3_stmt *st = new_file_prepare(db, sql, e);
	int rc;

	if (st == NULL)
		return -1;
	db_bind_int(st, 1, v);
	rc = db_run(db, st, e);
	sqlite3_finalize(st);
	return rc;
}

/* Return a statement that inserts a row of so many columns. */
static sqlite3_stmt *
prepare_insert(struct db *db, const char *table, int columns, struct err *e)
{
	sqlite3_str *sql = sqlite3_str_new(db->handle);
	sqlite3_stmt *st = NULL;
	char *text;

	sqlite3_str_appendf(sql, "INSERT INTO \"%w\" VALUES (?", table);
	for (int i = 1; i < columns; i++)
		sqlite3_str_appendall(sql, ", ?");
	sqlite3_str_appendall(sql, ")");
	if ((text = sqlite3_str_finish(sql)) == NULL)
		err_no_memory(e);
	else
		st = new_file_prepare(db, text, e);
	sqlite3_free(text);
	return st;
}

/* Insert the rows that a statement returns. */
static int
insert_rows(struct db *from, sqlite3_stmt *rows, struct db *to,
    const char *table, struct err *e)
{
	int columns = sqlite3_column_count(rows), rc;
	sqlite3_stmt *insert = prepare_insert(to, table, columns, e);

	if (insert == NULL)
		return -1;
	while ((rc = db_step(from, rows, e)) == 1) {
		sqlite3_reset(insert);
		for (int i = 0; i < columns; i++)
			sqlite3_bind_value(insert, i + 1,
			    sqlite3_column_value(rows, i));
		if (db_run(to, insert, e) != 0) {
			rc = -1;
			break;
		}
	}
	sqlite3_finalize(insert);
	return rc;
}

/* Let a table of one database have the rows that it has in another one too. */
static int
copy_table(struct db *from, struct db *to, const char *table, struct err *e)
{
	char *sql = sqlite3_mprintf("SELECT * FROM \"%w\"", table);
	sqlite3_stmt *rows =
	    sql != NULL ? new_file_prepare(from, sql, e) : NULL;
	int rc = sql != NULL ? -1 : err_no_memory(e);

	if (rows != NULL)
		rc = insert_rows(from, rows, to, table, e);
	sqlite3_finalize(rows);
	sqlite3_free(sql);
	return rc;
}

int
new_file_copy_tables(struct new_file *n, struct db *from, struct err *e)
{
	struct db *to = &n->archive.db;
	sqlite3_stmt *names = new_file_prepare(from, tables, e);
	int rc = -1;

	while (names != NULL && (rc = db_step(from, names, e)) == 1) {
		const char *table = db_text(names, 0);
		bool gone = strcmp(table, "gone") == 0;
		char *drop = sqlite3_mprintf("DELETE FROM \"%w\"%s", table,
		    gone ? " WHERE rev < ?1" : " WHERE ?1");

		if (drop == NULL)
			rc = err_no_memory(e);
		else if (new_file_run(to, drop, n->first, e) != 0 ||
		    copy_table(from, to, table, e) != 0)
			rc = -1;
		sqlite3_free(drop);
		if (rc < 0)
			break;
	}
	sqlite3_finalize(names);
	return rc;
}

/* Add all cells of a row to a digest. */
static uint64_t
digest_row(uint64_t h, sqlite3_stmt *row)
{
	for (int i = 0; i < sqlite3_column_count(row); i++) {
		int type = sqlite3_column_type(row, i);
		const void *bytes = sqlite3_column_blob(row, i);
		int n = sqlite3_column_bytes(row, i);

		h = hash_bytes(h, &type, sizeof(type));
		h = hash_bytes(h, &n, sizeof(n));
		h = hash_bytes(h, bytes, (size_t)n);
	}
	return h;
}

/* Compare ids as the index ban_history has them in order. */
static int
compare_ids(const struct archive_ident *x, const struct archive_ident *y)
{
	int order = x->jail < y->jail ? -1 : x->jail > y->jail;

	if (order == 0)
		order = strcmp(x->ident, y->ident);
	return order != 0 ? order : strcmp(x->host, y->host);
}

void
new_file_free_ids(struct new_file_id *ids, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free((char *)ids[i].of.ident);
		free((char *)ids[i].of.host);
		free((char *)ids[i].name);
	}
	free(ids);
}

/* Ids of which the archive has bans, in order. */
struct id_list {
	struct new_file_id *list;
	size_t n, room;
};

/* Add the row of a ban to the last id, or add its id. */
static int
list_row(struct id_list *ids, sqlite3_stmt *row, struct err *e)
{
	const struct archive_ident of = { db_int(row, 0), db_text(row, 1),
		db_text(row, 2), false };
	struct new_file_id *last = ids->n > 0 ? &ids->list[ids->n - 1] : NULL;

	if (last == NULL || compare_ids(&last->of, &of) != 0) {
		last =
		    list_grow(ids->list, &ids->room, ids->n + 1, sizeof(*last));
		if (last == NULL)
			return err_no_memory(e);
		ids->list = last;
		last = &ids->list[ids->n++];
		*last = (struct new_file_id){
			.of = { of.jail, strdup(of.ident), strdup(of.host),
			    false },
			.name = strdup(db_text(row, 3)),
			.digest = HASH_NONE,
		};
		if (last->of.ident == NULL || last->of.host == NULL ||
		    last->name == NULL)
			return err_no_memory(e);
	}
	last->digest = digest_row(last->digest, row);
	return 0;
}

/* List the ids of which the archive has bans. */
static int
list_ids(struct archive *a, struct id_list *ids, struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_NEW_FILE_BANS, e);
	int rc = -1;

	while (st != NULL && (rc = db_step(&a->db, st, e)) == 1) {
		if (list_row(ids, st, e) != 0) {
			sqlite3_reset(st);
			return -1;
		}
	}
	return rc;
}

/* Add an id that the archive has no more to the list, which stays in order. */
static int
keep_id(struct id_list *ids, size_t at, struct new_file_id *id, struct err *e)
{
	struct new_file_id *list =
	    list_grow(ids->list, &ids->room, ids->n + 1, sizeof(*list));

	if (list == NULL)
		return err_no_memory(e);
	ids->list = list;
	memmove(&list[at + 1], &list[at], (ids->n - at) * sizeof(*list));
	list[at] = *id;
	list[at].changed = id->digest != 0;
	list[at].digest = 0;
	id->of.ident = id->of.host = id->name = NULL;
	ids->n++;
	return 0;
}

/* Let the new list have what the caller knows, and find what has changed. */
static int
compare_lists(struct new_file *n, struct id_list *ids, struct err *e)
{
	size_t at = 0;

	for (size_t i = 0; i < n->ids_n; i++) {
		struct new_file_id *old = &n->ids[i];

		while (
		    at < ids->n && compare_ids(&ids->list[at].of, &old->of) < 0)
			ids->list[at++].changed = true;
		if (at == ids->n ||
		    compare_ids(&ids->list[at].of, &old->of) != 0) {
			if (keep_id(ids, at++, old, e) != 0)
				return -1;
			continue;
		}
		ids->list[at].changed = ids->list[at].digest != old->digest;
		ids->list[at].carried = old->carried;
		ids->list[at++].carried_n = old->carried_n;
	}
	while (at < ids->n)
		ids->list[at++].changed = true;
	return 0;
}

/* Take over the bans of an id, whose earlier ones were removed. */
static int
take_id(struct new_file *n, struct archive *a, sqlite3_stmt *insert,
    const struct archive_ident *of, struct err *e)
{
	struct db *to = &n->archive.db;
	sqlite3_stmt *rows = db_bind(&a->db, SQL_NEW_FILE_ID, e, "itt",
	    of->jail, of->ident, of->host);
	int rc = -1;

	while (rows != NULL && (rc = db_step(&a->db, rows, e)) == 1) {
		sqlite3_reset(insert);
		for (int i = 0; i < sqlite3_column_count(rows); i++)
			sqlite3_bind_value(insert, i + 1,
			    sqlite3_column_value(rows, i));
		/* A merge of rows before may have left a tombstone. */
		if (db_query(to, SQL_NEW_FILE_RETURNED, e, "ii",
			db_int(rows, 0), n->first) != 0 ||
		    db_run(to, insert, e) != 0) {
			sqlite3_reset(rows);
			return -1;
		}
	}
	return rc;
}

static int
take_changed(struct new_file *n, struct archive *a, new_file_clear_fn *clear,
    void *context, struct err *e)
{
	sqlite3_stmt *columns = db_statement(&a->db, SQL_NEW_FILE_ID, e);
	sqlite3_stmt *insert = columns == NULL ?
	    NULL :
	    prepare_insert(&n->archive.db, "ban", sqlite3_column_count(columns),
		e);
	int rc = insert != NULL ? 0 : -1;

	for (size_t i = 0; i < n->ids_n && rc == 0; i++) {
		if (n->ids[i].changed &&
		    (rc = clear(context, &n->ids[i], e)) == 0)
			rc = take_id(n, a, insert, &n->ids[i].of, e);
	}
	sqlite3_finalize(insert);
	return rc;
}

/* Take over evidence, which never changes. */
static int
take_evidence(struct new_file *n, struct archive *a, struct err *e)
{
	sqlite3_stmt *rows =
	    db_bind(&a->db, SQL_NEW_FILE_EVIDENCE, e, "i", n->evidence);
	int rc;

	if (rows == NULL)
		return -1;
	rc = insert_rows(&a->db, rows, &n->archive.db, "evidence", e);
	sqlite3_reset(rows);
	return rc != 0 ? -1 :
			 db_number(&a->db, SQL_NEW_FILE_LAST, &n->evidence, e,
			     "i", n->evidence);
}

static int
check_numbers(struct new_file *n, struct archive *a, struct err *e)
{
	int64_t greatest;

	if (new_file_greatest(a, &greatest, e) != 0)
		return -1;
	if (greatest < n->first)
		return 0;
	return err_set(e, EX_UNAVAILABLE, "%s: too many events came meanwhile",
	    a->db.name);
}

int
new_file_take_over(struct new_file *n, struct archive *a,
    new_file_clear_fn *clear, void *to, struct err *e)
{
	struct id_list ids = { 0 };

	if (new_file_check(n, a, e) != 0 || check_numbers(n, a, e) != 0 ||
	    list_ids(a, &ids, e) != 0 || compare_lists(n, &ids, e) != 0) {
		new_file_free_ids(ids.list, ids.n);
		return -1;
	}
	new_file_free_ids(n->ids, n->ids_n);
	n->ids = ids.list;
	n->ids_n = ids.n;
	return new_file_copy_tables(n, &a->db, e) != 0 ||
		take_changed(n, a, clear, to, e) != 0 ||
		take_evidence(n, a, e) != 0 ?
	    -1 :
	    0;
}
