/* SPDX-License-Identifier: GPL-2.0-or-later */
/* push, as fail2ban-archive-push has it. */
#include <sysexits.h>

#include "cmd/command.h"
#include "cmd/push_options.h"

static int
run_fleet_push(const struct command *self UNUSED,
    const struct config *config UNUSED, int argc UNUSED, char **argv UNUSED,
    struct err *e)
{
	return err_set(e, EX_SOFTWARE, "push: not written yet");
}

const struct command cmd_fleet_push = {
	.name = "push",
	.operands = "",
	.summary = "send what has changed to the PostgreSQL of a fleet",
	.options = push_options,
	.run = run_fleet_push,
};
