/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A command of the programs: one file in cmd/ and one line in a main's table.
 * The help of --help is made from these structs.
 */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

#include <stdbool.h>

#include "base/err.h"
#include "config.h"

struct option_spec {
	const char *name; /* without dashes; NULL ends the array */
	/* Its name in the help, "[=X]" if it may be left out; NULL: a flag. */
	const char *argument;
	const char *help;
};

struct command {
	const char *name; /* the verb */
	/*
	 * "": none, "[X]": at most one, "X": one, "X...": one or more,
	 * "[X...]": any number.
	 */
	const char *operands;
	const char *summary;
	/* The program whose --help explains it; NULL: fail2ban-archive. */
	const char *program;
	const struct option_spec *options;
	/*
	 * fail2ban runs this command: it works with a broken config too, and
	 * its errors also go to syslog.
	 */
	bool event;
	/*
	 * The command is a monitoring plugin: its failure is printed on
	 * standard output by this function, which gets all that stands from the
	 * verb on. The exit status is PLUGIN_UNKNOWN then, and after --help and
	 * --version. NULL: it is none.
	 */
	void (*fail)(int argc, char **argv, const struct err *e);
	/*
	 * Run the command; argv[0] is the verb. Returns the exit status, or -1
	 * and e: then program_main prints e, and its code is the exit status.
	 */
	int (*run)(const struct command *self, const struct config *config,
	    int argc, char **argv, struct err *e);
};

extern const struct command cmd_ban, cmd_unban, cmd_prolong, cmd_flush;
extern const struct command cmd_reconcile;
extern const struct command cmd_list, cmd_show, cmd_export;
extern const struct command cmd_top, cmd_stats, cmd_report;
extern const struct command cmd_metrics;
extern const struct command cmd_push, cmd_fleet_push, cmd_fleet_blocklist;
extern const struct command cmd_replay, cmd_merge, cmd_reban, cmd_runs;
extern const struct command cmd_prune, cmd_forget, cmd_vacuum;
extern const struct command cmd_check, cmd_verify, cmd_backup, cmd_restore;

#endif
