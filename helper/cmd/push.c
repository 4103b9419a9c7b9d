/* SPDX-License-Identifier: GPL-2.0-or-later */
/* push, as fail2ban-archive has it: fail2ban-archive-push does the work. */
#include <string.h>

#include "cmd/command.h"
#include "cmd/hand_over.h"
#include "cmd/push_options.h"
#include "cmd/push_start.h"

/*
 * A command line with --due is for the unit that follows each reconcile. All
 * others are for the other program, which knows what they may be.
 */
static int
run_push(const struct command *self UNUSED, const struct config *config,
    int argc, char **argv, struct err *e)
{
	if (argc == 2 && strcmp(argv[1], "--due") == 0) {
		if (!push_start_is_due(config))
			return 0;
		argc = 1;
	}
	return hand_over(config, argc, argv, e);
}

static const struct option_spec options[] = {
	PUSH_OPTIONS,
	{ "due", NULL, "push if push is set and push_interval has passed" },
	{ NULL, NULL, NULL },
};

const struct command cmd_push = {
	.name = "push",
	.operands = "",
	.summary = "send what has changed to the PostgreSQL of a fleet",
	.options = options,
	.run = run_push,
};
