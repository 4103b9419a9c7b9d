/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fail2ban-archive keeps every ban that fail2ban makes. This program has all
 * verbs; see main_event.c for the one that fail2ban's action calls.
 *
 * To change one of these, begin in this file:
 * - the rules for the end of a ban: ban/end.c
 * - a column of list and export: cmd/bans/columns.c, and the fields of a ban in
 *   ban/ban_field.h
 * - what top, stats and report count: figures/
 * - a config key: config.c, and the example dist/fail2ban-archive.cfg
 * - what check looks at: cmd/check/check.h
 * - what Prometheus or a SIEM reads: cmd/metrics.c, render/ecs.c
 * - the prefix of a log line: fail2ban/log_prefix.c
 * - a verb: cmd/VERB.c, cmd/command.h and the table below
 */
#include "base/macros.h"
#include "cmd/complete.h"
#include "cmd/program.h"

static const struct command *const commands[] = {
	&cmd_ban,
	&cmd_unban,
	&cmd_prolong,
	&cmd_flush,
	&cmd_reconcile,
	&cmd_replay,
	&cmd_merge,
	&cmd_reban,
	&cmd_runs,
	&cmd_list,
	&cmd_show,
	&cmd_top,
	&cmd_stats,
	&cmd_export,
	&cmd_report,
	&cmd_metrics,
	&cmd_push,
	&cmd_prune,
	&cmd_forget,
	&cmd_vacuum,
	&cmd_check,
	&cmd_verify,
	&cmd_backup,
	&cmd_restore,
};

int
main(int argc, char **argv)
{
	static const struct program program = {
		.name = "fail2ban-archive",
		.summary = "Keeps every ban that fail2ban makes.",
		.commands = commands,
		.n = ARRAY_LEN(commands),
		.environment = { "TZ", "TERM", "COLUMNS", "NO_COLOR", "PAGER",
		    "LESS", "LESSCHARSET", "LV", "HOME" },
		.keeps_pg = true,
		.complete = complete_words,
	};

	return program_main(&program, argc, argv);
}
