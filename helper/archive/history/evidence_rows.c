/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/history/evidence_rows.h"

#include <string.h>

#include "archive/statements.h"

static int
copy_text(sqlite3_stmt *st, int column, char **to)
{
	const char *text = db_text(st, column);

	*to = text != NULL ? strdup(text) : NULL;
	return text == NULL || *to != NULL ? 0 : -1;
}

int
evidence_get(struct archive *a, int64_t id, char **matches, char **captures,
    struct err *e)
{
	sqlite3_stmt *st = db_bind(&a->db, SQL_EVIDENCE_GET, e, "i", id);
	int rc;

	*matches = *captures = NULL;
	if (st == NULL || (rc = db_step(&a->db, st, e)) < 0)
		return -1;
	if (rc == 1 &&
	    (copy_text(st, 0, matches) != 0 || copy_text(st, 1, captures) != 0))
		rc = err_no_memory(e);
	sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}

int
evidence_remove(struct archive *a, int64_t id, struct err *e)
{
	return db_query(&a->db, SQL_EVIDENCE_REMOVE, e, "i", id);
}
