/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tell an archive from other SQLite files. The mark in an archive's header may
 * still be in the WAL alone, so the file is opened; like any file of another
 * machine it is only read, and nothing in it is run.
 */
#ifndef ARCHIVE_KIND_H
#define ARCHIVE_KIND_H

#include "base/err.h"

enum archive_kind {
	ARCHIVE_KIND_OTHER,
	ARCHIVE_KIND_ARCHIVE,
	/* It has an archive's tables and not its mark, the application id. */
	ARCHIVE_KIND_UNMARKED,
	/* It has no table: it may be an archive whose WAL is missing. */
	ARCHIVE_KIND_EMPTY,
};

/*
 * Set *kind to the kind of an SQLite file, of any version. Fails as db_open and
 * db_error, and with EX_TEMPFAIL when the file is locked or takes too long.
 */
int archive_kind(const char *file, enum archive_kind *kind, struct err *e);

#endif
