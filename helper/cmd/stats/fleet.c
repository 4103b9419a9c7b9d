/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines of stats about the machines of a fleet. */
#include <inttypes.h>

#include "base/escape.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "cmd/stats/stats.h"

static const char *
plural(int64_t n)
{
	return n == 1 ? "" : "s";
}

const char *
stats_fleet_gaps(const struct elsewhere_hosts *hosts,
    char buf[STATS_FLEET_GAPS])
{
	if (hosts->say == 0)
		snprintf(buf, STATS_FLEET_GAPS, "no host has said");
	else if (hosts->with_gaps == 0)
		snprintf(buf, STATS_FLEET_GAPS,
		    "none in the 30 days before the last push of %" PRId64
		    " host%s",
		    hosts->say, plural(hosts->say));
	else
		snprintf(buf, STATS_FLEET_GAPS,
		    "%" PRId64
		    " in the 30 days before the last push, on "
		    "%" PRId64 " of %" PRId64 " host%s",
		    hosts->gaps, hosts->with_gaps, hosts->say,
		    plural(hosts->say));
	return buf;
}

static void
print_host(FILE *to, const struct elsewhere_host *host, int64_t now_us)
{
	int64_t silent_us = number_sub_sat(now_us, host->pushed_us);
	char when[32], length[32];

	fputs("            ", to);
	escape_print(to, host->name);
	fprintf(to, ": last push %s, %s ago",
	    timestamp_format(host->pushed_us, when),
	    timestamp_format_seconds(
		silent_us > 0 ? silent_us / TIMESTAMP_US : 0, length));
	if (host->spool > 0)
		fprintf(to, "; %" PRId64 " event%s waited in its spool",
		    host->spool, plural(host->spool));
	putc('\n', to);
}

void
stats_print_silent(FILE *to, const struct stats *stats)
{
	const struct elsewhere_hosts *hosts = &stats->hosts;

	fputs("\nSilent      ", to);
	if (hosts->n == 0)
		fputs("no host has ever pushed\n", to);
	else if (hosts->silent_n == 0 && hosts->n == 1)
		fputs("none: the host pushed in time\n", to);
	else if (hosts->silent_n == 0)
		fprintf(to, "none: all %" PRId64 " hosts pushed in time\n",
		    hosts->n);
	else
		fprintf(to, "%zu of %" PRId64 " host%s:\n", hosts->silent_n,
		    hosts->n, plural(hosts->n));
	for (size_t i = 0; i < hosts->silent_n; i++)
		print_host(to, &hosts->silent[i], stats->filter->now_us);
}
