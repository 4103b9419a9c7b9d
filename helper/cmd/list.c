/* SPDX-License-Identifier: GPL-2.0-or-later */
/* list: the bans of the archive, the newest first, a table for people. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/command.h"
#include "base/escape.h"
#include "cmd/options.h"
#include "base/timestamp.h"

static void
print_cell(const char *s, int width)
{
	char cell[256];

	escape_text(cell, sizeof(cell), s, strlen(s));
	printf("%-*s  ", width, cell);
}

/* Another's archive may hold anything. */
static void
print_end(const char *when, const char *why)
{
	char escaped[80];

	why = why != NULL ? why : "?";
	escape_text(escaped, sizeof(escaped), why, strlen(why));
	printf("%s %s\n", when, escaped);
}

static int
print_row(void *to, const struct archive_row *row)
{
	bool *any = to;
	char since[32], seconds[32] = "?", ended[32], jail[256];

	if (!*any)
		printf("%-19s  %-16s  %-24s  %-8s  %-8s  %s\n", "SINCE", "JAIL",
		    "ID", "BAN TIME", "FAILURES", "END");
	*any = true;
	if (row->seconds != UNKNOWN)
		timestamp_format_seconds(row->seconds, seconds);
	printf("%s  ", timestamp_format(row->since_us, since));
	if (row->host != NULL)
		snprintf(jail, sizeof(jail), "%s@%s", row->jail, row->host);
	print_cell(row->host != NULL ? jail : row->jail, 16);
	print_cell(row->ident, 24);
	printf("%-8s  ", seconds);
	if (row->failures != UNKNOWN)
		printf("%-8" PRId64 "  ", row->failures);
	else
		printf("%-8s  ", "?");
	if (row->ended_us == UNKNOWN)
		puts("active");
	else
		print_end(timestamp_format(row->ended_us, ended),
		    row->ended_why);
	return ferror(stdout) ? -1 : 0;
}

static int
run_list(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct archive_wanted wanted = OPTIONS_ALL;
	struct archive archive;
	bool any = false;
	int operands, rc;

	if (options_parse(self, argc, argv, options_take_wanted, &wanted,
		&operands, e) != 0 ||
	    archive_open_read(&archive, config->archive, e) != 0)
		return -1;
	rc = archive_list(&archive, &wanted, print_row, &any, e);
	archive_close(&archive);
	if (rc == 0 && !any)
		puts("no such bans");
	return rc;
}

static const struct option_spec options[] = {
	OPTIONS_WANTED,
	{ "limit", "N", "at most N bans" },
	{ NULL, NULL, NULL },
};

const struct command cmd_list = {
	.name = "list",
	.operands = "",
	.summary = "list bans, the newest first",
	.options = options,
	.run = run_list,
};
