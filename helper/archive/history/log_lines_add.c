/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Only a replay adds lines: no event links this. */
#include "archive/history/log_lines.h"
#include "archive/statements.h"

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

/* Bind lines about an id to a statement that adds so many; it is then run. */
static int
add_together(struct archive *a, int which, const struct archive_ident *of,
    const struct logged_line *lines, size_t n, struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, which, e);
	int i = 1;

	if (st == NULL)
		return -1;
	db_bind_int(st, i++, of->jail);
	db_bind_text(st, i++, of->ident);
	db_bind_text(st, i++, archive_ident_host(of));
	for (size_t k = 0; k < n; k++) {
		db_bind_int(st, i++, lines[k].at_us);
		db_bind_int(st, i++, lines[k].verb);
		db_bind_int(st, i++, lines[k].found);
		db_bind_int(st, i++, lines[k].seconds);
		db_bind_int(st, i++, lines[k].bancount);
	}
	return db_run(&a->db, st, e);
}

/* Begin a statement for several lines: most of its price is that of one. */
int
log_lines_add_first(struct archive *a, const struct archive_ident *of,
    const struct logged_line *lines, size_t n, int64_t *known_n, struct err *e)
{
	static const struct {
		size_t n;
		int which;
	} steps[] = {
		{ 8, SQL_LINES_ADD_8 },
		{ 4, SQL_LINES_ADD_4 },
		{ 2, SQL_LINES_ADD_2 },
		{ 1, SQL_LINE_ADD },
	};
	size_t done = 0, added = 0;
	bool changed;

	for (size_t step = 0; done < n;) {
		if (n - done < steps[step].n) {
			step++;
			continue;
		}
		if (add_together(a, steps[step].which, of, &lines[done],
			steps[step].n, e) != 0)
			return -1;
		done += steps[step].n;
		added += (size_t)sqlite3_changes(a->db.handle);
	}
	*known_n += (int64_t)(n - added);
	/* A line that stands there twice may show other numbers each time. */
	for (size_t i = 0; i < n && added < n; i++) {
		if (write_line(a, SQL_LINE_LEARN, of, &lines[i], &changed, e) !=
		    0)
			return -1;
	}
	return 0;
}
