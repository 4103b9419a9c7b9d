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
 * - a verb: its file in cmd/, cmd/command.h and the table below
 *
 * The folders; tests/floors says which of them may include which:
 * - base/ texts, numbers and times; os/ the kernel and SQLite
 * - ban/ what a ban is, what is seen of it, and how it ends
 * - event/ what the action reports, and where it waits
 * - fail2ban/ its database, its socket and its log
 * - archive/ the file and its tables; archive/history/ the bans of an id;
 *   archive/read/ what is asked; archive/copy/ copies and other archives
 * - ingest/ the way of what was seen into the archive
 * - figures/ what is counted; geo/ countries and networks; render/ how it looks
 * - fleet/ a PostgreSQL that has the bans of many machines
 * - job/ long work, and a folder for each kind of run
 * - cmd/ the verbs; cmd/bans/ has those that show bans, and cmd/stats/ those
 *   that count
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
