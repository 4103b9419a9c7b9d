/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Helpers of all fuzz targets. libFuzzer calls a target with random bytes.
 * Bytes that break a promise abort the program, and libFuzzer keeps them.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(what) ((what) ? (void)0 : fuzz_broken(#what, __FILE__, __LINE__))

static inline _Noreturn void
fuzz_broken(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: broken: %s\n", file, line, what);
	abort();
}

/* Check that an error has a code and a text. */
static inline void
fuzz_must_say(const struct err *e)
{
	must(e->code >= EX__BASE && e->code <= EX__MAX);
	must(e->text[0] != '\0');
}

/* Return true for equal texts, and for two NULLs. */
static inline int
fuzz_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Return FOLDER/name in a new folder of this process; it is never freed. */
static inline char *
fuzz_path(const char *name)
{
	const char *tmp = getenv("TMPDIR");
	char *folder, *path;

	must(asprintf(&folder, "%s/fuzz.XXXXXX", tmp != NULL ? tmp : "/tmp") >
	    0);
	must(mkdtemp(folder) != NULL);
	must(asprintf(&path, "%s/%s", folder, name) > 0);
	free(folder);
	return path;
}

#endif
