/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ban/draft.h"

#include <stdlib.h>

#include "base/number.h"

static int
compare_places(const void *pa, const void *pb)
{
	const struct draft_place *a = pa, *b = pb;

	if (a->made_us != b->made_us)
		return number_compare(a->made_us, b->made_us);
	if (a->since_us != b->since_us)
		return number_compare(a->since_us, b->since_us);
	return a->draft < b->draft ? -1 : a->draft > b->draft;
}

void
draft_order(const struct draft *drafts, size_t n, struct draft_place *order)
{
	for (size_t i = 0; i < n; i++)
		order[i] = (struct draft_place){ drafts[i].ban.made_us,
			drafts[i].ban.since_us, i };
	qsort(order, n, sizeof(*order), compare_places);
}

int64_t
draft_held_us(const struct draft *d)
{
	int64_t held_us = d->ban.made_us;

	if (d->ban.life_us > held_us)
		held_us = d->ban.life_us;
	return d->back_us > held_us ? d->back_us : held_us;
}

void
draft_end_by(struct draft *d, enum ban_end_source source,
    const struct ban_end_verdict *verdict)
{
	const struct ban_end_state state = { d->ban.end, d->end_seen,
		d->ban.life_us };

	if (!ban_end_replaces(&state, source, verdict))
		return;
	if (verdict->end == BAN_LIVES) {
		draft_reopen(d);
		return;
	}
	d->ban.end = verdict->end;
	d->ban.ended_us = verdict->ended_us;
	d->gone_us = verdict->ended_us;
	if (d->ban.ended_us < d->ban.since_us)
		d->ban.ended_us = d->ban.since_us;
	d->end_seen = source == BAN_END_BY_EVENT;
}

void
draft_bound_end(struct draft *d)
{
	int64_t expired_us = ban_end_expiry_us(d->ban.since_us, d->ban.seconds);

	if (d->ban.end == BAN_INFERRED && d->ban.ended_us > expired_us)
		d->ban.ended_us = expired_us;
}

enum ban_origin
draft_origin(const struct draft *d)
{
	const struct ban *ban = &d->ban;

	if (d->listed)
		return BAN_FROM_LIST;
	if (d->import_origin != BAN_FROM_UNKNOWN &&
	    (d->imported || ban->failures == UNKNOWN))
		return d->import_origin;
	if (d->has_matches || (ban->failures != UNKNOWN && ban->failures > 0))
		return BAN_FROM_LOG;
	return ban->failures != UNKNOWN ? BAN_FROM_HAND : BAN_FROM_UNKNOWN;
}

int64_t
draft_first_flush(const struct history *h, int64_t after_us, int64_t before_us)
{
	for (size_t i = 0; i < h->flushes_n; i++) {
		if (h->flushes[i] > after_us)
			return h->flushes[i] < before_us ? h->flushes[i] : 0;
	}
	return 0;
}

void
draft_reopen(struct draft *d)
{
	d->ban.end = BAN_LIVES;
	d->ban.ended_us = UNKNOWN;
	d->gone_us = INT64_MAX;
	d->end_seen = false;
}

static int
compare_nth(const void *pa, const void *pb)
{
	const struct history_row *a = *(const struct history_row *const *)pa,
				 *b = *(const struct history_row *const *)pb;

	if (a->since_us != b->since_us)
		return number_compare(a->since_us, b->since_us);
	return number_compare(a->nth, b->nth);
}

void
draft_sort_by_nth(struct history *h)
{
	for (size_t i = 0; i < h->rows_n; i++)
		h->by_nth[i] = &h->rows[i];
	if (h->rows_n > 0)
		qsort(h->by_nth, h->rows_n, sizeof(const struct history_row *),
		    compare_nth);
}

int64_t
draft_first_nth(const struct history *h, const struct draft *d)
{
	const struct history_row *row =
	    d->ban.row == 0 ? NULL : &h->rows[d->ban.row - 1];
	size_t low = 0, high = h->rows_n;

	if (row == NULL || row->since_us != d->ban.since_us ||
	    row->import_nth != UNKNOWN)
		return 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (h->by_nth[middle]->since_us < row->since_us)
			low = middle + 1;
		else
			high = middle;
	}
	while (h->by_nth[low]->import_nth != UNKNOWN)
		low++;
	return h->by_nth[low]->nth;
}
