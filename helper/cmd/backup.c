/* SPDX-License-Identifier: GPL-2.0-or-later */
/* backup: copy the archive while it is in use. */
#include <stdio.h>

#include "archive/copy/backup.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/progress.h"

static int
run_backup(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct archive archive;
	struct progress progress;
	int operand, rc;

	if (options_parse(self, argc, argv, NULL, NULL, &operand, e) != 0 ||
	    archive_open_read(&archive, config->archive, e) != 0)
		return -1;
	archive.watch = progress_begin(&progress);
	rc = archive_backup(&archive, argv[operand], e);
	progress_end(&progress);
	archive_close(&archive);
	return rc == 0 ? 0 : err_wrap(e, "backup");
}

const struct command cmd_backup = {
	.name = "backup",
	.operands = "FILE",
	.summary = "copy the archive into a new file while it is in use",
	.options = options_none,
	.run = run_backup,
};
