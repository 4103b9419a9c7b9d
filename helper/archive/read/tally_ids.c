/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counting of ids by an index: the bans of each jail in the order of their
 * ids are merged. */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/read/tally.h"
#include "archive/read/tally_inside.h"
#include "archive/statements.h"
#include "ban/anonymous.h"

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

	tally_show(r, "ids");
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? 0 : db_error(&r->archive->db, r->e);
	/* A damaged archive may have a number here, or nothing. */
	ident = sqlite3_column_text(s->st, 0);
	s->ident = ident != NULL ? ident : "";
	s->len = (size_t)sqlite3_column_bytes(s->st, 0);
	s->made_us = anonymous_made_time(sqlite3_column_int64(s->st, 1));
	return 1;
}

static bool
wants_jail(const struct reading *r, const struct jail *jail)
{
	const char *wanted = r->tally->filter->jail;

	return wanted == NULL || strcmp(wanted, jail->name) == 0;
}

/* Open a stream for each jail that the filter wants and that has bans. */
static int
open_streams(struct reading *r, struct merge *m)
{
	struct db *db = &r->archive->db;

	for (size_t i = 0; i < r->jails_n; i++) {
		struct stream *s = &m->streams[m->n];
		int rc;

		if (!wants_jail(r, &r->jails[i]))
			continue;
		if (sqlite3_prepare_v2(db->handle, db->sql[SQL_TALLY_EACH_ID],
			-1, &s->st, NULL) != SQLITE_OK)
			return db_error(db, r->e);
		db_bind_int(s->st, 1, r->jails[i].row);
		if ((rc = advance(r, s)) < 0 ||
		    (rc > 0 &&
			tally_find_jail(r, r->jails[i].row, r->e) == NULL)) {
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
		return err_no_memory(r->e);
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

	r->read = 0;
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

/* Take the bans of a statement by figures_take_net. */
static int
take_nets(struct reading *r, sqlite3_stmt *st)
{
	int rc;

	if (st == NULL)
		return -1;
	while ((rc = db_step(&r->archive->db, st, r->e)) == 1) {
		const struct jail *jail =
		    tally_get_jail(r, db_int(st, 2), r->e);
		const char *ident = db_text(st, 0);

		rc = jail == NULL ? -1 : 0;
		if (rc == 0 && wants_jail(r, jail))
			rc = figures_take_net(r->figures,
			    ident != NULL ? ident : "", db_text(st, 1), r->e);
		if (rc != 0)
			break;
	}
	sqlite3_reset(st);
	return rc;
}

/*
 * Take the bans whose networks their ids do not tell by their place: those with
 * an address, and those of IPv4 inside IPv6, which begins with : or 0.
 */
static int
take_apart(struct reading *r)
{
	struct db *db = &r->archive->db;
	int rc = take_nets(r, db_statement(db, SQL_TALLY_IPS, r->e));

	for (size_t i = 0; i < 2 * r->jails_n && rc == 0; i++) {
		const struct jail *jail = &r->jails[i / 2];

		if (wants_jail(r, jail))
			rc = take_nets(r,
			    db_bind(db, SQL_TALLY_BEGINS, r->e, "it", jail->row,
				i % 2 == 0 ? ":" : "0"));
	}
	return rc;
}

int
tally_take_ids(struct reading *r)
{
	struct merge m = {
		.streams = calloc(r->jails_n + 1, sizeof(*m.streams)),
		.jails = calloc(r->jails_n + 1, sizeof(*m.jails)),
	};
	int rc = -1;

	if (m.streams == NULL || m.jails == NULL)
		err_no_memory(r->e);
	else if (!r->tally->nets || take_apart(r) == 0)
		rc = merge_all(r, &m);
	for (size_t i = 0; i < m.n; i++)
		sqlite3_finalize(m.streams[i].st);
	buffer_free(&m.ident);
	free(m.streams);
	free(m.jails);
	return rc;
}
