/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reban: bans of the archive, or of a block list, into a running fail2ban. */
#include <string.h>
#include <sysexits.h>

#include "cmd/command.h"
#include "cmd/options.h"
#include "job/reban.h"
#include "os/signals.h"

struct wanted {
	struct reban_options options;
	bool live;
};

static int
take_option(void *to, const char *name, const char *value, struct err *e UNUSED)
{
	struct wanted *wanted = to;

	if (strcmp(name, "live") == 0)
		wanted->live = true;
	else if (strcmp(name, "list") == 0)
		wanted->options.list = value;
	else if (strcmp(name, "jail") == 0)
		wanted->options.jail = value;
	else if (strcmp(name, "force") == 0)
		wanted->options.force = true;
	else
		wanted->options.dry_run = true;
	return 0;
}

static int
run_reban(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct wanted wanted = { .live = false };
	int operands;

	if (options_parse(self, argc, argv, take_option, &wanted, &operands,
		e) != 0)
		return -1;
	if (wanted.live == (wanted.options.list != NULL))
		return err_set(e, EX_USAGE,
		    "reban: give either --live or --list FILE");
	if (wanted.options.list != NULL && wanted.options.jail == NULL)
		return err_set(e, EX_USAGE,
		    "reban: --list needs --jail NAME, the jail that bans");
	return reban(config, &wanted.options, signals_stop_flag(), e);
}

static const struct option_spec options[] = {
	{ "live", NULL, "ban again what lives in the archive" },
	{ "list", "FILE", "ban the addresses of a block list" },
	{ "jail", "NAME", "in this jail; needed for a list" },
	{ "force", NULL, "though the list was completed already" },
	{ "dry-run", NULL, "only print what would be banned" },
	{ NULL, NULL, NULL },
};

const struct command cmd_reban = {
	.name = "reban",
	.operands = "",
	.summary = "bring live bans, or a block list, back into fail2ban",
	.options = options,
	.run = run_reban,
};
