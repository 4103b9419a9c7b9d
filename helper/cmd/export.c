/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export: write bans for other programs, as JSON Lines or CSV, oldest first. */
#include <sysexits.h>

#include "cmd/ban_columns.h"
#include "cmd/command.h"
#include "cmd/view.h"

struct export
{
	struct view *view;
	struct table *table;
};

static int
print_ban(struct output *to UNUSED, void *context, struct archive_cursor *ban,
    struct err *e)
{
	struct export *x = context;

	return ban_columns_put(x->table, ban, x->view, e);
}

static int
run_export(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct view view = VIEW_ALL;
	struct export x = { .view = &view };
	struct column columns[BAN_COLUMNS];
	struct archive_cursor cursor;
	int operands, rc;

	view.style.format = TABLE_JSONL;
	view.no_pager = true;
	if (options_parse(self, argc, argv, view_take, &view, &operands, e) !=
	    0)
		return -1;
	if (view.style.format == TABLE_PEOPLE)
		return err_set(e, EX_USAGE,
		    "export: --format: must be jsonl or csv");
	ban_columns(&view, columns);
	rc = view_open(&view, config, NULL, e);
	if (rc == 0)
		rc = view_begin(&view, e);
	if (rc == 0)
		rc = table_open(&x.table, &view.style, columns, BAN_COLUMNS,
		    view.out.to, e);
	if (rc == 0) {
		rc = archive_cursor_open_oldest(&cursor, &view.archive,
		    &view.filter, e);
		if (rc == 0)
			rc = output_bans(&view.out, &cursor, print_ban, &x, e);
		archive_cursor_close(&cursor);
	}
	rc = table_close(x.table, rc, e);
	return view_close(&view, rc, e);
}

static const struct option_spec options[] = {
	VIEW_FILTER_OPTIONS,
	{ "format", "jsonl|csv", "jsonl (the default): one object a line" },
	{ NULL, NULL, NULL },
};

const struct command cmd_export = {
	.name = "export",
	.operands = "",
	.summary = "write bans as JSON Lines or CSV, the oldest first",
	.options = options,
	.run = run_export,
};
