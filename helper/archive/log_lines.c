/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/log_lines.h"

#include <stdlib.h>
#include <sysexits.h>

#include "archive/statements.h"
#include "base/list.h"

/* The lines of an id: first those that the archive has, which are sorted. */
struct line_list {
	struct archive *a;
	const struct archive_ident *of;
	struct logged_line *lines;
	size_t n, room;
	size_t archived; /* the number of them that the archive has */
	bool news;	 /* the archive has learnt something */
};

/* The rows that the table ban has for an id. */
struct rows {
	struct witnessed_ban *witnessed; /* an event or a row has shown them */
	size_t witnessed_n, witnessed_room;
	int64_t newest;	    /* row of the last one of these; 0: there is none */
	struct ban *logged; /* only logs show them; id is their row */
	size_t logged_n, logged_room;
};

/* The bans that the lines of an id make, on their way into the archive. */
struct rewriting {
	struct archive *a;
	const struct archive_ident *of;
	struct archive_change *change;
	struct rows before;
	struct ban *bans;
	size_t n;
	int *row;    /* bans[i] continues before.logged[row[i]]; -1: none */
	bool *taken; /* a ban continues before.logged[i] */
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
put_line(struct line_list *list, const struct logged_line *line, struct err *e)
{
	struct logged_line *lines =
	    list_grow(list->lines, &list->room, list->n + 1, sizeof(*lines));

	if (lines == NULL)
		return no_memory(e);
	list->lines = lines;
	lines[list->n++] = *line;
	return 0;
}

/* Load the lines of an id in their order. The caller frees list->lines. */
static int
load_lines(struct line_list *list, struct err *e)
{
	const struct archive_ident *of = list->of;
	struct db *db = &list->a->db;
	sqlite3_stmt *st = db_bind(db, SQL_LINES_OF, e, "itt", of->jail,
	    of->ident, host_of(of));
	int rc;

	if (st == NULL)
		return -1;
	while ((rc = db_step(db, st, e)) == 1) {
		const struct logged_line line = {
			.at_us = db_int(st, 0),
			.verb = (enum logged_verb)db_int(st, 1),
			.found = db_int(st, 2),
			.seconds = db_int(st, 3),
			.bancount = db_int(st, 4),
		};

		if (put_line(list, &line, e) != 0) {
			rc = -1;
			break;
		}
	}
	sqlite3_reset(st);
	list->archived = list->n;
	return rc;
}

/* Write a line by SQL_LINE_ADD or SQL_LINE_SET. */
static int
save_line(const struct line_list *list, int which,
    const struct logged_line *line, struct err *e)
{
	const struct archive_ident *of = list->of;

	return db_query(&list->a->db, which, e, "ittidiii", of->jail, of->ident,
	    host_of(of), line->at_us, line->verb, line->found, line->seconds,
	    line->bancount);
}

static int
take_witnessed(struct rows *rows, sqlite3_stmt *st)
{
	struct witnessed_ban *list = list_grow(rows->witnessed,
	    &rows->witnessed_room, rows->witnessed_n + 1, sizeof(*list));

	if (list == NULL)
		return -1;
	rows->witnessed = list;
	list[rows->witnessed_n++] = (struct witnessed_ban){
		.since_us = db_int(st, 1),
		.timeofban = db_int(st, 2),
		.ended_us = db_int(st, 4),
		.inferred = ban_end_from_name(db_text(st, 5)) == BAN_INFERRED,
		.known_as = db_int(st, 10),
	};
	rows->newest = db_int(st, 0);
	return 0;
}

static int
take_logged(struct rows *rows, sqlite3_stmt *st)
{
	struct ban *list = list_grow(rows->logged, &rows->logged_room,
	    rows->logged_n + 1, sizeof(*list));
	const char *origin = db_text(st, 8);
	int end = ban_end_from_name(db_text(st, 5));

	if (list == NULL)
		return -1;
	rows->logged = list;
	list[rows->logged_n++] = (struct ban){
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
 * A ban that ended because one of the logs' own bans began counts as alive
 * here: without the logs it would not have ended.
 */
static void
forget_ends(struct rows *rows)
{
	size_t at = 0;

	if (rows->logged == NULL)
		return;
	for (size_t i = 0; i < rows->witnessed_n; i++) {
		struct witnessed_ban *ban = &rows->witnessed[i];

		while (at < rows->logged_n &&
		    rows->logged[at].since_us < ban->ended_us)
			at++;
		if (at < rows->logged_n &&
		    rows->logged[at].since_us == ban->ended_us)
			ban->ended_us = UNKNOWN;
	}
}

/* Load the rows of an id; release them with free_rows, on failure too. */
static int
load_rows(struct archive *a, const struct archive_ident *of, struct rows *rows,
    struct err *e)
{
	sqlite3_stmt *st = db_bind(&a->db, SQL_BANS_OF, e, "itt", of->jail,
	    of->ident, host_of(of));
	int rc;

	if (st == NULL)
		return -1;
	while ((rc = db_step(&a->db, st, e)) == 1) {
		bool logged = db_int(st, 11) == 1;

		if ((logged ? take_logged(rows, st) :
			      take_witnessed(rows, st)) != 0) {
			rc = no_memory(e);
			break;
		}
	}
	sqlite3_reset(st);
	if (rc == 0)
		forget_ends(rows);
	return rc;
}

static void
free_rows(struct rows *rows)
{
	free(rows->witnessed);
	free(rows->logged);
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
add_ban(const struct rewriting *r, const struct ban *ban, struct err *e)
{
	const struct archive_ban_row row = {
		.ban = ban,
		.jail = r->of->jail,
		.ident = r->of->ident,
		.host = r->of->host,
		.timeofban = ban_timeofban(ban->since_us),
		.sightings = "[]",
		.added_us = r->change->now_us,
	};

	return archive_ticket_add_row(r->a, &row, e);
}

/* Write the fields of ban to the row of that id. */
static int
change_ban(const struct rewriting *r, int64_t id, const struct ban *ban,
    struct err *e)
{
	struct ban changed = *ban;

	changed.id = id;
	return archive_ticket_change_row(r->a, &changed, e);
}

/*
 * Remove a row that is no ban any more. The newest other row gets a new rev, so
 * that a reader who asks for later revs learns that something has changed.
 */
static int
remove_ban(const struct rewriting *r, int64_t id, struct err *e)
{
	struct db *db = &r->a->db;

	if (r->before.newest != 0 &&
	    db_query(db, SQL_BAN_TOUCH, e, "i", r->before.newest) != 0)
		return -1;
	return db_query(db, SQL_BAN_REMOVE, e, "i", id);
}

static bool
begins_earlier(const struct ban *a, const struct ban *b)
{
	return a->since_us < b->since_us ||
	    (a->since_us == b->since_us && a->nth < b->nth);
}

/*
 * Pair the bans with the rows that begin when they begin: set row and taken.
 * Return true when the rows are equal to the bans already.
 */
static bool
pair(struct rewriting *r)
{
	const struct rows *before = &r->before;
	bool same = r->n == before->logged_n;
	size_t at = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct ban *ban = &r->bans[i];

		while (at < before->logged_n &&
		    begins_earlier(&before->logged[at], ban))
			at++;
		r->row[i] = -1;
		if (at < before->logged_n &&
		    !begins_earlier(ban, &before->logged[at])) {
			r->row[i] = (int)at;
			r->taken[at] = true;
		}
		same = same && r->row[i] >= 0 &&
		    is_same(ban, &before->logged[r->row[i]]);
	}
	return same;
}

static int
save_bans(struct rewriting *r, struct err *e)
{
	const struct ban *logged = r->before.logged;

	for (size_t i = 0; i < r->n; i++) {
		if (r->row[i] < 0) {
			if (add_ban(r, &r->bans[i], e) != 0)
				return -1;
			r->change->added++;
		} else if (!is_same(&r->bans[i], &logged[r->row[i]])) {
			if (change_ban(r, logged[r->row[i]].id, &r->bans[i],
				e) != 0)
				return -1;
			r->change->changed++;
		}
	}
	/*
	 * This comes last, so that a row that stays has a later rev than one
	 * that goes.
	 */
	for (size_t i = 0; i < r->before.logged_n; i++) {
		if (r->taken[i])
			continue;
		if (remove_ban(r, logged[i].id, e) != 0)
			return -1;
		r->change->changed++;
		r->change->replaced++;
	}
	return 0;
}

/*
 * Change the archive's bans that only logs show into those that the lines make.
 * Rows that need no change are not touched.
 */
static int
renew(struct line_list *list, struct archive_change *change, struct err *e)
{
	struct rewriting r = {
		.a = list->a,
		.of = list->of,
		.change = change,
	};
	int rc = load_rows(list->a, list->of, &r.before, e);

	if (rc == 0) {
		r.bans = calloc(list->n + 1, sizeof(*r.bans));
		r.row = calloc(list->n + 1, sizeof(*r.row));
		r.taken = calloc(r.before.logged_n + 1, sizeof(*r.taken));
		if (r.bans == NULL || r.row == NULL || r.taken == NULL)
			rc = no_memory(e);
	}
	if (rc == 0) {
		r.n = bans_of_log(list->lines, list->n, r.before.witnessed,
		    r.before.witnessed_n, change->now_us, r.bans);
		if (!pair(&r))
			rc = save_bans(&r, e);
	}
	free_rows(&r.before);
	free(r.bans);
	free(r.row);
	free(r.taken);
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

/*
 * One log may show a number that another log, which begins later, does not
 * show: the number that is known stays. Of two numbers the lesser one stays, so
 * that the order of the logs makes no difference. Return true when *known has
 * changed.
 */
static bool
learn(int64_t *known, int64_t shown)
{
	if (shown == UNKNOWN || (*known != UNKNOWN && *known <= shown))
		return false;
	*known = shown;
	return true;
}

/* Take from a line what the archive's own copy of it does not know yet. */
static int
learn_from(struct line_list *list, struct logged_line *known,
    const struct logged_line *line, struct err *e)
{
	bool learnt = learn(&known->found, line->found);

	learnt = learn(&known->seconds, line->seconds) || learnt;
	learnt = learn(&known->bancount, line->bancount) || learnt;
	list->news = list->news || learnt;
	return learnt ? save_line(list, SQL_LINE_SET, known, e) : 0;
}

/* Add a line to the archive and to the list, unless they have it already. */
static int
add_line(struct line_list *list, const struct logged_line *line, struct err *e)
{
	struct logged_line *known = NULL;

	if (list->archived > 0)
		known = bsearch(line, list->lines, list->archived,
		    sizeof(*list->lines), compare_lines);
	/* The log may hold a line of one millisecond twice. */
	if (known == NULL && list->n > list->archived &&
	    compare_lines(line, &list->lines[list->n - 1]) == 0)
		known = &list->lines[list->n - 1];
	if (known != NULL)
		return learn_from(list, known, line, e);
	list->news = true;
	return save_line(list, SQL_LINE_ADD, line, e) != 0 ?
	    -1 :
	    put_line(list, line, e);
}

int
log_lines_add(struct archive *a, const struct archive_ident *of,
    const struct logged_line *lines, size_t n, int64_t *known,
    struct archive_change *change, struct err *e)
{
	struct line_list list = { .a = a, .of = of };
	int rc = load_lines(&list, e);

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = add_line(&list, &lines[i], e);
	if (rc == 0)
		*known += (int64_t)(n - (list.n - list.archived));
	if (rc == 0 && list.news) {
		qsort(list.lines, list.n, sizeof(*list.lines), compare_lines);
		rc = renew(&list, change, e);
	}
	free(list.lines);
	return rc;
}

int
log_lines_renew(struct archive *a, const struct archive_ident *of,
    struct archive_change *change, struct err *e)
{
	struct line_list list = { .a = a, .of = of };
	int rc = load_lines(&list, e);

	if (rc == 0 && list.n > 0)
		rc = renew(&list, change, e);
	free(list.lines);
	return rc;
}
