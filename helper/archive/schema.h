/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The schema of the archive. Each version is a file of archive/sql/ and makes
 * itself from the one before it; version 0 is an empty file. Errors are
 * db_error's unless a comment says otherwise.
 */
#ifndef ARCHIVE_SCHEMA_H
#define ARCHIVE_SCHEMA_H

#include "os/db.h"

/* The mark of an archive in the header of its file, "F2BA". */
#define ARCHIVE_APPLICATION_ID 0x46324241

/* The newest version, which this program makes and needs. */
extern const int archive_schema_newest;

/*
 * Check that db is an archive and not of a newer program; *version is its
 * version. Fails with EX_DATAERR and EX_PROTOCOL.
 */
int archive_schema_check(struct db *db, int64_t *version, struct err *e);

/*
 * Bring the schema from the version before to version, in the caller's
 * transaction if there is one.
 */
int archive_schema_make(struct db *db, int version, struct err *e);

/*
 * Return true when two texts of SQL that make a table, an index or a view are
 * the same but for blanks and comments.
 */
bool archive_schema_is_same(const char *a, const char *b);

/*
 * Make a new archive, or bring an older one up to date. When briefly is set,
 * there is no time for that, and an older one fails with EX_TEMPFAIL.
 */
int archive_schema_migrate(struct db *db, bool briefly, struct err *e);

#endif
