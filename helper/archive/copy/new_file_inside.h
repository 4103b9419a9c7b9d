/* SPDX-License-Identifier: GPL-2.0-or-later */
/* new_file.c and new_file_take.c share this. Errors are db_error's. */
#ifndef ARCHIVE_COPY_NEW_FILE_INSIDE_H
#define ARCHIVE_COPY_NEW_FILE_INSIDE_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct archive;
struct db;
struct new_file;
struct new_file_id;

/* Return a statement, which the caller finalizes; NULL on failure. */
sqlite3_stmt *new_file_prepare(struct db *db, const char *sql, struct err *e);

/* Run a statement with one parameter, the number v. */
int new_file_run(struct db *db, const char *sql, int64_t v, struct err *e);

/* Set *v to the greatest number that the archive has given out. */
int new_file_greatest(struct archive *a, int64_t *v, struct err *e);

/*
 * Let the tables of the new file that have nothing of bans be as those of the
 * archive. What went by a merge of rows has a rev of the new file's, and stays.
 */
int new_file_copy_tables(struct new_file *n, struct db *from, struct err *e);

void new_file_free_ids(struct new_file_id *ids, size_t n);

#endif
