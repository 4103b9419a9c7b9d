/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sightings of a ban as the archive keeps them. The column signs of the
 * table ban has a JSON array of arrays, one for each sighting:
 *
 *   [kind, seen, since, seconds, bancount, failures, evidence, end, ended, ip,
 *    origin, witnesses, restored, nth, made, other, held]
 *
 * An unknown value is null, and nulls at the end are left out. seen, since,
 * ended, made and held are microseconds from the ban's second (timeofban) on,
 * other (other_timeofban) is seconds; since is null when only that second is
 * known. evidence is a row of the table evidence, negative when it has no log
 * lines. ip is a text. The last seven values are null when they are 0; most of
 * them belong to an import. Pure.
 */
#ifndef ARCHIVE_HISTORY_SIGHTINGS_COLUMN_H
#define ARCHIVE_HISTORY_SIGHTINGS_COLUMN_H

#include "ban/sighting.h"
#include "base/buffer.h"

/*
 * Append a sighting to the array in out, or begin the array when out is empty;
 * the caller appends the last "]". Log lines and captures are not written.
 */
void sightings_column_put(struct buffer *out, const struct sighting *sighting,
    int64_t timeofban);

/*
 * Read the next sighting of an array. *at is at first the array's first byte,
 * and moves on. The caller frees *ip, which may be NULL. Return 1 with a
 * sighting, 0 at the end, -1 when the next value is no sighting or memory is
 * short.
 */
int sightings_column_take(const char **at, int64_t timeofban,
    struct sighting *sighting, char **ip);

/* Return true when sightings_column_take can read the text: a JSON array. */
bool sightings_column_is_array(const char *text);

#endif
