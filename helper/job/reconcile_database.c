/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fail2ban's database into the archive. It costs what is new: nothing when
 * the header's change counter has not moved; else the rows behind the mark,
 * and some below it, for rowids are used again; all of "bans" and "bips" once
 * a day, when the row at the mark is another one, and for another database.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/file.h"
#include "ingest/sightings.h"
#include "os/log.h"
#include "os/clock.h"
#include "job/reconcile_steps.h"
#include "base/timestamp.h"
#include "fail2ban/database_path.h"

/* Rows that are read at a time, and written in the order of the ids. */
#define CHUNK 1000
/* After so many rows it is looked who waits. */
#define LOOK_EVERY 8
#define REREAD 1000
#define FULL_EVERY_US (INT64_C(86400) * TIMESTAMP_US)
/* How long fail2ban's own write is waited for. */
#define BUSY_MS 2000
#define FLOOR "floor"

int
reconcile_database_find(struct reconcile *r, struct err *e)
{
	struct fail2ban_server *server;
	char *path = NULL;

	r->db_path[0] = '\0';
	if (r->run.config->fail2ban_database[0] != '\0') {
		database_path_get(r->run.config, r->db_path);
		return 0;
	}
	if ((server = reconcile_server(r)) == NULL ||
	    fail2ban_server_get_dbfile(server, &path, &r->why) != 0) {
		r->silent = true;
		database_path_get(r->run.config, r->db_path);
		if (r->db_path[0] != '\0')
			return 0;
		return err_set(e, EX_UNAVAILABLE,
		    "%s does not tell where fail2ban's database lies (%s): "
		    "start fail2ban, or set "
		    "fail2ban_database in the config",
		    r->run.config->fail2ban_socket, r->why.text);
	}
	if (path != NULL)
		snprintf(r->db_path, sizeof(r->db_path), "%s", path);
	free(path);
	if (r->db_path[0] != '\0' && r->db_path[0] != '/')
		return err_set(e, EX_CONFIG,
		    "fail2ban says that its database is %s, from a folder "
		    "that it does not tell: set "
		    "fail2ban_database in the config",
		    r->db_path);
	return database_path_note(r->run.config, r->db_path, e);
}

/* An archive that was begun because one was damaged takes all that is left. */
static bool
is_after_loss(struct reconcile *r)
{
	if (archive_file_count_corrupt(r->run.config->archive) == 0)
		return false;
	run_say(&r->run, LOG_WARNING,
	    "the archive was begun after one was damaged: all that fail2ban's "
	    "database has is taken");
	return true;
}

/*
 * The floor below which ended bans are left out, noted at the first run: the
 * lesser of the clock and the newest ban, less the window; retention lifts
 * it. In the caller's transaction. floor: the one noted before, or UNKNOWN.
 */
static int
find_floor(struct reconcile *r, int64_t floor, int64_t newest,
    int64_t *floor_us, struct err *e)
{
	const struct config *config = r->run.config;
	int64_t now = clock_wall_us() / TIMESTAMP_US;

	if (floor == UNKNOWN) {
		floor = newest >= 0 && newest < now ? newest : now;
		floor = config->backfill == 0 || is_after_loss(r) ?
		    0 :
		    floor - config->backfill;
		if (archive_set_number(&r->run.archive, FLOOR, floor, e) != 0)
			return -1;
	}
	if (config->retention_days > 0 &&
	    floor < now - config->retention_days * 86400)
		floor = now - config->retention_days * 86400;
	*floor_us = timestamp_from_seconds(floor);
	return 0;
}

/* The database is the one that was read last. */
static bool
is_same(const struct reconcile *r)
{
	const struct archive_source *s = &r->source;

	return s->id != 0 && s->dev == (int64_t)r->db.dev &&
	    s->ino == (int64_t)r->db.ino && r->db.counter >= s->counter &&
	    (s->born_us <= 0 || r->db.born_us == 0 ||
		s->born_us == r->db.born_us);
}

/* Note the database as the present one where it is not; find the floor. */
static int
begin_source(struct reconcile *r, int64_t *floor_us, struct err *e)
{
	struct archive_source *s = &r->source;
	bool same = is_same(r);
	struct merge merge;
	int64_t floor, newest = UNKNOWN;

	if (archive_get_number(&r->run.archive, FLOOR, &floor, e) != 0 ||
	    (floor == UNKNOWN &&
		fail2ban_database_newest(&r->db, &newest, e) != 0))
		return -1;
	if (run_begin(&r->run, &merge, e) != 0)
		return -1;
	if (!same) {
		snprintf(s->path, sizeof(s->path), "%s", r->db_path);
		s->dev = (int64_t)r->db.dev;
		s->ino = (int64_t)r->db.ino;
		s->begun_us = r->run.row.started_us;
		s->born_us = r->db.born_us;
	}
	if ((!same && archive_source_add(&r->run.archive, s, e) != 0) ||
	    find_floor(r, floor, newest, floor_us, e) != 0) {
		run_rollback(&r->run);
		return -1;
	}
	return run_commit(&r->run, &merge, e);
}

static bool
is_ban(const struct fail2ban_row *row)
{
	return !row->bad && !row->twin;
}

/* As the archive's index is sorted; what is no ban stands last. */
static int
compare_rows(const void *a, const void *b)
{
	const struct fail2ban_row *x = a, *y = b;
	int order = is_ban(y) - is_ban(x);

	if (order == 0 && is_ban(x) && (order = strcmp(x->jail, y->jail)) == 0)
		order = strcmp(x->ident, y->ident);
	if (order == 0)
		order = x->rowid < y->rowid ? -1 : x->rowid > y->rowid;
	return order;
}

/*
 * Write one chunk, and then how far the reading has come with it: where an end
 * comes between, rows are read again.
 */
static int
write_chunk(struct reconcile *r, struct fail2ban_row *rows, size_t n,
    int64_t floor_us, struct err *e)
{
	struct merge merge;
	int64_t bad = 0;
	int rc = 0;

	qsort(rows, n, sizeof(*rows), compare_rows);
	if (run_begin(&r->run, &merge, e) != 0)
		return -1;
	for (size_t i = 0; i < n && rc == 0; i++) {
		bad += rows[i].bad;
		if (is_ban(&rows[i]))
			rc = sightings_add_row(&merge, r->run.config, &rows[i],
			    r->source.id, floor_us, e);
		if (rc == 0 && i % LOOK_EVERY == LOOK_EVERY - 1)
			rc = run_give_way(&r->run, &merge, e);
	}
	if (rc != 0 ||
	    archive_source_save(&r->run.archive, &r->source, e) != 0) {
		run_rollback(&r->run);
		return -1;
	}
	r->run.row.rows += (int64_t)n;
	r->run.row.bad += bad;
	return run_commit(&r->run, &merge, e);
}

/* The row at the mark is what it was when the mark was set. */
static int
mark_holds(struct reconcile *r, bool *holds, struct err *e)
{
	const struct archive_source *s = &r->source;
	char key[64];

	if (fail2ban_database_key(&r->db, s->mark_rowid, key, e) != 0)
		return -1;
	*holds = strcmp(key, s->mark_key) == 0 &&
	    (key[0] != '\0' || s->mark_rowid == 0);
	return 0;
}

/* The mark goes with the last row of "bans" that was read. */
static int
move_mark(struct reconcile *r, int64_t rowid, struct err *e)
{
	if (rowid <= r->source.mark_rowid)
		return 0;
	r->source.mark_rowid = rowid;
	return fail2ban_database_key(&r->db, rowid, r->source.mark_key, e);
}

/*
 * Bring the rows of a table behind *at into the archive; *at moves on. It
 * may be a field of r->source, and is then saved with each chunk.
 */
static int
read_table(struct reconcile *r, enum fail2ban_table table, int64_t *at,
    int64_t floor_us, struct err *e)
{
	struct fail2ban_row rows[CHUNK];
	size_t n;
	int rc = 0;

	while (rc == 0 && !run_is_over(&r->run)) {
		if (fail2ban_database_read(&r->db, table, *at, rows, CHUNK, &n,
			e) != 0)
			return -1;
		if (n == 0)
			return 0;
		*at = rows[n - 1].rowid;
		if (table == FAIL2BAN_BANS)
			rc = move_mark(r, *at, e);
		if (rc == 0)
			rc = write_chunk(r, rows, n, floor_us, e);
		for (size_t i = 0; i < n; i++)
			fail2ban_row_free(&rows[i]);
	}
	return rc;
}

/* What is behind the mark, or all; a full diff that was cut off goes on. */
static int
read_all(struct reconcile *r, bool full, int64_t floor_us, struct err *e)
{
	struct archive_source *s = &r->source;
	int64_t from = s->mark_rowid > REREAD ? s->mark_rowid - REREAD : 0;

	if (!full)
		return read_table(r, FAIL2BAN_BANS, &from, floor_us, e);
	if (s->full_bans == 0 && s->full_bips == 0) {
		s->mark_rowid = 0;
		s->mark_key[0] = '\0';
	}
	if (read_table(r, FAIL2BAN_BANS, &s->full_bans, floor_us, e) != 0 ||
	    read_table(r, FAIL2BAN_BIPS, &s->full_bips, floor_us, e) != 0)
		return -1;
	if (!r->run.cut_off) {
		s->full_us = clock_wall_us();
		s->full_bans = s->full_bips = 0;
	}
	return 0;
}

int
reconcile_database(struct reconcile *r, struct err *e)
{
	struct archive_source *s = &r->source;
	bool full, holds;
	int64_t floor_us;

	r->run.row.source = r->db_path;
	if (fail2ban_database_look(&r->db, r->db_path, e) != 0 ||
	    archive_source_last(&r->run.archive, s, e) != 0)
		return -1;
	r->unchanged = is_same(r) && r->db.counter == s->counter;
	r->has_db = r->unchanged;
	if (r->unchanged)
		return 0;
	/* What is lost from here on, the next run finds again. */
	if (archive_set_durable(&r->run.archive, false, e) != 0 ||
	    fail2ban_database_open(&r->db, r->db_path, BUSY_MS,
		run_left_ms(&r->run), e) != 0 ||
	    fail2ban_database_check(&r->db, e) != 0 ||
	    begin_source(r, &floor_us, e) != 0)
		return -1;
	r->has_db = true;
	if (mark_holds(r, &holds, e) != 0)
		return -1;
	/* Rows went, and others have their rowids: begin anew, if one is on. */
	if (!holds)
		s->full_bans = s->full_bips = 0;
	full = !holds || s->full_us == 0 || s->full_bans != 0 ||
	    s->full_bips != 0 || clock_wall_us() - s->full_us > FULL_EVERY_US;
	return read_all(r, full, floor_us, e);
}
