/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "archive/file.h"

/* Set *mode to that of the file, or to 0600 where there is none. */
static int
look_up(const char *name, mode_t *mode, struct err *e)
{
	struct stat st;

	*mode = S_IRUSR | S_IWUSR;
	if (lstat(name, &st) != 0)
		return errno == ENOENT ? 0 :
					 err_errno(e, EX_CANTCREAT, "%s", name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, EX_CANTCREAT,
		    "%s: not a regular file: name a new file, or - for "
		    "standard output",
		    name);
	*mode = st.st_mode & (S_IRWXU | S_IRWXG | S_IRWXO);
	return 0;
}

/* Begin a file of that mode; 0: of the one that it has. */
static int
begin(struct output_file *out, const char *name, mode_t wanted, struct err *e)
{
	mode_t mode;
	int fd;

	*out = (struct output_file){ .to = stdout, .name = name };
	if (strcmp(name, "-") == 0)
		return 0;
	if (look_up(name, &mode, e) != 0)
		return -1;
	if (wanted != 0)
		mode = wanted;
	if ((size_t)snprintf(out->tmp, sizeof(out->tmp), "%s.tmp-XXXXXX",
		name) >= sizeof(out->tmp))
		return err_set(e, EX_CANTCREAT, "%s: path too long", name);
	if ((fd = mkstemp(out->tmp)) < 0)
		return err_errno(e, EX_CANTCREAT, "%s", name);
	if (fchmod(fd, mode) != 0 || (out->to = fdopen(fd, "w")) == NULL) {
		err_errno(e, EX_CANTCREAT, "%s", name);
		close(fd);
		unlink(out->tmp);
		return -1;
	}
	return 0;
}

int
output_file_open(struct output_file *out, const char *name, struct err *e)
{
	return begin(out, name, 0, e);
}

int
output_file_open_public(struct output_file *out, const char *name,
    struct err *e)
{
	return begin(out, name, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH, e);
}

/* Write the rest to the file, and it and its name to disk. */
static int
put_in_place(struct output_file *out, struct err *e)
{
	bool failed = ferror(out->to) != 0;

	if (fclose(out->to) != 0 || failed || archive_file_sync(out->tmp) != 0)
		return err_errno(e, EX_IOERR, "%s", out->name);
	if (rename(out->tmp, out->name) != 0)
		return err_errno(e, EX_CANTCREAT, "%s", out->name);
	if (archive_file_sync(out->name) != 0)
		return err_errno(e, EX_IOERR, "%s", out->name);
	return 0;
}

int
output_file_close(struct output_file *out, int rc, struct err *e)
{
	if (out->tmp[0] == '\0') {
		if (rc == 0 && (fflush(stdout) != 0 || ferror(stdout)))
			return err_errno(e, EX_IOERR, "standard output");
		return rc;
	}
	if (rc != 0)
		fclose(out->to);
	else
		rc = put_in_place(out, e);
	if (rc != 0)
		unlink(out->tmp);
	return rc;
}
