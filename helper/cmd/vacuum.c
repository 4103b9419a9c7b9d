/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vacuum: give the room of removed bans back to the file system. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/path.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "job/run.h"
#include "os/log.h"
#include "os/signals.h"

/* Milliseconds to wait for the archive's writers. */
#define LOCK_MS 5000

#define MB 1000000

static int
get_size(const char *path, int64_t *size, struct err *e)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return err_errno(e, EX_NOINPUT, "%s", path);
	*size = st.st_size;
	return 0;
}

/*
 * Fail where the folder has no room for the two copies that SQLite may make
 * (sqlite.org/lang_vacuum.html), and let it make them there.
 */
static int
prepare_folder(const char *path, int64_t size, struct err *e)
{
	char folder[PATH_MAX];
	struct statvfs fs;
	int64_t room;

	snprintf(folder, sizeof(folder), "%s", path);
	path_cut_to_folder(folder);
	if (statvfs(folder, &fs) != 0 ||
	    setenv("SQLITE_TMPDIR", folder, 1) != 0)
		return err_errno(e, EX_OSERR, "%s", folder);
	room = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	if (room / 2 >= size)
		return 0;
	return err_set(e, EX_CANTCREAT,
	    "%s: %" PRId64 " MB are free, and a vacuum needs %" PRId64
	    ": make room first",
	    folder, room / MB, 2 * size / MB + 1);
}

static int
vacuum(const char *path, struct err *e)
{
	struct archive archive = { .lock = LOCK_INIT };
	int64_t before = 0, after = 0;
	int rc = get_size(path, &before, e);

	if (rc == 0)
		rc = prepare_folder(path, before, e);
	if (rc == 0 &&
	    (rc = archive_open(&archive, path, LOCK_MS, false, e)) == 0) {
		archive_unlock(&archive);
		rc = archive_vacuum(&archive, e);
	}
	archive_close(&archive);
	if (rc == 0)
		rc = get_size(path, &after, e);
	if (rc == 0)
		printf("vacuum: %" PRId64 " kB before, %" PRId64 " kB now\n",
		    before / 1000, after / 1000);
	return rc;
}

static int
run_vacuum(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct run_caller caller = { .config = config, .say = log_line };
	int operands, turn, rc;

	if (options_parse(self, argc, argv, NULL, NULL, &operands, e) != 0)
		return -1;
	caller.stop = signals_stop_flag();
	if ((turn = run_wait_turn(&caller, RUN_PRUNE, e)) < 0)
		return -1;
	rc = vacuum(config->archive, e);
	close(turn);
	return rc == 0 ? 0 : err_wrap(e, "vacuum");
}

const struct command cmd_vacuum = {
	.name = "vacuum",
	.operands = "",
	.summary = "give the room of removed bans back to the file system",
	.options = options_none,
	.run = run_vacuum,
};
