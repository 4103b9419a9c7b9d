/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * forget: remove all that the archive knows of an id. Exit with 1 when it knows
 * nothing of it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "job/forget.h"
#include "os/log.h"
#include "os/signals.h"

/* The exit status when there is nothing to forget; that of show is the same. */
#define NEVER_BANNED 1

static int
take_option(void *to, const char *name UNUSED, const char *value UNUSED,
    struct err *e UNUSED)
{
	bool *dry_run = to;

	*dry_run = true;
	return 0;
}

static int
run_forget(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct run_caller caller = { .config = config, .say = log_line };
	bool dry_run = false;
	char escaped[160];
	int64_t bans;
	int operand, rc;

	if (options_parse(self, argc, argv, take_option, &dry_run, &operand,
		e) != 0)
		return -1;
	caller.stop = signals_stop_flag();
	rc = forget(&caller, argv[operand], dry_run, &bans, e);
	if (rc != 0 && bans == 0)
		return rc;
	escape_text(escaped, sizeof(escaped), argv[operand],
	    strlen(argv[operand]));
	if (bans == 0)
		printf("forget: the archive has no ban of %s\n", escaped);
	else
		printf("forget: %" PRId64 " bans of %s %sremoved\n", bans,
		    escaped, dry_run ? "would be " : "");
	return rc != 0 ? rc : bans == 0 ? NEVER_BANNED : 0;
}

static const struct option_spec options[] = {
	{ "dry-run", NULL, "only say how many bans that would be" },
	{ NULL, NULL, NULL },
};

const struct command cmd_forget = {
	.name = "forget",
	.operands = "ID",
	.summary = "remove all that the archive knows of an id or an address",
	.options = options,
	.run = run_forget,
};
