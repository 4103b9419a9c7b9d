/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sightings of rows of fail2ban's database that were archived in one file,
 * on their way into another one: they are taken out of the first, with the bans
 * that were made of them, and merged into the second as any other row is.
 * Errors are db_error's.
 */
#ifndef INGEST_CARRIED_ROWS_H
#define INGEST_CARRIED_ROWS_H

#include "ingest/sightings.h"

struct carried_rows {
	struct carried_row *list;
	size_t n, room;
};

void carried_rows_free(struct carried_rows *rows);

/*
 * Take the bans of an id out of an archive. Where it has them from rows alone,
 * their sightings are added to rows; NULL: they are known already. name is the
 * jail's. Evidence up to the number kept stays. *removed counts on by the bans
 * with greater numbers.
 */
int carried_rows_take(struct carried_rows *rows, struct archive *from,
    const char *name, const struct archive_ident *of, int64_t kept,
    int64_t *removed, struct err *e);

/*
 * Merge n rows from number first on, counted from 0; source and floor_us are
 * those of sightings_add_row.
 */
int carried_rows_put(const struct carried_rows *rows, size_t first, size_t n,
    struct merge *merge, const struct config *config, int64_t source,
    int64_t floor_us, struct err *e);

#endif
