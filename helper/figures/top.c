/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The entries with the highest counts, and the ids that are kept of a stream.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/number.h"
#include "base/timestamp.h"
#include "figures/inside.h"

/* So long ago a day is not asked for, and the day of a moment takes long. */
#define FRESH_US (60 * 86400 * TIMESTAMP_US)

/* Return true when a comes before b in the order of figures_top. */
static bool
is_before(const struct top *top, const struct figures_entry *a,
    const struct figures_entry *b)
{
	int64_t x = a->counts[top->count], y = b->counts[top->count];

	if (x != y)
		return x > y;
	if (a->number != b->number)
		return a->number < b->number;
	if (a->name == NULL || b->name == NULL)
		return a->name == NULL && b->name != NULL;
	return strcmp(a->name, b->name) < 0;
}

static void
swap(struct figures_entry *a, struct figures_entry *b)
{
	struct figures_entry c = *a;

	*a = *b;
	*b = c;
}

/* Let the entry at i sink below those that come after it. */
static void
sink(struct top *top, size_t i, size_t n)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < n &&
		    is_before(top, &top->entries[child],
			&top->entries[child + 1]))
			child++;
		if (child >= n ||
		    !is_before(top, &top->entries[i], &top->entries[child]))
			return;
		swap(&top->entries[i], &top->entries[child]);
		i = child;
	}
}

bool
top_wants(const struct top *top, const struct figures_entry *entry)
{
	if (entry->counts[FIGURES_BANS] == 0)
		return false;
	return top->n < top->limit ||
	    (top->limit > 0 && is_before(top, entry, &top->entries[0]));
}

const char *
top_take(struct top *top, const struct figures_entry *entry)
{
	const char *gone = NULL;
	size_t i;

	if (top->n == top->limit) {
		gone = top->entries[0].name;
		top->entries[0] = *entry;
		sink(top, 0, top->n);
		return gone;
	}
	i = top->n++;
	top->entries[i] = *entry;
	for (; i > 0 &&
	     is_before(top, &top->entries[(i - 1) / 2], &top->entries[i]);
	     i = (i - 1) / 2)
		swap(&top->entries[(i - 1) / 2], &top->entries[i]);
	return NULL;
}

void
top_sort(struct top *top)
{
	/* The root is the last of those that are not in their place yet. */
	for (size_t n = top->n; n > 1; n--) {
		swap(&top->entries[0], &top->entries[n - 1]);
		sink(top, 0, n - 1);
	}
}

void
figures_free_kept(const char *name)
{
	free((void *)(uintptr_t)name);
}

/* Keep an id, with a copy of its name, if it is one of those with most bans. */
static int
keep(struct figures *f, const char *ident, int64_t bans)
{
	struct figures_entry entry = { .name = ident, .counts = { bans } };
	struct top *kept = &f->kept;

	if (kept->limit == 0) {
		kept->limit = f->options.ids_kept;
		kept->entries = calloc(kept->limit + 1, sizeof(entry));
		if (kept->entries == NULL)
			return -1;
	}
	if (!top_wants(kept, &entry))
		return 0;
	if ((entry.name = strdup(ident)) == NULL)
		return -1;
	figures_free_kept(top_take(kept, &entry));
	return 0;
}

int
figures_take_id(struct figures *f, const struct figures_id *id, struct err *e)
{
	int64_t bans = 0, day;
	struct number *first;

	f->by_ids = true;
	for (size_t i = 0; i < id->n; i++) {
		struct figures_sums *sums = &f->jails[id->jails[i].jail].sums;

		sums->ids++;
		sums->returning += id->jails[i].bans > 1;
		bans += id->jails[i].bans;
	}
	f->all.ids++;
	f->all.returning += bans > 1;
	f->all.id_bans += bans;
	if (f->options.ids_kept > 0)
		return keep(f, id->ident, bans) == 0 ?
		    0 :
		    err_set(e, EX_OSERR, "out of memory");
	if (id->first_us < number_sub_sat(f->options.now_us, FRESH_US))
		return 0;
	day = calendar_at(&f->calendar, id->first_us)->day;
	if ((first = numbers_find(&f->first_days, day)) == NULL)
		return err_set(e, EX_OSERR, "out of memory");
	first->bans++;
	return 0;
}
