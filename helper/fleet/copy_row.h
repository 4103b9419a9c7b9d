/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A change of an archive as a line of PostgreSQL's COPY, in its text format,
 * with the columns of FLEET_COPY. Pure.
 *
 * An archive keeps what it was given; PostgreSQL is stricter. So that no ban is
 * refused, a byte that is no UTF-8 becomes U+FFFD, and so do the escapes of NUL
 * and of half a surrogate pair in JSON, which jsonb does not take; a number in
 * JSON with more than 300 characters or an exponent of more than three digits
 * becomes a text; what is no JSON of its kind becomes the only text of an array
 * or object; JSON of more than 64 MiB becomes NULL. Of two equal keys jsonb
 * keeps the last. A time out of the years 1 to 9999 becomes the first or last
 * moment of these; a negative ban time is for ever, -1.
 * (PostgreSQL 15, "COPY", "JSON Types".)
 */
#ifndef FLEET_COPY_ROW_H
#define FLEET_COPY_ROW_H

#include "ban/ban_field.h"
#include "base/buffer.h"

/* A ban: the fields that are numbers in number, UNKNOWN or not, others in text,
 * or NULL. */
struct copy_row {
	int64_t ban; /* its number */
	const char *text[BAN_FIELDS];
	int64_t number[BAN_FIELDS];
};

/* Append the line of a ban. */
void copy_row_put(struct buffer *out, const struct copy_row *row);

/*
 * Append the line of a ban that has gone: the centre keeps one that is
 * "pruned", deletes one that is "gone", and with one that is "forgotten"
 * deletes those of the same id that were pruned before.
 */
void copy_row_put_gone(struct buffer *out, int64_t ban, int64_t rev,
    int64_t gone_us, const char *how);

#endif
