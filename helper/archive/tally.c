/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/tally.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/spelling.h"
#include "archive/statements.h"
#include "ban/user_names.h"
#include "base/list.h"
#include "base/timestamp.h"

/* The arguments of the function tally, as TALLY has them in statements.c. */
enum {
	JAIL,
	HOST,
	SINCE,
	SECONDS,
	FAILURES,
	ENDED,
	WHY,
	/* These are left out where nothing needs them. */
	IDENT,
	IP,
	ORIGIN,
	CAPTURES,
	LIFE,
	HELD,
	PENDING,
};

/* The columns of SQL_TOTALS, but for jail and host. */
enum {
	TOTAL_FIRST = 2,
	TOTAL_LAST,
	TOTAL_BANS,
	TOTAL_FAILURES,
	TOTAL_SECONDS,
	TOTAL_LONGEST,
	TOTAL_EXPIRED,
};

/* A row of the table jail. */
struct jail {
	int64_t row, flushed_us;
	char *name;
	size_t number; /* in the figures; SIZE_MAX: it has none yet */
};

struct reading {
	struct archive *archive;
	const struct archive_tally *tally;
	struct figures *figures;
	struct jail *jails; /* by row */
	size_t jails_n, jails_room;
	struct buffer users;
	struct err *e;
	bool failed;
};

static int
no_memory(struct err *e)
{
	return err_set(e, EX_OSERR, "out of memory");
}

static int
load_jails(struct reading *r, struct err *e)
{
	sqlite3_stmt *st = db_statement(&r->archive->db, SQL_TALLY_JAILS, e);
	int rc;

	if (st == NULL)
		return -1;
	while ((rc = db_step(&r->archive->db, st, e)) == 1) {
		const char *name = db_text(st, 1);
		struct jail *jails = list_grow(r->jails, &r->jails_room,
		    r->jails_n + 1, sizeof(*jails));

		if (jails == NULL) {
			rc = no_memory(e);
			break;
		}
		r->jails = jails;
		jails[r->jails_n] = (struct jail){
			.row = db_int(st, 0),
			.name = strdup(name != NULL ? name : ""),
			.flushed_us = db_int(st, 2),
			.number = SIZE_MAX,
		};
		if (jails[r->jails_n++].name == NULL) {
			rc = no_memory(e);
			break;
		}
	}
	sqlite3_reset(st);
	return rc;
}

static int
compare_rows(const void *row, const void *jail)
{
	int64_t a = *(const int64_t *)row, b = ((const struct jail *)jail)->row;

	return (a > b) - (a < b);
}

/* Return the jail of a ban, or NULL on failure. */
static const struct jail *
find_jail(struct reading *r, int64_t row, struct err *e)
{
	struct jail *jail;

	/* Rows are counted from 1 on, and none is ever removed. */
	if (row >= 1 && row <= (int64_t)r->jails_n &&
	    r->jails[row - 1].row == row)
		jail = &r->jails[row - 1];
	else
		jail = bsearch(&row, r->jails, r->jails_n, sizeof(*r->jails),
		    compare_rows);
	if (jail == NULL) {
		err_set(e, EX_DATAERR, "%s: a ban has no jail",
		    r->archive->db.name);
		return NULL;
	}
	if (jail->number == SIZE_MAX &&
	    figures_jail(r->figures, jail->name, &jail->number, e) != 0)
		return NULL;
	return jail;
}

static int64_t
number(sqlite3_value *value)
{
	return sqlite3_value_type(value) == SQLITE_NULL ?
	    UNKNOWN :
	    sqlite3_value_int64(value);
}

static const char *
text(sqlite3_value *value)
{
	return (const char *)sqlite3_value_text(value);
}

/* Return a moment that the archive may lack: 0, it never happened. */
static int64_t
moment(sqlite3_value *value)
{
	int64_t v = number(value);

	return v == UNKNOWN ? 0 : v;
}

/* Return the state of a ban without an end. */
static enum ban_state
state_of(const struct reading *r, sqlite3_value **values,
    const struct jail *jail, const struct figures_ban *ban)
{
	const struct ban_state_facts facts = {
		.since_us = ban->since_us,
		.seconds = ban->seconds,
		.ended_us = UNKNOWN,
		.life_us = moment(values[LIFE]),
		.confirmed_us = moment(values[HELD]),
		.unbanned_us = moment(values[PENDING]),
		.flushed_us = jail->flushed_us,
		.here = ban->host == NULL,
	};

	return ban_state_at(&facts, r->tally->filter->now_us);
}

static enum ban_end
end_of(const char *why)
{
	int end = ban_end_from_name(why);

	return end < 0 ? BAN_LIVES : (enum ban_end)end;
}

static const char *
host_of(const char *host)
{
	return host != NULL && host[0] != '\0' ? host : NULL;
}

/*
 * Set what tells of whom a ban is; return false when the filter does not want
 * it.
 */
static bool
take_id(struct reading *r, sqlite3_value **values, struct figures_ban *ban)
{
	const struct archive_filter *filter = r->tally->filter;
	const char *origin = text(values[ORIGIN]);

	if ((ban->ident = text(values[IDENT])) == NULL)
		ban->ident = "";
	ban->ip = text(values[IP]);
	ban->by_hand =
	    origin != NULL && ban_origin_from_name(origin) == BAN_FROM_HAND;
	if (archive_filter_is_deep(filter) &&
	    !archive_filter_takes(filter, ban->ident, ban->ip,
		text(values[CAPTURES])))
		return false;
	if (r->tally->users) {
		buffer_cut(&r->users, 0);
		ban->users_n = user_names(&r->users, text(values[CAPTURES]));
		ban->users = r->users.s;
	}
	if (r->tally->locate != NULL)
		r->tally->locate(r->tally->context, ban);
	return true;
}

/* Take the ban of a row, if the filter wants it. */
static int
take_row(struct reading *r, int n, sqlite3_value **values)
{
	const struct jail *jail = find_jail(r, number(values[JAIL]), r->e);
	struct figures_ban ban = {
		.ident = "",
		.host = host_of(text(values[HOST])),
		.since_us = number(values[SINCE]),
		.seconds = number(values[SECONDS]),
		.failures = number(values[FAILURES]),
		.ended_us = number(values[ENDED]),
		.why = end_of(text(values[WHY])),
		.state = BAN_STATE_ENDED,
		.asn = UNKNOWN,
	};

	if (jail == NULL)
		return -1;
	ban.jail = jail->number;
	if (ban.ended_us == UNKNOWN)
		ban.state = state_of(r, values, jail, &ban);
	if (r->tally->filter->active && ban.state != BAN_STATE_ACTIVE)
		return 0;
	if (n > IDENT && !take_id(r, values, &ban))
		return 0;
	if (r->users.failed)
		return no_memory(r->e);
	return figures_take(r->figures, &ban, r->e);
}

/*
 * The function tally of SQL: it counts a row where it lies. To hand each row
 * out would take as long as all the rest.
 */
static void
tally_step(sqlite3_context *context, int n, sqlite3_value **values)
{
	struct reading *r = sqlite3_user_data(context);

	if (take_row(r, n, values) == 0)
		return;
	r->failed = true;
	sqlite3_result_error_code(context, SQLITE_ABORT);
}

/* It has no result. */
static void
tally_end(sqlite3_context *context UNUSED)
{
}

/* Bind the seconds of the bans that began in [since, until). */
static void
bind_seconds(sqlite3_stmt *st, const struct archive_filter *filter)
{
	db_bind_int(st, 8,
	    filter->since_us == UNKNOWN ? -INT64_MAX :
					  filter->since_us / TIMESTAMP_US - 1);
	db_bind_int(st, 9,
	    filter->until_us == UNKNOWN ? INT64_MAX :
					  filter->until_us / TIMESTAMP_US + 1);
}

/* Run a statement of tally; ids are the texts of SQL_TALLY_IDS. */
static int
run(struct reading *r, int which, const struct buffer *ids, bool inside)
{
	const struct archive_filter *filter = r->tally->filter;
	sqlite3_stmt *st = db_statement(&r->archive->db, which, r->e);
	int rc;

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, filter->jail);
	db_bind_int(st, 2, filter->since_us);
	db_bind_int(st, 3, filter->until_us);
	db_bind_text(st, 4, filter->origin);
	db_bind_text(st, 5, filter->why);
	db_bind_text(st, 6, filter->host);
	db_bind_int(st, 7, r->tally->users || filter->user != NULL);
	if (which == SQL_TALLY_SECONDS)
		bind_seconds(st, filter);
	if (which == SQL_TALLY_IDS) {
		db_bind_text(st, 8, ids->s);
		db_bind_text(st, 9, inside ? "~" : "");
	}
	rc = sqlite3_step(st);
	if (rc != SQLITE_ROW && !r->failed)
		db_error(&r->archive->db, r->e);
	sqlite3_reset(st);
	return rc == SQLITE_ROW ? 0 : -1;
}

/* Return true when the filter has a condition besides jail, time and active. */
static bool
is_limited(const struct archive_filter *filter)
{
	return archive_filter_is_deep(filter) || filter->origin != NULL ||
	    filter->why != NULL || filter->host != NULL;
}

/* Take the bans that have an end, and those that have none. */
static int
take_all(struct reading *r)
{
	const struct archive_tally *tally = r->tally;
	const struct archive_filter *filter = tally->filter;
	int which = SQL_TALLY;

	if (filter->since_us != UNKNOWN || filter->until_us != UNKNOWN)
		which = SQL_TALLY_SECONDS;
	else if (!tally->users && !tally->ids && tally->locate == NULL &&
	    !is_limited(filter) && filter->jail == NULL)
		which = SQL_TALLY_ALL;
	if (!filter->active && run(r, which, NULL, false) != 0)
		return -1;
	return run(r, SQL_TALLY_LIVE, NULL, false);
}

static int
take_bans(struct reading *r)
{
	const struct archive_filter *filter = r->tally->filter;
	struct buffer ids = { 0 };
	bool inside = false;
	int rc;

	if (r->tally->only != NULL)
		buffer_puts(&ids, r->tally->only);
	else if (filter->ident != NULL)
		archive_spell_id(&ids, filter->ident);
	else if (filter->net != NULL)
		inside = archive_spell_inside(&ids, filter->net);
	if (ids.failed)
		rc = no_memory(r->e);
	else if (ids.len > 0)
		rc = run(r, SQL_TALLY_IDS, &ids, inside);
	else
		rc = take_all(r);
	buffer_free(&ids);
	return rc;
}

static int
take_total(struct reading *r, sqlite3_stmt *st)
{
	const struct jail *jail = find_jail(r, db_int(st, 0), r->e);
	struct figures_removed removed = {
		.host = host_of(db_text(st, 1)),
		.at_us = db_int(st, TOTAL_FIRST),
		.first_us = db_int(st, TOTAL_FIRST),
		.last_us = db_int(st, TOTAL_LAST),
		.bans = db_int(st, TOTAL_BANS),
		.failures = db_int(st, TOTAL_FAILURES),
		.seconds = db_int(st, TOTAL_SECONDS),
		.longest = db_int(st, TOTAL_LONGEST),
	};

	if (jail == NULL)
		return -1;
	removed.jail = jail->number;
	for (int i = BAN_EXPIRED; i <= BAN_INFERRED; i++)
		removed.ends[i] = db_int(st, TOTAL_EXPIRED + i - BAN_EXPIRED);
	return figures_take_removed(r->figures, &removed, r->e);
}

/* Take the totals of what was removed, if the filter can tell by them. */
static int
take_totals(struct reading *r)
{
	const struct archive_filter *filter = r->tally->filter;
	sqlite3_stmt *st;
	int rc;

	if (!r->tally->removed || archive_filter_is_deep(filter) ||
	    filter->active || filter->ident != NULL || filter->origin != NULL ||
	    filter->why != NULL)
		return 0;
	st = db_bind(&r->archive->db, SQL_TOTALS, r->e, "tiit", filter->jail,
	    filter->since_us, filter->until_us, filter->host);
	if (st == NULL)
		return -1;
	while ((rc = db_step(&r->archive->db, st, r->e)) == 1) {
		if ((rc = take_total(r, st)) != 0)
			break;
	}
	sqlite3_reset(st);
	return rc;
}

/* The bans of one jail, in the order of their ids. */
struct stream {
	sqlite3_stmt *st;
	size_t jail; /* its number in the figures */
	const char *ident;
	size_t len;
	int64_t made_us;
};

/* The streams of all jails: a heap whose root has the least id. */
struct merge {
	struct stream *streams;
	size_t n;
	/* The id that the bans before the root are of. */
	struct buffer ident;
	int64_t first_us;
	struct figures_id_jail *jails;
	size_t jails_n;
};

static int
compare_streams(const struct stream *a, const struct stream *b)
{
	int order =
	    memcmp(a->ident, b->ident, a->len < b->len ? a->len : b->len);

	return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

static void
sink(struct merge *m, size_t i)
{
	for (;;) {
		size_t child = 2 * i + 1;
		struct stream moved = m->streams[i];

		if (child + 1 < m->n &&
		    compare_streams(&m->streams[child + 1],
			&m->streams[child]) < 0)
			child++;
		if (child >= m->n ||
		    compare_streams(&moved, &m->streams[child]) <= 0)
			return;
		m->streams[i] = m->streams[child];
		m->streams[child] = moved;
		i = child;
	}
}

/* Go to the next ban of a stream; return 1, 0 after the last one, or -1. */
static int
advance(struct reading *r, struct stream *s)
{
	int rc = sqlite3_step(s->st);
	const void *ident;

	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? 0 : db_error(&r->archive->db, r->e);
	/* A damaged archive may have a number here, or nothing. */
	ident = sqlite3_column_text(s->st, 0);
	s->ident = ident != NULL ? ident : "";
	s->len = (size_t)sqlite3_column_bytes(s->st, 0);
	s->made_us = sqlite3_column_int64(s->st, 1);
	return 1;
}

/* Open a stream for each jail that the filter wants and that has bans. */
static int
open_streams(struct reading *r, struct merge *m)
{
	const char *wanted = r->tally->filter->jail;
	struct db *db = &r->archive->db;

	for (size_t i = 0; i < r->jails_n; i++) {
		struct stream *s = &m->streams[m->n];
		int rc;

		if (wanted != NULL && strcmp(wanted, r->jails[i].name) != 0)
			continue;
		if (sqlite3_prepare_v2(db->handle, db->sql[SQL_TALLY_EACH_ID],
			-1, &s->st, NULL) != SQLITE_OK)
			return db_error(db, r->e);
		db_bind_int(s->st, 1, r->jails[i].row);
		if ((rc = advance(r, s)) < 0 ||
		    (rc > 0 && find_jail(r, r->jails[i].row, r->e) == NULL)) {
			m->n++;
			return -1;
		}
		s->jail = r->jails[i].number;
		if (rc > 0)
			m->n++;
		else
			sqlite3_finalize(s->st);
	}
	for (size_t i = m->n; i-- > 0;)
		sink(m, i);
	return 0;
}

/* Hand the id that was merged to the figures. */
static int
take_merged(struct reading *r, struct merge *m)
{
	const struct figures_id id = {
		.ident = m->ident.s,
		.first_us = m->first_us,
		.jails = m->jails,
		.n = m->jails_n,
	};

	if (m->ident.failed)
		return no_memory(r->e);
	return id.n > 0 ? figures_take_id(r->figures, &id, r->e) : 0;
}

/* Count the ban at the root, which may be the first one of the next id. */
static int
merge_root(struct reading *r, struct merge *m)
{
	const struct stream *root = &m->streams[0];
	struct figures_id_jail *last = &m->jails[m->jails_n];

	if (m->jails_n == 0 || root->len != m->ident.len ||
	    memcmp(root->ident, m->ident.s, root->len) != 0) {
		if (take_merged(r, m) != 0)
			return -1;
		buffer_cut(&m->ident, 0);
		buffer_put(&m->ident, root->ident, root->len);
		m->jails_n = 0;
		m->first_us = root->made_us;
		last = m->jails;
	}
	/* The bans of a jail need not follow one another. */
	for (size_t i = 0; i < m->jails_n; i++) {
		if (m->jails[i].jail == root->jail)
			last = &m->jails[i];
	}
	if (last == &m->jails[m->jails_n]) {
		*last = (struct figures_id_jail){ .jail = root->jail };
		m->jails_n++;
	}
	last->bans++;
	if (root->made_us < m->first_us)
		m->first_us = root->made_us;
	return 0;
}

static int
merge_all(struct reading *r, struct merge *m)
{
	int rc = open_streams(r, m);

	while (rc == 0 && m->n > 0) {
		struct stream *root = &m->streams[0];

		if (merge_root(r, m) != 0 || (rc = advance(r, root)) < 0)
			return -1;
		if (rc == 0) {
			sqlite3_finalize(root->st);
			*root = m->streams[--m->n];
		}
		sink(m, 0);
		rc = 0;
	}
	return rc == 0 ? take_merged(r, m) : -1;
}

static int
take_ids(struct reading *r)
{
	struct merge m = {
		.streams = calloc(r->jails_n + 1, sizeof(*m.streams)),
		.jails = calloc(r->jails_n + 1, sizeof(*m.jails)),
	};
	int rc = m.streams != NULL && m.jails != NULL ? merge_all(r, &m) :
							no_memory(r->e);

	for (size_t i = 0; m.streams != NULL && i < m.n; i++)
		sqlite3_finalize(m.streams[i].st);
	buffer_free(&m.ident);
	free(m.streams);
	free(m.jails);
	return rc;
}

static int
take_bans_and_totals(struct reading *r)
{
	if (take_bans(r) != 0 || take_totals(r) != 0)
		return -1;
	return r->tally->each_id ? take_ids(r) : 0;
}

/* Read what read reads, as it is at one moment: what is removed meanwhile
 * counts once. */
static int
read_at_once(struct reading *r, int (*read)(struct reading *r))
{
	int rc;

	if (sqlite3_create_function(r->archive->db.handle, "tally", -1,
		SQLITE_UTF8 | SQLITE_DIRECTONLY, r, NULL, tally_step,
		tally_end) != SQLITE_OK)
		return db_error(&r->archive->db, r->e);
	if (db_exec(&r->archive->db, "BEGIN", r->e) != 0)
		return -1;
	rc = load_jails(r, r->e) != 0 ? -1 : read(r);
	if (rc == 0)
		rc = db_exec(&r->archive->db, "COMMIT", r->e);
	else
		sqlite3_exec(r->archive->db.handle, "ROLLBACK", NULL, NULL,
		    NULL);
	for (size_t i = 0; i < r->jails_n; i++)
		free(r->jails[i].name);
	free(r->jails);
	buffer_free(&r->users);
	return rc;
}

int
archive_tally(struct archive *a, const struct archive_tally *tally,
    struct figures *f, struct err *e)
{
	struct reading r = { .archive = a,
		.tally = tally,
		.figures = f,
		.e = e };

	return read_at_once(&r, take_bans_and_totals);
}

bool
archive_tally_is_plain(const struct archive_filter *filter)
{
	return !is_limited(filter) && filter->ident == NULL &&
	    filter->since_us == UNKNOWN && filter->until_us == UNKNOWN &&
	    !filter->active;
}

int
archive_tally_ids(struct archive *a, const struct archive_filter *filter,
    struct figures *f, struct err *e)
{
	const struct archive_tally tally = { .filter = filter };
	struct reading r = { .archive = a,
		.tally = &tally,
		.figures = f,
		.e = e };

	return read_at_once(&r, take_ids);
}
