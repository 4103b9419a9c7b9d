/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export: write bans for other programs, as JSON Lines or CSV, oldest first; or
 * what has changed since another export. */
#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

#include "archive/changes.h"
#include "base/json.h"
#include "base/number.h"
#include "cmd/ban_columns.h"
#include "cmd/command.h"
#include "cmd/view.h"

struct export
{
	struct view view;
	struct table *table;
	bool filtered;	     /* an option wants only some of the bans */
	int64_t after;	     /* UNKNOWN: not the changes are wanted */
	const char *archive; /* the id that the archive is to have, or NULL */
};

static int
take_option(void *to, const char *name, const char *value, struct err *e)
{
	struct export *x = to;

	if (strcmp(name, "after") == 0)
		return number_parse(value, 0, INT64_MAX, &x->after, e) == 0 ?
		    0 :
		    err_wrap(e, "--after");
	if (strcmp(name, "archive") == 0) {
		x->archive = value;
		return 0;
	}
	x->filtered |= strcmp(name, "format") != 0;
	return view_take(&x->view, name, value, e);
}

static int
check_options(const struct export *x, struct err *e)
{
	if (x->view.style.format == TABLE_PEOPLE)
		return err_set(e, EX_USAGE,
		    "export: --format: must be jsonl or csv");
	if (x->after == UNKNOWN && x->archive != NULL)
		return err_set(e, EX_USAGE, "export: --archive: needs --after");
	if (x->after != UNKNOWN && x->filtered)
		return err_set(e, EX_USAGE,
		    "export: --after: takes no filter: whoever knew only some "
		    "bans could not know which of them have gone");
	if (x->after != UNKNOWN && x->view.style.format != TABLE_JSONL)
		return err_set(e, EX_USAGE,
		    "export: --after: needs --format jsonl");
	return 0;
}

static int
print_ban(struct output *to UNUSED, void *context, struct archive_cursor *ban,
    struct err *e)
{
	struct export *x = context;

	return ban_columns_put(x->table, ban, &x->view, e);
}

static int
print_bans(struct export *x, struct err *e)
{
	struct view *view = &x->view;
	struct archive_cursor cursor;
	int rc = archive_cursor_open_oldest(&cursor, &view->archive,
	    &view->filter, e);

	if (rc == 0)
		rc = output_bans(&view->out, &cursor, print_ban, x, e);
	archive_cursor_close(&cursor);
	return rc;
}

/* Print a text as JSON has it. */
static int
print_text(FILE *to, const char *s, struct err *e)
{
	struct buffer text = { 0 };

	json_put_text(&text, s != NULL ? s : "", s != NULL ? strlen(s) : 0);
	if (!text.failed)
		fputs(text.s, to);
	buffer_free(&text);
	return text.failed ? err_no_memory(e) : 0;
}

static int
print_change(struct export *x, struct archive_changes *c, struct err *e)
{
	struct output *out = &x->view.out;

	if (!c->gone)
		return ban_columns_put(x->table, &c->bans, &x->view, e);
	fprintf(out->to,
	    "{\"id\":%" PRId64 ",\"rev\":%" PRId64 ",\"gone\":", c->ban,
	    c->rev);
	if (print_text(out->to, c->why, e) != 0)
		return -1;
	fputs("}\n", out->to);
	return 0;
}

/* The last line is for the next time. */
static int
print_changes(struct export *x, struct err *e)
{
	struct output *out = &x->view.out;
	struct archive_changes c;
	int rc = archive_changes_open(&c, &x->view.archive, &x->view.filter,
	    x->after, x->archive, e);

	while (rc == 0 && (rc = archive_changes_next(&c, e)) == 1) {
		rc = print_change(x, &c, e);
		if (rc == 0 && output_is_full(out)) {
			archive_changes_rest(&c);
			rc = output_flush(out, e);
		}
	}
	archive_changes_rest(&c);
	if (rc != 0)
		return -1;
	fprintf(out->to, "{\"next\":%" PRId64 ",\"archive\":", c.upto);
	if (print_text(out->to, c.id, e) != 0)
		return -1;
	fputs("}\n", out->to);
	return 0;
}

static int
run_export(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct export x = { .view = VIEW_ALL, .after = UNKNOWN };
	struct view *view = &x.view;
	struct column columns[BAN_COLUMNS];
	int operands, rc;

	view->style.format = TABLE_JSONL;
	view->no_pager = true;
	if (options_parse(self, argc, argv, take_option, &x, &operands, e) !=
		0 ||
	    check_options(&x, e) != 0)
		return -1;
	view->numbers = x.after != UNKNOWN;
	ban_columns(view, columns);
	rc = view_open(view, config, NULL, e);
	if (rc == 0)
		rc = view_begin(view, e);
	if (rc == 0)
		rc = table_open(&x.table, &view->style, columns, BAN_COLUMNS,
		    view->out.to, e);
	if (rc == 0)
		rc = x.after != UNKNOWN ? print_changes(&x, e) :
					  print_bans(&x, e);
	rc = table_close(x.table, rc, e);
	return view_close(view, rc, e);
}

static const struct option_spec options[] = {
	VIEW_FILTER_OPTIONS,
	{ "format", "jsonl|csv", "jsonl (the default): one object a line" },
	{ "after", "REV", "what is new, changed or gone since that number" },
	{ "archive", "ID", "fail if the archive has another id" },
	{ NULL, NULL, NULL },
};

const struct command cmd_export = {
	.name = "export",
	.operands = "",
	.summary = "write bans as JSON Lines or CSV, the oldest first",
	.options = options,
	.run = run_export,
};
