/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main of both programs: each is a name and a list of commands. It reads
 * the command line, loads the config and runs the verb's command. Nothing else
 * prints an error.
 */
#ifndef CMD_PROGRAM_H
#define CMD_PROGRAM_H

#include <stddef.h>

#include "cmd/command.h"

/* The most variables of the environment that a program keeps. */
#define PROGRAM_KEPT 12

struct program {
	const char *name;
	const char *summary;
	const struct command *const *commands;
	size_t n;
	/* The command that runs without a verb; NULL: a verb must be given. */
	const struct command *without_verb;
	/* The variables that it keeps; with keeps_pg also all PG... of libpq.
	 */
	const char *environment[PROGRAM_KEPT];
	bool keeps_pg;
	/*
	 * Print what may stand for the last of n words on a command line: see
	 * complete.h. NULL: the program has no such verb.
	 */
	void (*complete)(const struct program *program, int n,
	    char *const *words);
};

/* Return the command of a verb, or NULL. */
const struct command *program_find_command(const struct program *program,
    const char *name);

/*
 * Run the program, as its main. Returns the exit status: what the command
 * returns, or one of sysexits.h.
 */
int program_main(const struct program *program, int argc, char **argv);

#endif
