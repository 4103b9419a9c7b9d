/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sightings of rows of fail2ban's database that were archived in one file,
 * on their way into another one: they are taken out of the first, with the bans
 * that were made of them, and merged into the second as any other row is. Errors
 * are db_error's.
 */
#ifndef INGEST_CARRIED_ROWS_H
#define INGEST_CARRIED_ROWS_H

#include "ingest/sightings.h"

struct carried_rows {
	struct carried_row *list;
	size_t n, room;
	int64_t bans; /* that were taken out */
};

void carried_rows_free(struct carried_rows *rows);

/*
 * Take the bans of an id out of an archive that has them from rows alone. name
 * is the jail's.
 */
int carried_rows_take(struct carried_rows *rows, struct archive *from,
    const char *name, const struct archive_ident *of, struct err *e);

/* Merge all rows; source and floor_us are those of sightings_add_row. */
int carried_rows_put(const struct carried_rows *rows, struct merge *merge,
    const struct config *config, int64_t source, int64_t floor_us,
    struct err *e);

#endif
