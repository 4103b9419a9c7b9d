/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The step that removes the bans that retention_days does not keep, and takes
 * out of those that are older than anonymize_days who was banned.
 *
 * What was removed does not come back from fail2ban's database, which keeps a
 * row for years where dbpurgeage or the ban time is long, and for ever where
 * the ban is permanent and no longer restored (fail2ban 1.0.2,
 * server/database.py: purge). So a ban whose row was seen is remembered until
 * the row has gone.
 */
#include <string.h>
#include <sysexits.h>

#include "archive/history/prune.h"
#include "base/timestamp.h"
#include "job/reconcile/steps.h"
#include "job/retention.h"

/* Tickets that are looked up at a time. */
#define CHUNK 200

/*
 * Set *before_us to the time before which an ended ban has the age of a config
 * key; UNKNOWN: the key is 0. The age counts to the newest ban at most: a clock
 * that runs ahead must not empty the archive.
 */
static int
find_before(struct reconcile *r, int64_t days, int64_t *before_us,
    struct err *e)
{
	int64_t newest_us;

	*before_us = UNKNOWN;
	if (days == 0)
		return 0;
	if (archive_newest(&r->run.archive, &newest_us, e) != 0)
		return -1;
	if (newest_us == UNKNOWN)
		return 0;
	*before_us = retention_before_us(&r->run, days);
	newest_us -= timestamp_from_seconds(days * TIMESTAMP_DAY);
	if (newest_us < *before_us)
		*before_us = newest_us;
	return 0;
}

static int
change_old(struct reconcile *r, enum retention what, int64_t before_us,
    struct err *e)
{
	struct archive_run row = retention_row(what);

	return retention_run(&r->run, what, before_us, &row, e);
}

/* Forget the tickets of a list that have no row in fail2ban's database. */
static int
forget_gone(struct reconcile *r, const struct prune_ticket *list, size_t n,
    struct err *e)
{
	bool gone[CHUNK] = { false }, any = false;
	struct fail2ban_row row = { 0 };
	struct merge merge;
	int rc = fail2ban_database_hold(&r->db, e);

	if (rc != 0)
		return -1;
	for (size_t i = 0; i < n && rc >= 0; i++) {
		/* An ident that is not UTF-8 is another one there. */
		if (strstr(list[i].ident, "\xef\xbf\xbd") != NULL)
			continue;
		rc = fail2ban_database_find(&r->db, list[i].jail_name,
		    list[i].ident, list[i].timeofban, 0, &row, e);
		fail2ban_row_free(&row);
		gone[i] = rc == 0;
		any = any || gone[i];
	}
	fail2ban_database_release(&r->db);
	if (rc < 0)
		return -1;
	if (!any)
		return 0;
	if (run_begin(&r->run, &merge, e) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (gone[i] &&
		    prune_drop_removed(&r->run.archive, &list[i], e) != 0) {
			run_rollback(&r->run);
			return -1;
		}
	}
	return run_commit(&r->run, &merge, e);
}

/* Forget all removed tickets that fail2ban's database cannot bring back. */
static int
forget_all_gone(struct reconcile *r, struct err *e)
{
	struct prune_ticket *list = NULL, *next;
	size_t n = 0, next_n;
	int rc = 0;

	do {
		if (prune_load_removed(&r->run.archive,
			n > 0 ? &list[n - 1] : NULL, CHUNK, &next, &next_n,
			e) != 0)
			rc = -1;
		prune_free(list, n);
		if (rc != 0)
			return -1;
		list = next;
		n = next_n;
		if (n > 0)
			rc = forget_gone(r, list, n, e);
	} while (rc == 0 && n > 0 && !run_is_over(&r->run));
	prune_free(list, n);
	return rc;
}

/* Forget which bans went before before_us. */
static int
forget_changes(struct reconcile *r, int64_t before_us, struct err *e)
{
	struct merge merge;
	int64_t rev;

	if (prune_find_gone(&r->run.archive, before_us, &rev, e) != 0)
		return -1;
	if (rev == UNKNOWN)
		return 0;
	if (run_begin(&r->run, &merge, e) != 0)
		return -1;
	if (prune_gone(&r->run.archive, rev, e) == 0)
		return run_commit(&r->run, &merge, e);
	run_rollback(&r->run);
	return -1;
}

/*
 * Remove what else is known of ids without bans, once a day: that reads all
 * lines of logs.
 */
static int
remove_rest(struct reconcile *r, int64_t before_us, struct err *e)
{
	int64_t last_us;

	if (archive_get_number(&r->run.archive, RETENTION_REST, &last_us, e) !=
	    0)
		return -1;
	if (last_us != UNKNOWN && before_us >= last_us &&
	    before_us < last_us + TIMESTAMP_DAY_US)
		return 0;
	return retention_run_rest(&r->run, before_us, e);
}

int
reconcile_retention(struct reconcile *r, struct err *e)
{
	const struct config *config = r->run.config;
	int64_t anonymous_us, removed_us, rest_us;

	if (r->read_all && r->db.version >= 4 && forget_all_gone(r, e) != 0)
		return -1;
	if (find_before(r, config->anonymize_days, &anonymous_us, e) != 0 ||
	    find_before(r, config->retention_days, &removed_us, e) != 0)
		return -1;
	rest_us = anonymous_us > removed_us ? anonymous_us : removed_us;
	if (anonymous_us != UNKNOWN &&
	    change_old(r, RETENTION_ANONYMIZE, anonymous_us, e) != 0)
		return -1;
	if (removed_us != UNKNOWN &&
	    change_old(r, RETENTION_REMOVE, removed_us, e) != 0)
		return -1;
	if (rest_us != UNKNOWN && remove_rest(r, rest_us, e) != 0)
		return -1;
	return removed_us == UNKNOWN || run_is_over(&r->run) ?
	    0 :
	    forget_changes(r, removed_us, e);
}
