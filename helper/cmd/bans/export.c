/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export: write for other programs bans, the oldest first; or what has changed
 * since another export; or a list of ids. */
#include "cmd/bans/export.h"

#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "base/number.h"
#include "cmd/bans/columns.h"
#include "cmd/command.h"

#define OF_BANS "jsonl, csv or ecs"
#define OF_LISTS "plain, cidr, nft, ipset or abuseipdb"

static const char *const format_names[] = {
	[EXPORT_JSONL] = "jsonl",
	[EXPORT_CSV] = "csv",
	[EXPORT_ECS] = "ecs",
	[EXPORT_PLAIN] = "plain",
	[EXPORT_CIDR] = "cidr",
	[EXPORT_NFT] = "nft",
	[EXPORT_IPSET] = "ipset",
	[EXPORT_ABUSEIPDB] = "abuseipdb",
};

static int
take_format(struct export *x, const char *value, struct err *e)
{
	x->format_name = value;
	if (strcmp(value, "json") == 0)
		value = "jsonl";
	for (size_t i = 0; i < ARRAY_LEN(format_names); i++) {
		if (strcmp(value, format_names[i]) == 0) {
			x->format = (enum export_format)i;
			return 0;
		}
	}
	return err_set(e, EX_USAGE,
	    "--format: must be " OF_BANS ", or with --list " OF_LISTS);
}

static int
take_family(struct export *x, const char *value, struct err *e)
{
	if (strcmp(value, "4") != 0 && strcmp(value, "6") != 0)
		return err_set(e, EX_USAGE, "--family: must be 4 or 6");
	x->family = value[0] == '4' ? AF_INET : AF_INET6;
	return 0;
}

/* Take an option of the list; *known says whether it is one. */
static int
take_list_option(struct export *x, const char *name, const char *value,
    bool *known, struct err *e)
{
	*known = true;
	if (strcmp(name, "list") == 0) {
		x->list = true;
		return 0;
	}
	if (strcmp(name, "aggregate") == 0) {
		x->list_only = "--aggregate";
		x->aggregate = true;
		return 0;
	}
	if (strcmp(name, "family") == 0) {
		x->list_only = "--family";
		return take_family(x, value, e);
	}
	if (strcmp(name, "min-bans") == 0) {
		x->list_only = "--min-bans";
		return number_parse(value, 1, INT64_MAX, &x->min_bans, e) == 0 ?
		    0 :
		    err_wrap(e, "--min-bans");
	}
	*known = false;
	return 0;
}

static int
take_option(void *to, const char *name, const char *value, struct err *e)
{
	struct export *x = to;
	bool known;
	int rc = take_list_option(x, name, value, &known, e);

	if (known)
		return rc;
	if (strcmp(name, "format") == 0)
		return take_format(x, value, e);
	if (strcmp(name, "after") == 0)
		return number_parse(value, 0, INT64_MAX, &x->after, e) == 0 ?
		    0 :
		    err_wrap(e, "--after");
	if (strcmp(name, "archive") == 0) {
		x->archive = value;
		return 0;
	}
	if (strcmp(name, "follow") == 0) {
		x->follow = true;
		return 0;
	}
	x->filter = name;
	return view_take(&x->view, name, value, e);
}

/* Check what goes with --list. */
static int
check_list(struct export *x, struct err *e)
{
	if (!x->list && x->list_only != NULL)
		return err_set(e, EX_USAGE, "export: %s: needs --list",
		    x->list_only);
	if (!x->list && x->format >= EXPORT_PLAIN)
		return err_set(e, EX_USAGE,
		    "export: --format %s: needs --list; else it must "
		    "be " OF_BANS,
		    x->format_name);
	if (!x->list)
		return 0;
	if (x->after != UNKNOWN || x->follow || x->archive != NULL)
		return err_set(e, EX_USAGE,
		    "export: --list: takes neither --after, --archive nor "
		    "--follow");
	if (x->format_name == NULL)
		x->format = EXPORT_PLAIN;
	if (x->format < EXPORT_PLAIN)
		return err_set(e, EX_USAGE,
		    "export: --format %s: with --list it must be " OF_LISTS,
		    x->format_name);
	if (x->aggregate && x->format == EXPORT_ABUSEIPDB)
		return err_set(e, EX_USAGE,
		    "export: --aggregate: AbuseIPDB takes reports of addresses "
		    "only, not of networks");
	return 0;
}

static int
check_options(struct export *x, struct err *e)
{
	if (check_list(x, e) != 0)
		return -1;
	if (x->after == UNKNOWN && x->follow)
		x->after = 0;
	if (x->after == UNKNOWN && x->archive != NULL)
		return err_set(e, EX_USAGE, "export: --archive: needs --after");
	if (x->after != UNKNOWN && x->filter != NULL)
		return err_set(e, EX_USAGE,
		    "export: %s: takes no filter such as --%s: whoever knew "
		    "only some bans could not know which of them have gone",
		    x->follow ? "--follow" : "--after", x->filter);
	return 0;
}

static int
print_ban(struct output *to UNUSED, void *context, struct archive_cursor *ban,
    struct err *e)
{
	struct export *x = context;

	return x->format == EXPORT_ECS ?
	    ban_ecs_put(&x->ecs, &x->view, ban, e) :
	    ban_columns_put(x->table, ban, &x->view, e);
}

static int
print_bans(struct export *x, struct err *e)
{
	struct view *view = &x->view;
	struct column columns[BAN_COLUMNS];
	struct archive_cursor cursor = { 0 };
	int rc;

	ban_columns(view, columns);
	rc = table_open(&x->table, &view->style, columns, BAN_COLUMNS,
	    view->out.to, e);
	if (rc == 0)
		rc = archive_cursor_open_oldest(&cursor, &view->archive,
		    &view->filter, e);
	if (rc == 0)
		rc = output_bans(&view->out, &cursor, print_ban, x, e);
	archive_cursor_close(&cursor);
	return table_close(x->table, rc, e);
}

/* Print bans or changes. */
static int
print(struct export *x, const struct config *config, struct err *e)
{
	int rc = view_begin(&x->view, e);

	if (rc == 0 && x->format == EXPORT_ECS)
		rc = ban_ecs_begin(&x->ecs, &x->view, e);
	if (rc == 0)
		rc = x->after != UNKNOWN ? export_changes(x, config, e) :
					   print_bans(x, e);
	buffer_free(&x->ecs.text);
	return rc;
}

static int
run_export(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct export x = {
		.view = VIEW_ALL,
		.after = UNKNOWN,
		.min_bans = 1,
		.family = AF_UNSPEC,
	};
	struct view *view = &x.view;
	int operands, rc;

	if (options_parse(self, argc, argv, take_option, &x, &operands, e) !=
		0 ||
	    check_options(&x, e) != 0)
		return -1;
	view->no_pager = true;
	view->style.format = x.format == EXPORT_CSV ? TABLE_CSV : TABLE_JSONL;
	view->numbers = x.after != UNKNOWN;
	rc = x.format == EXPORT_ECS ? view_open_geo(view, config, e) : 0;
	if (rc == 0)
		rc = view_open(view, config, argc, argv, argc, e);
	if (rc == 0)
		rc = x.list ? export_list(&x, config, e) : print(&x, config, e);
	return view_close(view, rc, e);
}

static const struct option_spec options[] = {
	VIEW_FILTER_OPTIONS,
	{ "format", "jsonl|csv|ecs|plain|cidr|nft|ipset|abuseipdb",
	    "the form; jsonl, or plain with --list, if not given" },
	{ "after", "REV", "what is new, changed or gone since that number" },
	{ "archive", "ID", "fail if the archive has another id" },
	{ "follow", NULL, "go on with each change as it comes" },
	{ "list", NULL, "each address and network once, in order" },
	{ "min-bans", "N", "with --list: only ids with so many bans" },
	{ "family", "4|6", "with --list: only IPv4, or only IPv6" },
	{ "aggregate", NULL, "with --list: join networks, exactly" },
	{ NULL, NULL, NULL },
};

const struct command cmd_export = {
	.name = "export",
	.operands = "",
	.summary = "write bans, changes or lists for other programs",
	.options = options,
	.run = run_export,
};
