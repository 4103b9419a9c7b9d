/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sightings of a ban as the archive has them beside it: a JSON array with
 * an array of numbers for each,
 *
 *   [kind, seen, since, seconds, bancount, failures, evidence, end, ended, ip,
 *    origin, witnesses, restored, nth]
 *
 * null for what is unknown, and what is null at the end left out; the last
 * four are of an import, and null where they are 0. seen, since
 * and ended are microseconds from the ban's second (timeofban) on; since is
 * null where only that second is known. evidence is negative where it has no
 * log lines. ip is a text. Pure.
 */
#ifndef ARCHIVE_SIGHTINGS_COLUMN_H
#define ARCHIVE_SIGHTINGS_COLUMN_H

#include "ban/sighting.h"
#include "base/buffer.h"

/* Write a sighting behind others of its ban: lines and captures are not kept.
 */
void sightings_column_put(struct buffer *out, const struct sighting *sighting,
    int64_t timeofban);

/*
 * Read the next sighting of an array; *at begins as its first byte. *ip is the
 * caller's to free, NULL: none. 1 with a sighting, 0 at the end, -1 where it is
 * no sighting, or there is no memory.
 */
int sightings_column_take(const char **at, int64_t timeofban,
    struct sighting *sighting, char **ip);

/* Whether the text is a JSON array, which sightings_column_take can read. */
bool sightings_column_is_array(const char *text);

#endif
