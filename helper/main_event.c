/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fail2ban-archive-event: fail2ban's action calls it at each ban and unban. It
 * has the verbs of the events and nothing else, because its start is most of
 * what an event costs.
 */
#include "base/macros.h"
#include "cmd/program.h"

static const struct command *const commands[] = {
	&cmd_ban,
	&cmd_unban,
	&cmd_prolong,
	&cmd_flush,
};

int
main(int argc, char **argv)
{
	static const struct program program = {
		.name = "fail2ban-archive-event",
		.summary = "Archives what fail2ban's action tells it.",
		.commands = commands,
		.n = ARRAY_LEN(commands),
		.environment = { "TZ" },
	};

	return program_main(&program, argc, argv);
}
