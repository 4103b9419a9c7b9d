/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fail2ban-archive-push: it pushes the archive into the PostgreSQL of a fleet,
 * and asks that what the questions with --fleet want to know. No other program
 * is linked with libpq.
 */
#include "base/macros.h"
#include "cmd/program.h"

static const struct command *const commands[] = {
	&cmd_fleet_push,
	&cmd_fleet_blocklist,
	&cmd_list,
	&cmd_show,
	&cmd_top,
	&cmd_stats,
	&cmd_report,
};

int
main(int argc, char **argv)
{
	static const struct program program = {
		.name = "fail2ban-archive-push",
		.summary = "Pushes the archive into the PostgreSQL of a fleet.",
		.commands = commands,
		.n = ARRAY_LEN(commands),
		.without_verb = &cmd_fleet_push,
		.environment = { "TZ", "TERM", "COLUMNS", "NO_COLOR", "PAGER",
		    "LESS", "LESSCHARSET", "LV", "HOME" },
		.keeps_pg = true,
	};

	return program_main(&program, argc, argv);
}
