/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "evidence.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "text.h"

/* A copy of column i, valid UTF-8 whatever its escapes made of it. */
static int
copy_column(sqlite3_stmt *st, int i, char **copy, struct err *e)
{
	const char *s = db_text(st, i);

	*copy = NULL;
	if (s == NULL)
		return 0;
	*copy = text_to_utf8(s, (size_t)sqlite3_column_bytes(st, i), NULL);
	return *copy != NULL ? 0 : err_set(e, EX_OSERR, "out of memory");
}

static int
decode(struct db *db, int statement, const char *text, int64_t max_matches,
    struct evidence *ev, struct err *e)
{
	sqlite3_stmt *st = db_statement(db, statement, e);
	int rc;

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, text);
	db_bind_int(st, 2, max_matches);
	db_bind_int(st, 3, EVIDENCE_LINE_MAX);
	rc = db_step(db, st, e);
	if (rc == 1) {
		ev->failures = db_int(st, 0);
		if (copy_column(st, 1, &ev->ip, e) != 0 ||
		    copy_column(st, 2, &ev->matches, e) != 0 ||
		    copy_column(st, 3, &ev->captures, e) != 0)
			rc = -1;
	}
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return rc < 0 ? -1 : 0;
}

int
evidence_decode(struct db *db, int statement, const char *data, size_t len,
    int64_t max_matches, struct evidence *ev, struct err *e)
{
	char *text;
	int rc;

	*ev = (struct evidence){ .failures = UNKNOWN };
	if (data == NULL)
		return 0;
	if ((text = text_to_utf8(data, len, NULL)) == NULL)
		return err_set(e, EX_OSERR, "out of memory");
	rc = decode(db, statement, text, max_matches, ev, e);
	free(text);
	return rc;
}

int
evidence_decode_lines(struct db *db, int statement, const char *lines,
    int64_t max_matches, struct evidence *ev, struct err *e)
{
	*ev = (struct evidence){ .failures = UNKNOWN };
	return decode(db, statement, lines, max_matches, ev, e);
}

void
evidence_free(struct evidence *ev)
{
	free(ev->matches);
	free(ev->captures);
	free(ev->ip);
	*ev = (struct evidence){ .failures = UNKNOWN };
}
