/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The removal of bans that ended long ago, as the configuration's
 * retention_days asks for. It is done between archive_begin and archive_commit.
 */
#ifndef ARCHIVE_PRUNE_H
#define ARCHIVE_PRUNE_H

#include <stddef.h>

#include "archive/archive.h"

/*
 * Remove bans that ended, and were archived, before before_us; those of max
 * tickets at the most, and a ticket only when that is so of all its bans. *n:
 * how many bans; 0: there are none left. The ban that changed last stays: rev
 * counts on from it.
 */
int archive_prune_ended(struct archive *a, int64_t before_us, size_t max,
    int64_t *n, struct err *e);

#endif
