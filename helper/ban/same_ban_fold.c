/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ban/same_ban_fold.h"

#include <stdint.h>

#include "base/number.h"
#include "base/timestamp.h"

/* Folding leaves this many of the newest sightings as they are. */
#define KEPT (SAME_BAN_SIGHTINGS / 2)

/* Return true for a sighting that goes into the folded one. */
static bool
is_folded(const struct sighting *sighting, const struct sighting *first)
{
	return sighting != first &&
	    (sighting_is_event(sighting) || sighting->kind == SIGHTING_JUDGED);
}

/* Add one more sighting to those that are folded. */
static void
fold(struct sighting *folded, const struct sighting *sighting,
    int64_t *counted_us)
{
	if (sighting->kind == SIGHTING_RESTORED &&
	    (*counted_us == INT64_MIN ||
		number_sub_sat(sighting->at_us, *counted_us) > BAN_RETRY_US)) {
		folded->restored++;
		*counted_us = sighting->at_us;
	} else if (sighting->kind == SIGHTING_FOLDED) {
		folded->restored += sighting->restored;
		*counted_us = sighting->at_us;
	}
	if (sighting_shows_life(sighting) && sighting->seconds != UNKNOWN)
		folded->seconds = sighting->seconds;
	if (sighting->kind == SIGHTING_PROLONG && sighting->bancount != UNKNOWN)
		folded->bancount = sighting->bancount;
	if (sighting->evidence != 0) {
		folded->evidence = sighting->evidence;
		folded->has_matches = sighting->has_matches;
	}
	if (folded->ip == NULL)
		folded->ip = sighting->ip;
}

/* Return the number of the last sighting to be folded, 0: none is. */
static size_t
last_to_fold(const struct sighting *sightings, size_t own)
{
	size_t last = own > KEPT ? own - KEPT : 0;

	/* The ban lives after it, so that its end need not be kept. */
	while (last > 1 && sightings[last].kind != SIGHTING_RESTORED)
		last--;
	return last > 1 ? last : 0;
}

size_t
same_ban_fold(struct sighting *sightings, size_t n, int64_t made_us)
{
	const struct sighting *first = sightings;
	struct sighting folded = {
		.kind = SIGHTING_FOLDED,
		.timeofban = sightings[0].timeofban,
		.since_us = timestamp_from_seconds(sightings[0].timeofban),
		.seconds = UNKNOWN,
		.bancount = UNKNOWN,
		.failures = UNKNOWN,
		.ended_us = UNKNOWN,
		.made_us = made_us,
		.row = sightings[0].row,
	};
	int64_t counted_us = INT64_MIN;
	size_t own = 0, last, kept = 0;

	while (own < n && sighting_is_own(&sightings[own]))
		own++;
	if (own <= SAME_BAN_SIGHTINGS ||
	    (last = last_to_fold(sightings, own)) == 0)
		return n;
	while (first->kind != SIGHTING_BAN && first < &sightings[last])
		first++;
	folded.at_us = sightings[last].at_us;
	for (size_t i = 0; i < n; i++) {
		if (i <= last && is_folded(&sightings[i], first))
			fold(&folded, &sightings[i], &counted_us);
		else
			sightings[kept++] = sightings[i];
	}
	sightings[kept++] = folded;
	return kept;
}
