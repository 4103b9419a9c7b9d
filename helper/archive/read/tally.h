/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Figures of the bans of a filter: a reading that takes only the columns that
 * figures/ counts, and no order, so that millions of bans take seconds.
 */
#ifndef ARCHIVE_READ_TALLY_H
#define ARCHIVE_READ_TALLY_H

#include "archive/archive.h"
#include "archive/filter.h"
#include "figures/figures.h"

struct archive_tally {
	const struct archive_filter *filter;
	bool ids; /* read the ids and addresses too, which takes longer */
	/*
	 * Count what retention has removed, too, as far as its totals tell
	 * whether the filter wants it.
	 */
	bool removed;
	bool users; /* read the user names too, which takes longer still */
	/*
	 * What else is wanted; where it costs nothing, more is counted. By
	 * host; of jails and of all only the bans, failures and seconds; of ids
	 * only so many, those with most of a count, -1: all. Networks or places
	 * are found by the addresses of all ids.
	 */
	bool hosts;
	bool only_sums;
	int64_t most;
	enum figures_count count;
	bool by_address;
	/*
	 * Count ids by figures_take_id: by an index, and in no memory to speak
	 * of. For a filter that archive_tally_is_plain.
	 */
	bool each_id;
	bool nets; /* with each_id: the figures have nets_by_id */
	/*
	 * Called when all ids are taken and no ban is yet, so that the figures
	 * know which of them to count the bans of; or NULL.
	 */
	int (*ids_taken)(void *context, struct figures *f, struct err *e);
	/*
	 * Count only the bans of these ids, a JSON array; NULL: of all. With
	 * only_begins the ids, or their addresses, begin with these texts.
	 */
	const char *only;
	bool only_begins;
	/*
	 * Set the country, asn and owner of a ban, whose texts live until the
	 * next call; or NULL.
	 */
	void (*locate)(void *context, struct figures_ban *ban);
	void *context;
};

/*
 * Let f take all bans of the filter, except that its limit counts for nothing.
 * The caller finishes f. The archive is let go on return. Errors are
 * db_error's, EX_OSERR, and EX_DATAERR where a ban has no jail.
 */
int archive_tally(struct archive *a, const struct archive_tally *tally,
    struct figures *f, struct err *e);

/*
 * Return true when a filter has no condition but the jail, and the bans lie in
 * the file.
 */
bool archive_tally_is_plain(const struct archive *a,
    const struct archive_filter *filter);

/*
 * Let f take all ids of a filter that is plain, by figures_take_id, and no
 * bans; with nets also by figures_take_net. Otherwise it is as archive_tally.
 */
int archive_tally_ids(struct archive *a, const struct archive_filter *filter,
    bool nets, struct figures *f, struct err *e);

#endif
