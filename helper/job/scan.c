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
#include "job/pass.h"
#include "base/text.h"
#include "fail2ban/database_path.h"

/* Rows that are read at a time, and written in the order of the ids. */
#define CHUNK 1000
/* After so many rows it is looked who waits. */
#define LOOK_EVERY 8
#define REREAD 1000
#define FULL_EVERY_US (INT64_C(86400) * TEXT_US)
/* How long fail2ban's own write is waited for. */
#define BUSY_MS 2000
#define FLOOR "floor"

int
scan_find(struct pass *pass, struct err *e)
{
	struct fail2ban_server *server;
	char *path = NULL;

	pass->db_path[0] = '\0';
	if (pass->config->fail2ban_database[0] != '\0') {
		database_path_get(pass->config, pass->db_path);
		return 0;
	}
	if ((server = pass_server(pass)) == NULL ||
	    fail2ban_server_get_dbfile(server, &path, &pass->why) != 0) {
		pass->silent = true;
		database_path_get(pass->config, pass->db_path);
		if (pass->db_path[0] != '\0')
			return 0;
		return err_set(e, EX_UNAVAILABLE,
		    "%s does not tell where fail2ban's database lies (%s): "
		    "start fail2ban, or set "
		    "fail2ban_database in the config",
		    pass->config->fail2ban_socket, pass->why.text);
	}
	if (path != NULL)
		snprintf(pass->db_path, sizeof(pass->db_path), "%s", path);
	free(path);
	if (pass->db_path[0] != '\0' && pass->db_path[0] != '/')
		return err_set(e, EX_CONFIG,
		    "fail2ban says that its database is %s, from a folder "
		    "that it does not tell: set "
		    "fail2ban_database in the config",
		    pass->db_path);
	return database_path_note(pass->config, pass->db_path, e);
}

/* An archive that was begun because one was damaged takes all that is left. */
static bool
is_after_loss(struct pass *pass)
{
	if (archive_file_count_corrupt(pass->config->archive) == 0)
		return false;
	pass_say(pass, LOG_WARNING,
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
find_floor(struct pass *pass, int64_t floor, int64_t newest, int64_t *floor_us,
    struct err *e)
{
	const struct config *config = pass->config;
	int64_t now = clock_wall_us() / TEXT_US;

	if (floor == UNKNOWN) {
		floor = newest >= 0 && newest < now ? newest : now;
		floor = config->backfill == 0 || is_after_loss(pass) ?
		    0 :
		    floor - config->backfill;
		if (archive_set_number(&pass->archive, FLOOR, floor, e) != 0)
			return -1;
	}
	if (config->retention_days > 0 &&
	    floor < now - config->retention_days * 86400)
		floor = now - config->retention_days * 86400;
	*floor_us = text_seconds_to_us(floor);
	return 0;
}

/* The database is the one that was read last. */
static bool
is_same(const struct pass *pass)
{
	const struct archive_source *s = &pass->source;

	return s->id != 0 && s->dev == (int64_t)pass->db.dev &&
	    s->ino == (int64_t)pass->db.ino && pass->db.counter >= s->counter &&
	    (s->born_us <= 0 || pass->db.born_us == 0 ||
		s->born_us == pass->db.born_us);
}

/* Note the database as the present one where it is not; find the floor. */
static int
begin_source(struct pass *pass, int64_t *floor_us, struct err *e)
{
	struct archive_source *s = &pass->source;
	bool same = is_same(pass);
	struct merge merge;
	int64_t floor, newest = UNKNOWN;

	if (archive_get_number(&pass->archive, FLOOR, &floor, e) != 0 ||
	    (floor == UNKNOWN &&
		fail2ban_database_newest(&pass->db, &newest, e) != 0))
		return -1;
	if (pass_begin(pass, &merge, e) != 0)
		return -1;
	if (!same) {
		snprintf(s->path, sizeof(s->path), "%s", pass->db_path);
		s->dev = (int64_t)pass->db.dev;
		s->ino = (int64_t)pass->db.ino;
		s->begun_us = pass->run.started_us;
		s->born_us = pass->db.born_us;
	}
	if ((!same && archive_source_add(&pass->archive, s, e) != 0) ||
	    find_floor(pass, floor, newest, floor_us, e) != 0) {
		pass_rollback(pass);
		return -1;
	}
	return pass_commit(pass, &merge, e);
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
write_chunk(struct pass *pass, struct fail2ban_row *rows, size_t n,
    int64_t floor_us, struct err *e)
{
	struct merge merge;
	int64_t bad = 0;
	int rc = 0;

	qsort(rows, n, sizeof(*rows), compare_rows);
	if (pass_begin(pass, &merge, e) != 0)
		return -1;
	for (size_t i = 0; i < n && rc == 0; i++) {
		bad += rows[i].bad;
		if (is_ban(&rows[i]))
			rc = sightings_add_row(&merge, pass->config, &rows[i],
			    pass->source.id, floor_us, e);
		if (rc == 0 && i % LOOK_EVERY == LOOK_EVERY - 1)
			rc = pass_give_way(pass, &merge, e);
	}
	if (rc != 0 ||
	    archive_source_save(&pass->archive, &pass->source, e) != 0) {
		pass_rollback(pass);
		return -1;
	}
	pass->run.rows += (int64_t)n;
	pass->run.bad += bad;
	return pass_commit(pass, &merge, e);
}

/* The row at the mark is what it was when the mark was set. */
static int
mark_holds(struct pass *pass, bool *holds, struct err *e)
{
	const struct archive_source *s = &pass->source;
	char key[64];

	if (fail2ban_database_key(&pass->db, s->mark_rowid, key, e) != 0)
		return -1;
	*holds = strcmp(key, s->mark_key) == 0 &&
	    (key[0] != '\0' || s->mark_rowid == 0);
	return 0;
}

/* The mark goes with the last row of "bans" that was read. */
static int
move_mark(struct pass *pass, int64_t rowid, struct err *e)
{
	if (rowid <= pass->source.mark_rowid)
		return 0;
	pass->source.mark_rowid = rowid;
	return fail2ban_database_key(&pass->db, rowid, pass->source.mark_key,
	    e);
}

/*
 * Bring the rows of a table behind *at into the archive; *at moves on. It
 * may be a field of pass->source, and is then saved with each chunk.
 */
static int
read_table(struct pass *pass, enum fail2ban_table table, int64_t *at,
    int64_t floor_us, struct err *e)
{
	struct fail2ban_row rows[CHUNK];
	size_t n;
	int rc = 0;

	while (rc == 0 && !pass_is_over(pass)) {
		if (fail2ban_database_read(&pass->db, table, *at, rows, CHUNK,
			&n, e) != 0)
			return -1;
		if (n == 0)
			return 0;
		*at = rows[n - 1].rowid;
		if (table == FAIL2BAN_BANS)
			rc = move_mark(pass, *at, e);
		if (rc == 0)
			rc = write_chunk(pass, rows, n, floor_us, e);
		for (size_t i = 0; i < n; i++)
			fail2ban_row_free(&rows[i]);
	}
	return rc;
}

/* What is behind the mark, or all; a full diff that was cut off goes on. */
static int
read_all(struct pass *pass, bool full, int64_t floor_us, struct err *e)
{
	struct archive_source *s = &pass->source;
	int64_t from = s->mark_rowid > REREAD ? s->mark_rowid - REREAD : 0;

	if (!full)
		return read_table(pass, FAIL2BAN_BANS, &from, floor_us, e);
	if (s->full_bans == 0 && s->full_bips == 0) {
		s->mark_rowid = 0;
		s->mark_key[0] = '\0';
	}
	if (read_table(pass, FAIL2BAN_BANS, &s->full_bans, floor_us, e) != 0 ||
	    read_table(pass, FAIL2BAN_BIPS, &s->full_bips, floor_us, e) != 0)
		return -1;
	if (!pass->cut_off) {
		s->full_us = clock_wall_us();
		s->full_bans = s->full_bips = 0;
	}
	return 0;
}

int
scan(struct pass *pass, struct err *e)
{
	struct archive_source *s = &pass->source;
	bool full, holds;
	int64_t floor_us;

	pass->run.source = pass->db_path;
	if (fail2ban_database_look(&pass->db, pass->db_path, e) != 0 ||
	    archive_source_last(&pass->archive, s, e) != 0)
		return -1;
	pass->unchanged = is_same(pass) && pass->db.counter == s->counter;
	pass->has_db = pass->unchanged;
	if (pass->unchanged)
		return 0;
	/* What is lost from here on, the next pass finds again. */
	if (archive_set_durable(&pass->archive, false, e) != 0 ||
	    fail2ban_database_open(&pass->db, pass->db_path, BUSY_MS,
		pass_left_ms(pass), e) != 0 ||
	    fail2ban_database_check(&pass->db, e) != 0 ||
	    begin_source(pass, &floor_us, e) != 0)
		return -1;
	pass->has_db = true;
	if (mark_holds(pass, &holds, e) != 0)
		return -1;
	/* Rows went, and others have their rowids: begin anew, if one is on. */
	if (!holds)
		s->full_bans = s->full_bips = 0;
	full = !holds || s->full_us == 0 || s->full_bans != 0 ||
	    s->full_bips != 0 || clock_wall_us() - s->full_us > FULL_EVERY_US;
	return read_all(pass, full, floor_us, e);
}
