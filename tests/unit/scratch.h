/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A folder for one test, which cmocka's set-up makes and its tear-down removes,
 * and checks of errors. Include it after cmocka.h.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

struct scratch {
	char folder[32];
	char paths[4][400];
	unsigned next;
};

/* Return FOLDER/name, valid until the fourth call after this one. */
static inline const char *
scratch_path(struct scratch *s, const char *name)
{
	char path[sizeof(s->paths[0])];

	snprintf(path, sizeof(path), "%s/%s", s->folder, name);
	return strcpy(s->paths[s->next++ % 4], path);
}

static inline void
scratch_write(const char *path, const char *bytes, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static inline int
scratch_make(void **state)
{
	struct scratch *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return -1;
	strcpy(s->folder, "/tmp/unit.XXXXXX");
	*state = s;
	return mkdtemp(s->folder) != NULL ? 0 : -1;
}

/* Remove all files and folders in a folder, and close its descriptor. */
static inline void
scratch_empty(int fd)
{
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0 ||
		    unlinkat(fd, entry->d_name, 0) == 0)
			continue;
		scratch_empty(
		    openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY));
		unlinkat(fd, entry->d_name, AT_REMOVEDIR);
	}
	if (dir != NULL)
		closedir(dir);
}

static inline int
scratch_remove(void **state)
{
	struct scratch *s = *state;
	int rc;

	scratch_empty(open(s->folder, O_RDONLY | O_DIRECTORY));
	rc = rmdir(s->folder);
	free(s);
	return rc;
}

/* A test that has a folder: *state is its struct scratch. */
#define scratch_unit_test(f) \
	cmocka_unit_test_setup_teardown(f, scratch_make, scratch_remove)

static inline void
assert_error(const struct err *e, int code, const char *text)
{
	if (e->code != code || strstr(e->text, text) == NULL)
		fail_msg("%d %s: wanted %d %s", e->code, e->text, code, text);
}

/* Check that a call returned 0; e is its error. */
static inline void
assert_ok(int rc, const struct err *e)
{
	if (rc != 0)
		fail_msg("%s", e->text);
}

#endif
