/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of stats share this: the figures, and the gaps of the same time.
 * Texts for people go to a FILE.
 */
#ifndef CMD_STATS_STATS_H
#define CMD_STATS_STATS_H

#include <stdio.h>

#include "archive/elsewhere.h"
#include "archive/filter.h"
#include "archive/runs.h"
#include "cmd/bans/view.h"
#include "cmd/counting.h"
#include "figures/figures.h"

struct stats {
	const struct archive_filter *filter;
	struct figures *figures;
	struct archive_gap *gaps; /* the oldest first */
	size_t gaps_n;
	/* When the last reconcile was completed, UNKNOWN: never. */
	int64_t reconciled_us;
	/* It is older than two intervals at the end of the bans' time. */
	bool late;
	/* Of the time before the filter's since_us, which is as long; NULL: it
	 * was not asked for, or there is none, as with --active. */
	struct figures *before;
	/* Of a fleet, in place of the gaps and reconciles of this archive. */
	bool fleet;
	struct elsewhere_hosts hosts;
};

/*
 * Count the bans of an open view as how says, and those of the time before
 * where that is asked for. Begin with zeros; stats_free frees, also after a
 * failure. The view must outlive stats. Nothing is read from the archive any
 * more on return. Fails as counting_run, and with EX_OSERR.
 */
int stats_count(struct stats *stats, struct view *view,
    const struct config *config, const struct counting *how, bool before,
    struct err *e);
void stats_free(struct stats *stats);

/*
 * Write how much more or less now is than before, as "+12 %", "-50 %", "new"
 * where there was nothing before, and "" where there is nothing now either.
 * Returns buf.
 */
#define STATS_CHANGE 32
const char *stats_change(int64_t now, int64_t before, char buf[STATS_CHANGE]);

/* Print what stands below the table. */
void stats_print_words(FILE *to, const struct stats *stats);

/*
 * Print which machines of the fleet have not pushed in time, or that all have.
 */
void stats_print_silent(FILE *to, const struct stats *stats);

/* Write what the machines of the fleet say of their gaps, in one sentence
 * without its full stop. Returns buf. */
#define STATS_FLEET_GAPS 160
const char *stats_fleet_gaps(const struct elsewhere_hosts *hosts,
    char buf[STATS_FLEET_GAPS]);

/* Print a gap, as "from 2026-11-20 03:00:00 for 2h 10m". */
void stats_print_gap(FILE *to, const struct archive_gap *gap);

/* Print, where reconcile is late, that it is, with text before and after. */
void stats_print_late(FILE *to, const struct stats *stats, const char *before,
    const char *after);

/*
 * Check the address of --mail. Fails with EX_USAGE for whatever could be more
 * than one address in a header.
 */
int stats_check_address(const char *address, struct err *e);

/*
 * Print a message to address that sendmail -t takes; host is the name of this
 * machine. The figures are by id, network and user. (RFC 5322.)
 */
int stats_print_mail(FILE *to, const struct stats *stats, const char *address,
    const char *host, struct err *e);

#endif
