/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The signs of a ban as the archive has them beside it: a JSON array with an
 * array of numbers for each,
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
#ifndef ARCHIVE_SIGN_H
#define ARCHIVE_SIGN_H

#include "ban/ban.h"
#include "base/buffer.h"

/* Write a sign behind others of its ban: lines and captures are not kept. */
void sign_put(struct buffer *out, const struct sign *sign, int64_t timeofban);

/*
 * Read the next sign of an array; *at begins as its first byte. *ip is the
 * caller's to free, NULL: none. 1 with a sign, 0 at the end, -1 where it is no
 * sign, or there is no memory.
 */
int sign_take(const char **at, int64_t timeofban, struct sign *sign, char **ip);

/* Whether the text is a JSON array, which sign_take can read. */
bool sign_is_array(const char *text);

#endif
