/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counting of the bans of a view, for top, stats and report. */
#ifndef CMD_COUNTING_H
#define CMD_COUNTING_H

#include "archive/read/tally.h"
#include "figures/figures.h"
#include "geo/geo.h"

/* The networks that bans are counted by, unless --prefix says otherwise. */
#define COUNTING_PREFIX_4 24
#define COUNTING_PREFIX_6 64

struct counting {
	unsigned by; /* bits of enum figures_by, as figures_options has them */
	int prefix4, prefix6;
	/*
	 * Of ids and networks only how many there are is wanted, and so many
	 * for counting_run_most, not figures_top: that takes no memory for each
	 * of them. Unless ids_counted the number counts for nothing.
	 */
	bool ids_counted;
	size_t most;
	/*
	 * Of jails and of all only the bans, failures and seconds are wanted
	 * besides the keys; and of ids only the first of figures_top by
	 * `count`, so many of them, 0: all. More may be counted.
	 */
	bool only_sums;
	int64_t first;
	enum figures_count count;
	bool removed;	 /* what retention has removed counts, too */
	struct geo *geo; /* tells country and asn; or NULL */
};

/*
 * Count the bans of a filter; the caller frees *f with figures_free, also after
 * a failure, where it may be NULL. Nothing is read from the archive any more on
 * return. Fails with EX_OSERR, and as archive_tally.
 */
int counting_run(struct archive *a, const struct archive_filter *filter,
    const struct counting *how, struct figures **f, struct err *e);

/* Return true when counting_find_most can count by a key: ids or networks. */
bool counting_can_find(const struct archive *a,
    const struct archive_filter *filter, const struct counting *how,
    enum figures_by by);

/*
 * Find the how.most ids or networks that were banned most, if how.by has them
 * and counting_can_find does. *f has no other figures than their bans, and
 * id_bans. Otherwise it is as counting_run.
 */
#define COUNTING_MOST 1000
int counting_find_most(struct archive *a, const struct archive_filter *filter,
    const struct counting *how, struct figures **f, struct err *e);

/*
 * Count the bans of the ids or networks that found has most of: those of
 * counting_find_most, or of counting_run when counting_can_find by this key.
 * The figures *f have, with how.most as the limit of figures_top, all counts of
 * these. Otherwise it is as counting_run.
 */
int counting_run_most(struct archive *a, const struct archive_filter *filter,
    const struct counting *how, const struct figures *found, enum figures_by by,
    struct figures **f, struct err *e);

#endif
