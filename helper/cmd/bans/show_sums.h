/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The block below the first line of show: what all bans come to. */
#ifndef CMD_BANS_SHOW_SUMS_H
#define CMD_BANS_SHOW_SUMS_H

#include "cmd/bans/view.h"
#include "figures/figures.h"

/*
 * Print the sums of the bans that figures were counted of, by jail and user.
 * Nothing is printed when there are none.
 */
void show_sums(const struct view *view, const struct figures *sums);

/*
 * Print how many ids of a network were banned; sums are those of the network,
 * by id, or NULL: there are too many to count.
 */
void show_neighbours(const struct view *view, const struct address *net,
    const struct figures *sums);

/*
 * Print where an address is from, or, without a database of places, what to
 * install.
 */
void show_place(struct view *view, const char *address);

/* Print the ids of a network with most bans, at most limit of them. */
int show_ids(const struct view *view, const struct figures *sums, size_t limit,
    struct err *e);

#endif
