/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/log_lines.h"

#include <stdlib.h>
#include <sysexits.h>

#include "archive/statements.h"
#include "base/list.h"

/* What the archive has of an id; release with free_bans. */
struct archive_bans {
	struct witnessed_ban *seen; /* somebody better has seen them */
	size_t seen_n, seen_room;
	int64_t newest;	    /* row of the one that began last, 0: none */
	struct ban *logged; /* only logs tell of them; id is their row */
	size_t logged_n, logged_room;
};

static int
no_memory(struct err *e)
{
	return err_set(e, EX_OSERR, "archive: out of memory");
}

/* Return the host as the tables have it: "" is this machine. */
static const char *
host_of(const struct archive_ident *of)
{
	return of->host != NULL ? of->host : "";
}

int
log_lines_any(struct archive *a, struct err *e)
{
	return db_has_row(&a->db, SQL_LINE_ANY, e, "");
}

static int
load_lines(struct archive *a, const struct archive_ident *of, size_t more,
    struct logged_line **lines, size_t *n, struct err *e)
{
	sqlite3_stmt *st = db_bind(&a->db, SQL_LINES_OF, e, "itt", of->jail,
	    of->ident, host_of(of));
	struct logged_line *list = NULL, *grown;
	size_t room = 0;
	int rc = st == NULL ? -1 : 1;

	*n = 0;
	while (rc == 1) {
		grown = list_grow(list, &room, *n + 1 + more, sizeof(*list));
		if (grown == NULL) {
			rc = no_memory(e);
			break;
		}
		list = grown;
		if ((rc = db_step(&a->db, st, e)) != 1)
			break;
		list[(*n)++] = (struct logged_line){
			.at_us = db_int(st, 0),
			.verb = (enum logged_verb)db_int(st, 1),
			.found = db_int(st, 2),
			.seconds = db_int(st, 3),
			.bancount = db_int(st, 4),
		};
	}
	if (st != NULL)
		sqlite3_reset(st);
	*lines = rc == 0 ? list : NULL;
	if (rc != 0)
		free(list);
	return rc == 0 ? 0 : -1;
}

static int
put_line(struct archive *a, int which, const struct archive_ident *of,
    const struct logged_line *line, struct err *e)
{
	return db_query(&a->db, which, e, "ittidiii", of->jail, of->ident,
	    host_of(of), line->at_us, line->verb, line->found, line->seconds,
	    line->bancount);
}

static int
take_seen(struct archive_bans *bans, sqlite3_stmt *st)
{
	struct witnessed_ban *seen = list_grow(bans->seen, &bans->seen_room,
	    bans->seen_n + 1, sizeof(*seen));

	if (seen == NULL)
		return -1;
	bans->seen = seen;
	seen[bans->seen_n++] = (struct witnessed_ban){
		.since_us = db_int(st, 1),
		.timeofban = db_int(st, 2),
		.ended_us = db_int(st, 4),
		.inferred = ban_end_from_name(db_text(st, 5)) == BAN_INFERRED,
		.known_as = db_int(st, 10),
	};
	return 0;
}

static int
take_logged(struct archive_bans *bans, sqlite3_stmt *st)
{
	struct ban *logged = list_grow(bans->logged, &bans->logged_room,
	    bans->logged_n + 1, sizeof(*logged));
	const char *origin = db_text(st, 8);
	int end = ban_end_from_name(db_text(st, 5));

	if (logged == NULL)
		return -1;
	bans->logged = logged;
	logged[bans->logged_n++] = (struct ban){
		.id = db_int(st, 0),
		.since_us = db_int(st, 1),
		.nth = (int)db_int(st, 3),
		.ended_us = db_int(st, 4),
		.end = end < 0 ? BAN_LIVES : (enum ban_end)end,
		.seconds = db_int(st, 6),
		.bancount = db_int(st, 7),
		.origin = origin != NULL &&
			ban_origin_from_name(origin) == BAN_FROM_LOG ?
		    BAN_FROM_LOG :
		    BAN_FROM_UNKNOWN,
		.restored = db_int(st, 9),
		.failures = UNKNOWN,
		.seen = BAN_SEEN_LOG,
	};
	return 0;
}

/*
 * A ban that ended because one of the logs' own began lives on as far as others
 * know.
 */
static void
forget_ends(struct archive_bans *bans)
{
	size_t at = 0;

	for (size_t i = 0; i < bans->seen_n; i++) {
		struct witnessed_ban *ban = &bans->seen[i];

		while (at < bans->logged_n &&
		    bans->logged[at].since_us < ban->ended_us)
			at++;
		if (at < bans->logged_n &&
		    bans->logged[at].since_us == ban->ended_us)
			ban->ended_us = UNKNOWN;
	}
}

static int
load_bans(struct archive *a, const struct archive_ident *of,
    struct archive_bans *bans, struct err *e)
{
	sqlite3_stmt *st = db_bind(&a->db, SQL_BANS_OF, e, "itt", of->jail,
	    of->ident, host_of(of));
	int rc;

	*bans = (struct archive_bans){ 0 };
	if (st == NULL)
		return -1;
	while ((rc = db_step(&a->db, st, e)) == 1) {
		bool logged = db_int(st, 11) == 1;

		if ((logged ? take_logged(bans, st) : take_seen(bans, st)) !=
		    0) {
			rc = no_memory(e);
			break;
		}
		if (!logged)
			bans->newest = db_int(st, 0);
	}
	sqlite3_reset(st);
	if (rc == 0)
		forget_ends(bans);
	return rc;
}

static void
free_bans(struct archive_bans *bans)
{
	free(bans->seen);
	free(bans->logged);
	*bans = (struct archive_bans){ 0 };
}

static bool
is_same(const struct ban *a, const struct ban *b)
{
	return a->since_us == b->since_us && a->nth == b->nth &&
	    a->seconds == b->seconds && a->bancount == b->bancount &&
	    a->origin == b->origin && a->end == b->end &&
	    a->ended_us == b->ended_us && a->restored == b->restored;
}

static int
add_ban(struct archive *a, const struct archive_ident *of,
    const struct ban *ban, int64_t now_us, struct err *e)
{
	const struct archive_ban_row row = {
		.ban = ban,
		.jail = of->jail,
		.ident = of->ident,
		.host = of->host,
		.timeofban = ban_timeofban(ban->since_us),
		.sightings = "[]",
		.added_us = now_us,
	};

	return archive_ticket_add_row(a, &row, e);
}

/* Let the row of that id say what ban says. */
static int
change_ban(struct archive *a, int64_t id, const struct ban *ban, struct err *e)
{
	struct ban changed = *ban;

	changed.id = id;
	return archive_ticket_change_row(a, &changed, e);
}

/* Remove a row that is no ban any more; what stays tells of it by its rev. */
static int
remove_ban(struct archive *a, int64_t id, int64_t stays, struct err *e)
{
	if (stays != 0 && db_query(&a->db, SQL_BAN_TOUCH, e, "i", stays) != 0)
		return -1;
	return db_query(&a->db, SQL_BAN_REMOVE, e, "i", id);
}

/* Pair the bans with the rows of the same beginning; row[i]: index, or -1. */
static bool
pair(const struct archive_bans *before, const struct ban *bans, size_t n,
    int *row, bool *taken)
{
	bool same = n == before->logged_n;
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		while (at < before->logged_n &&
		    (before->logged[at].since_us < bans[i].since_us ||
			(before->logged[at].since_us == bans[i].since_us &&
			    before->logged[at].nth < bans[i].nth)))
			at++;
		row[i] = -1;
		if (at < before->logged_n &&
		    before->logged[at].since_us == bans[i].since_us &&
		    before->logged[at].nth == bans[i].nth) {
			row[i] = (int)at;
			taken[at] = true;
		}
		same = same && row[i] >= 0 &&
		    is_same(&bans[i], &before->logged[row[i]]);
	}
	return same;
}

static int
save_rows(struct archive *a, const struct archive_ident *of,
    const struct archive_bans *before, const struct ban *bans, size_t n,
    const int *row, const bool *taken, struct archive_change *change,
    struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (row[i] < 0) {
			if (add_ban(a, of, &bans[i], change->now_us, e) != 0)
				return -1;
			change->added++;
		} else if (!is_same(&bans[i], &before->logged[row[i]])) {
			if (change_ban(a, before->logged[row[i]].id, &bans[i],
				e) != 0)
				return -1;
			change->changed++;
		}
	}
	/* Last: so what stays has a later rev than what goes. */
	for (size_t i = 0; i < before->logged_n; i++) {
		if (taken[i])
			continue;
		if (remove_ban(a, before->logged[i].id, before->newest, e) != 0)
			return -1;
		change->changed++;
		change->replaced++;
	}
	return 0;
}

static int
save_bans(struct archive *a, const struct archive_ident *of,
    const struct archive_bans *before, const struct ban *bans, size_t n,
    struct archive_change *change, struct err *e)
{
	int *row = calloc(n + 1, sizeof(*row)), rc = 0;
	bool *taken = calloc(before->logged_n + 1, sizeof(*taken));

	if (row == NULL || taken == NULL)
		rc = no_memory(e);
	else if (!pair(before, bans, n, row, taken))
		rc = save_rows(a, of, before, bans, n, row, taken, change, e);
	free(row);
	free(taken);
	return rc;
}

static int
compare_lines(const void *pa, const void *pb)
{
	const struct logged_line *a = pa, *b = pb;

	if (a->at_us != b->at_us)
		return a->at_us < b->at_us ? -1 : 1;
	return a->verb < b->verb ? -1 : a->verb > b->verb;
}

/* Let the archive's bans be what follows from n lines, which are sorted. */
static int
renew(struct archive *a, const struct archive_ident *of,
    const struct logged_line *lines, size_t n, struct archive_change *change,
    struct err *e)
{
	struct archive_bans before;
	struct ban *bans = calloc(n + 1, sizeof(*bans));
	int rc = load_bans(a, of, &before, e);

	if (rc == 0 && bans == NULL)
		rc = no_memory(e);
	if (rc == 0) {
		n = bans_of_log(lines, n, before.seen, before.seen_n,
		    change->now_us, bans);
		rc = save_bans(a, of, &before, bans, n, change, e);
	}
	free_bans(&before);
	free(bans);
	return rc;
}

/*
 * A number that is told by one log and not by another, which begins later, is
 * known; of two the lesser, so that the order makes no difference.
 */
static bool
learn(int64_t *known, int64_t told)
{
	if (told == UNKNOWN || (*known != UNKNOWN && *known <= told))
		return false;
	*known = told;
	return true;
}

/* A line that the archive has, told again; *news: there is something new. */
static int
tell_again(struct archive *a, const struct archive_ident *of,
    struct logged_line *known, const struct logged_line *line, bool *news,
    struct err *e)
{
	bool learnt = learn(&known->found, line->found);

	learnt = learn(&known->seconds, line->seconds) || learnt;
	learnt = learn(&known->bancount, line->bancount) || learnt;
	*news = *news || learnt;
	return learnt ? put_line(a, SQL_LINE_SET, of, known, e) : 0;
}

/*
 * Put a line behind the n of all, of which the first old are the archive's;
 * *news: something is new.
 */
static int
add_line(struct archive *a, const struct archive_ident *of,
    const struct logged_line *line, struct logged_line *all, size_t old,
    size_t *n, bool *news, struct err *e)
{
	struct logged_line *known =
	    bsearch(line, all, old, sizeof(*all), compare_lines);

	/* The log may hold a line of one millisecond twice. */
	if (known == NULL && *n > old && compare_lines(line, &all[*n - 1]) == 0)
		known = &all[*n - 1];
	if (known != NULL)
		return tell_again(a, of, known, line, news, e);
	if (put_line(a, SQL_LINE_ADD, of, line, e) != 0)
		return -1;
	all[(*n)++] = *line;
	*news = true;
	return 0;
}

int
log_lines_add(struct archive *a, const struct archive_ident *of,
    const struct logged_line *lines, size_t n, int64_t *known,
    struct archive_change *change, struct err *e)
{
	struct logged_line *all;
	size_t old, now;
	bool news = false;
	int rc = 0;

	if (load_lines(a, of, n, &all, &old, e) != 0)
		return -1;
	now = old;
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = add_line(a, of, &lines[i], all, old, &now, &news, e);
	*known += (int64_t)(n - (now - old));
	if (rc == 0 && news) {
		qsort(all, now, sizeof(*all), compare_lines);
		rc = renew(a, of, all, now, change, e);
	}
	free(all);
	return rc;
}

int
log_lines_renew(struct archive *a, const struct archive_ident *of,
    struct archive_change *change, struct err *e)
{
	struct logged_line *lines;
	size_t n;
	int rc = 0;

	if (load_lines(a, of, 0, &lines, &n, e) != 0)
		return -1;
	if (n > 0)
		rc = renew(a, of, lines, n, change, e);
	free(lines);
	return rc;
}
