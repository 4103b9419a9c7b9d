/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/history/log_lines.h"

#include <sysexits.h>

#include "archive/statements.h"
#include "base/list.h"

int
log_lines_any(struct archive *a, struct err *e)
{
	return db_has_row(&a->db, SQL_LINE_ANY, e, "");
}

int
log_lines_load(struct archive *a, const struct archive_ident *of,
    int64_t from_us, int64_t to_us, struct log_lines *lines, struct err *e)
{
	sqlite3_stmt *st = db_bind(&a->db, SQL_LINES_OF, e, "ittii", of->jail,
	    of->ident, archive_ident_host(of), from_us, to_us);
	int rc;

	if (st == NULL)
		return -1;
	while ((rc = db_step(&a->db, st, e)) == 1) {
		struct logged_line *list = list_grow(lines->list, &lines->room,
		    lines->n + 1, sizeof(*list));

		if (list == NULL) {
			rc = err_no_memory(e);
			break;
		}
		lines->list = list;
		list[lines->n++] = (struct logged_line){
			.at_us = db_int(st, 0),
			.verb = (enum logged_verb)db_int(st, 1),
			.found = db_int(st, 2),
			.seconds = db_int(st, 3),
			.bancount = db_int(st, 4),
		};
	}
	sqlite3_reset(st);
	return rc;
}
