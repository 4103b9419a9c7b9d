/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/timestamp.h"
#include "ingest/sightings.h"
#include "job/replay/database.h"
#include "os/clock.h"

/* The rows that are read at a time. */
#define CHUNK 500

/* Milliseconds to wait for a writer, and to read a chunk at most. */
#define BUSY_MS 2000
#define READ_MS 60000

static int
write_row(struct replay_source *s, struct merge *merge,
    const struct fail2ban_row *row, struct err *e)
{
	struct err why = { .code = EX_DATAERR,
		.text = "a cell of the wrong type, or far too long" };

	s->line = row->rowid;
	if (row->bad) {
		replay_source_bad(s, &why);
		return 0;
	}
	s->usable++;
	if (row->twin ||
	    !replay_source_wants(s, timestamp_from_seconds(row->timeofban)))
		return 0;
	return sightings_add_old_row(merge, s->run.config, row, e);
}

static int
write_rows(struct replay_source *s, const struct fail2ban_row *rows, size_t n,
    struct err *e)
{
	struct merge merge;
	int rc = 0;

	if (run_begin(&s->run, &merge, e) != 0)
		return -1;
	for (size_t i = 0; i < n && rc == 0 && !run_is_over(&s->run); i++) {
		rc = write_row(s, &merge, &rows[i], e);
		if (rc == 0)
			rc = run_give_way(&s->run, &merge, e);
	}
	s->run.row.rows += (int64_t)n;
	if (rc == 0)
		return run_commit(&s->run, &merge, e);
	run_rollback(&s->run);
	return -1;
}

static int
read_table(struct replay_source *s, struct fail2ban_database *db,
    enum fail2ban_table table, struct err *e)
{
	struct fail2ban_row rows[CHUNK];
	int64_t at = INT64_MIN + 1;
	size_t n = 1;
	int rc = 0;

	while (rc == 0 && !run_is_over(&s->run)) {
		db->deadline_ms = clock_steady_ms() + READ_MS;
		rc = fail2ban_database_read(db, table, at, rows, CHUNK, &n, e);
		if (rc != 0 || n == 0)
			break;
		at = rows[n - 1].rowid;
		rc = write_rows(s, rows, n, e);
		for (size_t i = 0; i < n; i++)
			fail2ban_row_free(&rows[i]);
		replay_source_show_rows(s);
	}
	return rc;
}

int
replay_database(struct replay_source *s, struct err *e)
{
	struct fail2ban_database db;
	int rc = -1;

	if (fail2ban_database_open(&db, s->name, BUSY_MS, READ_MS, e) != 0)
		return -1;
	if (fail2ban_database_distrust(&db, e) == 0 &&
	    fail2ban_database_check(&db, e) == 0 &&
	    read_table(s, &db, FAIL2BAN_BANS, e) == 0)
		rc = read_table(s, &db, FAIL2BAN_BIPS, e);
	fail2ban_database_close(&db);
	return rc;
}
