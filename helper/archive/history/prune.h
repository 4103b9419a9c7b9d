/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Remove bans that ended long ago, or take out of them who was banned; and
 * remember those that fail2ban's database may bring back. A ban that goes
 * leaves a tombstone (archive/read/changes.h). Errors are db_error's.
 */
#ifndef ARCHIVE_HISTORY_PRUNE_H
#define ARCHIVE_HISTORY_PRUNE_H

#include <stddef.h>

#include "archive/archive.h"
#include "archive/history/ticket_memo.h"

/*
 * All that is archived of one ticket: bans of one second share their evidence,
 * and are removed together.
 */
struct prune_ticket {
	int64_t jail;
	char *jail_name, *ident;
	int64_t timeofban;
	char *host;  /* "": this machine */
	bool traces; /* prune_find: a ban of it has an address or evidence */
};

/* Why a ticket is removed. */
enum prune_why {
	/* It is old: no ban of its host that began before its end is replayed
	 * any more (archive/history/closed_past.h). */
	PRUNE_OLD,
	/* Its id is forgotten: a copy of the archive must not keep it either.
	 */
	PRUNE_FORGET,
};

/* A ban, in the order in which bans were archived with their ends. */
struct prune_place {
	int64_t kept_us, id;
};

/* The place before all bans. */
#define PRUNE_FIRST ((struct prune_place){ INT64_MIN + 1, 0 })

/*
 * Find at most max bans after a place that may be removed: all bans of their
 * ticket have ended, and were archived, before before_us. *list has a ticket
 * for each. *place becomes that of the last one. The memo is empty at first,
 * and is given again with the same before_us for those that follow. A ticket
 * that it knows may have got a ban meanwhile that is to be kept: prune_remove
 * and prune_anonymize look again. No transaction is needed. The caller releases
 * *list with prune_free, and memo with ticket_memo_clear.
 */
int prune_find(struct archive *a, int64_t before_us, struct prune_place *place,
    struct ticket_memo *memo, size_t max, struct prune_ticket **list, size_t *n,
    struct err *e);
void prune_free(struct prune_ticket *list, size_t n);

/* Do the same in the order of their revs: place->kept_us is a rev here. */
int prune_find_changed(struct archive *a, int64_t before_us,
    struct prune_place *place, struct ticket_memo *memo, size_t max,
    struct prune_ticket **list, size_t *n, struct err *e);

/*
 * Find the tickets of an id: ids is a JSON array of texts, and one of these is
 * the ident or the address of each. At most max, beginning with the first. The
 * caller releases *list with prune_free.
 */
int prune_find_id(struct archive *a, const char *ids, size_t max,
    struct prune_ticket **list, size_t *n, struct err *e);

/* Set *n to the number of bans of an id, of which ids is as above. */
int prune_count_id(struct archive *a, const char *ids, int64_t *n,
    struct err *e);

/*
 * Find a live ban of this machine among the bans of an id: return 1 and its
 * jail, which the caller frees; 0 when there is none, -1 on failure.
 */
int prune_find_live(struct archive *a, const char *ids, char **jail,
    struct err *e);

/*
 * Set *version to a number that is another one when another process has changed
 * the archive meanwhile. (SQLite: PRAGMA data_version.)
 */
int prune_version(struct archive *a, int64_t *version, struct err *e);

/*
 * Remove a ticket, unless one of its bans lives, or has ended or was archived
 * at before_us or later (UNKNOWN: remove it in any case); *n is the number of
 * bans that were removed. Their sums are added to the totals, which
 * archive/read/tally.h reads. The ticket is remembered when a row of fail2ban's
 * database was seen for it. Called between archive_begin and archive_commit.
 */
int prune_remove(struct archive *a, const struct prune_ticket *t,
    int64_t before_us, int64_t now_us, enum prune_why why, int64_t *n,
    struct err *e);

/*
 * Call this after bans were removed; greatest is the greatest number of a ban
 * before that. If that ban has gone, the one that has the greatest number now
 * gets one beyond it, so that no number is given out twice. An archive without
 * any ban begins anew, with an id of its own.
 */
int prune_keep_numbers(struct archive *a, int64_t greatest, int64_t now_us,
    struct err *e);

/*
 * Return true when the bans of a ticket that prune_find has found say who was
 * banned.
 */
bool prune_is_personal(const struct prune_ticket *t);

/*
 * Make the bans of a ticket anonymous: each gets the id of ban/anonymous.h and
 * loses its evidence and its address. Its row gets another number, as it is
 * another ban for whoever reads the changes. *n is the number of bans.
 * Otherwise this is as prune_remove, but that nothing is added to the totals.
 */
int prune_anonymize(struct archive *a, const struct prune_ticket *t,
    int64_t before_us, int64_t now_us, int64_t *n, struct err *e);

/*
 * Remove what else the archive knows of an id, of which ids is as in
 * prune_find_id: lines of logs, notes of reban, tickets that were removed, and
 * the rows at which runs have stopped. Called between archive_begin and
 * archive_commit.
 */
int prune_rest_of_id(struct archive *a, const char *ids, struct err *e);

/*
 * Find ids of log lines from before before_us that the archive has no ban of,
 * after the ticket `after` (NULL: from the first on), at most max. A line that
 * makes no ban is kept until then, as another one may come to it. The caller
 * releases *list with prune_free.
 */
int prune_find_lines(struct archive *a, int64_t before_us,
    const struct prune_ticket *after, size_t max, struct prune_ticket **list,
    size_t *n, struct err *e);

/*
 * Remove the lines of such an id, unless a ban has come. Called between
 * archive_begin and archive_commit.
 */
int prune_lines(struct archive *a, int64_t before_us,
    const struct prune_ticket *t, struct err *e);

/*
 * Set *rev to the rev of the last ban that went before before_us, UNKNOWN where
 * there is none; but for the newest, from which the next rev is counted. No
 * transaction is needed.
 */
int prune_find_gone(struct archive *a, int64_t before_us, int64_t *rev,
    struct err *e);

/*
 * Forget which bans have gone up to a rev: the changes before it cannot be read
 * any more (archive/read/changes.h). Called between archive_begin and
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
 * Remember a ticket no more: its row has gone from fail2ban's database. Called
 * between archive_begin and archive_commit.
 */
int prune_drop_removed(struct archive *a, const struct prune_ticket *t,
    struct err *e);

#endif
