/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "figures/id_list.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/list.h"
#include "base/number.h"

static int
compare_nets(const void *a, const void *b)
{
	const struct address *x = &((const struct id_list_entry *)a)->net;
	const struct address *y = &((const struct id_list_entry *)b)->net;
	int order;

	if (x->family != y->family)
		return x->family == AF_INET ? -1 : 1;
	order = memcmp(x->bytes, y->bytes, sizeof(x->bytes));
	return order != 0 ? order : x->bits - y->bits;
}

static int
compare_latest(const void *a, const void *b)
{
	int64_t x = ((const struct id_list_entry *)a)->last_us;
	int64_t y = ((const struct id_list_entry *)b)->last_us;

	return x != y ? (x < y ? 1 : -1) : compare_nets(a, b);
}

void
id_list_sort(struct id_list *list)
{
	struct id_list_entry *entries = list->entries, *to;
	size_t n = 0;

	if (list->n == 0)
		return;
	qsort(entries, list->n, sizeof(*entries), compare_nets);
	for (size_t i = 1; i < list->n; i++) {
		to = &entries[n];
		if (compare_nets(to, &entries[i]) != 0) {
			entries[++n] = entries[i];
			continue;
		}
		to->bans = number_add_sat(to->bans, entries[i].bans);
		to->failures =
		    number_add_sat(to->failures, entries[i].failures);
		to->categories |= entries[i].categories;
		if (entries[i].last_us > to->last_us)
			to->last_us = entries[i].last_us;
	}
	list->n = n + 1;
}

int
id_list_add(struct id_list *list, const struct id_list_entry *entry,
    struct err *e)
{
	struct id_list_entry *entries = list->entries;

	if (list->n == list->room) {
		id_list_sort(list);
		/* If that made little room, the list would be full again soon.
		 */
		if (list->n >= list->room / 2)
			entries = list_grow(entries, &list->room,
			    list->room * 2 + 1, sizeof(*entries));
	}
	if (entries == NULL)
		return err_no_memory(e);
	list->entries = entries;
	entries[list->n++] = *entry;
	return 0;
}

void
id_list_free(struct id_list *list)
{
	free(list->entries);
	*list = (struct id_list){ 0 };
}

void
id_list_need(struct id_list *list, int64_t bans)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		if (list->entries[i].bans >= bans)
			list->entries[n++] = list->entries[i];
	}
	list->n = n;
}

void
id_list_keep_latest(struct id_list *list, size_t n)
{
	if (list->n <= n)
		return;
	qsort(list->entries, list->n, sizeof(*list->entries), compare_latest);
	list->n = n;
	qsort(list->entries, n, sizeof(*list->entries), compare_nets);
}

void
id_list_drop_contained(struct id_list *list)
{
	size_t n = 0;

	/* Whatever holds an entry stands before it, and was kept last. */
	for (size_t i = 0; i < list->n; i++) {
		if (n == 0 ||
		    !address_holds(&list->entries[n - 1].net,
			&list->entries[i].net))
			list->entries[n++] = list->entries[i];
	}
	list->n = n;
}

/* Return true when two networks are the halves of one; make a that one. */
static bool
join(struct address *a, const struct address *b)
{
	struct address whole = *a;

	if (a->family != b->family || a->bits != b->bits || a->bits == 0 ||
	    memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0)
		return false;
	address_widen(&whole, a->bits - 1);
	if (!address_holds(&whole, b))
		return false;
	*a = whole;
	return true;
}

void
id_list_aggregate(struct id_list *list)
{
	struct id_list_entry *entries = list->entries;
	size_t n = 0;

	id_list_drop_contained(list);
	for (size_t i = 0; i < list->n; i++) {
		entries[n++] = entries[i];
		while (n > 1 && join(&entries[n - 2].net, &entries[n - 1].net))
			n--;
	}
	list->n = n;
}
