/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows of the table evidence that are taken out of one archive for another one:
 * no event does that. Errors are db_error's, and EX_OSERR.
 */
#ifndef ARCHIVE_HISTORY_EVIDENCE_ROWS_H
#define ARCHIVE_HISTORY_EVIDENCE_ROWS_H

#include "archive/archive.h"

/*
 * Get the log lines and captures of row id, each NULL where there are none. The
 * caller frees both, on failure too.
 */
int evidence_get(struct archive *a, int64_t id, char **matches, char **captures,
    struct err *e);

/* Remove row id. */
int evidence_remove(struct archive *a, int64_t id, struct err *e);

#endif
