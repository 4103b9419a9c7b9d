/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The entries with the highest counts, and the ids that are kept of a stream.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/list.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "figures/inside.h"

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

void
top_take(struct top *top, const struct figures_entry *entry)
{
	size_t i;

	if (top->n == top->limit) {
		top->entries[0] = *entry;
		sink(top, 0, top->n);
		return;
	}
	i = top->n++;
	top->entries[i] = *entry;
	for (; i > 0 &&
	     is_before(top, &top->entries[(i - 1) / 2], &top->entries[i]);
	     i = (i - 1) / 2)
		swap(&top->entries[(i - 1) / 2], &top->entries[i]);
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

/*
 * Return a copy of a name, for the life of f. An id that had fewer bans loses
 * its place, but not its name: more bans than before are needed for each, so
 * that there are few.
 */
static const char *
copy_name(struct figures *f, const char *name)
{
	char **names =
	    list_grow(f->names, &f->names_room, f->names_n + 1, sizeof(*names));

	if (names == NULL)
		return NULL;
	f->names = names;
	names[f->names_n] = strdup(name);
	return names[f->names_n] != NULL ? names[f->names_n++] : NULL;
}

bool
top_may_want(const struct top *top, int64_t bans)
{
	return top->n < top->limit || top->entries == NULL ||
	    (top->n > 0 && bans >= top->entries[0].counts[FIGURES_BANS]);
}

int
figures_keep(struct figures *f, struct top *kept, const char *name,
    int64_t bans)
{
	struct figures_entry entry = { .name = name, .counts = { bans } };

	if (kept->limit == 0) {
		kept->limit = f->options.kept;
		kept->entries = calloc(kept->limit + 1, sizeof(entry));
		if (kept->entries == NULL)
			return -1;
	}
	if (!top_wants(kept, &entry))
		return 0;
	if ((entry.name = copy_name(f, name)) == NULL)
		return -1;
	top_take(kept, &entry);
	return 0;
}

/* The most bans of each group of ids but the last. */
static const int64_t most[FIGURES_REPEATS - 1] = { 1, 2, 5, 10 };

static size_t
group_of(int64_t bans)
{
	size_t group = 0;

	while (group < ARRAY_LEN(most) && bans > most[group])
		group++;
	return group;
}

void
figures_count_repeats(struct figures *f, int64_t before, int64_t bans)
{
	if (before > 0)
		f->repeats[group_of(before)]--;
	f->repeats[group_of(bans)]++;
}

void
figures_repeats(const struct figures *f, int64_t ids[FIGURES_REPEATS])
{
	memcpy(ids, f->repeats, sizeof(f->repeats));
}

int
figures_take_id(struct figures *f, const struct figures_id *id, struct err *e)
{
	int64_t bans = 0;
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
	figures_count_repeats(f, 0, bans);
	if ((f->options.kept > 0 &&
		figures_keep(f, &f->kept, id->ident, bans) != 0) ||
	    (f->options.nets_by_id &&
		figures_take_id_net(f, id->ident, bans) != 0))
		return err_no_memory(e);
	if (f->options.ids_only)
		return 0;
	/* To look up the day of each id would take long. */
	first = numbers_find(&f->first_quarters,
	    id->first_us / TIMESTAMP_QUARTER_US);
	if (first == NULL)
		return err_no_memory(e);
	first->bans++;
	return 0;
}
