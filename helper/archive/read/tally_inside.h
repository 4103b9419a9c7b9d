/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This is shared by tally.c and tally_ids.c; no other file includes it. */
#ifndef ARCHIVE_READ_TALLY_INSIDE_H
#define ARCHIVE_READ_TALLY_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/err.h"

struct archive;
struct archive_tally;
struct figures;

/* A row of the table jail. */
struct jail {
	int64_t row, flushed_us;
	char *name;
	size_t number; /* in the figures; SIZE_MAX: it has none yet */
};

struct reading {
	struct archive *archive;
	const struct archive_tally *tally;
	struct figures *figures;
	struct jail *jails; /* by row */
	size_t jails_n, jails_room;
	struct buffer users;
	struct err *e;
	bool failed;
	int64_t read, all; /* bans of this reading; all may be UNKNOWN */
};

/* Count a ban that was read, and show now and then how far the reading is. */
void tally_show(struct reading *r, const char *doing);

/* Return the jail of a ban, or NULL on failure. */
struct jail *tally_get_jail(struct reading *r, int64_t row, struct err *e);

/* Likewise; it has a number in the figures then. */
const struct jail *tally_find_jail(struct reading *r, int64_t row,
    struct err *e);

/* Let the figures take all ids of the jail that the filter wants, or of all. */
int tally_take_ids(struct reading *r);

#endif
