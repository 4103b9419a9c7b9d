/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reban: have fail2ban ban again what it lost, or ban a block list. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/escape.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/summary.h"
#include "job/reban.h"
#include "os/log.h"
#include "os/signals.h"

struct wanted {
	struct reban_options options;
	bool live;
};

static void
print_would_ban(const char *ident, const char *jail)
{
	char escaped[160];

	escape_text(escaped, sizeof(escaped), ident, strlen(ident));
	printf("would ban %s", escaped);
	escape_text(escaped, sizeof(escaped), jail, strlen(jail));
	printf(" in %s\n", escaped);
}

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
		wanted->options.would_ban = print_would_ban;
	return 0;
}

static void
print_summary(const struct reban_options *options,
    const struct reban_summary *summary)
{
	summary_print_known("reban", options->list, &summary->run);
	if (summary->run.done)
		printf("reban: %" PRId64 " %s, %" PRId64
		       " already there, %" PRId64 " refused, %" PRId64
		       " bad%s\n",
		    summary->sent,
		    options->would_ban != NULL ? "would be sent" : "sent",
		    summary->server_has, summary->refused, summary->run.bad,
		    summary_rest(&summary->run));
}

static int
run_reban(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct run_caller caller = { .config = config, .say = log_line };
	struct wanted wanted = { .live = false };
	struct reban_summary summary;
	int operands, rc;

	if (options_parse(self, argc, argv, take_option, &wanted, &operands,
		e) != 0)
		return -1;
	if (wanted.live == (wanted.options.list != NULL))
		return err_set(e, EX_USAGE,
		    "reban: give either --live or --list FILE");
	if (wanted.options.list != NULL && wanted.options.jail == NULL)
		return err_set(e, EX_USAGE,
		    "reban: --list needs --jail NAME, the jail that bans");
	caller.stop = signals_stop_flag();
	rc = reban(&caller, &wanted.options, &summary, e);
	print_summary(&wanted.options, &summary);
	return rc;
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
