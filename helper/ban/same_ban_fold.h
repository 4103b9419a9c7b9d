/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ban with many sightings keeps a few of them. Pure. */
#ifndef BAN_SAME_BAN_FOLD_H
#define BAN_SAME_BAN_FOLD_H

#include <stddef.h>

#include "ban/sighting.h"

/* A ban that has more sightings of its own than this is folded. */
#define SAME_BAN_SIGHTINGS 64

/*
 * Fold the oldest events of one ban into a single sighting when the ban has
 * more than SAME_BAN_SIGHTINGS: a permanent ban is restored at each start of
 * fail2ban, and each start would cost as much as all before it. The n sightings
 * are sorted; made_us is their ban's. Returns how many are left, in no order.
 * The ban stays the same, and an event from before the folded moment counts as
 * known.
 */
size_t same_ban_fold(struct sighting *sightings, size_t n, int64_t made_us);

#endif
