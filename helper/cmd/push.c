/* SPDX-License-Identifier: GPL-2.0-or-later */
/* push, as fail2ban-archive has it: fail2ban-archive-push does the work. */
#include "cmd/command.h"
#include "cmd/hand_over.h"
#include "cmd/push_options.h"

static int
run_push(const struct command *self UNUSED, const struct config *config,
    int argc, char **argv, struct err *e)
{
	return hand_over(config, argc, argv, e);
}

const struct command cmd_push = {
	.name = "push",
	.operands = "",
	.summary = "send what has changed to the PostgreSQL of a fleet",
	.options = push_options,
	.run = run_push,
};
