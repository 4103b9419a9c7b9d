/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/retention.h"

#include "archive/copy/merged.h"
#include "archive/history/notes.h"
#include "archive/read/changes.h"
#include "base/timestamp.h"
#include "os/clock.h"

/* Bans that are found at a time. */
#define CHUNK 200

/* The key of the time up to which all bans are anonymous. */
#define ANONYMIZED "anonymized_us"

/* The key of the rev up to which the bans from before that are anonymous. */
#define ANONYMIZED_REV "anonymized_rev"

/* A pass over the bans from before a time. */
struct pass {
	struct run *run;
	enum retention what;
	int64_t before_us, from_us;
	int64_t from_rev, upto_rev; /* as from_us; the newest when it began */
	struct prune_place place;   /* where it begins */
	struct archive_run *row;
};

/* Begin where an earlier pass has ended: bans from before that need nothing. */
static int
begin(struct pass *p, struct err *e)
{
	struct archive *a = &p->run->archive;
	char id[ARCHIVE_ID];

	p->place = PRUNE_FIRST;
	p->from_us = UNKNOWN;
	if (p->what == RETENTION_REMOVE)
		return 0;
	if (archive_get_number(a, ANONYMIZED, &p->from_us, e) != 0 ||
	    archive_get_number(a, ANONYMIZED_REV, &p->from_rev, e) != 0 ||
	    archive_changes_state(a, &p->upto_rev, id, e) != 0)
		return -1;
	if (p->from_us != UNKNOWN)
		p->place = (struct prune_place){ p->from_us, 0 };
	if (p->from_rev == UNKNOWN)
		p->from_rev = 0;
	return 0;
}

static bool
needs(const struct pass *p, const struct prune_ticket *t)
{
	return p->what == RETENTION_REMOVE || prune_is_personal(t);
}

/* Change a ticket of a pass. A retention_ticket_fn. */
static int
change_ticket(void *context, const struct prune_ticket *t, struct err *e)
{
	struct pass *p = context;
	struct archive *a = &p->run->archive;
	int64_t now_us = clock_wall_us(), bans;

	if (!needs(p, t))
		return 0;
	if ((p->what == RETENTION_REMOVE ?
		    prune_remove(a, t, p->before_us, now_us, PRUNE_OLD, &bans,
			e) :
		    prune_anonymize(a, t, p->before_us, now_us, &bans, e)) != 0)
		return -1;
	if (bans == 0)
		return 0;
	p->row->rows += bans;
	p->row->finished_us = now_us;
	return archive_run_save(a, p->row, e);
}

int
retention_each(struct run *run, const struct prune_ticket *list, size_t n,
    retention_ticket_fn *change, void *context, struct err *e)
{
	struct merge merge;
	int rc = 0;

	if (run_begin(run, &merge, e) != 0)
		return -1;
	for (size_t i = 0; i < n && rc == 0 && !run_is_over(run); i++) {
		rc = change(context, &list[i], e);
		if (rc == 0)
			rc = run_give_way(run, &merge, e);
	}
	if (rc == 0)
		return run_commit(run, &merge, e);
	run_rollback(run);
	return -1;
}

/* Return true when one of the tickets is to be changed. */
static bool
any_needs(const struct pass *p, const struct prune_ticket *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (needs(p, &list[i]))
			return true;
	}
	return false;
}

/* Note how far a pass has come, after a change, or once a day: this writes. */
static int
note_end(struct pass *p, struct err *e)
{
	struct archive *a = &p->run->archive;
	bool later = p->from_us == UNKNOWN ||
	    p->before_us - p->from_us >= TIMESTAMP_DAY_US;
	struct merge merge;

	if (p->what == RETENTION_REMOVE ||
	    (!later && p->upto_rev == p->from_rev))
		return 0;
	if (run_begin(p->run, &merge, e) != 0)
		return -1;
	if ((!later ||
		archive_set_number(a, ANONYMIZED, p->before_us, e) == 0) &&
	    archive_set_number(a, ANONYMIZED_REV, p->upto_rev, e) == 0)
		return run_commit(p->run, &merge, e);
	run_rollback(p->run);
	return -1;
}

/* A way to find the bans of a pass: prune_find, or prune_find_changed. */
typedef int find_fn(struct archive *a, int64_t before_us,
    struct prune_place *place, struct ticket_memo *memo, size_t max,
    struct prune_ticket **list, size_t *n, struct err *e);

/* Change the bans from before a time that are found from a place on. */
static int
change_found(struct pass *p, find_fn *find, int64_t before_us,
    struct prune_place place, struct err *e)
{
	struct ticket_memo memo = { 0 };
	struct prune_ticket *list;
	size_t n = CHUNK;
	int rc = 0;

	while (rc == 0 && n == CHUNK && !run_is_over(p->run)) {
		rc = find(&p->run->archive, before_us, &place, &memo, CHUNK,
		    &list, &n, e);
		if (rc == 0 && any_needs(p, list, n))
			rc = retention_each(p->run, list, n, change_ticket, p,
			    e);
		if (list != NULL)
			prune_free(list, n);
	}
	ticket_memo_clear(&memo);
	return rc;
}

/*
 * Change the bans from before an earlier pass that have changed since: one that
 * lived then may have had its end long before.
 */
static int
change_late(struct pass *p, struct err *e)
{
	const struct prune_place place = { p->from_rev, INT64_MAX };

	if (p->from_us == UNKNOWN || p->from_rev == p->upto_rev)
		return 0;
	return change_found(p, prune_find_changed,
	    p->from_us < p->before_us ? p->from_us : p->before_us, place, e);
}

/*
 * End the bans of other machines that a pass is to change, and whose ends no
 * merge has brought. Nothing is written where there are none.
 */
static int
end_overdue(struct run *run, int64_t before_us, struct err *e)
{
	struct archive *a = &run->archive;
	struct merge merge;
	int64_t overdue, after = 0;
	int rc = 1;

	if (merged_count_overdue(a, UNKNOWN, before_us, &overdue, e) != 0)
		return -1;
	if (overdue == 0)
		return 0;
	if (run_begin(run, &merge, e) != 0)
		return -1;
	while (rc == 1 && !run_is_over(run)) {
		rc = merged_expire(a, before_us, &after, e);
		if (rc == 1 && run_give_way(run, &merge, e) != 0)
			rc = -1;
	}
	if (rc >= 0)
		return run_commit(run, &merge, e);
	run_rollback(run);
	return -1;
}

int
retention_run(struct run *run, enum retention what, int64_t before_us,
    struct archive_run *row, struct err *e)
{
	struct pass p = { .run = run,
		.what = what,
		.before_us = before_us,
		.row = row };
	int rc = end_overdue(run, before_us, e);

	if (rc == 0)
		rc = begin(&p, e);
	if (rc == 0)
		rc = archive_overwrite_removed(&run->archive, e);
	if (rc == 0)
		rc = change_late(&p, e);
	if (rc == 0)
		rc = change_found(&p, prune_find, before_us, p.place, e);
	return rc != 0 || run_is_over(run) ? rc : note_end(&p, e);
}

/* The removal of lines of ids without a ban. */
struct rest {
	struct archive *archive;
	int64_t before_us;
};

/* Remove the lines of an id. A retention_ticket_fn. */
static int
drop_lines(void *context, const struct prune_ticket *t, struct err *e)
{
	struct rest *rest = context;

	return prune_lines(rest->archive, rest->before_us, t, e);
}

/* Remove the notes, and note up to when nothing else is left. */
static int
end_rest(struct run *run, int64_t before_us, struct err *e)
{
	struct merge merge;

	if (run_begin(run, &merge, e) != 0)
		return -1;
	if (notes_prune(&run->archive, before_us, e) == 0 &&
	    archive_set_number(&run->archive, RETENTION_REST, before_us, e) ==
		0)
		return run_commit(run, &merge, e);
	run_rollback(run);
	return -1;
}

int
retention_run_rest(struct run *run, int64_t before_us, struct err *e)
{
	struct rest rest = { &run->archive, before_us };
	struct prune_ticket *list = NULL, *next;
	size_t n = 0, next_n = CHUNK;
	int rc = 0;

	while (rc == 0 && next_n == CHUNK && !run_is_over(run)) {
		rc = prune_find_lines(&run->archive, before_us,
		    n > 0 ? &list[n - 1] : NULL, CHUNK, &next, &next_n, e);
		if (rc != 0)
			break;
		prune_free(list, n);
		list = next;
		n = next_n;
		if (n > 0)
			rc = retention_each(run, list, n, drop_lines, &rest, e);
	}
	prune_free(list, n);
	return rc != 0 || run_is_over(run) ? rc : end_rest(run, before_us, e);
}

int
retention_count(struct run *run, enum retention what, int64_t from_us,
    int64_t before_us, int64_t *bans, struct err *e)
{
	struct pass p = { .run = run, .what = what, .before_us = before_us };
	struct ticket_memo memo = { 0 };
	struct prune_ticket *list;
	size_t n = CHUNK;
	int rc =
	    merged_count_overdue(&run->archive, from_us, before_us, bans, e);

	p.place = from_us == UNKNOWN ? PRUNE_FIRST :
				       (struct prune_place){ from_us, 0 };
	while (rc == 0 && n == CHUNK) {
		rc = prune_find(&run->archive, before_us, &p.place, &memo,
		    CHUNK, &list, &n, e);
		for (size_t i = 0; rc == 0 && i < n; i++)
			*bans += needs(&p, &list[i]);
		if (list != NULL)
			prune_free(list, n);
	}
	ticket_memo_clear(&memo);
	return rc;
}

struct archive_run
retention_row(enum retention what)
{
	return (struct archive_run){
		.kind = RUN_PRUNE,
		.state = RUN_COMPLETED,
		.started_us = clock_wall_us(),
		.gap_seconds = UNKNOWN,
		.message = what == RETENTION_REMOVE ?
		    "rows: bans that retention_days does not keep" :
		    "rows: bans that anonymize_days made anonymous",
	};
}

int64_t
retention_before_us(const struct run *run, int64_t days)
{
	return proven_time_earliest(&run->proven, clock_wall_us()) -
	    timestamp_from_seconds(days * TIMESTAMP_DAY);
}
