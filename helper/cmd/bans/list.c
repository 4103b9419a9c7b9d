/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * list: print the bans of the archive, newest first; or, with --follow, the
 * last ones and then each ban that comes, until a signal.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cmd/bans/columns.h"
#include "cmd/bans/follow.h"
#include "cmd/bans/source.h"
#include "cmd/bans/view.h"
#include "cmd/command.h"

/* Without --limit, so many bans that were there already begin --follow. */
#define FOLLOWED 10

struct list {
	struct view view;
	struct column columns[BAN_COLUMNS];
	struct table *table;
	bool follow;
	/* --follow has printed the bans up to this row of this file. */
	int64_t last;
	uint64_t dev, ino;
};

static int
take_option(void *to, const char *name, const char *value, struct err *e)
{
	struct list *list = to;

	if (strcmp(name, "follow") != 0)
		return view_take(&list->view, name, value, e);
	list->follow = true;
	return 0;
}

static int
print_ban(struct output *out UNUSED, void *context, struct archive_cursor *ban,
    struct err *e)
{
	struct list *list = context;

	return ban_columns_put(list->table, ban, &list->view, e);
}

static int
print_bans(struct list *list, struct err *e)
{
	struct view *view = &list->view;
	struct archive_cursor cursor;
	/* A field that is JSON or long is read only where it is printed. */
	bool whole = view->style.format != TABLE_PEOPLE ||
	    view->style.fields != NULL || view->style.sort != NULL;
	int rc = archive_cursor_open_newest(&cursor, &view->archive,
	    &view->filter, whole, e);

	if (rc == 0)
		rc = output_bans(&view->out, &cursor, print_ban, list, e);
	archive_cursor_close(&cursor);
	if (rc == 0 && table_rows(list->table) == 0 && view->style.limit != 0 &&
	    view->style.format == TABLE_PEOPLE)
		fputs("no such bans\n", view->out.to);
	return rc;
}

/*
 * If another file has taken the place of the archive, as after a restore, go on
 * after the bans that were archived before the last look.
 */
static int
find_place(struct list *list, int64_t looked_us, struct err *e)
{
	struct archive *archive = &list->view.archive;

	if (archive->dev == list->dev && archive->ino == list->ino)
		return 0;
	list->dev = archive->dev;
	list->ino = archive->ino;
	return archive_row_before(archive, 0, looked_us, &list->last, e);
}

/* Print the bans after the last row. */
static int
print_later(struct list *list, struct err *e)
{
	struct view *view = &list->view;
	struct archive_cursor cursor;
	int rc = archive_cursor_open_after(&cursor, &view->archive,
	    &view->filter, list->last, e);

	while (rc == 0 && (rc = archive_cursor_next(&cursor, e)) == 1) {
		list->last = archive_cursor_row(&cursor);
		rc = print_ban(&view->out, list, &cursor, e);
	}
	archive_cursor_close(&cursor);
	return rc == 0 ? table_flush(list->table, e) : rc;
}

static int
follow(struct list *list, const struct config *config, struct err *e)
{
	struct view *view = &list->view;
	int64_t limit = view->style.limit, looked_us;
	int rc = find_place(list, view->filter.now_us, e);

	follow_begin(view);
	if (rc == 0)
		rc = archive_row_before(&view->archive,
		    limit < 0 ? FOLLOWED : limit, view->filter.now_us,
		    &list->last, e);
	while (rc == 0) {
		looked_us = view->filter.now_us;
		rc = print_later(list, e);
		if (rc != 0 || (rc = follow_wait(view, config, e)) != 1)
			break;
		rc = find_place(list, looked_us, e);
	}
	return view->out.left ? 0 : rc;
}

static int
run_list(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct list list = { .view = VIEW_ALL };
	struct view *view = &list.view;
	int operands, rc;

	if (options_parse(self, argc, argv, take_option, &list, &operands, e) !=
	    0)
		return -1;
	if (list.follow && view->style.sort != NULL)
		return err_set(e, EX_USAGE,
		    "list: --follow prints bans as they come; leave out "
		    "--sort");
	if (list.follow && (view->fleet || bans_are_of_fleet))
		return err_set(e, EX_USAGE,
		    "list: --follow prints the bans of this archive as they "
		    "come; for those of the fleet, repeat list --fleet "
		    "--since");
	view->no_pager |= list.follow;
	rc = view_open_geo(view, config, e);
	if (rc == 0)
		rc = view_open(view, config, argc, argv, operands, e);
	ban_columns(view, list.columns);
	if (rc == 0)
		rc = view_begin(view, e);
	if (rc == 0)
		rc = table_open(&list.table, &view->style, list.columns,
		    BAN_COLUMNS, view->out.to, e);
	if (rc == 0)
		view_needs_places(view,
		    table_needs(list.table, BAN_COLUMN_COUNTRY),
		    table_needs(list.table, BAN_COLUMN_ASN) ||
			table_needs(list.table, BAN_COLUMN_OWNER));
	if (rc == 0)
		rc = list.follow ? follow(&list, config, e) :
				   print_bans(&list, e);
	rc = table_close(list.table, rc, e);
	return view_close(view, rc, e);
}

static const struct option_spec options[] = {
	VIEW_FILTER_OPTIONS,
	VIEW_FLEET_OPTION,
	VIEW_TABLE_OPTIONS,
	{ "follow", NULL, "print each ban as it comes" },
	{ NULL, NULL, NULL },
};

const struct command cmd_list = {
	.name = "list",
	.operands = "[JAIL|ID|CIDR...]",
	.summary = "list bans, the newest first",
	.options = options,
	.run = run_list,
};
