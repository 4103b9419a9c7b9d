/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What witnesses say becomes sightings of a ban: an event of an action, a row
 * of fail2ban's database. Called in the caller's transaction on the archive.
 */
#ifndef INGEST_SIGHTINGS_H
#define INGEST_SIGHTINGS_H

#include "config.h"
#include "event/event.h"
#include "fail2ban/database.h"
#include "ban/exported_ban.h"
#include "ingest/merge.h"

/*
 * Record an event, with what fail2ban's database said of it at the time.
 * Fails with EX_USAGE when it is no whole event, or as merge_sightings does.
 */
int sightings_add_event(struct merge *merge, const struct config *config,
    const struct event *event, struct err *e);

/*
 * Record a row of fail2ban's database, the source's. One that the archive
 * knows as it is changes nothing. A ban that nobody knew, that has ended and
 * that is older than floor_us is passed over. One whose time is long up by
 * now is recorded as ended, at that time. The row outlives the merge.
 */
int sightings_add_row(struct merge *merge, const struct config *config,
    const struct fail2ban_row *row, int64_t source, int64_t floor_us,
    struct err *e);

/*
 * Record a row of another database of fail2ban's: an old one, or another
 * machine's. It tells only what nobody else has told. The row outlives the
 * merge.
 */
int sightings_add_old_row(struct merge *merge, const struct config *config,
    const struct fail2ban_row *row, struct err *e);

/* Record a ban of another archive's, which exported_ban_check has taken. */
int sightings_add_import(struct merge *merge, const struct exported_ban *ban,
    struct err *e);

/*
 * When a ban that begins at since_us is taken for ended though nobody saw
 * it: two intervals after its time is up. INT64_MAX: never.
 */
int64_t sightings_overdue_us(const struct config *config, int64_t since_us,
    int64_t seconds);

#endif
