/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Remove bans that ended long ago, for retention_days of the configuration, and
 * remember those that fail2ban's database may bring back. Errors are
 * db_error's.
 */
#ifndef ARCHIVE_PRUNE_H
#define ARCHIVE_PRUNE_H

#include <stddef.h>

#include "archive/archive.h"

/*
 * All that is archived of one ticket: bans of one second share their evidence,
 * and are removed together.
 */
struct prune_ticket {
	int64_t jail;
	char *jail_name, *ident;
	int64_t timeofban;
	char *host; /* "": this machine */
};

/*
 * Find tickets whose bans have all ended, and were all archived, before
 * before_us: at most max of them, the oldest first. No transaction is needed.
 * The ticket of the ban with the greatest id is left out, because the next id
 * is counted from it. The caller releases *list with prune_free.
 */
int prune_find(struct archive *a, int64_t before_us, size_t max,
    struct prune_ticket **list, size_t *n, struct err *e);
void prune_free(struct prune_ticket *list, size_t n);

/*
 * Remove a ticket that prune_find has found, unless an event has come for it
 * meanwhile; *n is the number of bans that were removed. Their sums are added
 * to the totals, which archive/tally.h reads. The ticket is remembered when a
 * row of fail2ban's database was seen for it. Called between archive_begin and
 * archive_commit.
 */
int prune_remove(struct archive *a, const struct prune_ticket *t,
    int64_t before_us, int64_t now_us, int64_t *n, struct err *e);

/*
 * Set *rev to the rev of the last ban that went before before_us, UNKNOWN where
 * there is none; but for the newest, from which the next rev is counted. No
 * transaction is needed.
 */
int prune_find_gone(struct archive *a, int64_t before_us, int64_t *rev,
    struct err *e);

/*
 * Forget which bans have gone up to a rev: the changes before it cannot be read
 * any more (archive/changes.h). Called between archive_begin and
 * archive_commit.
 */
int prune_gone(struct archive *a, int64_t rev, struct err *e);

/*
 * Return 1 when a ban of that ticket was removed and is remembered, 0 when not,
 * -1 on failure.
 */
int prune_is_removed(struct archive *a, int64_t jail, const char *ident,
    int64_t timeofban, struct err *e);

/*
 * Load the tickets that are remembered, after the ticket `after` (NULL: from
 * the first on), at most max. The caller releases *list with prune_free.
 */
int prune_load_removed(struct archive *a, const struct prune_ticket *after,
    size_t max, struct prune_ticket **list, size_t *n, struct err *e);

/*
 * Forget a ticket whose row has gone from fail2ban's database. Called between
 * archive_begin and archive_commit.
 */
int prune_forget(struct archive *a, const struct prune_ticket *t,
    struct err *e);

#endif
