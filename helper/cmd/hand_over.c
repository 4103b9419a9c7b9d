/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/hand_over.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/path.h"

int
hand_over_find(char path[PATH_MAX], struct err *e)
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
	size_t len;

	if (n < 0)
		return err_errno(e, EX_OSERR, "/proc/self/exe");
	path[n] = '\0';
	path_cut_to_folder(path);
	len = strlen(path);
	if (len + sizeof("/" HAND_OVER_PROGRAM) > PATH_MAX)
		return err_set(e, EX_UNAVAILABLE, "%s: path too long", path);
	snprintf(path + len, PATH_MAX - len, "/%s", HAND_OVER_PROGRAM);
	if (access(path, X_OK) != 0)
		return err_errno(e, EX_UNAVAILABLE,
		    "%s, which speaks to PostgreSQL, cannot be run; install "
		    "it",
		    path);
	return 0;
}

int
hand_over(const struct config *config, int argc, char **argv, struct err *e)
{
	char path[PATH_MAX], program[] = HAND_OVER_PROGRAM, c[] = "-c";
	char file[PATH_MAX];
	char **words;
	int n = 0;

	if (hand_over_find(path, e) != 0)
		return -1;
	if ((words = calloc((size_t)argc + 4, sizeof(*words))) == NULL)
		return err_no_memory(e);
	words[n++] = program;
	/* The default may be missing; a file that is named must be there. */
	if (strcmp(config->file, CONFIG_FILE) != 0) {
		snprintf(file, sizeof(file), "%s", config->file);
		words[n++] = c;
		words[n++] = file;
	}
	memcpy(words + n, argv, (size_t)argc * sizeof(*argv));
	execv(path, words);
	free(words);
	return err_errno(e, EX_OSERR, "run %s", path);
}
