/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/merge.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/history/evidence.h"
#include "archive/history/log_lines.h"
#include "ban/anonymous.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "ingest/merge_inside.h"
#include "ingest/merge_span.h"
#include "ingest/note_answer.h"

/* The bans beside a stretch that are loaded at first, and at most. */
#define BESIDE 2
#define BESIDE_MAX (INT64_C(1) << 40)
/* A stretch that is too short is loaded again with so many times more. */
#define WIDER 16

/*
 * Return 1 when the archive has lines of a log, 0 when it has none, -1 on
 * failure. The archive is asked once a transaction.
 */
static int
has_lines(struct merge *merge, struct err *e)
{
	int rc;

	if (merge->lines == LINES_UNKNOWN) {
		if ((rc = log_lines_any(merge->archive, e)) < 0)
			return -1;
		merge->lines = rc == 1 ? LINES_SOME : LINES_NONE;
	}
	return merge->lines == LINES_SOME;
}

static int
load(struct merge *merge, struct archive_history *h,
    const struct archive_span *span, int64_t beside, struct err *e)
{
	int lines = has_lines(merge, e);

	archive_history_free(h);
	return lines < 0 ? -1 :
			   archive_history_load(merge->archive, h, span, beside,
			       lines == 1, e);
}

/* A stretch, and the bans that were made of it. */
struct decision {
	struct ban *bans;
	size_t *owner;
	size_t *of_row;
	size_t n;
};

static void
free_decision(struct decision *d)
{
	free(d->bans);
	free(d->owner);
	free(d->of_row);
}

/* Make the bans of a stretch. */
static int
decide(const struct merge *merge, struct archive_history *h, struct decision *d,
    struct err *e)
{
	struct history history = {
		.sightings = h->sightings,
		.n = h->n,
		.lines = h->lines.list,
		.lines_n = h->lines.n,
		.flushes = h->flushes,
		.flushes_n = h->flushes_n,
		.rows = h->known,
		.rows_n = h->rows_n,
		.overdue_us = merge->change.now_us,
	};

	*d = (struct decision){
		.bans = calloc(h->n + h->lines.n + 1, sizeof(*d->bans)),
		.owner = calloc(h->n + 1, sizeof(*d->owner)),
		.of_row = calloc(h->rows_n + 1, sizeof(*d->of_row)),
	};
	if (d->bans == NULL || d->owner == NULL || d->of_row == NULL ||
	    history_make_bans(&history, d->bans, d->owner, &d->n) != 0)
		return err_no_memory(e);
	for (size_t i = 0; i < d->n; i++) {
		size_t row = d->bans[i].row;

		if (row == 0)
			continue;
		d->bans[i].id = h->rows[row - 1].ban.id;
		d->of_row[row - 1] = i + 1;
	}
	return 0;
}

/* Return the ban of the row that was merged: that of the newest sighting. */
static size_t
sourced(const struct archive_history *h, const struct decision *d)
{
	size_t newest = 0;

	for (size_t i = 0; i < h->n; i++) {
		if (h->sightings[i].row == 0)
			newest = d->owner[i];
	}
	return newest;
}

/* Add sightings of which the evidence is archived to a stretch. */
static int
put(struct archive_history *h, const struct sighting *sightings, size_t n,
    struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		struct sighting *added = archive_history_add(h);

		if (added == NULL)
			return err_no_memory(e);
		*added = sightings[i];
	}
	return 0;
}

/* Return true when all bans of a ban's time are within the span. */
static bool
holds_time(const struct archive_span *span, const struct ban *ban)
{
	const struct archive_ticket *held = &span->held;

	return held->timeofban == ban->timeofban &&
	    (held->since_us == UNKNOWN || held->since_us == ban->since_us);
}

/* Widen the span to the last ban of a number, or a lesser one of its time. */
static int
widen_by_number(const struct merge *merge, const struct archive_history *h,
    const struct ban *ban, int64_t nth, struct archive_span *span,
    struct err *e)
{
	struct archive_numbered found;
	int rc = archive_history_find_number(merge->archive, &h->of,
	    ban->timeofban, ban->since_us, nth, &found, e);

	if (rc == 1)
		archive_span_add(span, found.made_us);
	return rc < 0 ? -1 : 0;
}

/*
 * Widen the span where the bans of the stretch get new numbers: one beyond the
 * stretch may have such a number. Where a row gives its number up, those beyond
 * the stretch get lesser ones.
 */
static int
widen_by_numbers(const struct merge *merge, const struct archive_history *h,
    const struct decision *d, struct archive_span *span, struct err *e)
{
	for (size_t i = 0; i < d->n && h->rows_n > 0; i++) {
		const struct ban *ban = &d->bans[i];

		if (!archive_history_has_number(h, ban) &&
		    !holds_time(span, ban) &&
		    widen_by_number(merge, h, ban, ban->nth, span, e) != 0)
			return -1;
	}
	for (size_t i = 0; i < h->rows_n; i++) {
		const struct ban *row = &h->rows[i].ban;
		size_t ban = d->of_row[i];

		if ((ban == 0 ||
			!archive_history_has_number(h, &d->bans[ban - 1])) &&
		    !holds_time(span, row) &&
		    widen_by_number(merge, h, row, INT64_MAX, span, e) != 0)
			return -1;
	}
	return 0;
}

/*
 * Return 1 when a stretch was too short for what was decided, and widen the
 * span or *beside for the next try; 0 when it was not, -1 on failure.
 */
static int
is_short(const struct merge *merge, const struct archive_history *h,
    const struct decision *d, struct archive_span *span, int64_t *beside,
    struct err *e)
{
	const struct archive_made made = { d->bans, d->n, d->owner, d->of_row,
		0, 0 };
	const struct archive_span before = *span;

	if (widen_by_numbers(merge, h, d, span, e) != 0)
		return -1;
	if (before.from_us != span->from_us || before.to_us != span->to_us)
		return 1;
	if (*beside >= BESIDE_MAX || !archive_history_is_short(h, &made))
		return 0;
	*beside *= WIDER;
	return 1;
}

int
merge_decide_and_save(struct merge *merge, struct archive_history *h,
    struct archive_span span, const struct sighting *sightings, size_t n,
    int64_t source, struct err *e)
{
	struct decision d = { 0 };
	int64_t beside = BESIDE;
	int rc;

	for (;;) {
		rc = put(h, sightings, n, e);
		if (rc == 0)
			rc = decide(merge, h, &d, e);
		if (rc == 0)
			rc = is_short(merge, h, &d, &span, &beside, e);
		if (rc != 1)
			break;
		free_decision(&d);
		d = (struct decision){ 0 };
		if ((rc = load(merge, h, &span, beside, e)) != 0)
			break;
	}
	if (rc == 0 && d.n > 0) {
		const struct archive_made made = { d.bans, d.n, d.owner,
			d.of_row, source, sourced(h, &d) };

		rc = archive_history_save(merge->archive, h, &made,
		    &merge->change, e);
	}
	free_decision(&d);
	return rc;
}

/* Find out what the stretch has of t's ticket. */
static void
look_up_ticket(struct merge_ticket *t)
{
	t->has_ban = false;
	for (size_t i = 0; i < t->history.rows_n; i++) {
		if (t->history.rows[i].ban.timeofban != t->timeofban ||
		    t->history.known[i].logged)
			continue;
		t->has_ban = true;
		/* reban banned it again within its second. */
		if (t->history.known[i].known_as == t->timeofban)
			t->known_as = t->timeofban;
	}
}

/*
 * Load the stretch around t's ticket. The ban of a new row may have been made
 * at any time until the row was seen.
 */
static int
load_ticket(struct merge *merge, struct merge_ticket *t,
    const struct sighting *sighting, struct err *e)
{
	struct sighting of = *sighting;

	of.timeofban = t->timeofban;
	if (t->known_as != 0) {
		of.exact = false;
		of.since_us = timestamp_from_seconds(t->timeofban);
	}
	if (merge_span_of(merge->archive, &t->of, &of, &t->span, e) != 0 ||
	    load(merge, &t->history, &t->span, BESIDE, e) != 0)
		return -1;
	look_up_ticket(t);
	if (sighting->kind != SIGHTING_ROW || t->has_ban || t->history.ends)
		return 0;
	t->span.to_us = sighting->at_us;
	return load(merge, &t->history, &t->span, BESIDE, e);
}

/*
 * Set t's made_us and load its ticket again where a fresh ban's event comes
 * before the last ban of the id was made, seen alive or unbanned: the clock was
 * set back. Only an event that comes as it happens shows that. One that has
 * waited in the spool may come after later ones.
 */
static int
follow_last(struct merge *merge, struct merge_ticket *t,
    const struct sighting *first, int64_t last_us, struct err *e)
{
	struct sighting made = *first;

	for (size_t i = 0; i < t->history.rows_n; i++) {
		const struct ban *ban = &t->history.rows[i].ban;

		last_us = number_max(last_us,
		    number_max(ban->life_us, ban->pending_us));
	}
	if (first->kind != SIGHTING_BAN ||
	    first->at_us != merge->change.now_us || last_us <= first->at_us)
		return 0;
	t->made_us = made.made_us = number_add_sat(last_us, 1);
	return load_ticket(merge, t, &made, e);
}

int
merge_open(struct merge *merge, struct merge_ticket *t,
    const struct archive_jail *jail, const char *ident,
    const struct sighting *first, struct err *e)
{
	struct archive *a = merge->archive;
	int64_t last, timeofban;

	*t = (struct merge_ticket){
		.of = { jail->id, ident, merge->host,
		    first->kind == SIGHTING_IMPORT &&
			first->nth >= ANONYMOUS_NTH },
		.noted_us = jail->noted_us,
		.timeofban = first->timeofban,
	};
	t->history.of = t->of;
	t->history.begins = t->history.ends = true;
	if (merge->is_first)
		return 0;
	if (archive_history_last(a, &t->of, &last, e) != 0)
		return -1;
	t->is_known = last != UNKNOWN;
	if (!t->is_known)
		return 0;
	if (load_ticket(merge, t, first, e) != 0 ||
	    (merge->host == NULL && follow_last(merge, t, first, last, e) != 0))
		return -1;
	if (t->noted_us == 0 || t->of.host != NULL || t->has_ban)
		return 0;
	if (archive_history_find_known_as(a, &t->of, t->timeofban, &timeofban,
		e) != 0)
		return -1;
	if (timeofban == UNKNOWN)
		return 0;
	t->known_as = t->timeofban;
	t->timeofban = timeofban;
	return load_ticket(merge, t, first, e);
}

void
merge_close(struct merge_ticket *t)
{
	archive_history_free(&t->history);
}

/*
 * Change a sighting of a ban that fail2ban knows under another second than t's,
 * because reban banned it again: it then speaks of t, which goes on. Other
 * tickets' sightings stay as they are.
 */
static void
adapt(const struct merge_ticket *t, struct sighting *sighting)
{
	if (t->known_as == 0)
		return;
	if (sighting->kind == SIGHTING_BAN)
		sighting->kind = SIGHTING_RESTORED;
	/* It lasts from its own beginning to its new end. */
	if (sighting->seconds != UNKNOWN && sighting->seconds >= 0)
		sighting->seconds = number_add_sat(sighting->seconds,
		    sighting->since_us / TIMESTAMP_US - t->timeofban);
	sighting->timeofban = t->timeofban;
	sighting->since_us = timestamp_from_seconds(t->timeofban);
	sighting->exact = false;
	sighting->other_timeofban = 0;
	/* A ban by hand has no failures. */
	sighting->failures = sighting->bancount = UNKNOWN;
	sighting->matches = sighting->captures = NULL;
}

/*
 * Return 1 when h has a sighting of a row that says the same as row, and note
 * its source; 0 when not, -1 on failure.
 */
static int
find_row(struct merge *merge, const struct archive_history *h,
    const struct sighting *row, int64_t source, struct err *e)
{
	for (size_t i = 0; i < h->n; i++) {
		const struct sighting *known = &h->sightings[i];
		int rc;

		if (known->kind != SIGHTING_ROW ||
		    known->timeofban != row->timeofban ||
		    known->seconds != row->seconds ||
		    known->bancount != row->bancount ||
		    known->failures != row->failures)
			continue;
		rc = evidence_is(merge->archive, known->evidence, row->matches,
		    row->captures, e);
		if (rc == 1 && h->rows[known->row - 1].source != source &&
		    archive_history_set_source(merge->archive,
			h->rows[known->row - 1].ban.id, source, e) != 0)
			return -1;
		if (rc != 0)
			return rc;
	}
	return 0;
}

int
merge_has_row(struct merge *merge, const struct archive_jail *jail,
    const char *ident, const struct sighting *row, int64_t source, bool *has,
    struct err *e)
{
	struct archive_history h = { .of = { jail->id, ident, merge->host,
					 false } };
	int rc =
	    archive_history_load_second(merge->archive, &h, row->timeofban, e);

	if (rc == 0)
		rc = find_row(merge, &h, row, source, e);
	*has = rc == 1;
	archive_history_free(&h);
	return rc < 0 ? -1 : 0;
}

int
merge_has_row_of(struct merge *merge, const struct merge_ticket *t,
    const struct sighting *row, int64_t source, bool *has, struct err *e)
{
	struct sighting wanted = *row;
	int rc;

	adapt(t, &wanted);
	rc = find_row(merge, &t->history, &wanted, source, e);
	*has = rc == 1;
	return rc < 0 ? -1 : 0;
}

/* Let t be the ticket of the noted ban that goes on, if it has not ended. */
static int
continue_noted(struct merge *merge, struct merge_ticket *t, int64_t timeofban,
    const struct sighting *sighting, struct err *e)
{
	bool noted;

	if (archive_history_set_known_as(merge->archive, &t->of, timeofban,
		t->timeofban, &noted, e) != 0)
		return -1;
	if (!noted)
		return 0;
	t->known_as = t->timeofban;
	t->timeofban = timeofban;
	return load_ticket(merge, t, sighting, e);
}

/*
 * Find out whether a sighting answers a note of reban's. *listed: its id came
 * from a list. When it continues an archived ban, t becomes that ban's ticket.
 */
static int
answer_note(struct merge *merge, struct merge_ticket *t,
    const struct sighting *sighting, bool *listed, struct err *e)
{
	struct sighting of_ticket = *sighting;
	struct note_answer answer;

	*listed = false;
	if (sighting->kind == SIGHTING_UNBAN)
		return note_answer_drop(merge->archive, &t->of, t->noted_us,
		    sighting, e);
	of_ticket.timeofban = t->timeofban;
	if (note_answer_take(merge->archive, &t->of, t->noted_us, t->has_ban,
		&of_ticket, &answer, e) != 0)
		return -1;
	*listed = answer.listed;
	return answer.continues == UNKNOWN ?
	    0 :
	    continue_noted(merge, t, answer.continues, sighting, e);
}

/* Return true when a folded sighting stands for the sighting. */
static bool
is_folded(const struct sighting *folded, const struct sighting *sighting)
{
	return folded->kind == SIGHTING_FOLDED &&
	    sighting->kind <= SIGHTING_UNBAN &&
	    sighting->kind != SIGHTING_ROW &&
	    sighting->timeofban == folded->timeofban &&
	    sighting->at_us >= folded->made_us &&
	    sighting->at_us <= folded->at_us;
}

/* Return 1 when the archive has the sighting already, 0 when not, -1 on
 * failure. */
static int
is_known(struct merge *merge, const struct archive_history *h,
    const struct sighting *sighting, struct err *e)
{
	for (size_t i = 0; i < h->n; i++) {
		const struct sighting *known = &h->sightings[i];
		int same = is_folded(known, sighting) ||
		    sighting_is_same(known, sighting);

		if (same == 1 && !sighting_is_own(sighting))
			same = evidence_is(merge->archive, known->evidence,
			    sighting->matches, sighting->captures, e);
		if (same != 0)
			return same;
	}
	return 0;
}

/* Archive the evidence of a sighting; a row of t that says the same is used. */
static int
add_evidence(struct merge *merge, const struct archive_history *h,
    struct sighting *sighting, struct err *e)
{
	int64_t last = 0;
	int rc;

	sighting->has_matches =
	    sighting->matches != NULL && strcmp(sighting->matches, "[]") != 0;
	if (sighting->matches == NULL && sighting->captures == NULL)
		return 0;
	for (size_t i = 0; i < h->n; i++) {
		int64_t id = h->sightings[i].evidence;

		if (id == 0 || id == last ||
		    h->sightings[i].timeofban != sighting->timeofban)
			continue;
		rc = evidence_is(merge->archive, id, sighting->matches,
		    sighting->captures, e);
		if (rc == 1)
			sighting->evidence = id;
		if (rc != 0)
			return rc < 0 ? -1 : 0;
		last = id;
	}
	return evidence_add(merge->archive, sighting->matches,
	    sighting->captures, &sighting->evidence, e);
}

/* Take the sightings that the archive has not yet into fresh; *n changes. */
static int
take_fresh(struct merge *merge, struct merge_ticket *t,
    const struct sighting *sightings, bool listed, struct sighting *fresh,
    size_t *n, struct err *e)
{
	size_t all = *n;

	*n = 0;
	for (size_t i = 0; i < all; i++) {
		struct sighting *sighting = &fresh[*n];
		int known;

		*sighting = sightings[i];
		adapt(t, sighting);
		if (listed &&
		    (sighting->kind == SIGHTING_BAN ||
			sighting->kind == SIGHTING_ROW))
			sighting->origin = BAN_FROM_LIST;
		if ((known = is_known(merge, &t->history, sighting, e)) < 0)
			return -1;
		if (known == 1)
			continue;
		if (sighting->kind == SIGHTING_BAN)
			sighting->made_us = t->made_us;
		if (add_evidence(merge, &t->history, sighting, e) != 0 ||
		    (sighting->kind == SIGHTING_RESTORED &&
			archive_jail_restored(merge->archive, t->of.jail,
			    sighting->at_us, e) != 0))
			return -1;
		(*n)++;
	}
	return 0;
}

/* No witness reports more sightings of one ban at a time. */
#define FRESH_MAX 4

int
merge_add(struct merge *merge, struct merge_ticket *t,
    const struct sighting *sightings, size_t n, int64_t source, struct err *e)
{
	struct sighting fresh[FRESH_MAX];
	bool listed;
	int refused;

	if (n == 0)
		return 0;
	if (n > FRESH_MAX)
		return err_set(e, EX_SOFTWARE, "too many sightings at a time");
	if (!t->has_ban && merge->refuse != NULL &&
	    (refused = merge->refuse(merge->refuse_context, &t->of,
		 sightings[0].ip, sightings[0].since_us, e)) != 0) {
		merge->refused += refused > 0;
		return refused < 0 ? -1 : 0;
	}
	if (answer_note(merge, t, &sightings[0], &listed, e) != 0 ||
	    take_fresh(merge, t, sightings, listed, fresh, &n, e) != 0)
		return -1;
	return n == 0 ? 0 :
			merge_decide_and_save(merge, &t->history, t->span,
			    fresh, n, source, e);
}

int
merge_sightings(struct merge *merge, const char *jail, const char *ident,
    const struct sighting *sightings, size_t n, int64_t source, struct err *e)
{
	struct archive_jail row;
	struct merge_ticket t;
	int rc;

	if (archive_jail_get(merge->archive, jail, &row, e) != 0)
		return -1;
	rc = merge_open(merge, &t, &row, ident, &sightings[0], e);
	if (rc == 0)
		rc = merge_add(merge, &t, sightings, n, source, e);
	merge_close(&t);
	return rc;
}

int
merge_decide_again(struct merge *merge, const struct archive_ident *of,
    const struct archive_span *span, struct err *e)
{
	struct archive_history h = { .of = *of };
	int rc = load(merge, &h, span, BESIDE, e);

	if (rc == 0)
		rc = merge_decide_and_save(merge, &h, *span, NULL, 0, 0, e);
	archive_history_free(&h);
	return rc;
}

/* A flush that waited in the spool may have ended bans before later events. */
static int
flush_late(struct merge *merge, int64_t jail, int64_t at_us, struct err *e)
{
	struct flushed_bans bans;
	int rc =
	    archive_jail_find_flushed(merge->archive, jail, at_us, &bans, e);

	for (size_t i = 0; i < bans.n && rc == 0; i++) {
		const struct archive_ident of = { jail, bans.list[i].ident,
			NULL, false };
		const struct archive_span span = { .from_us =
						       bans.list[i].made_us,
			.to_us = bans.list[i].last_us };

		rc = merge_decide_again(merge, &of, &span, e);
	}
	archive_jail_free_flushed(&bans);
	return rc;
}

int
merge_flush(struct merge *merge, const char *jail, int64_t at_us, struct err *e)
{
	struct archive_jail row;

	if (archive_jail_get(merge->archive, jail, &row, e) != 0 ||
	    archive_jail_flushed(merge->archive, row.id, at_us, e) != 0)
		return -1;
	return at_us < merge->change.now_us ?
	    flush_late(merge, row.id, at_us, e) :
	    0;
}
