/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of push, which two programs have. */
#ifndef CMD_PUSH_OPTIONS_H
#define CMD_PUSH_OPTIONS_H

#include <stddef.h>

#include "cmd/command.h"

static const struct option_spec push_options[] = {
	{ "init", NULL, "make the central schema" },
	{ "migrate", NULL, "bring the central schema up to date" },
	{ "once", NULL, "push what has changed, then end; the default" },
	{ "every", "SECONDS", "push again and again, until a signal" },
	{ NULL, NULL, NULL },
};

#endif
