/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counting of the bans of a view, for top, stats and report. */
#ifndef CMD_COUNTING_H
#define CMD_COUNTING_H

#include "archive/tally.h"
#include "figures/figures.h"
#include "geo/geo.h"

/* The networks that bans are counted by, unless --prefix says otherwise. */
#define COUNTING_PREFIX_4 24
#define COUNTING_PREFIX_6 64

struct counting {
	unsigned by; /* bits of enum figures_by, as figures_options has them */
	int prefix4, prefix6;
	/*
	 * Of ids only how many there are is wanted, not figures_top: that takes
	 * no memory for each id.
	 */
	bool ids_counted;
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

/*
 * Count only the bans of the ids that were banned most, at most limit of them,
 * for a filter that archive_tally_is_plain. *bans is the number of all bans.
 * Otherwise it is as counting_run.
 */
#define COUNTING_IDS_MOST 1000
int counting_run_most(struct archive *a, const struct archive_filter *filter,
    size_t limit, struct figures **f, int64_t *bans, struct err *e);

#endif
