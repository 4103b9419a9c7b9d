/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The questions of check about the health of an archive. Nothing is written.
 * Errors are db_error's, and EX_OSERR.
 */
#ifndef ARCHIVE_READ_HEALTH_H
#define ARCHIVE_READ_HEALTH_H

#include <stddef.h>

#include "archive/archive.h"

/*
 * Let every question to the archive fail with EX_TEMPFAIL from *deadline_ms of
 * CLOCK_MONOTONIC on. The caller keeps *deadline_ms until the archive is
 * closed; archive_examine ends it.
 */
void archive_health_set_deadline(struct archive *a, int64_t *deadline_ms);

/* Set *bans to how many bans there are and were, with those of the totals. */
int archive_health_count_bans(struct archive *a, int64_t *bans, struct err *e);

/* A jail, and its own bans of this machine: none of those by hand. */
struct archive_health_jail {
	int64_t id;
	char *name;
	int64_t started_us; /* a run found the server with it again, or 0 */
	int64_t flushed_us; /* its last flush, or 0 */
	int64_t last_us;    /* its last ban; UNKNOWN: none in the last days */
	int64_t bans;	    /* in the SILENT_JAIL_DAYS up to that ban */
	unsigned days;	    /* bit n: it banned n to n + 1 days before that */
};

struct archive_health_jails {
	struct archive_health_jail *list;
	size_t n, room;
};

/*
 * Load all jails, with the bans of the SILENT_JAIL_OLDEST_DAYS before now_us
 * and SILENT_JAIL_DAYS before these. The caller releases jails with
 * archive_health_free_jails, on failure too.
 */
int archive_health_load_jails(struct archive *a, int64_t now_us,
    struct archive_health_jails *jails, struct err *e);
void archive_health_free_jails(struct archive_health_jails *jails);

/*
 * Count the bans of this machine that the start of fail2ban at start_us ended:
 * those that ended, flushed or inferred, at their jail's last flush before it,
 * which is a stop's; and those that ended because the server lacks them since.
 * A flush of more than a week before the start is none of it.
 */
int archive_health_count_restart(struct archive *a, int64_t start_us,
    int64_t *ended, struct err *e);

#endif
