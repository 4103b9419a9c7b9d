/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verify: examine the archive, or a copy of one. */
#include <stdio.h>

#include "archive/copy/backup.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/progress.h"

static int
run_verify(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct archive archive;
	struct progress progress;
	const char *file;
	int operand, rc;

	if (options_parse(self, argc, argv, NULL, NULL, &operand, e) != 0)
		return -1;
	file = operand < argc ? argv[operand] : config->archive;
	if ((operand < argc ? archive_open_copy(&archive, file, e) :
			      archive_open_read(&archive, file, e)) != 0)
		return -1;
	archive.watch = progress_begin(&progress);
	rc = archive_examine(&archive, true, 0, e);
	progress_end(&progress);
	if (rc == 0)
		printf("%s: sound\n", archive.db.name);
	archive_close(&archive);
	return rc;
}

const struct command cmd_verify = {
	.name = "verify",
	.operands = "[FILE]",
	.summary = "see whether the archive, or a copy of it, is sound",
	.options = options_none,
	.run = run_verify,
};
