/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzz targets share. A target is called with bytes that nobody
 * chose; a promise that they break ends the program, and libFuzzer keeps them.
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

/* A failure says what kind it is, and why. */
static inline void
fuzz_must_say(const struct err *e)
{
	must(e->code >= EX__BASE && e->code <= EX__MAX);
	must(e->text[0] != '\0');
}

/* The same text, or none both. */
static inline int
fuzz_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* FOLDER/name in a folder of this process only. Lives on. */
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
