/* SPDX-License-Identifier: GPL-2.0-or-later */
/* restore: put a copy of the archive in its place. */
#include <stdio.h>
#include <string.h>

#include "archive/copy/backup.h"
#include "base/escape.h"
#include "cmd/command.h"
#include "cmd/options.h"

/* Milliseconds to wait for the archive's writers. */
#define LOCK_MS 5000

static int
run_restore(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	char aside[PATH_MAX], escaped[PATH_MAX];
	int operand;

	if (options_parse(self, argc, argv, NULL, NULL, &operand, e) != 0)
		return -1;
	if (archive_restore(config->archive, argv[operand], LOCK_MS, aside,
		e) != 0)
		return err_wrap(e, "restore");
	escape_text(escaped, sizeof(escaped), argv[operand],
	    strlen(argv[operand]));
	printf("%s restored from %s\n", config->archive, escaped);
	if (aside[0] != '\0')
		printf("what was there is kept as %s\n", aside);
	return 0;
}

const struct command cmd_restore = {
	.name = "restore",
	.operands = "FILE",
	.summary = "put a copy in the place of the archive, which is kept",
	.options = options_none,
	.run = run_restore,
};
