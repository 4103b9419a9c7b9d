/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Remove bans that ended long ago, for retention_days of the configuration.
 * Call it between archive_begin and archive_commit. Errors are db_error's.
 */
#ifndef ARCHIVE_PRUNE_H
#define ARCHIVE_PRUNE_H

#include <stddef.h>

#include "archive/archive.h"

/*
 * Remove the bans of at most max tickets whose bans have all ended, and were
 * all archived, before before_us. *n is the number of bans that were removed; 0
 * means that none is left to remove. The ban that changed last stays in any
 * case, because the next rev is counted from its rev.
 */
int archive_prune_ended(struct archive *a, int64_t before_us, size_t max,
    int64_t *n, struct err *e);

#endif
