/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of a command: its options, by its table, and operands. */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include "cmd/command.h"

/* Take one option into to; value is NULL for a flag. Fails with EX_USAGE. */
typedef int option_fn(void *to, const char *name, const char *value,
    struct err *e);

/*
 * Return the letter that is short for an option, the same one in every command,
 * or 0.
 */
char options_letter(const char *name);

/* The table of a command without options. */
extern const struct option_spec options_none[];

/*
 * Parse argv by self->options, and hand each option to take, which may be NULL
 * when the table is empty. Options may stand after operands; the operands are
 * moved to the end of argv, and *operands is the index of the first one. There
 * are as many as self->operands says. Fails with
 * EX_USAGE.
 */
int options_parse(const struct command *self, int argc, char **argv,
    option_fn *take, void *to, int *operands, struct err *e);

#endif
