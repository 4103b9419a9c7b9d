/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Turn the report of a witness into a sighting, and add it to the archive: an
 * event of an action, a row of fail2ban's database, a ban of an export. The
 * functions are called in the caller's transaction on the archive.
 */
#ifndef INGEST_SIGHTINGS_H
#define INGEST_SIGHTINGS_H

#include "ban/exported_ban.h"
#include "config.h"
#include "event/event.h"
#include "fail2ban/database.h"
#include "ingest/merge.h"

/*
 * Add an event, with what fail2ban's database said of its ban at the time.
 * Fails with EX_USAGE when it is not a whole event, or as merge_sightings.
 */
int sightings_add_event(struct merge *merge, const struct config *config,
    const struct event *event, struct err *e);

/*
 * Add a row of fail2ban's database, which is known as source. A row that the
 * archive has changes nothing, and neither does the row of a ban that retention
 * has removed. An unknown ban that has ended and began before floor_us is left
 * out, and merge->left_out says so; an unknown ban that is overdue is added
 * with its end. The row must outlive merge. Fails as merge_sightings.
 */
int sightings_add_row(struct merge *merge, const struct config *config,
    const struct fail2ban_row *row, int64_t source, int64_t floor_us,
    struct err *e);

/*
 * Do the same with a row that was seen before: seen is its sighting, and of row
 * only the jail, the ident and the time are used.
 */
int sightings_add_seen_row(struct merge *merge, const struct config *config,
    const struct fail2ban_row *row, const struct sighting *seen, int64_t source,
    int64_t floor_us, struct err *e);

/*
 * Prepare for a row that is added next, where the rows do not come as they
 * stand in the database: other_timeofban is the second of the id's row that
 * stands before it there, or 0.
 */
int sightings_follow(struct merge *merge, const struct fail2ban_row *row,
    int64_t other_timeofban, struct err *e);

/*
 * Add a row of another database of fail2ban's: an old one, or another
 * machine's. It adds only what no other sighting says. The row must outlive
 * merge. Fails as merge_sightings.
 */
int sightings_add_old_row(struct merge *merge, const struct config *config,
    const struct fail2ban_row *row, struct err *e);

/*
 * Add a ban of another archive, which exported_ban_check has accepted. Fails as
 * merge_sightings.
 */
int sightings_add_import(struct merge *merge, const struct exported_ban *ban,
    struct err *e);

#endif
