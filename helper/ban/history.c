/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ban/history.h"

#include <stdlib.h>

#include "ban/same_ban.h"
#include "base/number.h"

/* The drafts of a history, and the order in which their bans were made. */
struct sequence {
	struct history *h;
	struct draft *drafts;
	size_t n;
	size_t *place; /* of each draft in the order */
};

/* Put the drafts into the order of their making. */
static int
sort_drafts(struct sequence *s)
{
	struct draft_place *order = calloc(s->n + 1, sizeof(*order));
	struct draft *sorted = calloc(s->n + 1, sizeof(*sorted));
	int rc = order != NULL && sorted != NULL ? 0 : -1;

	if (rc == 0) {
		draft_order(s->drafts, s->n, order);
		for (size_t i = 0; i < s->n; i++) {
			sorted[i] = s->drafts[order[i].draft];
			s->place[order[i].draft] = i;
		}
		for (size_t i = 0; i < s->n; i++)
			s->drafts[i] = sorted[i];
	}
	free(order);
	free(sorted);
	return rc;
}

/*
 * Only the first of several drafts keeps the row of the archive they had. Take
 * from it what is known of the draft beyond its sightings.
 */
static int
look_up_rows(const struct sequence *s)
{
	bool *kept = calloc(s->h->rows_n + 1, sizeof(*kept));

	if (kept == NULL)
		return -1;
	for (size_t i = 0; i < s->n; i++) {
		struct draft *d = &s->drafts[i];

		if (d->ban.row == 0)
			continue;
		if (kept[d->ban.row]) {
			d->ban.row = 0;
			continue;
		}
		kept[d->ban.row] = true;
		d->known_as = s->h->rows[d->ban.row - 1].known_as;
	}
	free(kept);
	return 0;
}

/*
 * Return true when a ban shows nothing of the end of another one: both are
 * imports, whose archive knew that the one had ended and the other lived. An
 * export does not show in which order they were made.
 */
static bool
is_silent_about(const struct draft *other, const struct draft *d)
{
	return d->imported && other->imported && other->ban.end != BAN_LIVES;
}

/* Return when a ban was made by the clock of then, which was set back. */
static int64_t
made_by_clock(const struct draft *d)
{
	return d->begun_us != 0 && d->begun_us < d->ban.made_us ?
	    d->begun_us :
	    d->ban.made_us;
}

/*
 * Return when a ban that lives was over: when the next one was made, or at a
 * later sign of life of another one, whichever came first. INT64_MAX: never.
 * *clock_us is that time by the clock of then. lived_us: the last sign of life
 * of all bans made before it.
 */
static int64_t
over_us(const struct sequence *s, size_t i, int64_t lived_us, int64_t *clock_us)
{
	int64_t held_us = draft_held_us(&s->drafts[i]);
	int64_t first_us = lived_us > held_us ? lived_us : INT64_MAX;

	for (size_t k = i + 1; k < s->n; k++) {
		const struct draft *other = &s->drafts[k];

		if (is_silent_about(other, &s->drafts[i]))
			continue;
		if (other->ban.made_us >= held_us) {
			*clock_us = number_min(made_by_clock(other), first_us);
			return number_min(other->ban.made_us, first_us);
		}
		if (other->ban.life_us > held_us &&
		    other->ban.life_us < first_us)
			first_us = other->ban.life_us;
	}
	*clock_us = first_us;
	return first_us;
}

/*
 * End a ban that no sighting ends (rule 4). Only a ban of the log's own ends by
 * its time alone: a reconcile run judges the others.
 */
static void
end_unseen(const struct sequence *s, size_t i, int64_t lived_us)
{
	struct draft *d = &s->drafts[i];
	int64_t over, clock_us, flushed;
	int64_t expired_us = ban_end_expiry_us(d->ban.since_us, d->ban.seconds);
	struct ban_end_verdict verdict;

	over = over_us(s, i, lived_us, &clock_us);
	if (over == INT64_MAX && (!d->logged || expired_us >= s->h->overdue_us))
		return;
	if (d->ban.pending_us > draft_held_us(d) && d->ban.pending_us < over) {
		verdict = ban_end_by_ban_again(d->ban.pending_us);
		draft_end_by(d, BAN_END_BY_EVENT, &verdict);
		return;
	}
	flushed =
	    d->logged ? 0 : draft_first_flush(s->h, draft_held_us(d), over);
	verdict = ban_end_unseen(expired_us, flushed != 0 ? flushed : clock_us);
	draft_end_by(d, BAN_END_BY_RUN, &verdict);
}

static void
end_all(const struct sequence *s)
{
	int64_t lived_us = INT64_MIN;

	for (size_t i = 0; i < s->n; i++) {
		const struct ban *ban = &s->drafts[i].ban;

		if (ban->end == BAN_LIVES)
			end_unseen(s, i, lived_us);
		if (ban->life_us > lived_us)
			lived_us = ban->life_us;
	}
}

/* Return the row that was made of the line of that moment, NULL: none was. */
static const struct history_row *
find_logged(const struct history *h, int64_t line_us)
{
	size_t low = 0, high = h->rows_n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (h->rows[middle].made_us < line_us)
			low = middle + 1;
		else
			high = middle;
	}
	while (low < h->rows_n && h->rows[low].made_us == line_us &&
	    !h->rows[low].logged)
		low++;
	return low < h->rows_n && h->rows[low].made_us == line_us ?
	    &h->rows[low] :
	    NULL;
}

/*
 * A ban of the log's own, and a new ban to which its line belongs, continues
 * the row that was made of that line.
 */
static void
continue_logged(const struct sequence *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct draft *d = &s->drafts[i];
		const struct history_row *row = NULL;

		if (d->ban.row == 0 && d->lined)
			row = find_logged(s->h, d->line_us);
		if (row != NULL)
			d->ban.row = (size_t)(row - s->h->rows) + 1;
	}
}

/*
 * Put the drafts of one time together: first those that imports made, by their
 * numbers, then the others as they were made.
 */
static int
compare_turns(const void *pa, const void *pb)
{
	const struct draft *a = *(struct draft *const *)pa,
			   *b = *(struct draft *const *)pb;

	if (a->ban.since_us != b->ban.since_us)
		return number_compare(a->ban.since_us, b->ban.since_us);
	if (a->imported != b->imported)
		return a->imported ? -1 : 1;
	if (a->imported && a->import_nth != b->import_nth)
		return number_compare(a->import_nth, b->import_nth);
	return a < b ? -1 : a > b;
}

/* Number the n bans of one time (rule 5). */
static void
number_turns(const struct sequence *s, struct draft **turns, size_t n)
{
	size_t imports = 0, taken = 0;
	int64_t nth;

	for (; imports < n && turns[imports]->imported; imports++)
		turns[imports]->ban.nth = (int)turns[imports]->import_nth;
	nth = imports < n ? draft_first_nth(s->h, turns[imports]) : 0;
	for (size_t i = imports; i < n; i++, nth++) {
		for (; taken < imports && turns[taken]->import_nth <= nth;
		     taken++)
			nth += turns[taken]->import_nth == nth;
		turns[i]->ban.nth = (int)nth;
	}
}

static int
set_nth(const struct sequence *s)
{
	struct draft **turns = calloc(s->n + 1, sizeof(struct draft *));

	if (turns == NULL)
		return -1;
	for (size_t i = 0; i < s->n; i++)
		turns[i] = &s->drafts[i];
	qsort(turns, s->n, sizeof(struct draft *), compare_turns);
	for (size_t i = 0, n; i < s->n; i += n) {
		for (n = 1; i + n < s->n; n++) {
			if (turns[i + n]->ban.since_us !=
			    turns[i]->ban.since_us)
				break;
		}
		number_turns(s, &turns[i], n);
	}
	free(turns);
	return 0;
}

static int
make_bans(struct sequence *s, struct ban *bans, size_t *owner)
{
	struct history *h = s->h;
	const struct history_lines log = { h->lines, h->lines_n, h->sightings,
		h->n, owner };

	draft_sort_by_nth(h);
	if (same_ban_make_drafts(h, s->drafts, owner, &s->n) != 0 ||
	    look_up_rows(s) != 0 ||
	    (h->lines_n > 0 && bans_of_log(&log, s->drafts, &s->n) != 0) ||
	    sort_drafts(s) != 0)
		return -1;
	end_all(s);
	continue_logged(s);
	if (set_nth(s) != 0)
		return -1;
	for (size_t i = 0; i < s->n; i++)
		bans[i] = s->drafts[i].ban;
	for (size_t i = 0; i < h->n; i++)
		owner[i] = s->place[owner[i]];
	return 0;
}

int
history_make_bans(struct history *h, struct ban *bans, size_t *owner,
    size_t *count)
{
	size_t room = h->n + h->lines_n + 1;
	struct sequence s = {
		.h = h,
		.drafts = calloc(room, sizeof(*s.drafts)),
		.place = calloc(room, sizeof(*s.place)),
	};
	int rc = -1;

	h->by_nth = calloc(h->rows_n + 1, sizeof(const struct history_row *));
	if (s.drafts != NULL && s.place != NULL && h->by_nth != NULL) {
		if (h->n > 0)
			qsort(h->sightings, h->n, sizeof(*h->sightings),
			    sighting_compare);
		rc = make_bans(&s, bans, owner);
	}
	*count = s.n;
	free(s.drafts);
	free(s.place);
	free(h->by_nth);
	h->by_nth = NULL;
	return rc;
}
