/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The figures of stats and report. */
#include <stdlib.h>

#include "base/number.h"
#include "base/timestamp.h"
#include "cmd/stats/stats.h"

/* Count the bans of the time before since_us that is as long, up to until_us.
 */
static int
count_before(struct view *view, struct stats *stats, struct err *e)
{
	static const struct counting how = { .removed = true };
	struct archive_filter filter = view->filter;
	int64_t end_us =
	    filter.until_us != UNKNOWN ? filter.until_us : filter.now_us;
	int64_t length_us = number_sub_sat(end_us, filter.since_us);

	if (filter.since_us == UNKNOWN || length_us <= 0 || filter.active)
		return 0;
	filter.until_us = filter.since_us;
	filter.since_us = number_sub_sat(filter.since_us, length_us);
	return counting_run(&view->archive, &filter, &how, &stats->before, e);
}

/*
 * Load the gaps of the time that the bans are of, and find out whether another
 * one is going on.
 */
static int
find_gaps(struct view *view, const struct config *config, struct stats *stats,
    struct err *e)
{
	const struct archive_filter *filter = &view->filter;
	int64_t since_us = filter->since_us, end_us = filter->now_us;

	if (view->archive.elsewhere != NULL) {
		stats->fleet = true;
		return view->archive.elsewhere->calls->hosts(
		    view->archive.elsewhere, filter->host, &stats->hosts, e);
	}
	if (since_us == UNKNOWN)
		since_us = figures_of(stats->figures, FIGURES_ALL)->first_us;
	if (archive_run_gaps(&view->archive, since_us, filter->until_us,
		&stats->gaps, &stats->gaps_n, e) != 0 ||
	    archive_run_last(&view->archive, RUN_RECONCILE, filter->now_us,
		&stats->reconciled_us, e) != 0)
		return -1;
	if (filter->until_us != UNKNOWN && filter->until_us < end_us)
		end_us = filter->until_us;
	stats->late = stats->reconciled_us == UNKNOWN ||
	    number_sub_sat(end_us, stats->reconciled_us) >
		2 * timestamp_from_seconds(config->interval);
	return 0;
}

int
stats_count(struct stats *stats, struct view *view, const struct config *config,
    const struct counting *how, bool before, struct err *e)
{
	stats->filter = &view->filter;
	stats->reconciled_us = UNKNOWN;
	if (counting_run(&view->archive, &view->filter, how, &stats->figures,
		e) != 0 ||
	    (before && count_before(view, stats, e) != 0))
		return -1;
	return find_gaps(view, config, stats, e);
}

void
stats_free(struct stats *stats)
{
	figures_free(stats->figures);
	figures_free(stats->before);
	free(stats->gaps);
	elsewhere_free_hosts(&stats->hosts);
}
