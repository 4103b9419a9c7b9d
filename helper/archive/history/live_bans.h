/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bans that have not ended as far as the archive knows, and those that a
 * server may have again. A reconcile judges them. Writing is done between
 * archive_begin and archive_commit. Errors are db_error's.
 */
#ifndef ARCHIVE_HISTORY_LIVE_BANS_H
#define ARCHIVE_HISTORY_LIVE_BANS_H

#include <stddef.h>

#include "archive/archive.h"

struct live_ban {
	int64_t id; /* its row in the table ban */
	char *jail, *ident;
	char *host; /* "": this machine */
	int64_t made_us, timeofban, since_us, seconds;
	int64_t known_as;      /* the second under which fail2ban has it */
	int64_t life_us;       /* its last sign of life by an event */
	int64_t pending_us;    /* an unban that nothing confirms yet; 0: none */
	int64_t source;	       /* fail2ban's database that last had its row */
	int64_t server_had_us; /* when the server last said that it has it */
	int64_t missed_us;     /* when the server first said that it lacks it */
	int64_t gone_us;       /* when a run found its rows gone; 0: not */
	int64_t flushed_us;    /* its jail's first flush since it was known to
				  live, or 0 */
	int64_t restored_us;   /* its jail's last restored ban */
	/* When a run found the server without its jail, and with it again. */
	int64_t jail_id, jail_absent_us, jail_started_us;
	int64_t rev;
	bool logged; /* only logs show it */
};

/*
 * Load the live bans whose rev is greater than after, at most max of them, in
 * the order of their revs. The caller releases *list with live_bans_free.
 */
int live_bans_load(struct archive *a, int64_t after, size_t max,
    struct live_ban **list, size_t *n, struct err *e);
void live_bans_free(struct live_ban *list, size_t n);

/*
 * Load the bans of this machine whose end was inferred because a server lacked
 * them, and whose time is not up at now_us, after an id and in the order of
 * their ids. No later ban of their id is known.
 */
int live_bans_load_missed(struct archive *a, int64_t after, size_t max,
    int64_t now_us, struct live_ban **list, size_t *n, struct err *e);

/*
 * Return 1 when the ban is still as it was when it was loaded, 0 when it has
 * changed, -1 on failure.
 */
int live_bans_is_unchanged(struct archive *a, const struct live_ban *live,
    struct err *e);

/*
 * Note that the running server answered at at_us that it has the ban with that
 * id, or that it lacks it.
 */
int live_bans_set_server_has(struct archive *a, int64_t ban, int64_t at_us,
    struct err *e);
int live_bans_set_missed(struct archive *a, int64_t ban, int64_t at_us,
    struct err *e);

/* Note that a run found the rows of a ban gone, or, 0, that they are there. */
int live_bans_set_gone(struct archive *a, int64_t ban, int64_t at_us,
    struct err *e);

/*
 * Note when the running server was found without a jail, 0 while it has it; and
 * when it was found with it again, 0 for never.
 */
int live_bans_set_jail(struct archive *a, int64_t jail, int64_t absent_us,
    int64_t started_us, struct err *e);

#endif
