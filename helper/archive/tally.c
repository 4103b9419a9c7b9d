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

/* The columns of TALLY in statements.c. */
enum {
	JAIL,
	IDENT,
	IP,
	HOST,
	SINCE,
	SECONDS,
	FAILURES,
	ENDED,
	WHY,
	LIFE,
	HELD,
	PENDING,
	CAPTURES,
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

/* Return a number that the archive may lack: 0, it never happened. */
static int64_t
fact(sqlite3_stmt *st, int column)
{
	int64_t v = db_int(st, column);

	return v == UNKNOWN ? 0 : v;
}

static enum ban_state
state_of(const struct reading *r, sqlite3_stmt *st, const struct jail *jail,
    const struct figures_ban *ban)
{
	struct ban_state_facts facts = {
		.since_us = ban->since_us,
		.seconds = ban->seconds,
		.ended_us = ban->ended_us,
		.here = ban->host == NULL,
	};

	if (ban->ended_us != UNKNOWN)
		return BAN_STATE_ENDED;
	facts.life_us = fact(st, LIFE);
	facts.confirmed_us = fact(st, HELD);
	facts.unbanned_us = fact(st, PENDING);
	facts.flushed_us = jail->flushed_us;
	return ban_state_at(&facts, r->tally->filter->now_us);
}

static enum ban_end
end_of(sqlite3_stmt *st)
{
	int end = ban_end_from_name(db_text(st, WHY));

	return end < 0 ? BAN_LIVES : (enum ban_end)end;
}

static const char *
host_of(const char *host)
{
	return host != NULL && host[0] != '\0' ? host : NULL;
}

/* Take the ban of a row, if the filter wants it. */
static int
take_row(struct reading *r, sqlite3_stmt *st, struct err *e)
{
	const struct archive_filter *filter = r->tally->filter;
	const struct jail *jail = find_jail(r, db_int(st, JAIL), e);
	const char *ident = db_text(st, IDENT);
	struct figures_ban ban = {
		.ident = ident != NULL ? ident : "",
		.ip = db_text(st, IP),
		.host = host_of(db_text(st, HOST)),
		.since_us = db_int(st, SINCE),
		.seconds = db_int(st, SECONDS),
		.failures = db_int(st, FAILURES),
		.ended_us = db_int(st, ENDED),
		.asn = UNKNOWN,
	};

	if (jail == NULL)
		return -1;
	if (archive_filter_is_deep(filter) &&
	    !archive_filter_takes(filter, ban.ident, ban.ip,
		db_text(st, CAPTURES)))
		return 0;
	ban.jail = jail->number;
	ban.why = end_of(st);
	ban.state = state_of(r, st, jail, &ban);
	if (filter->active && ban.state != BAN_STATE_ACTIVE)
		return 0;
	if (r->tally->users) {
		buffer_cut(&r->users, 0);
		ban.users_n = user_names(&r->users, db_text(st, CAPTURES));
		ban.users = r->users.s;
	}
	if (r->users.failed)
		return no_memory(e);
	if (r->tally->locate != NULL)
		r->tally->locate(r->tally->context, &ban);
	return figures_take(r->figures, &ban, e);
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

/*
 * Return the statement that reads the bans the fastest, with its values bound;
 * ids is for their texts.
 */
static sqlite3_stmt *
choose(struct reading *r, struct buffer *ids, struct err *e)
{
	const struct archive_filter *filter = r->tally->filter;
	sqlite3_stmt *st;
	bool inside = false;
	int which = SQL_TALLY;

	if (filter->ident != NULL)
		archive_spell_id(ids, filter->ident);
	else if (filter->net != NULL)
		inside = archive_spell_inside(ids, filter->net);
	if (ids->failed) {
		no_memory(e);
		return NULL;
	}
	if (ids->len > 0)
		which = SQL_TALLY_IDS;
	else if (filter->active)
		which = SQL_TALLY_LIVE;
	else if (filter->since_us != UNKNOWN || filter->until_us != UNKNOWN)
		which = SQL_TALLY_SECONDS;
	if ((st = db_statement(&r->archive->db, which, e)) == NULL)
		return NULL;
	db_bind_text(st, 1, filter->jail);
	db_bind_int(st, 2, filter->since_us);
	db_bind_int(st, 3, filter->until_us);
	db_bind_text(st, 4, filter->origin);
	db_bind_text(st, 5, filter->why);
	db_bind_text(st, 6, filter->host);
	db_bind_int(st, 7, r->tally->users || filter->user != NULL);
	if (which == SQL_TALLY_IDS) {
		db_bind_text(st, 8, ids->s);
		db_bind_text(st, 9, inside ? "~" : "");
	} else if (which == SQL_TALLY_SECONDS)
		bind_seconds(st, filter);
	return st;
}

static int
take_bans(struct reading *r, struct err *e)
{
	struct buffer ids = { 0 };
	sqlite3_stmt *st = choose(r, &ids, e);
	int rc = -1;

	while (st != NULL && (rc = db_step(&r->archive->db, st, e)) == 1) {
		if ((rc = take_row(r, st, e)) != 0)
			break;
	}
	if (st != NULL)
		sqlite3_reset(st);
	buffer_free(&ids);
	return rc;
}

static int
take_total(struct reading *r, sqlite3_stmt *st, struct err *e)
{
	const struct jail *jail = find_jail(r, db_int(st, JAIL), e);
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
	return figures_take_removed(r->figures, &removed, e);
}

/* Take the totals of what was removed, if the filter can tell by them. */
static int
take_totals(struct reading *r, struct err *e)
{
	const struct archive_filter *filter = r->tally->filter;
	sqlite3_stmt *st;
	int rc;

	if (archive_filter_is_deep(filter) || filter->active ||
	    filter->ident != NULL || filter->origin != NULL ||
	    filter->why != NULL)
		return 0;
	st = db_bind(&r->archive->db, SQL_TOTALS, e, "tiit", filter->jail,
	    filter->since_us, filter->until_us, filter->host);
	if (st == NULL)
		return -1;
	while ((rc = db_step(&r->archive->db, st, e)) == 1) {
		if ((rc = take_total(r, st, e)) != 0)
			break;
	}
	sqlite3_reset(st);
	return rc;
}

int
archive_tally(struct archive *a, const struct archive_tally *tally,
    struct figures *f, struct err *e)
{
	struct reading r = { .archive = a, .tally = tally, .figures = f };
	/* A ban that is removed meanwhile counts once. */
	int rc = db_exec(&a->db, "BEGIN", e);

	if (rc == 0) {
		rc = load_jails(&r, e);
		if (rc == 0)
			rc = take_bans(&r, e);
		if (rc == 0)
			rc = take_totals(&r, e);
		sqlite3_exec(a->db.handle, "COMMIT", NULL, NULL, NULL);
	}
	for (size_t i = 0; i < r.jails_n; i++)
		free(r.jails[i].name);
	free(r.jails);
	buffer_free(&r.users);
	return rc;
}
