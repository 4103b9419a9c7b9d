/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log lines and captures of bans, JSON texts or NULL, as the archive has
 * them: what the lines have in common once (pieces.h).
 */
#ifndef ARCHIVE_ARCHIVE_EVIDENCE_H
#define ARCHIVE_ARCHIVE_EVIDENCE_H

#include "archive/archive.h"

/* Whether a row of evidence says just this. 1, 0 or -1. */
int archive_evidence_is(struct archive *a, int64_t id, const char *matches,
    const char *captures, struct err *e);

/* Archive it; *id is its row. Between archive_begin and archive_commit. */
int archive_evidence_add(struct archive *a, const char *matches,
    const char *captures, int64_t *id, struct err *e);

#endif
