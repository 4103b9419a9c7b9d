/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The schema of the archive, helper/sql/, by its versions: 1 and later, 0 is an
 * empty file. Fails with db_error's codes where nothing else is said.
 */
#ifndef ARCHIVE_SCHEMA_H
#define ARCHIVE_SCHEMA_H

#include "os/db.h"

/* This program's version. */
extern const int archive_schema_newest;

/*
 * See that this is an archive, and not of a newer program; *version is its own.
 * Fails with EX_DATAERR and EX_PROTOCOL.
 */
int archive_schema_check(struct db *db, int64_t *version, struct err *e);

/*
 * Make of a version of the schema the next one, version; in the caller's
 * transaction, if there is one.
 */
int archive_schema_make(struct db *db, int version, struct err *e);

/*
 * Make a new archive, or bring one up to date. briefly: there is no time for
 * that; an older one then fails with EX_TEMPFAIL.
 */
int archive_schema_migrate(struct db *db, bool briefly, struct err *e);

#endif
