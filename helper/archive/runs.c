/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/runs.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/file.h"
#include "archive/statements.h"
#include "base/list.h"

static const char *const kinds[] = {
	[RUN_RECONCILE] = "reconcile",
	[RUN_REPLAY] = "replay",
	[RUN_MERGE] = "merge",
	[RUN_REBAN] = "reban",
	[RUN_PRUNE] = "prune",
	[RUN_FORGET] = "forget",
	[RUN_KINDS] = "unknown",
};

static const char *const states[] = {
	[RUN_RUNNING] = "running",
	[RUN_COMPLETED] = "completed",
	[RUN_FAILED] = "failed",
	[RUN_INTERRUPTED] = "interrupted",
	[RUN_STATES] = "unknown",
};

/* Return the index of the name in a list of n names, or n. */
static int
find_name(const char *const *names, int n, const char *name)
{
	int i = 0;

	while (i < n && (name == NULL || strcmp(names[i], name) != 0))
		i++;
	return i;
}

const char *
archive_run_kind_name(enum run_kind kind)
{
	return kinds[kind];
}

const char *
archive_run_state_name(enum run_state state)
{
	return states[state];
}

enum run_kind
archive_run_kind_from_name(const char *name)
{
	return (enum run_kind)find_name(kinds, RUN_KINDS, name);
}

void
archive_run_lock_path(const char *path, enum run_kind kind,
    char name[ARCHIVE_RUN_LOCK_PATH])
{
	const char *suffix = kind == RUN_REPLAY || kind == RUN_MERGE ?
	    BESIDE_REPLAY :
	    kind == RUN_REBAN ? BESIDE_REBAN :
				BESIDE_RECONCILE;

	snprintf(name, ARCHIVE_RUN_LOCK_PATH, "%s%s", path, suffix);
}

int
archive_run_last(struct archive *a, enum run_kind kind, int64_t until_us,
    int64_t *last_us, struct err *e)
{
	return db_number(&a->db, SQL_RUN_LAST, last_us, e, "ti",
	    archive_run_kind_name(kind), until_us);
}

/* Mark the runs of a kind that still count as running as cut off. */
static int
cut_runs(struct archive *a, enum run_kind kind, struct err *e)
{
	return db_query(&a->db, SQL_RUN_CUT, e, "t",
	    archive_run_kind_name(kind));
}

int
archive_run_save(struct archive *a, struct archive_run *run, struct err *e)
{
	if (run->id == 0 && cut_runs(a, run->kind, e) != 0)
		return -1;
	if (db_query(&a->db, SQL_RUN_SAVE, e, "itttiiidiiiiittti",
		run->id != 0 ? run->id : UNKNOWN,
		archive_run_kind_name(run->kind), run->source,
		archive_run_state_name(run->state), run->started_us,
		run->finished_us, run->gap_seconds, run->lossy, run->rows,
		run->spooled, run->added, run->changed, run->bad, run->message,
		run->content, run->how, run->skipped) != 0)
		return -1;
	run->id = sqlite3_last_insert_rowid(a->db.handle);
	return 0;
}

int
archive_run_find(struct archive *a, const struct archive_run *run, int64_t *id,
    int64_t *finished_us, struct err *e)
{
	sqlite3_stmt *st = db_bind(&a->db, SQL_RUN_OF, e, "ttt", run->content,
	    archive_run_kind_name(run->kind), run->how);
	int rc;

	*id = 0;
	if (st == NULL)
		return -1;
	if ((rc = db_step(&a->db, st, e)) == 1) {
		*id = db_int(st, 0);
		*finished_us = db_int(st, 1);
	}
	sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}

int
archive_run_list(struct archive *a, enum run_kind kind, int64_t limit,
    archive_run_fn *fn, void *to, struct err *e)
{
	sqlite3_stmt *st = db_bind(&a->db, SQL_RUNS, e, "ti",
	    kind == RUN_KINDS ? NULL : archive_run_kind_name(kind), limit);
	int rc;

	if (st == NULL)
		return -1;
	while ((rc = db_step(&a->db, st, e)) == 1) {
		struct archive_run run = {
			.id = db_int(st, 0),
			.kind = archive_run_kind_from_name(db_text(st, 1)),
			.source = db_text(st, 2),
			.state = (enum run_state)find_name(states, RUN_STATES,
			    db_text(st, 3)),
			.message = db_text(st, 4),
			.started_us = db_int(st, 5),
			.finished_us = db_int(st, 6),
			.rows = db_int(st, 7),
			.added = db_int(st, 8),
			.changed = db_int(st, 9),
			.skipped = db_int(st, 10),
			.bad = db_int(st, 11),
			.how = db_text(st, 12),
		};

		if (fn(to, &run) != 0)
			break;
	}
	sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}

int
archive_run_gaps(struct archive *a, int64_t since_us, int64_t until_us,
    struct archive_gap **gaps, size_t *n, struct err *e)
{
	sqlite3_stmt *st =
	    db_bind(&a->db, SQL_RUN_GAPS, e, "ii", since_us, until_us);
	size_t room = 0;
	int rc;

	*gaps = NULL;
	*n = 0;
	if (st == NULL)
		return -1;
	while ((rc = db_step(&a->db, st, e)) == 1) {
		struct archive_gap *grown =
		    list_grow(*gaps, &room, *n + 1, sizeof(*grown));

		if (grown == NULL) {
			rc = err_no_memory(e);
			break;
		}
		*gaps = grown;
		grown[(*n)++] = (struct archive_gap){
			.from_us = db_int(st, 0),
			.until_us = db_int(st, 1),
			.lossy = db_int(st, 2) == 1,
		};
	}
	sqlite3_reset(st);
	if (rc != 0) {
		free(*gaps);
		*gaps = NULL;
	}
	return rc;
}
