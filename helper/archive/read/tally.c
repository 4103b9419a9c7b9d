/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/read/tally.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/elsewhere.h"
#include "archive/history/spelling.h"
#include "archive/read/queries.h"
#include "archive/read/tally_inside.h"
#include "archive/statements.h"
#include "ban/user_names.h"
#include "base/list.h"
#include "base/timestamp.h"

/* It is shown how far a reading is, each time after so many bans. */
#define SHOWN 4096

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
			rc = err_no_memory(e);
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
			rc = err_no_memory(e);
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

struct jail *
tally_get_jail(struct reading *r, int64_t row, struct err *e)
{
	struct jail *jail;

	/* Rows are counted from 1 on, and none is ever removed. */
	if (row >= 1 && row <= (int64_t)r->jails_n &&
	    r->jails[row - 1].row == row)
		jail = &r->jails[row - 1];
	else
		jail = bsearch(&row, r->jails, r->jails_n, sizeof(*r->jails),
		    compare_rows);
	if (jail == NULL)
		err_set(e, EX_DATAERR, "%s: a ban has no jail",
		    r->archive->db.name);
	return jail;
}

const struct jail *
tally_find_jail(struct reading *r, int64_t row, struct err *e)
{
	struct jail *jail = tally_get_jail(r, row, e);

	if (jail == NULL)
		return NULL;
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
	const struct jail *jail =
	    tally_find_jail(r, number(values[JAIL]), r->e);
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
		return err_no_memory(r->e);
	return figures_take(r->figures, &ban, r->e);
}

void
tally_show(struct reading *r, const char *doing)
{
	const struct work work = {
		.name = "counting",
		.doing = doing,
		.count = ++r->read,
		.unit = "bans",
		.done = r->read,
		.all = r->all,
	};

	if (r->read % SHOWN == 0)
		work_show(r->archive->watch, &work);
}

/*
 * The function tally of SQL: it counts a row where it lies. To hand each row
 * out would take as long as all the rest.
 */
static void
tally_step(sqlite3_context *context, int n, sqlite3_value **values)
{
	struct reading *r = sqlite3_user_data(context);

	tally_show(r, "bans");
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
	bool inside = r->tally->only_begins;
	int rc;

	if (r->tally->only != NULL)
		buffer_puts(&ids, r->tally->only);
	else if (filter->ident != NULL)
		archive_spell_id(&ids, filter->ident);
	else if (filter->net != NULL)
		inside = archive_spell_inside(&ids, filter->net);
	if (ids.failed)
		rc = err_no_memory(r->e);
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
	const struct jail *jail = tally_find_jail(r, db_int(st, 0), r->e);
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

static int
take_bans_and_totals(struct reading *r)
{
	const struct archive_tally *tally = r->tally;

	if (tally->each_id && tally_take_ids(r) != 0)
		return -1;
	if (tally->each_id && tally->ids_taken != NULL &&
	    tally->ids_taken(tally->context, r->figures, r->e) != 0)
		return -1;
	r->read = 0;
	return take_bans(r) == 0 ? take_totals(r) : -1;
}

/* Set how many bans there are to read, for whoever watches. */
static int
count_all(struct reading *r)
{
	const struct archive_filter *filter = r->tally->filter;

	r->all = UNKNOWN;
	if (r->archive->watch == NULL || filter->since_us != UNKNOWN ||
	    filter->until_us != UNKNOWN || filter->ident != NULL ||
	    filter->net != NULL || filter->active)
		return 0;
	return db_number(&r->archive->db, SQL_BANS, &r->all, r->e, "");
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
	rc = load_jails(r, r->e) != 0 ? -1 : count_all(r);
	if (rc == 0)
		rc = read(r);
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

	if (a->elsewhere != NULL)
		return a->elsewhere->calls->tally(a->elsewhere, tally, f, e);
	return read_at_once(&r, take_bans_and_totals);
}

bool
archive_tally_is_plain(const struct archive *a,
    const struct archive_filter *filter)
{
	return a->elsewhere == NULL && !is_limited(filter) &&
	    filter->ident == NULL && filter->since_us == UNKNOWN &&
	    filter->until_us == UNKNOWN && !filter->active;
}

int
archive_tally_ids(struct archive *a, const struct archive_filter *filter,
    bool nets, struct figures *f, struct err *e)
{
	const struct archive_tally tally = { .filter = filter, .nets = nets };
	struct reading r = { .archive = a,
		.tally = &tally,
		.figures = f,
		.e = e };

	return read_at_once(&r, tally_take_ids);
}
