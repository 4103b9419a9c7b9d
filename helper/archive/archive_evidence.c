/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/archive_evidence.h"

#include <stddef.h>
#include <sysexits.h>

#include "archive/statements.h"
#include "archive/shared_text.h"

int
archive_evidence_is(struct archive *a, int64_t id, const char *matches,
    const char *captures, struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_EVIDENCE_IS, e);
	int rc;

	if (st == NULL)
		return -1;
	db_bind_int(st, 1, id);
	db_bind_text(st, 2, matches);
	db_bind_text(st, 3, captures);
	rc = db_step(&a->db, st, e);
	sqlite3_reset(st);
	return rc;
}

int
archive_evidence_add(struct archive *a, const char *matches,
    const char *captures, int64_t *id, struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_EVIDENCE_ADD, e);
	struct shared_text pieces;
	int rc = -1;

	if (st == NULL)
		return -1;
	if (shared_text_find(&pieces, matches != NULL ? matches : "[]") != 0) {
		err_set(e, EX_OSERR, "archive: out of memory");
	} else {
		db_bind_text(st, 1, matches != NULL ? pieces.lines : NULL);
		db_bind_text(st, 2, captures);
		for (int i = 0; i < SHARED_TEXT_MAX; i++)
			db_bind_text(st, 3 + i, pieces.had[i]);
		rc = db_run(&a->db, st, e);
	}
	if (rc == 0)
		*id = sqlite3_last_insert_rowid(a->db.handle);
	shared_text_free(&pieces);
	return rc;
}
