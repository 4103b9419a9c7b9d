/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export --after and --follow: what is new, changed or gone, and where to go
 * on. */
#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

#include "base/json.h"
#include "cmd/bans/columns.h"
#include "cmd/bans/export.h"
#include "cmd/bans/follow.h"

/* CSV has the columns of all three kinds of lines. */
enum {
	CHANGE_ERASED = BAN_COLUMNS,
	CHANGE_AFTER,
	CHANGE_GONE,
	CHANGE_NEXT,
	CHANGE_ARCHIVE,
	CHANGE_COLUMNS
};

static const struct column other_columns[] = {
	{ "erased", NULL, "ERASED", COLUMN_TEXT, COLUMN_DATA, 0, 0, 0 },
	{ "after", NULL, "AFTER", COLUMN_NUMBER, COLUMN_DATA, 0, 0, 0 },
	{ "gone", NULL, "GONE", COLUMN_TEXT, COLUMN_DATA, 0, 0, 0 },
	{ "next", NULL, "NEXT", COLUMN_NUMBER, COLUMN_DATA, 0, 0, 0 },
	{ "archive", NULL, "ARCHIVE", COLUMN_TEXT, COLUMN_DATA, 0, 0, 0 },
};

/* Print a text as JSON has it, and the end of its object. */
static int
print_last_text(FILE *to, const char *s, struct err *e)
{
	struct buffer text = { 0 };

	json_put_text(&text, s != NULL ? s : "", s != NULL ? strlen(s) : 0);
	if (!text.failed)
		fprintf(to, "%s}\n", text.s);
	buffer_free(&text);
	return text.failed ? err_no_memory(e) : 0;
}

static int
print_gone(struct export *x, const struct archive_changes *c, struct err *e)
{
	FILE *to = x->view.out.to;

	if (x->format == EXPORT_ECS)
		return ban_ecs_put_gone(&x->ecs, &x->view, c, e);
	if (x->format == EXPORT_CSV) {
		table_put_number(x->table, BAN_COLUMN_NUMBER, c->ban);
		table_put_number(x->table, BAN_FIELD_REV, c->rev);
		table_put_text(x->table, CHANGE_GONE, c->why);
		table_put_text(x->table, CHANGE_ERASED, c->erased);
		return table_end_row(x->table, e);
	}
	fprintf(to, "{\"id\":%" PRId64 ",\"rev\":%" PRId64 ",", c->ban, c->rev);
	if (c->erased != NULL)
		fprintf(to, "\"erased\":\"%s\",", c->erased);
	fputs("\"gone\":", to);
	return print_last_text(to, c->why, e);
}

static int
print_next(struct export *x, const struct archive_changes *c, struct err *e)
{
	FILE *to = x->view.out.to;

	if (x->format == EXPORT_ECS)
		return ban_ecs_put_next(&x->ecs, &x->view, c->upto, e);
	if (x->format == EXPORT_CSV) {
		table_put_number(x->table, CHANGE_NEXT, c->upto);
		table_put_text(x->table, CHANGE_ARCHIVE, c->id);
		table_put_number(x->table, CHANGE_AFTER, c->after);
		return table_end_row(x->table, e);
	}
	fprintf(to, "{\"after\":%" PRId64 ",\"next\":%" PRId64 ",\"archive\":",
	    c->after, c->upto);
	return print_last_text(to, c->id, e);
}

static int
print_change(struct export *x, const struct archive_changes *c, struct err *e)
{
	if (c->gone)
		return print_gone(x, c, e);
	return x->format == EXPORT_ECS ?
	    ban_ecs_put(&x->ecs, &x->view, &c->bans, e) :
	    ban_columns_put(x->table, &c->bans, &x->view, e);
}

/*
 * Print the changes of c, and where to go on. When *stop is set on the way, the
 * latter is left out.
 */
static int
print_batch(struct export *x, struct archive_changes *c,
    const volatile sig_atomic_t *stop, struct err *e)
{
	struct output *out = &x->view.out;
	int rc = 0;

	while (
	    rc == 0 && *stop == 0 && (rc = archive_changes_next(c, e)) == 1) {
		rc = print_change(x, c, e);
		if (rc == 0 && output_is_full(out)) {
			archive_changes_rest(c);
			rc = output_flush(out, e);
		}
	}
	archive_changes_rest(c);
	return rc == 0 && *stop == 0 ? print_next(x, c, e) : rc;
}

/* Print the changes after x->after, which becomes the number to go on from. */
static int
print_changes(struct export *x, bool first, const volatile sig_atomic_t *stop,
    struct err *e)
{
	struct archive_changes c;
	int rc = archive_changes_open(&c, &x->view.archive, &x->view.filter,
	    x->after, x->archive, e);

	/* The changes of a later look may be none. */
	if (rc == 0 && (first || c.upto > x->after))
		rc = print_batch(x, &c, stop, e);
	x->after = c.upto;
	return rc;
}

static int
follow(struct export *x, const struct config *config, struct err *e)
{
	struct view *view = &x->view;
	const volatile sig_atomic_t *stop = follow_begin(view);
	char id[ARCHIVE_ID];
	int64_t rev;
	int rc = archive_changes_state(&view->archive, &rev, id, e);

	/* From now on another archive is an error. */
	if (rc == 0 && x->archive == NULL)
		x->archive = id;
	for (bool first = true; rc == 0; first = false) {
		rc = print_changes(x, first, stop, e);
		if (rc == 0 && (rc = follow_wait(view, config, e)) == 0)
			break;
		rc = rc > 0 ? 0 : rc;
	}
	x->archive = NULL;
	return view->out.left ? 0 : rc;
}

int
export_changes(struct export *x, const struct config *config, struct err *e)
{
	static const volatile sig_atomic_t never;
	struct view *view = &x->view;
	struct column columns[CHANGE_COLUMNS];
	bool csv = x->format == EXPORT_CSV;
	int rc;

	ban_columns(view, columns);
	memcpy(columns + BAN_COLUMNS, other_columns, sizeof(other_columns));
	rc = table_open(&x->table, &view->style, columns,
	    csv ? CHANGE_COLUMNS : BAN_COLUMNS, view->out.to, e);
	if (rc == 0)
		rc = x->follow ? follow(x, config, e) :
				 print_changes(x, true, &never, e);
	return table_close(x->table, rc, e);
}
