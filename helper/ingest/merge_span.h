/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stretch of a history that a new sighting can touch. An import of one of
 * many bans of a second touches only what is beside it.
 */
#ifndef INGEST_MERGE_SPAN_H
#define INGEST_MERGE_SPAN_H

#include "archive/history/history.h"
#include "ban/sighting.h"

/*
 * Set the span to the time in which the ban of a sighting may have been made,
 * with the archived bans of which it may speak. Errors are db_error's.
 */
int merge_span_of(struct archive *a, const struct archive_ident *of,
    const struct sighting *sighting, struct archive_span *span, struct err *e);

#endif
