/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The step that archives what is new in fail2ban's database. It reads nothing
 * when the change counter in the file's header has not changed. Otherwise it
 * reads the rows after the mark, and some before it, because SQLite uses rowids
 * again. It reads all of "bans" and "bips" once a day, when the row at the mark
 * is another one, and when the database is another one.
 */
#include "job/reconcile_database.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/file.h"
#include "base/timestamp.h"
#include "fail2ban/database_path.h"
#include "ingest/sightings.h"
#include "job/reconcile_steps.h"
#include "os/clock.h"

/* The rows that are read at a time, and then written in the order of ids. */
#define CHUNK 1000
/* The rows that are written before events may get in between. */
#define LOOK_EVERY 8
/* The rows before the mark that are read again. */
#define REREAD 1000
#define DAY INT64_C(86400)
#define FULL_EVERY_US (DAY * TIMESTAMP_US)
/* Milliseconds to wait while fail2ban writes. */
#define BUSY_MS 2000
/* The key of a number in the archive: the floor that its first run found. */
#define FLOOR "floor"

bool
reconcile_database_is_same(const struct archive_source *s,
    const struct fail2ban_database *db)
{
	return s->id != 0 && s->dev == (int64_t)db->dev &&
	    s->ino == (int64_t)db->ino && db->counter >= s->counter &&
	    (s->born_us <= 0 || db->born_us == 0 || s->born_us == db->born_us);
}

bool
reconcile_database_is_mark_valid(const struct archive_source *s,
    const char *key)
{
	return strcmp(key, s->mark_key) == 0 &&
	    (key[0] != '\0' || s->mark_rowid == 0);
}

bool
reconcile_database_needs_all(const struct archive_source *s, bool is_mark_valid,
    int64_t now_us)
{
	return !is_mark_valid || s->full_us == 0 || s->full_bans != 0 ||
	    s->full_bips != 0 || now_us - s->full_us > FULL_EVERY_US;
}

int64_t
reconcile_database_read_after(int64_t mark_rowid)
{
	return mark_rowid > REREAD ? mark_rowid - REREAD : 0;
}

int64_t
reconcile_database_first_floor(int64_t newest, int64_t now, int64_t backfill)
{
	if (backfill == 0)
		return 0;
	return (newest >= 0 && newest < now ? newest : now) - backfill;
}

int64_t
reconcile_database_floor_now(int64_t first, int64_t now, int64_t retention_days)
{
	int64_t kept_from = now - retention_days * DAY;

	return retention_days > 0 && first < kept_from ? kept_from : first;
}

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
		    "%s does not say where fail2ban's database is (%s): "
		    "start fail2ban, or set fail2ban_database in the config",
		    r->run.config->fail2ban_socket, r->why.text);
	}
	if (path != NULL)
		snprintf(r->db_path, sizeof(r->db_path), "%s", path);
	free(path);
	if (r->db_path[0] != '\0' && r->db_path[0] != '/')
		return err_set(e, EX_CONFIG,
		    "fail2ban says that its database is %s, and not in which "
		    "folder: set fail2ban_database in the config",
		    r->db_path);
	return database_path_note(r->run.config, r->db_path, e);
}

/* Return true when the archive was begun because an older one was damaged. */
static bool
is_after_loss(struct reconcile *r)
{
	if (archive_file_count_corrupt(r->run.config->archive) == 0)
		return false;
	run_report(&r->run, LOG_WARNING,
	    "the archive was begun after one was damaged: all bans that "
	    "fail2ban's database has are archived");
	return true;
}

/*
 * Find the floor, and note it in the caller's transaction when the first run
 * finds it. floor: the one that an earlier run noted, or UNKNOWN. newest: as
 * for reconcile_database_first_floor.
 */
static int
find_floor(struct reconcile *r, int64_t floor, int64_t newest,
    int64_t *floor_us, struct err *e)
{
	const struct config *config = r->run.config;
	int64_t now = clock_wall_us() / TIMESTAMP_US;
	bool all;

	if (floor == UNKNOWN) {
		all = config->backfill == 0 || is_after_loss(r);
		floor = reconcile_database_first_floor(newest, now,
		    all ? 0 : config->backfill);
		if (archive_set_number(&r->run.archive, FLOOR, floor, e) != 0)
			return -1;
	}
	*floor_us = timestamp_from_seconds(reconcile_database_floor_now(floor,
	    proven_time_earliest(&r->run.proven, clock_wall_us()) /
		TIMESTAMP_US,
	    config->retention_days));
	return 0;
}

/* Note the database when it is another one than before; find the floor. */
static int
begin_source(struct reconcile *r, int64_t *floor_us, struct err *e)
{
	struct archive_source *s = &r->source;
	bool same = reconcile_database_is_same(s, &r->db);
	struct merge merge;
	int64_t floor, newest = UNKNOWN;

	if (archive_get_number(&r->run.archive, FLOOR, &floor, e) != 0)
		return -1;
	/* A clock that ran ahead found it. */
	if (timestamp_from_seconds(floor) > run_latest_us(&r->run))
		floor = UNKNOWN;
	if (floor == UNKNOWN &&
	    fail2ban_database_newest(&r->db, &newest, e) != 0)
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

/* Sort as the archive's index is sorted; rows that are no bans come last. */
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
 * Archive one chunk of rows, and then how far the reading has come. A run that
 * ends in between reads the rows again.
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

/* Move the mark to the last row of "bans" that was read. */
static int
move_mark(struct reconcile *r, int64_t rowid, struct err *e)
{
	if (rowid <= r->source.mark_rowid)
		return 0;
	r->source.mark_rowid = rowid;
	return fail2ban_database_key(&r->db, rowid, r->source.mark_key, e);
}

/*
 * Archive the rows of a table after *at, which moves on with each chunk. Where
 * it is a field of r->source, it is saved with each chunk.
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

/* Read the rows after the mark, or all; a full reading that was cut off goes
 * on. */
static int
read_all(struct reconcile *r, bool full, int64_t floor_us, struct err *e)
{
	struct archive_source *s = &r->source;
	int64_t from = reconcile_database_read_after(s->mark_rowid);

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
		r->read_all = true;
	}
	return 0;
}

int
reconcile_database(struct reconcile *r, struct err *e)
{
	struct archive_source *s = &r->source;
	char key[sizeof(s->mark_key)];
	int64_t floor_us;
	bool is_mark_valid;

	r->run.row.source = r->db_path;
	if (fail2ban_database_look(&r->db, r->db_path, e) != 0 ||
	    archive_source_last(&r->run.archive, s, e) != 0)
		return -1;
	r->unchanged = reconcile_database_is_same(s, &r->db) &&
	    r->db.counter == s->counter;
	r->has_db = r->unchanged;
	if (r->unchanged)
		return 0;
	/* The next run finds again all that a power cut loses from here on. */
	if (archive_set_durable(&r->run.archive, false, e) != 0 ||
	    fail2ban_database_open(&r->db, r->db_path, BUSY_MS,
		run_left_ms(&r->run), e) != 0 ||
	    fail2ban_database_check(&r->db, e) != 0 ||
	    begin_source(r, &floor_us, e) != 0)
		return -1;
	r->has_db = true;
	if (fail2ban_database_key(&r->db, s->mark_rowid, key, e) != 0)
		return -1;
	is_mark_valid = reconcile_database_is_mark_valid(s, key);
	/* Other rows have these rowids now: a full reading begins anew. */
	if (!is_mark_valid)
		s->full_bans = s->full_bips = 0;
	return read_all(r,
	    reconcile_database_needs_all(s, is_mark_valid, clock_wall_us()),
	    floor_us, e);
}
