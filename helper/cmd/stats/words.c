/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This prints the lines that stand below the table of stats. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/timestamp.h"
#include "cmd/bans/source.h"
#include "cmd/stats/stats.h"

/* The days of the sparkline. */
#define DAYS 30

/* The gaps that are listed, the newest ones. */
#define GAPS 5

/* The blocks of a sparkline, U+2581 to U+2588. */
static const char *const blocks[] = { "\xe2\x96\x81", "\xe2\x96\x82",
	"\xe2\x96\x83", "\xe2\x96\x84", "\xe2\x96\x85", "\xe2\x96\x86",
	"\xe2\x96\x87", "\xe2\x96\x88" };

const char *
stats_change(int64_t now, int64_t before, char buf[STATS_CHANGE])
{
	double percent;

	if (before <= 0) {
		snprintf(buf, STATS_CHANGE, "%s", now > 0 ? "new" : "");
		return buf;
	}
	percent = (double)(now - before) / (double)before * 100;
	snprintf(buf, STATS_CHANGE, "%+.0f %%", percent);
	/* A change that rounds to none has no sign. */
	if (strcmp(buf, "-0 %") == 0 || strcmp(buf, "+0 %") == 0)
		snprintf(buf, STATS_CHANGE, "0 %%");
	return buf;
}

static void
print_line(FILE *to, const char *name)
{
	fprintf(to, "%-12s", name);
}

/* Put the day from which on days are counted: "From 31 Oct". */
static const char *
first_day(const struct figures *f, char buf[32])
{
	int64_t day = figures_day_at(f, figures_now_us(f)) - DAYS + 1;
	time_t begin = (time_t)(figures_day_begin_us(f, day) / TIMESTAMP_US);
	struct tm tm;

	if (localtime_r(&begin, &tm) == NULL ||
	    strftime(buf, 32, "From %e %b", &tm) == 0)
		snprintf(buf, 32, "By day");
	return buf;
}

static void
print_ids(FILE *to, const struct figures *f, const struct figures_sums *all)
{
	int64_t today = figures_day_at(f, figures_now_us(f));
	int64_t bans = 0, fresh = 0;
	char day_name[32];

	for (int64_t day = today - DAYS + 1; day <= today; day++) {
		struct figures_day d = figures_day(f, FIGURES_ALL, day);

		bans += d.bans;
		fresh += d.fresh;
	}
	print_line(to, "Ids");
	fprintf(to, "%" PRId64 ", %" PRId64 " of them banned more than once\n",
	    all->ids, all->returning);
	print_line(to, first_day(f, day_name));
	fprintf(to, "%" PRId64 " ban%s of new ids, %" PRId64 " of known ones\n",
	    fresh, fresh == 1 ? "" : "s", bans - fresh);
}

static void
print_ends(FILE *to, const struct figures_sums *all)
{
	print_line(to, "Ended");
	fprintf(to,
	    "%" PRId64 " expired, %" PRId64 " by hand, %" PRId64
	    " flushed, %" PRId64 " inferred\n",
	    all->ends[BAN_EXPIRED], all->ends[BAN_MANUAL],
	    all->ends[BAN_FLUSHED], all->ends[BAN_INFERRED]);
	print_line(to, "");
	fprintf(to, "%" PRId64 " not yet\n", all->ends[BAN_LIVES]);
}

static void
print_sparkline(FILE *to, const struct figures *f)
{
	int64_t today = figures_day_at(f, figures_now_us(f));
	int64_t bans[DAYS], most = 0;

	for (int i = 0; i < DAYS; i++) {
		bans[i] =
		    figures_day(f, FIGURES_ALL, today - DAYS + 1 + i).bans;
		if (bans[i] > most)
			most = bans[i];
	}
	print_line(to, "By day");
	for (int i = 0; i < DAYS; i++) {
		/* A day without bans is lower than one with a few. */
		size_t block = bans[i] == 0 ?
		    0 :
		    1 + (size_t)((double)bans[i] / (double)most * 6.999);

		fputs(blocks[block < 8 ? block : 7], to);
	}
	fprintf(to, " at most %" PRId64 " a day\n", most);
}

void
stats_print_gap(FILE *to, const struct archive_gap *gap)
{
	char when[32], length[32];

	fprintf(to, "from %s for %s%s", timestamp_format(gap->from_us, when),
	    timestamp_format_seconds(
		(gap->until_us - gap->from_us) / TIMESTAMP_US, length),
	    gap->lossy ? ", longer than fail2ban remembers" : "");
}

void
stats_print_late(FILE *to, const struct stats *stats, const char *before,
    const char *after)
{
	char when[32];

	if (!stats->late)
		return;
	if (stats->reconciled_us == UNKNOWN)
		fprintf(to, "%sreconcile has never run%s", before, after);
	else
		fprintf(to, "%sreconcile has not run since %s%s", before,
		    timestamp_format(stats->reconciled_us, when), after);
}

static void
print_gaps(FILE *to, const struct stats *stats)
{
	size_t first = stats->gaps_n > GAPS ? stats->gaps_n - GAPS : 0;

	print_line(to, "Gaps");
	if (stats->gaps_n > 0)
		fprintf(to, "%zu without a reconcile%s\n", stats->gaps_n,
		    first > 0 ? ", the last of them:" : ":");
	else if (!stats->late)
		fputs("none: reconcile ran in time\n", to);
	for (size_t i = stats->gaps_n; i > first; i--) {
		print_line(to, "");
		stats_print_gap(to, &stats->gaps[i - 1]);
		putc('\n', to);
	}
	if (stats->gaps_n > 0 && stats->late)
		print_line(to, "");
	stats_print_late(to, stats, "", "\n");
}

static void
print_known(FILE *to, const struct stats *stats, const struct figures_sums *all)
{
	char when[32], length[32];
	int64_t age = (stats->filter->now_us - all->first_us) / TIMESTAMP_US;

	print_line(to, "Known since");
	fprintf(to, "%s", timestamp_format(all->first_us, when));
	if (age >= 0)
		fprintf(to, ", for %s", timestamp_format_seconds(age, length));
	putc('\n', to);
	if (all->removed == 0)
		return;
	print_line(to, "Removed");
	fprintf(to,
	    "%" PRId64
	    " bans, by retention: they count, but for ids and the "
	    "median\n",
	    all->removed);
}

/* Print how many hosts there are, where there is another than this machine. */
static void
print_hosts(FILE *to, const struct figures *f)
{
	size_t n = figures_keys(f, FIGURES_BY_HOST);
	struct figures_entry top;

	if (n == 0 ||
	    (n == 1 &&
		figures_top(f, FIGURES_BY_HOST, FIGURES_BANS, 1, &top) == 1 &&
		top.name == NULL))
		return;
	print_line(to, "Hosts");
	fprintf(to, "%zu: see top%s --by host\n", n,
	    bans_are_of_fleet ? " --fleet" : "");
}

void
stats_print_words(FILE *to, const struct stats *stats)
{
	const struct figures_sums *all =
	    figures_of(stats->figures, FIGURES_ALL);

	if (all->ever == 0)
		return;
	putc('\n', to);
	print_ids(to, stats->figures, all);
	print_ends(to, all);
	print_sparkline(to, stats->figures);
	print_hosts(to, stats->figures);
	print_known(to, stats, all);
	if (stats->fleet) {
		char text[STATS_FLEET_GAPS];

		print_line(to, "Gaps");
		fprintf(to, "%s\n", stats_fleet_gaps(&stats->hosts, text));
	} else {
		print_gaps(to, stats);
	}
}
