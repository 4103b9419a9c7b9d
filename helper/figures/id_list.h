/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The addresses and networks of bans, each once, in order: for lists. It takes
 * memory for each of them, and none for each ban. Pure.
 */
#ifndef FIGURES_ID_LIST_H
#define FIGURES_ID_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/err.h"

/* An address or a network, and its bans. */
struct id_list_entry {
	struct address net;
	uint32_t categories; /* bits that the caller chooses */
	int64_t bans, failures;
	int64_t last_us; /* when its last ban began */
};

/* Begin with zeros. */
struct id_list {
	struct id_list_entry *entries;
	size_t n, room;
};

/*
 * Add the bans of an id; those of one id are summed up by id_list_sort. Fails
 * with EX_OSERR.
 */
int id_list_add(struct id_list *list, const struct id_list_entry *entry,
    struct err *e);
void id_list_free(struct id_list *list);

/*
 * Sort: IPv4 before IPv6, by addresses, a network before what is in it. Each id
 * is then there once.
 */
void id_list_sort(struct id_list *list);

/* Remove the ids with fewer bans from a list that is sorted. */
void id_list_need(struct id_list *list, int64_t bans);

/* Keep the n ids whose last bans are the latest; the list stays sorted. */
void id_list_keep_latest(struct id_list *list, size_t n);

/* Remove what is inside of a network of the list, which is sorted. */
void id_list_drop_contained(struct id_list *list);

/*
 * Make the fewest networks that hold the addresses of the list and no other
 * one. The list is sorted, and stays so; the counts mean nothing any more.
 */
void id_list_aggregate(struct id_list *list);

#endif
