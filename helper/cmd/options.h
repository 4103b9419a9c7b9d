/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of a verb: its options by table, and what people ask for. */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <stdint.h>

#include "archive/queries.h"
#include "cmd/command.h"

/* Take one option; value is NULL for a flag. */
typedef int option_fn(void *to, const char *name, const char *value,
    struct err *e);

/* The options of a verb that has none; take may be NULL then. */
extern const struct option_spec options_none[];

/*
 * Parse argv by self->options, each handed to take. *operands is the index of
 * the first argument that is no option; there are as many as self->operands
 * says. Fails with EX_USAGE.
 */
int options_parse(const struct command *self, int argc, char **argv,
    option_fn *take, void *to, int *operands, struct err *e);

/* Options of list and export, for their tables. */
#define OPTIONS_WANTED \
	{ "jail", "NAME", "only bans of this jail" }, \
	    { "id", "ID", "only bans of this id or address" }, \
	    { "since", "TIME", "only bans from TIME on" }, \
	    { "until", "TIME", "only bans before TIME" }, \
	{ \
		"active", NULL, "only bans that have not ended" \
	}

/* An option_fn: to is a struct archive_filter. */
int options_take_wanted(void *to, const char *name, const char *value,
    struct err *e);

#endif
