/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log lines and captures of bans, as JSON texts, in the table evidence.
 * Either text may be NULL: there is none. Errors are db_error's.
 */
#ifndef ARCHIVE_HISTORY_EVIDENCE_H
#define ARCHIVE_HISTORY_EVIDENCE_H

#include "archive/archive.h"

/* Add a row; *id is its id. The caller is in a transaction. */
int evidence_add(struct archive *a, const char *matches, const char *captures,
    int64_t *id, struct err *e);

/*
 * Return 1 when the row with that id has just these texts, 0 when not, -1 on
 * failure. id 0 is a row without any text.
 */
int evidence_is(struct archive *a, int64_t id, const char *matches,
    const char *captures, struct err *e);

#endif
