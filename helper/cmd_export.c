/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export: the bans for other programs, JSON Lines, the oldest first. */
#include <stdio.h>

#include "command.h"
#include "escape.h"
#include "options.h"

static int
print_line(void *to UNUSED, const char *line)
{
	escape_json(stdout, line);
	return putchar('\n') == EOF ? -1 : 0;
}

static int
run_export(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct archive_wanted wanted = OPTIONS_ALL;
	struct archive archive;
	int operands, rc;

	if (options_parse(self, argc, argv, options_take_wanted, &wanted,
		&operands, e) != 0 ||
	    archive_open_read(&archive, config->archive, e) != 0)
		return -1;
	rc = archive_export(&archive, &wanted, print_line, NULL, e);
	archive_close(&archive);
	return rc;
}

static const struct option_spec options[] = {
	OPTIONS_WANTED,
	{ NULL, NULL, NULL },
};

const struct command cmd_export = {
	.name = "export",
	.operands = "",
	.summary = "write bans as JSON Lines, the oldest first",
	.options = options,
	.run = run_export,
};
