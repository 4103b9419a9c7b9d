/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The step that archives what is new in fail2ban's database. It reads nothing
 * when the change counter in the file's header has not changed. Otherwise it
 * reads the rows after the mark, and some before it, because SQLite uses rowids
 * again. It reads all of "bans" and "bips" once a day, when the row at the mark
 * is another one, and when the database is another one.
 */
#include "job/reconcile/database.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/file.h"
#include "base/shell_word.h"
#include "base/timestamp.h"
#include "fail2ban/database_path.h"
#include "ingest/sightings.h"
#include "job/reconcile/rows.h"
#include "os/clock.h"

/* The rows that are written before events may get in between. */
#define LOOK_EVERY 8
/* The rows before the mark that are read again. */
#define REREAD 1000
#define FULL_EVERY_US (TIMESTAMP_DAY * TIMESTAMP_US)
/* Milliseconds to wait while fail2ban writes. */
#define BUSY_MS 2000
/* The least time for one reading, so that each run reads some rows. */
#define READ_LEAST_MS 5000
/* full_us of a full reading after which another one must follow. */
#define FULL_AGAIN (-1)

/* The keys of numbers in the archive. The floor that its first run found: */
#define FLOOR "floor"
/* The row of "bans" that a reading has reached; none after its end: */
#define REACHED "reached"
/* The change counter of the database whose rows were read to their end: */
#define READ "read"
/*
 * The bans that the floor has left out so far, until the first full reading is
 * at its end and says how many they are; then none:
 */
#define LEFT_OUT "left_out"

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
reconcile_database_read_after(int64_t mark_rowid, int64_t reached)
{
	if (reached != UNKNOWN && reached <= mark_rowid)
		return reached;
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
	int64_t kept_from = now - retention_days * TIMESTAMP_DAY;

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
	int64_t now = clock_wall_us() / TIMESTAMP_US, until_us;
	bool all;

	if (floor == UNKNOWN) {
		all = config->backfill == 0 || is_after_loss(r);
		floor = reconcile_database_first_floor(newest, now,
		    all ? 0 : config->backfill);
		r->left_out = 0;
		if (archive_set_number(&r->run.archive, FLOOR, floor, e) != 0 ||
		    archive_set_number(&r->run.archive, LEFT_OUT, 0, e) != 0)
			return -1;
	}
	*floor_us = timestamp_from_seconds(reconcile_database_floor_now(floor,
	    proven_time_earliest(&r->run.proven, clock_wall_us()) /
		TIMESTAMP_US,
	    config->retention_days));
	/* A ban that was pruned by hand does not come back either. */
	if (closed_past_until(&r->run.archive, "", &until_us, e) != 0)
		return -1;
	if (until_us != UNKNOWN && *floor_us <= until_us)
		*floor_us = until_us + 1;
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

	if (archive_get_number(&r->run.archive, FLOOR, &floor, e) != 0 ||
	    archive_get_number(&r->run.archive, LEFT_OUT, &r->left_out, e) != 0)
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

bool
reconcile_row_is_ban(const struct fail2ban_row *row)
{
	return !row->bad && !row->twin;
}

int
reconcile_row_compare(const void *a, const void *b)
{
	const struct fail2ban_row *x = a, *y = b;
	int order = reconcile_row_is_ban(y) - reconcile_row_is_ban(x);

	if (order == 0 && reconcile_row_is_ban(x) &&
	    (order = strcmp(x->jail, y->jail)) == 0)
		order = strcmp(x->ident, y->ident);
	if (order == 0)
		order = x->rowid < y->rowid ? -1 : x->rowid > y->rowid;
	return order;
}

bool
reconcile_row_is_new(const struct fail2ban_row *rows, size_t i)
{
	const struct fail2ban_row *row = &rows[i];

	while (i-- > 0 && strcmp(rows[i].jail, row->jail) == 0 &&
	    strcmp(rows[i].ident, row->ident) == 0) {
		if (rows[i].timeofban == row->timeofban)
			return false;
	}
	return !row->again;
}

/*
 * Archive the rows of a chunk that are bans. *left_out is the number of bans
 * among them that the floor left out.
 */
static int
write_rows(struct reconcile *r, struct merge *merge,
    const struct fail2ban_row *rows, size_t n, int64_t floor_us,
    int64_t *left_out, struct err *e)
{
	*left_out = 0;
	for (size_t i = 0; i < n && reconcile_row_is_ban(&rows[i]); i++) {
		if (sightings_add_row(merge, r->run.config, &rows[i],
			r->source.id, floor_us, e) != 0)
			return -1;
		*left_out += merge->left_out && reconcile_row_is_new(rows, i);
		if (i % LOOK_EVERY == LOOK_EVERY - 1 &&
		    run_give_way(&r->run, merge, e) != 0)
			return -1;
	}
	return 0;
}

int
reconcile_note_progress(struct reconcile *r, struct archive *archive,
    enum fail2ban_table table, int64_t at, int64_t left_out, struct err *e)
{
	if (archive_source_save(archive, &r->source, e) != 0 ||
	    (table == FAIL2BAN_BANS &&
		archive_set_number(archive, REACHED, at, e) != 0))
		return -1;
	if (r->left_out == UNKNOWN)
		return 0;
	r->left_out += left_out;
	return archive_set_number(archive, LEFT_OUT, r->left_out, e);
}

/*
 * Archive one chunk of rows of a table, and then how far the reading has come.
 * A run that ends in between reads the rows again.
 */
static int
write_chunk(struct reconcile *r, enum fail2ban_table table,
    struct fail2ban_row *rows, size_t n, int64_t floor_us, struct err *e)
{
	int64_t at = rows[n - 1].rowid, bad = 0, left_out;
	struct merge merge;

	for (size_t i = 0; i < n; i++)
		bad += rows[i].bad;
	qsort(rows, n, sizeof(*rows), reconcile_row_compare);
	if (run_begin(&r->run, &merge, e) != 0)
		return -1;
	if (write_rows(r, &merge, rows, n, floor_us, &left_out, e) != 0 ||
	    reconcile_note_progress(r, &r->run.archive, table, at, left_out,
		e) != 0) {
		run_rollback(&r->run);
		return -1;
	}
	r->run.row.rows += (int64_t)n;
	r->run.row.bad += bad;
	return run_commit(&r->run, &merge, e);
}

int
reconcile_move_mark(struct reconcile *r, int64_t rowid, struct err *e)
{
	if (rowid <= r->source.mark_rowid)
		return 0;
	r->source.mark_rowid = rowid;
	return fail2ban_database_key(&r->db, rowid, r->source.mark_key, e);
}

void
reconcile_set_deadline(struct reconcile *r)
{
	int64_t least_ms = clock_steady_ms() + READ_LEAST_MS;

	r->db.deadline_ms =
	    r->run.deadline_ms > least_ms ? r->run.deadline_ms : least_ms;
}

void
reconcile_show_rows(const struct reconcile *r, int64_t rows, int64_t at,
    int64_t last)
{
	struct work work = {
		.name = "reconcile",
		.doing = "fail2ban's database:",
		.count = rows,
		.unit = "rows",
		.done = at,
		.all = last,
	};

	work_show(r->run.watch, &work);
}

/*
 * Archive the rows of a table after *at, which moves on with each chunk and is
 * saved with it: a run that is cut off has made progress, however little.
 */
static int
read_table(struct reconcile *r, enum fail2ban_table table, int64_t *at,
    int64_t floor_us, struct err *e)
{
	struct fail2ban_row rows[RECONCILE_CHUNK];
	int64_t last = UNKNOWN;
	size_t n;
	int rc = 0;

	if (r->run.watch != NULL &&
	    fail2ban_database_last(&r->db, table, &last, e) != 0)
		return -1;
	while (rc == 0 && !run_is_over(&r->run)) {
		reconcile_show_rows(r, r->run.row.rows, *at, last);
		reconcile_set_deadline(r);
		if (fail2ban_database_read(&r->db, table, *at, rows,
			RECONCILE_CHUNK, &n, e) != 0)
			return -1;
		if (n == 0)
			return 0;
		*at = rows[n - 1].rowid;
		if (table == FAIL2BAN_BANS)
			rc = reconcile_move_mark(r, *at, e);
		if (rc == 0)
			rc = write_chunk(r, table, rows, n, floor_us, e);
		for (size_t i = 0; i < n; i++)
			fail2ban_row_free(&rows[i]);
	}
	return rc;
}

/* Say how many bans the floor left out, and how they are archived. */
static void
report_left_out(struct reconcile *r, int64_t left_out)
{
	char path[PATH_MAX], word[SHELL_WORD], text[SHELL_WORD + 200];

	/* replay takes no symbolic link to a database. */
	if (realpath(r->db_path, path) == NULL)
		snprintf(path, sizeof(path), "%s", r->db_path);
	snprintf(text, sizeof(text),
	    "%" PRId64
	    " older bans in fail2ban's database have ended and were "
	    "left out (backfill = %" PRId64
	    "); to archive them: "
	    "fail2ban-archive replay %s",
	    left_out, r->run.config->backfill,
	    shell_word(word, path, "DATABASE"));
	run_report(&r->run, LOG_NOTICE, text);
}

/*
 * Note that all rows were read. The first full reading also says what it left
 * out, in whichever run it comes to its end.
 */
static int
end_reading(struct reconcile *r, bool full, struct err *e)
{
	struct archive *archive = &r->run.archive;
	int64_t left_out = full ? r->left_out : UNKNOWN;
	struct merge merge;

	if (run_begin(&r->run, &merge, e) != 0)
		return -1;
	if (archive_source_save(archive, &r->source, e) != 0 ||
	    archive_set_number(archive, REACHED, UNKNOWN, e) != 0 ||
	    archive_set_number(archive, READ, r->db.counter, e) != 0 ||
	    (left_out != UNKNOWN &&
		archive_set_number(archive, LEFT_OUT, UNKNOWN, e) != 0)) {
		run_rollback(&r->run);
		return -1;
	}
	if (run_commit(&r->run, &merge, e) != 0)
		return -1;
	if (left_out != UNKNOWN)
		r->left_out = UNKNOWN;
	if (left_out > 0)
		report_left_out(r, left_out);
	return 0;
}

/* Read the rows after the mark, and some before it. */
static int
read_new(struct reconcile *r, int64_t floor_us, struct err *e)
{
	int64_t reached, from;

	if (archive_get_number(&r->run.archive, REACHED, &reached, e) != 0)
		return -1;
	from = reconcile_database_read_after(r->source.mark_rowid, reached);
	if (read_table(r, FAIL2BAN_BANS, &from, floor_us, e) != 0)
		return -1;
	return r->run.cut_off ? 0 : end_reading(r, false, e);
}

/*
 * Read all rows; a full reading that was cut off goes on. Whatever happens to
 * the rows that it has passed, it goes on to its end, because a reading that
 * begins anew may never come there. Then another one follows.
 */
static int
read_full(struct reconcile *r, int64_t floor_us, struct err *e)
{
	struct archive_source *s = &r->source;
	bool again;

	do {
		again = s->full_us == FULL_AGAIN;
		if (s->full_bans == 0 && s->full_bips == 0) {
			s->mark_rowid = 0;
			s->mark_key[0] = '\0';
			if (r->left_out != UNKNOWN)
				r->left_out = 0;
			if (!again && reconcile_first(r, floor_us, e) != 0)
				return -1;
		}
		if (read_table(r, FAIL2BAN_BANS, &s->full_bans, floor_us, e) !=
			0 ||
		    read_table(r, FAIL2BAN_BIPS, &s->full_bips, floor_us, e) !=
			0)
			return -1;
		if (r->run.cut_off)
			return 0;
		s->full_us = again ? 0 : clock_wall_us();
		s->full_bans = s->full_bips = 0;
	} while (again);
	r->read_all = true;
	return end_reading(r, true, e);
}

/*
 * Read the rows that are to be read. There are none when the last run read them
 * to their end, but was cut off before it had judged the live bans.
 */
static int
read_rows(struct reconcile *r, bool same, int64_t floor_us, struct err *e)
{
	struct archive_source *s = &r->source;
	char key[sizeof(s->mark_key)];
	bool is_mark_valid;
	int64_t read;

	if (archive_get_number(&r->run.archive, READ, &read, e) != 0)
		return -1;
	if (same && read == r->db.counter && s->full_us > 0)
		return 0;
	if (fail2ban_database_key(&r->db, s->mark_rowid, key, e) != 0)
		return -1;
	is_mark_valid = reconcile_database_is_mark_valid(s, key);
	/* Other rows may have the rowids that a full reading has passed. */
	if (!is_mark_valid && (s->full_bans != 0 || s->full_bips != 0))
		s->full_us = FULL_AGAIN;
	return reconcile_database_needs_all(s, is_mark_valid, clock_wall_us()) ?
	    read_full(r, floor_us, e) :
	    read_new(r, floor_us, e);
}

int
reconcile_database(struct reconcile *r, struct err *e)
{
	struct archive_source *s = &r->source;
	int64_t floor_us;
	bool same;

	r->run.row.source = r->db_path;
	if (fail2ban_database_look(&r->db, r->db_path, e) != 0 ||
	    archive_source_last(&r->run.archive, s, e) != 0)
		return -1;
	same = reconcile_database_is_same(s, &r->db);
	/* A spooled event may be of a ban whose rows went before that. */
	r->unchanged =
	    same && r->db.counter == s->counter && r->run.row.spooled == 0;
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
	return read_rows(r, same, floor_us, e);
}
