/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/log_lines.h"

#include <sysexits.h>

#include "archive/statements.h"
#include "base/list.h"

int
log_lines_any(struct archive *a, struct err *e)
{
	return db_has_row(&a->db, SQL_LINE_ANY, e, "");
}

int
log_lines_knows(struct archive *a, const struct archive_ident *of,
    struct err *e)
{
	return db_has_row(&a->db, SQL_LINE_KNOWS, e, "itt", of->jail, of->ident,
	    archive_ident_host(of));
}

int
log_lines_is_of_ban(struct archive *a, const struct archive_ident *of,
    int64_t at_us, struct err *e)
{
	return db_has_row(&a->db, SQL_LINE_IS_OF_BAN, e, "itti", of->jail,
	    of->ident, archive_ident_host(of), at_us);
}

/* Write a line by SQL_LINE_ADD or SQL_LINE_LEARN; *changed: that did it. */
static int
write_line(struct archive *a, int which, const struct archive_ident *of,
    const struct logged_line *line, bool *changed, struct err *e)
{
	if (db_query(&a->db, which, e, "ittidiii", of->jail, of->ident,
		archive_ident_host(of), line->at_us, line->verb, line->found,
		line->seconds, line->bancount) != 0)
		return -1;
	*changed = sqlite3_changes(a->db.handle) != 0;
	return 0;
}

int
log_lines_add(struct archive *a, const struct archive_ident *of,
    const struct logged_line *line, bool *known, bool *news, struct err *e)
{
	if (write_line(a, SQL_LINE_ADD, of, line, news, e) != 0)
		return -1;
	*known = !*news;
	return *known ? write_line(a, SQL_LINE_LEARN, of, line, news, e) : 0;
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
