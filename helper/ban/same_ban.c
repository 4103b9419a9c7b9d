/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ban/same_ban.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/number.h"
#include "base/timestamp.h"

/* A second of a ticket, and the last draft of it, counted from 1. */
struct second {
	int64_t timeofban;
	size_t last;
};

/* The drafts so far, and what they are made of. */
struct making {
	const struct history *h;
	struct draft *drafts;
	size_t n;
	struct second *seconds; /* sorted; one for each sighting */
	int64_t newest_us; /* when the last of them was made; INT64_MAX: look */
	int64_t deleted_us; /* the last end that deleted all rows */
};

static int
compare_seconds(const void *pa, const void *pb)
{
	const struct second *a = pa, *b = pb;

	return number_compare(a->timeofban, b->timeofban);
}

/* Return a second, NULL: no sighting is of it. */
static struct second *
find_second(const struct making *m, int64_t timeofban)
{
	size_t low = 0, high = m->h->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (m->seconds[middle].timeofban < timeofban)
			low = middle + 1;
		else
			high = middle;
	}
	return low < m->h->n && m->seconds[low].timeofban == timeofban ?
	    &m->seconds[low] :
	    NULL;
}

/* Return the last draft of a second, NULL: there is none. */
static struct draft *
last_draft(const struct making *m, int64_t timeofban)
{
	const struct second *second = find_second(m, timeofban);

	return second == NULL || second->last == 0 ?
	    NULL :
	    &m->drafts[second->last - 1];
}

/* Return the draft of the same second before d, NULL: d is the first. */
static struct draft *
before(const struct making *m, const struct draft *d)
{
	return d->before == 0 ? NULL : &m->drafts[d->before - 1];
}

/*
 * Return true when a fresh ban with the ticket of a draft that lives begins
 * another one: the draft was unbanned or flushed meanwhile. It ends then.
 */
static bool
end_if_over(const struct making *m, struct draft *d,
    const struct sighting *sighting)
{
	/* A row alone does not show whether the ban was made before a flush. */
	int64_t flushed_us = d->ban.life_us == 0 ?
	    0 :
	    draft_first_flush(m->h, draft_held_us(d), sighting->at_us);
	const struct ban_end_verdict manual = ban_end_by_ban_again(
					 d->ban.pending_us),
				     inferred = { BAN_INFERRED, flushed_us };

	if (d->ban.pending_us != 0)
		draft_end_by(d, BAN_END_BY_EVENT, &manual);
	else if (flushed_us != 0)
		draft_end_by(d, BAN_END_BY_RUN, &inferred);
	return d->ban.end != BAN_LIVES;
}

/* Return true when the sighting begins another ban than d. */
static bool
begins_another(const struct making *m, struct draft *d,
    const struct sighting *sighting)
{
	if (sighting->kind != SIGHTING_BAN)
		return false;
	if (d->ban.end == BAN_LIVES)
		return end_if_over(m, d, sighting);
	return sighting->at_us >= d->gone_us;
}

/* The drafts of a second that an import may speak of. */
struct candidates {
	int64_t same;	     /* seen here, of its time */
	int64_t near;	     /* seen here, of which only the second is known */
	struct draft *first; /* of same */
	struct draft *numbered; /* an import of its time and number made it */
};

static bool
is_near(const struct draft *d, const struct sighting *import)
{
	return !d->imported && (!d->ban.exact || !import->exact);
}

static struct candidates
find_candidates(const struct making *m, const struct sighting *import)
{
	struct candidates found = { 0 };

	for (struct draft *d = last_draft(m, import->timeofban); d != NULL;
	     d = before(m, d)) {
		bool same = d->ban.since_us == import->since_us;

		if (same && d->imported) {
			if (d->import_nth == import->nth)
				found.numbered = d;
		} else if (same) {
			found.same++;
			found.first = d;
		} else if (is_near(d, import)) {
			found.near++;
		}
	}
	return found;
}

/*
 * Find the draft that an import speaks of. Its archive numbers the bans of a
 * time. So it is that of the same number among the bans of its time that were
 * seen here; if there are none, among those of which only the second is known
 * here, or in the import. One of a greater number is a ban of its own: two
 * imports of two numbers are never one ban.
 */
static struct draft *
find_nth(const struct making *m, const struct sighting *import)
{
	const struct candidates found = find_candidates(m, import);
	int64_t after = found.near - 1 - import->nth;

	if (found.numbered != NULL)
		return found.numbered;
	if (found.same > 0)
		after = found.same - 1 -
		    (import->nth - draft_first_nth(m->h, found.first));
	for (struct draft *d = last_draft(m, import->timeofban); d != NULL;
	     d = before(m, d)) {
		bool is_one = found.same > 0 ?
		    !d->imported && d->ban.since_us == import->since_us :
		    is_near(d, import);

		if (is_one && after-- == 0)
			return d;
	}
	return NULL;
}

/*
 * Find the draft that was judged: the last of its second that was made when the
 * judged ban was, or else the first one.
 */
static struct draft *
find_judged(const struct making *m, const struct sighting *judged)
{
	int64_t made_us =
	    judged->made_us != 0 ? judged->made_us : judged->at_us;
	struct draft *first = NULL, *found = NULL;

	for (struct draft *d = last_draft(m, judged->timeofban); d != NULL;
	     d = before(m, d)) {
		first = d;
		if (d->ban.made_us <= made_us &&
		    (found == NULL || d->ban.made_us > found->ban.made_us))
			found = d;
	}
	return found != NULL ? found : first;
}

/*
 * Find the latest draft that the sighting may speak of, NULL when there is
 * none. A sighting that has the exact time never speaks of a ban of another
 * exact time.
 */
static struct draft *
find(const struct making *m, const struct sighting *sighting)
{
	struct draft *inexact = NULL;

	if (sighting->kind == SIGHTING_IMPORT)
		return find_nth(m, sighting);
	if (sighting->kind == SIGHTING_JUDGED)
		return find_judged(m, sighting);
	for (struct draft *d = last_draft(m, sighting->timeofban); d != NULL;
	     d = before(m, d)) {
		if (!sighting->exact ||
		    (d->ban.exact && d->ban.since_us == sighting->since_us))
			return d;
		if (!d->ban.exact && inexact == NULL)
			inexact = d;
	}
	return inexact;
}

/* Return when the last of the drafts was made that were made by then. */
static int64_t
last_made(const struct making *m, int64_t by_us)
{
	int64_t made_us = INT64_MIN;

	if (m->newest_us <= by_us)
		return m->newest_us;
	for (size_t i = 0; i < m->n; i++) {
		int64_t us = m->drafts[i].ban.made_us;

		if (us <= by_us && us > made_us)
			made_us = us;
	}
	return made_us;
}

/* Return when the last ban of an exact time was made, INT64_MIN: none is. */
static int64_t
made_of_time(const struct making *m, const struct sighting *import)
{
	int64_t made_us = INT64_MIN;

	for (const struct draft *d = last_draft(m, import->timeofban);
	     d != NULL; d = before(m, d)) {
		if (d->ban.since_us == import->since_us &&
		    d->ban.made_us > made_us)
			made_us = d->ban.made_us;
	}
	return made_us;
}

/*
 * Return the last end before a row was seen that deleted all rows of the id:
 * the row is of a later ban. INT64_MIN: there was none.
 */
static int64_t
last_deleted(const struct making *m, const struct sighting *row)
{
	int64_t deleted_us = INT64_MIN;

	if (m->deleted_us < row->at_us)
		return m->deleted_us;
	for (size_t i = 0; i < m->n; i++) {
		int64_t us = m->drafts[i].deleted_us;

		if (us < row->at_us && us > deleted_us)
			deleted_us = us;
	}
	return deleted_us;
}

/* Return when a ban was made, as a fresh ban's event shows it. */
static int64_t
begun_us(const struct sighting *ban)
{
	return ban->made_us != 0 ? ban->made_us : ban->at_us;
}

/* Return when fail2ban made the ban of which this is the first sighting. */
static int64_t
find_made(const struct making *m, const struct sighting *sighting)
{
	int64_t ticket_us = sighting_ticket_us(sighting);
	const struct draft *earlier = NULL;
	int64_t before_us = INT64_MIN;

	switch (sighting->kind) {
	case SIGHTING_BAN:
		return begun_us(sighting);
	case SIGHTING_RESTORED:
	case SIGHTING_PROLONG:
	case SIGHTING_UNBAN:
		before_us = last_made(m, sighting->at_us);
		break;
	case SIGHTING_ROW:
		before_us = last_deleted(m, sighting);
		if (sighting->other_timeofban != 0 &&
		    sighting->other_timeofban != sighting->timeofban)
			earlier = last_draft(m, sighting->other_timeofban);
		if (earlier != NULL && draft_held_us(earlier) > before_us)
			before_us = draft_held_us(earlier);
		break;
	case SIGHTING_FOLDED:
	case SIGHTING_JUDGED:
		if (sighting->made_us != 0)
			return sighting->made_us;
		break;
	case SIGHTING_IMPORT:
		ticket_us = sighting_import_us(sighting);
		before_us = made_of_time(m, sighting);
		break;
	case SIGHTING_OLD_ROW:
		break;
	}
	return before_us < ticket_us ? ticket_us : number_add_sat(before_us, 1);
}

/* Add a draft, the last of its second. */
static struct draft *
add_draft(struct making *m, const struct sighting *sighting)
{
	struct second *second = find_second(m, sighting->timeofban);
	struct draft *d = &m->drafts[m->n];

	*d = (struct draft){
		.before = second->last,
		.ban = {
			.made_us = find_made(m, sighting),
			.timeofban = sighting->timeofban,
			.since_us = sighting->exact ?
			    sighting->since_us :
			    timestamp_from_seconds(sighting->timeofban),
			.exact = sighting->exact,
			.seconds = UNKNOWN,
			.bancount = UNKNOWN,
			.failures = UNKNOWN,
			.ended_us = UNKNOWN,
		},
		.gone_us = INT64_MAX,
		.first_us = INT64_MAX,
		.known_as = UNKNOWN,
		.counted_us = INT64_MIN,
		.deleted_us = INT64_MIN,
		.unban_seconds = UNKNOWN,
		.row_seconds = UNKNOWN,
		.tag_seconds = UNKNOWN,
		.import_seconds = UNKNOWN,
		.imported = !sighting_is_own(sighting),
		.import_nth = sighting->nth,
	};
	second->last = ++m->n;
	if (d->ban.made_us > m->newest_us)
		m->newest_us = d->ban.made_us;
	return d;
}

/* Set when a draft was made, which is known better now. */
static void
set_made(struct making *m, struct draft *d, int64_t made_us)
{
	d->ban.made_us = made_us;
	m->newest_us = INT64_MAX;
}

/* Count a restored sighting unless it is a retry, and reopen the ban. */
static void
take_restored(struct draft *d, const struct sighting *sighting)
{
	/* It is much earlier when the clock was set back. */
	if (d->counted_us == INT64_MIN ||
	    number_sub_sat(sighting->at_us, d->counted_us) > BAN_RETRY_US ||
	    number_sub_sat(d->counted_us, sighting->at_us) > BAN_RETRY_US) {
		d->ban.restored++;
		d->counted_us = sighting->at_us;
	}
	/* By a clock that was set back it is taken last; the end came later. */
	if (d->ban.end != BAN_LIVES &&
	    sighting_is_before_ticket(sighting, sighting->at_us) &&
	    !sighting_is_before_ticket(sighting, d->gone_us))
		return;
	draft_reopen(d);
	d->ban.pending_us = 0;
	d->unban_seconds = UNKNOWN;
}

/* Note that all rows of the id were deleted by then. */
static void
note_deleted(struct making *m, struct draft *d, int64_t deleted_us)
{
	d->deleted_us = deleted_us;
	if (deleted_us > m->deleted_us)
		m->deleted_us = deleted_us;
}

static void
take_unban(struct making *m, struct draft *d, const struct sighting *sighting)
{
	const struct ban_end_unban unban = {
		.since_us = sighting->since_us,
		.seconds = sighting->seconds,
		.at_us = sighting->at_us,
		.rows_gone = sighting->end == BAN_MANUAL,
	};
	const struct ban_end_verdict verdict = ban_end_by_unban(&unban);

	if (sighting->seconds != UNKNOWN)
		d->unban_seconds = sighting->seconds;
	if (unban.rows_gone)
		note_deleted(m, d, sighting->at_us);
	if (verdict.end != BAN_LIVES)
		draft_end_by(d, BAN_END_BY_EVENT, &verdict);
	else if (d->ban.end == BAN_LIVES || !d->end_seen)
		d->ban.pending_us = sighting->at_us;
}

/* Take the ban's end from a judgement of a run, or from an import. */
static void
take_end(struct draft *d, enum ban_end_source source,
    const struct sighting *sighting)
{
	const struct ban_end_verdict verdict = { sighting->end,
		sighting->ended_us };

	draft_end_by(d, source, &verdict);
}

/* Take the fields of a sighting; a row's values beat those of an event. */
static void
take_fields(struct draft *d, const struct sighting *sighting)
{
	struct ban *ban = &d->ban;
	bool row = sighting->kind == SIGHTING_ROW;

	if (row && sighting->seconds != UNKNOWN)
		d->row_seconds = sighting->seconds;
	if (!row && sighting->kind != SIGHTING_UNBAN &&
	    sighting->seconds != UNKNOWN)
		d->tag_seconds = sighting->seconds;
	if (sighting->bancount != UNKNOWN &&
	    sighting->kind != SIGHTING_RESTORED &&
	    sighting->kind != SIGHTING_UNBAN && (row || !d->row_bancount)) {
		ban->bancount = sighting->bancount;
		d->row_bancount = row;
	}
	if (sighting->failures != UNKNOWN &&
	    (row ||
		(!d->row_failures &&
		    (sighting->kind == SIGHTING_BAN ||
			ban->failures == UNKNOWN)))) {
		ban->failures = sighting->failures;
		d->row_failures = row;
	}
	if (sighting->evidence != 0 && (row || !d->row_evidence)) {
		ban->evidence = sighting->evidence;
		d->row_evidence = row;
	}
	d->listed = d->listed || sighting->origin == BAN_FROM_LIST;
}

/* Take the values from an import that are not known here. */
static void
take_import(struct draft *d, const struct sighting *sighting)
{
	struct ban *ban = &d->ban;

	ban->seen |= sighting->kind == SIGHTING_IMPORT ? sighting->seen :
							 BAN_SEEN_IMPORT;
	if (d->import_seconds == UNKNOWN)
		d->import_seconds = sighting->seconds;
	if (ban->bancount == UNKNOWN)
		ban->bancount = sighting->bancount;
	if (ban->failures == UNKNOWN)
		ban->failures = sighting->failures;
	if (ban->evidence == 0)
		ban->evidence = sighting->evidence;
	if (ban->restored < sighting->restored)
		ban->restored = sighting->restored;
	if (d->import_origin == BAN_FROM_UNKNOWN)
		d->import_origin = sighting->origin;
	take_end(d, BAN_END_BY_IMPORT, sighting);
}

/*
 * Take the verdict that the server has the ban. It holds only the last ban of
 * an id: for an earlier one the verdict is ignored.
 */
static void
take_back(const struct making *m, struct draft *d,
    const struct sighting *judged)
{
	if (d->ban.made_us < last_made(m, judged->at_us))
		return;
	take_end(d, BAN_END_BY_RUN, judged);
	if (d->ban.end != BAN_LIVES)
		return;
	d->ban.pending_us = 0;
	d->back_us = judged->at_us;
}

/*
 * The row of a later ban stood in place of the judged one's: no fresh ban's
 * event shows when the later one was made, but it was after this one.
 */
static void
move_later(struct making *m, const struct draft *d,
    const struct sighting *judged)
{
	struct draft *other = judged->other_timeofban == 0 ?
	    NULL :
	    last_draft(m, judged->other_timeofban);

	if (other == NULL || other == d || other->begun_us != 0 ||
	    other->ban.made_us > d->ban.made_us)
		return;
	set_made(m, other, number_add_sat(draft_held_us(d), 1));
}

/*
 * Take the verdict of a run, unless an event has shown the ban alive since. The
 * run may not have known yet of a flush, where it found the rows gone, or of
 * the unban.
 */
static void
take_judged(struct making *m, struct draft *d, const struct sighting *judged)
{
	int64_t held_us = draft_held_us(d);
	struct ban_end_verdict verdict = { judged->end, judged->ended_us };
	int64_t flushed_us;

	if (judged->at_us < d->ban.life_us)
		return;
	if (judged->end == BAN_LIVES) {
		take_back(m, d, judged);
		return;
	}
	if (judged->held_us > held_us)
		held_us = judged->held_us;
	if (verdict.end == BAN_FLUSHED && verdict.ended_us < held_us)
		verdict = (struct ban_end_verdict){ BAN_MANUAL, judged->at_us };
	flushed_us = draft_first_flush(m->h, held_us, verdict.ended_us);
	if (verdict.end == BAN_MANUAL && flushed_us != 0)
		verdict = (struct ban_end_verdict){ BAN_FLUSHED, flushed_us };
	if (d->ban.pending_us > held_us &&
	    d->ban.pending_us < verdict.ended_us) {
		if (verdict.end == BAN_FLUSHED)
			verdict.end = BAN_MANUAL;
		verdict.ended_us = d->ban.pending_us;
	}
	draft_end_by(d, BAN_END_BY_RUN, &verdict);
	if (verdict.end == BAN_MANUAL || verdict.end == BAN_FLUSHED)
		note_deleted(m, d, verdict.ended_us);
	move_later(m, d, judged);
}

/* Take several events that were folded into one. */
static void
take_folded(struct draft *d, const struct sighting *folded)
{
	d->ban.restored += folded->restored;
	d->counted_us = folded->at_us;
	draft_reopen(d);
	d->ban.pending_us = 0;
	d->unban_seconds = UNKNOWN;
}

/*
 * A fresh ban's event shows when the ban was made, unless the ban was seen
 * alive before.
 */
static void
take_ban(struct making *m, struct draft *d, const struct sighting *sighting)
{
	if (d->begun_us != 0 ||
	    (d->ban.life_us != 0 && d->ban.life_us <= sighting->at_us))
		return;
	if (d->ban.made_us != begun_us(sighting))
		set_made(m, d, begun_us(sighting));
	d->begun_us = sighting->at_us;
}

/* Take what follows from the kind of the sighting. */
static void
take_kind(struct making *m, struct draft *d, const struct sighting *sighting)
{
	switch (sighting->kind) {
	case SIGHTING_BAN:
		take_ban(m, d, sighting);
		break;
	case SIGHTING_RESTORED:
		take_restored(d, sighting);
		break;
	case SIGHTING_FOLDED:
		take_folded(d, sighting);
		break;
	case SIGHTING_PROLONG:
		break;
	case SIGHTING_UNBAN:
		take_unban(m, d, sighting);
		break;
	case SIGHTING_ROW:
		d->ban.seen |= BAN_SEEN_DATABASE;
		break;
	case SIGHTING_JUDGED:
		take_judged(m, d, sighting);
		break;
	case SIGHTING_IMPORT:
	case SIGHTING_OLD_ROW:
		take_import(d, sighting);
		break;
	}
	if (sighting_is_event(sighting))
		d->ban.seen |= BAN_SEEN_EVENT;
	if (sighting_shows_life(sighting) && sighting->at_us > d->ban.life_us)
		d->ban.life_us = sighting->at_us;
}

static void
take_sighting(struct making *m, struct draft *d,
    const struct sighting *sighting)
{
	take_kind(m, d, sighting);
	if (sighting->exact && !d->ban.exact) {
		d->ban.since_us = sighting->since_us;
		d->ban.exact = true;
		if (d->ban.made_us < sighting->since_us && d->begun_us == 0)
			set_made(m, d, sighting->since_us);
	}
	if (sighting_is_own(sighting)) {
		take_fields(d, sighting);
		if (d->first_us == INT64_MAX)
			d->first_us = sighting->at_us;
	}
	d->has_matches = d->has_matches || sighting->has_matches;
	if (d->ban.ip == NULL)
		d->ban.ip = sighting->ip;
	if (d->ban.row == 0)
		d->ban.row = sighting->row;
}

/* After the last sighting: set the fields that depend on several of them. */
static void
finish(struct draft *d)
{
	struct ban *ban = &d->ban;

	ban->seconds = d->unban_seconds != UNKNOWN ? d->unban_seconds :
	    d->row_seconds != UNKNOWN		   ? d->row_seconds :
	    d->tag_seconds != UNKNOWN		   ? d->tag_seconds :
						     d->import_seconds;
	draft_bound_end(d);
	if (ban->seen & BAN_SEEN_HERE)
		ban->seen &= BAN_SEEN_HERE;
	else if (ban->seen & BAN_SEEN_IMPORT)
		ban->seen = BAN_SEEN_IMPORT;
	ban->origin = draft_origin(d);
}

/* No draft has the sighting: a judgement that waits for its ban. */
#define NONE SIZE_MAX

static void
take(struct making *m, const struct sighting *sighting, size_t *owner)
{
	struct draft *d = find(m, sighting);

	if (d == NULL || begins_another(m, d, sighting))
		d = add_draft(m, sighting);
	take_sighting(m, d, sighting);
	*owner = (size_t)(d - m->drafts);
}

int
same_ban_make_drafts(const struct history *h, struct draft *drafts,
    size_t *owner, size_t *n)
{
	const struct sighting *sightings = h->sightings;
	struct making m = { h, drafts, 0, calloc(h->n + 1, sizeof(*m.seconds)),
		INT64_MIN, INT64_MIN };

	if (m.seconds == NULL)
		return -1;
	for (size_t i = 0; i < h->n; i++)
		m.seconds[i].timeofban = sightings[i].timeofban;
	qsort(m.seconds, h->n, sizeof(*m.seconds), compare_seconds);
	for (size_t i = 0; i < h->n; i++) {
		owner[i] = NONE;
		/* Only an import may show the ban that was judged. */
		if (sightings[i].kind != SIGHTING_JUDGED ||
		    find(&m, &sightings[i]) != NULL)
			take(&m, &sightings[i], &owner[i]);
	}
	for (size_t i = 0; i < h->n; i++) {
		if (owner[i] == NONE)
			take(&m, &sightings[i], &owner[i]);
	}
	for (size_t i = 0; i < m.n; i++)
		finish(&drafts[i]);
	free(m.seconds);
	*n = m.n;
	return 0;
}
