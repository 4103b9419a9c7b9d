/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/history/evidence.h"

#include <stddef.h>
#include <sysexits.h>

#include "archive/shared_text.h"
#include "archive/statements.h"

int
evidence_add(struct archive *a, const char *matches, const char *captures,
    int64_t *id, struct err *e)
{
	struct shared_text text;
	int rc;

	if (shared_text_find(&text, matches != NULL ? matches : "[]") != 0)
		rc = err_no_memory(e);
	else
		rc = db_query(&a->db, SQL_EVIDENCE_ADD, e, "tttttt",
		    matches != NULL ? text.lines : NULL, captures,
		    text.piece[0], text.piece[1], text.piece[2], text.piece[3]);
	if (rc == 0)
		*id = sqlite3_last_insert_rowid(a->db.handle);
	shared_text_free(&text);
	return rc;
}

int
evidence_is(struct archive *a, int64_t id, const char *matches,
    const char *captures, struct err *e)
{
	if (id == 0)
		return matches == NULL && captures == NULL;
	return db_has_row(&a->db, SQL_EVIDENCE_IS, e, "itt", id, matches,
	    captures);
}
