/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A verb of the program: one file cmd_*.c and one line in main.c's table. Its
 * help is made from what stands here.
 */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

#include <stdbool.h>

#include "config.h"
#include "base/err.h"

struct option_spec {
	const char *name;     /* without dashes; NULL ends an array */
	const char *argument; /* NULL: a flag */
	const char *help;
};

struct command {
	const char *name;
	const char *operands; /* "" or what follows the options, for the help */
	const char *summary;
	const struct option_spec *options;
	/*
	 * It is run by fail2ban: a broken config must not stop it, and syslog
	 * is told what goes wrong.
	 */
	bool event;
	/*
	 * argv[0] is the verb. The exit status, or -1 and e: main prints it
	 * and exits with its code.
	 */
	int (*run)(const struct command *self, const struct config *config,
	    int argc, char **argv, struct err *e);
};

extern const struct command cmd_ban, cmd_unban, cmd_prolong, cmd_flush;
extern const struct command cmd_reconcile;
extern const struct command cmd_list, cmd_show, cmd_export;
extern const struct command cmd_replay, cmd_reban, cmd_runs;
extern const struct command cmd_check, cmd_verify, cmd_backup, cmd_restore;

#endif
