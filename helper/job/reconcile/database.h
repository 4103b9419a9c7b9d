/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules by which a reconcile reads fail2ban's database. Pure. The step
 * itself, reconcile_database, is declared in reconcile_steps.h.
 */
#ifndef JOB_RECONCILE_DATABASE_H
#define JOB_RECONCILE_DATABASE_H

#include "archive/fail2ban_source.h"
#include "fail2ban/database.h"

/*
 * Return true when the database is the one that was read last: the same file,
 * as far as is known made at the same time, with a change counter that has not
 * gone back.
 */
bool reconcile_database_is_same(const struct archive_source *s,
    const struct fail2ban_database *db);

/*
 * Return true when the row at the mark is the one that was read: key is what
 * fail2ban_database_key gives for it now. A mark at row 0 is always valid.
 */
bool reconcile_database_is_mark_valid(const struct archive_source *s,
    const char *key);

/*
 * Return true when all rows must be read: the mark is not valid, they never
 * were all read, a full reading was cut off, or the last one is a day old.
 */
bool reconcile_database_needs_all(const struct archive_source *s,
    bool is_mark_valid, int64_t now_us);

/*
 * Return the rowid after which to read. Some rows before the mark are read
 * again. reached is the row that was read last, or UNKNOWN: where it is before
 * the mark, a reading was cut off there, and goes on.
 */
int64_t reconcile_database_read_after(int64_t mark_rowid, int64_t reached);

/*
 * Return the floor of an archive: a ban that has ended, is older, and is not
 * archived yet is left out. All are seconds since the epoch. newest: of the
 * newest ban in the database, UNKNOWN when it is empty; backfill: the
 * seconds before it, or before now if that is earlier, that are archived; 0:
 * all.
 */
int64_t reconcile_database_first_floor(int64_t newest, int64_t now,
    int64_t backfill);

/*
 * Return the floor that holds now: retention_days (0: for ever) raises it. now
 * is no later than the proven time, so that a wrong clock leaves out no ban.
 */
int64_t reconcile_database_floor_now(int64_t first, int64_t now,
    int64_t retention_days);

#endif
