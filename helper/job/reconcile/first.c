/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first backfill. Rows of ids that come for the first time are added to the
 * new file as they come, which needs no index. The rows of the others wait in a
 * temporary file until the indexes are made, and are then merged as usual.
 * Last, the bans of ids that the archive has too, because events wrote
 * meanwhile, are taken out of the new file, the archive's bans are taken over,
 * and the rows of these ids are merged into them.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "archive/copy/new_file.h"
#include "base/seen.h"
#include "base/timestamp.h"
#include "ingest/carried_rows.h"
#include "job/reconcile/rows.h"
#include "job/row_stage.h"
#include "os/clock.h"

/*
 * The ordinary way takes less than a second for rows up to this rowid. (Where
 * rows were purged, there are fewer.)
 */
#define ROWS_LEAST 5000

/* The most bans that the archive may have by the end. */
#define BANS_MOST (2 * NEW_FILE_BANS)

/* The archive is taken over so often while events still write. */
#define EARLY 2

/* At least so many of the rows that wait are merged in a millisecond. */
#define WAITING_A_MS 10

/*
 * The most milliseconds to wait for other processes to close the archive.
 * Readers have it open for moments.
 */
#define ALONE_MS 5000
#define NAP_NS 20000000

/* The key of a number in the archive: a new file could not take its place. */
#define IN_PLACE "backfill_in_place"

struct first {
	struct reconcile *r;
	int64_t floor_us;
	struct new_file file;
	struct merge merge; /* into the file */
	struct seen seen;
	struct row_stage stage;
	int64_t began_ms;
	int64_t at;   /* the rowid that was read last */
	int64_t last; /* the last rowid that there is */
	int64_t rows, bad, left_out;
	bool whole;   /* no row waits any more */
	bool crowded; /* other processes had the archive open */
	struct carried_rows carried;
	size_t carried_n; /* of these, known to an id */
};

static int
is_wanted(struct reconcile *r, int64_t *last, bool *wanted, struct err *e)
{
	int64_t in_place;
	int fits;

	*wanted = false;
	if (archive_get_number(&r->run.archive, IN_PLACE, &in_place, e) != 0 ||
	    fail2ban_database_last(&r->db, FAIL2BAN_BANS, last, e) != 0)
		return -1;
	if (in_place != UNKNOWN || *last == UNKNOWN || *last < ROWS_LEAST ||
	    run_is_over(&r->run))
		return 0;
	fits = new_file_fits(&r->run.archive, NEW_FILE_BANS, e);
	*wanted = fits == 1;
	return fits < 0 ? -1 : 0;
}

/*
 * Add to the new file a jail that it lacks, with the number that the archive
 * has for it or gives it now.
 */
static int
add_jail(struct first *f, const char *name, struct err *e)
{
	struct run *run = &f->r->run;
	struct archive_jail jail;
	struct archive a;
	int rc = archive_has_jail(&f->file.archive, name, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	rc = archive_open(&a, run->config->archive,
	    run_lock_ms(run_left_ms(run)), false, e);
	if (rc != 0)
		return -1;
	if (new_file_check(&f->file, &a, e) != 0 || archive_begin(&a, e) != 0 ||
	    archive_jail_get(&a, name, &jail, e) != 0 ||
	    archive_commit(&a, e) != 0)
		rc = -1;
	archive_close(&a);
	return rc != 0 ? -1 : new_file_add_jail(&f->file, name, &jail, e);
}

/* Add a row, the first one of its id. */
static int
add_row(struct first *f, const struct fail2ban_row *rows, size_t i,
    struct err *e)
{
	struct merge *merge = &f->merge;

	if (sightings_add_row(merge, f->r->run.config, &rows[i],
		f->r->source.id, f->floor_us, e) != 0)
		return -1;
	f->left_out += merge->left_out && reconcile_row_is_new(rows, i);
	return 0;
}

/* Add the rows of a chunk, or let them wait. */
static int
add_rows(struct first *f, struct fail2ban_row *rows, size_t n, struct err *e)
{
	int64_t now_us = clock_wall_us();

	qsort(rows, n, sizeof(*rows), reconcile_row_compare);
	f->merge.row_jail = NULL;
	if (f->merge.change.now_us < now_us)
		f->merge.change.now_us = now_us;
	for (size_t i = 0; i < n && reconcile_row_is_ban(&rows[i]); i++) {
		const struct fail2ban_row *row = &rows[i];
		bool same_jail =
		    i > 0 && strcmp(rows[i - 1].jail, row->jail) == 0;
		bool same_id =
		    same_jail && strcmp(rows[i - 1].ident, row->ident) == 0;
		int64_t other_timeofban = same_id ? rows[i - 1].timeofban : 0;

		if (!same_jail && add_jail(f, row->jail, e) != 0)
			return -1;
		if ((seen_add(&f->seen, row->jail, row->ident) ?
			    row_stage_put(&f->stage, row, other_timeofban, e) :
			    add_row(f, rows, i, e)) != 0)
			return -1;
	}
	for (size_t i = 0; i < n; i++)
		f->bad += rows[i].bad;
	f->rows += (int64_t)n;
	return new_file_number(&f->file, e);
}

/* Return true when the rest of the time is needed to end what was begun. */
static bool
is_late(const struct first *f)
{
	int64_t now_ms = clock_steady_ms();
	int64_t needed_ms =
	    (now_ms - f->began_ms) / 2 + f->stage.rows / WAITING_A_MS;

	return *f->r->run.stop != 0 ||
	    now_ms + needed_ms >= f->r->run.deadline_ms;
}

static int
read_rows(struct first *f, struct err *e)
{
	struct fail2ban_row rows[RECONCILE_CHUNK];
	int rc = 0;

	f->merge.is_first = true;
	while (rc == 0 && !is_late(f)) {
		int64_t at;
		size_t n;

		reconcile_show_rows(f->r, f->rows, f->at, f->last);
		reconcile_set_deadline(f->r);
		if (fail2ban_database_read(&f->r->db, FAIL2BAN_BANS, f->at,
			rows, RECONCILE_CHUNK, &n, e) != 0)
			return -1;
		if (n == 0)
			break;
		at = rows[n - 1].rowid;
		rc = add_rows(f, rows, n, e);
		f->at = at;
		for (size_t i = 0; i < n; i++)
			fail2ban_row_free(&rows[i]);
	}
	f->merge.is_first = false;
	return rc;
}

/* Merge a row that waited; the one before it is still there. */
static int
merge_row(struct first *f, const struct fail2ban_row *before,
    const struct fail2ban_row *row, int64_t other_timeofban, struct err *e)
{
	struct merge *merge = &f->merge;
	bool same = before->jail != NULL &&
	    strcmp(before->jail, row->jail) == 0 &&
	    strcmp(before->ident, row->ident) == 0;

	if (sightings_follow(merge, row, other_timeofban, e) != 0 ||
	    sightings_add_row(merge, f->r->run.config, row, f->r->source.id,
		f->floor_us, e) != 0)
		return -1;
	f->left_out +=
	    merge->left_out && !(same && before->timeofban == row->timeofban);
	return 0;
}

/* Merge the rows that wait, while there is time. */
static int
merge_waiting(struct first *f, struct err *e)
{
	struct fail2ban_row rows[2] = { { 0 } };
	int rc = row_stage_begin(&f->stage, e), i = 0;
	int64_t other_timeofban;

	f->merge.row_jail = NULL;
	while (rc == 0 && !run_is_over(&f->r->run) &&
	    (rc = row_stage_next(&f->stage, &rows[i], &other_timeofban, e)) ==
		1) {
		rc = merge_row(f, &rows[1 - i], &rows[i], other_timeofban, e);
		i = 1 - i;
		fail2ban_row_free(&rows[i]);
	}
	f->whole = rc == 0 && !f->r->run.cut_off;
	f->merge.row_jail = NULL;
	fail2ban_row_free(&rows[0]);
	fail2ban_row_free(&rows[1]);
	return rc;
}

/* Write the new file, all but what the archive has. */
static int
write_file(struct first *f, struct err *e)
{
	if (read_rows(f, e) != 0 || new_file_make_indexes(&f->file, e) != 0 ||
	    merge_waiting(f, e) != 0)
		return -1;
	if (!f->whole)
		return 0;
	f->r->source.full_bans = f->at;
	return reconcile_move_mark(f->r, f->at, e);
}

/* Open the archive when no other process has it open. */
static int
open_alone(struct first *f, struct archive *a, struct err *e)
{
	static const struct timespec nap = { .tv_nsec = NAP_NS };
	const struct run *run = &f->r->run;
	int64_t until_ms = clock_steady_ms() + ALONE_MS;

	for (;;) {
		int64_t left_ms = until_ms - clock_steady_ms();
		int rc = archive_open(a, run->config->archive,
		    left_ms > 0 ? (int)left_ms : 0, true, e);

		if (rc == 0 && a->alone)
			return 0;
		if (rc != 0 && e->code != EX_TEMPFAIL)
			return -1;
		if (rc == 0)
			archive_close(a);
		if (clock_steady_ms() >= until_ms || *run->stop != 0)
			break;
		nanosleep(&nap, NULL);
	}
	f->crowded = true;
	return err_set(e, EX_TEMPFAIL, "another process has the archive open");
}

/*
 * Take the bans of an id out of the new file. The first time they were made of
 * rows alone, and these are kept. A new_file_clear_fn.
 */
static int
clear_id(void *to, struct new_file_id *id, struct err *e)
{
	struct first *f = to;
	bool known = id->carried != 0;
	int64_t removed = 0;
	int rc = carried_rows_take(known ? NULL : &f->carried, &f->file.archive,
	    id->name, &id->of, f->file.first, &removed, e);

	f->merge.change.added -= removed;
	if (!known) {
		id->carried_n = f->carried.n - f->carried_n;
		id->carried = f->carried_n + 1; /* 0 stands for none */
		f->carried_n = f->carried.n;
	}
	return rc;
}

/*
 * Take over what the archive has by now. Rows of an id that both have are
 * merged into the archive's bans.
 */
static int
take_over(struct first *f, struct archive *a, struct err *e)
{
	int rc = new_file_take_over(&f->file, a, clear_id, f, e);

	f->merge.row_jail = NULL;
	f->merge.lines = LINES_UNKNOWN;
	for (size_t i = 0; i < f->file.ids_n && rc == 0; i++) {
		const struct new_file_id *id = &f->file.ids[i];

		if (id->changed && id->carried_n > 0)
			rc = carried_rows_put(&f->carried, id->carried - 1,
			    id->carried_n, &f->merge, f->r->run.config,
			    f->r->source.id, f->floor_us, e);
	}
	f->merge.row_jail = NULL;
	return rc;
}

/*
 * Take over what the archive has while events write into it, so that little is
 * left to be taken over when they have to wait.
 */
static int
take_over_early(struct first *f, struct err *e)
{
	struct archive a;
	int rc = archive_open_read(&a, f->r->run.config->archive, e);

	if (rc != 0)
		return -1;
	/* take_place reports an archive that has grown too large. */
	if (new_file_fits(&a, BANS_MOST, e) == 1 &&
	    (db_exec(&a.db, "BEGIN", e) != 0 || take_over(f, &a, e) != 0))
		rc = -1;
	archive_close(&a);
	return rc != 0 ? -1 : new_file_flush(&f->file, e);
}

/* Take over the rest, and let the new file take the archive's place. */
static int
take_place(struct first *f, struct archive *a, bool *done, struct err *e)
{
	int fits = new_file_fits(a, BANS_MOST, e);

	if (fits != 1)
		return fits < 0 ? -1 :
				  err_set(e, EX_UNAVAILABLE,
				      "the archive has grown meanwhile");
	if (take_over(f, a, e) != 0)
		return -1;
	/* The next run begins to read again if rows are left out. */
	if (f->whole &&
	    reconcile_note_progress(f->r, &f->file.archive, FAIL2BAN_BANS,
		f->at, f->left_out, e) != 0)
		return -1;
	return new_file_take_place(&f->file, a, done, e);
}

/* Write the new file and let it take the archive's place: *done. */
static int
try_file(struct first *f, bool *done, struct err *e)
{
	struct archive a;
	int rc;

	if (seen_open(&f->seen) != 0)
		return err_no_memory(e);
	if (new_file_begin(&f->file, &f->r->run.archive, f->r->run.stop, e) !=
		0 ||
	    row_stage_open(&f->stage, e) != 0)
		return -1;
	/* An event that opens the archive alone is faster. */
	archive_close(&f->r->run.archive);
	run_prepare(&f->r->run, &f->file.archive, &f->merge);
	if (write_file(f, e) != 0)
		return -1;
	for (int i = 0; i < EARLY; i++) {
		if (take_over_early(f, e) != 0)
			return -1;
	}
	if (open_alone(f, &a, e) != 0)
		return -1;
	rc = take_place(f, &a, done, e);
	archive_close(&a);
	return rc;
}

/*
 * Say why the ordinary way is taken. Where another process kept the archive
 * open, all later runs take it, too: a run that spends its time waiting would
 * get no further.
 */
static int
give_up(const struct first *f, const struct err *why, struct err *e)
{
	struct reconcile *r = f->r;
	struct merge merge;

	if (*r->run.stop != 0)
		return 0;
	run_say(&r->run, LOG_NOTICE,
	    "the backfill into a new file was given up, and goes on in the "
	    "archive itself: %s",
	    why->text);
	if (!f->crowded)
		return 0;
	if (run_begin(&r->run, &merge, e) != 0)
		return -1;
	if (archive_set_number(&r->run.archive, IN_PLACE, 1, e) != 0) {
		run_rollback(&r->run);
		return -1;
	}
	return run_commit(&r->run, &merge, e);
}

/*
 * The archive was closed: open it anew. Where another one lies at its path, the
 * run writes nothing into that.
 */
static int
go_back(const struct first *f, struct err *e)
{
	struct run *run = &f->r->run;

	if (run->archive.db.handle != NULL)
		return 0;
	if (run_reopen(run, e) != 0)
		return -1;
	if (new_file_check(&f->file, &run->archive, e) != 0) {
		run->archive.dev = UINT64_MAX; /* archive_begin fails */
		return -1;
	}
	return archive_set_durable(&run->archive, false, e);
}

int
reconcile_first(struct reconcile *r, int64_t floor_us, struct err *e)
{
	struct first f = {
		.r = r,
		.floor_us = floor_us,
		.file = { .archive = { .lock = LOCK_INIT } },
		.began_ms = clock_steady_ms(),
	};
	struct archive_source before = r->source;
	int64_t left_out = r->left_out;
	bool wanted, done = false;
	struct err why;
	int rc, back;

	if (is_wanted(r, &f.last, &wanted, e) != 0)
		return -1;
	if (!wanted)
		return 0;
	rc = try_file(&f, &done, &why);
	if (done) {
		r->run.row.rows += f.rows;
		r->run.row.bad += f.bad;
		r->run.row.added += f.merge.change.added;
		r->run.row.changed += f.merge.change.changed;
		r->run.refused += f.merge.refused;
	} else {
		r->source = before;
		r->left_out = left_out;
	}
	back = go_back(&f, e);
	carried_rows_free(&f.carried);
	row_stage_close(&f.stage);
	new_file_close(&f.file);
	seen_close(&f.seen);
	if (back != 0)
		return -1;
	if (rc != 0 && done) {
		*e = why;
		return -1;
	}
	return rc != 0 ? give_up(&f, &why, e) : 0;
}
