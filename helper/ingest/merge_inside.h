/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This is shared by merge.c and merge_lines.c; no other file includes it. */
#ifndef INGEST_MERGE_INSIDE_H
#define INGEST_MERGE_INSIDE_H

#include "archive/history/history.h"

struct merge;

/*
 * Decide about a stretch with n new sightings, and save it. It is loaded anew
 * and wider when it turns out to be too short. Fails as merge_sightings.
 */
int merge_decide_and_save(struct merge *merge, struct archive_history *h,
    struct archive_span span, const struct sighting *sightings, size_t n,
    int64_t source, struct err *e);

/* Load a stretch, and decide about it again. Fails as merge_sightings. */
int merge_decide_again(struct merge *merge, const struct archive_ident *of,
    const struct archive_span *span, struct err *e);

#endif
