/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of a command: its options, by its table, and operands. */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <stdint.h>

#include "archive/queries.h"
#include "cmd/command.h"

/* Take one option into to; value is NULL for a flag. Fails with EX_USAGE. */
typedef int option_fn(void *to, const char *name, const char *value,
    struct err *e);

/* The table of a command without options. */
extern const struct option_spec options_none[];

/*
 * Parse argv by self->options, and hand each option to take, which may be NULL
 * when the table is empty. *operands is the index of the first argument that is
 * no option; there are as many operands as self->operands says. Fails with
 * EX_USAGE.
 */
int options_parse(const struct command *self, int argc, char **argv,
    option_fn *take, void *to, int *operands, struct err *e);

/* The options that list and export have in common, for their tables. */
#define OPTIONS_WANTED \
	{ "jail", "NAME", "only bans of this jail" }, \
	    { "id", "ID", "only bans of this id or address" }, \
	    { "since", "TIME", "only bans from TIME on" }, \
	    { "until", "TIME", "only bans before TIME" }, \
	{ \
		"active", NULL, "only bans that are active now" \
	}

/* An option_fn: to is a struct archive_filter. */
int options_take_wanted(void *to, const char *name, const char *value,
    struct err *e);

#endif
