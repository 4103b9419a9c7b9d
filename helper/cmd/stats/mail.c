/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * This prints the message of stats --mail: twenty lines for a reader who knows
 * no jail. Names that attackers chose are escaped, so that none begins a line.
 */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/escape.h"
#include "base/timestamp.h"
#include "cmd/stats/stats.h"

/* The longest address that mail takes. (RFC 5321, 4.5.3.1.3.) */
#define ADDRESS_MAX 254

/* The names that are listed of each kind. */
#define LISTED 3

/* Room for a name, escaped; a longer one is cut. */
#define NAME_BYTES 64

int
stats_check_address(const char *address, struct err *e)
{
	static const char allowed[] = ".!#$%&'*+/=?^_`{|}~-";
	const char *at = strchr(address, '@'), *c = address;

	for (; *c != '\0'; c++) {
		if (!(*c > 0 && isalnum((unsigned char)*c)) &&
		    strchr(allowed, *c) == NULL && c != at)
			break;
	}
	if (*c != '\0' || c == address || c - address > ADDRESS_MAX ||
	    address[0] == '-' || at == address || (at != NULL && at[1] == '\0'))
		return err_set(e, EX_USAGE,
		    "--mail: give one address such as admin@example.org, "
		    "without a name or quotes");
	return 0;
}

static const char *
plural(int64_t n)
{
	return n == 1 ? "" : "s";
}

/* Return a name escaped and cut in buf. */
static const char *
escape_name(const char *name, char buf[NAME_BYTES])
{
	escape_text(buf, NAME_BYTES, name, strlen(name));
	return buf;
}

/* Write a name of a machine to buf, of which only plain characters are left. */
static const char *
plain_host(const char *host, char buf[NAME_BYTES])
{
	size_t n = 0;

	for (; *host != '\0' && n < NAME_BYTES - 1; host++) {
		if (*host > ' ' && *host <= '~')
			buf[n++] = *host;
	}
	buf[n] = '\0';
	return n > 0 ? buf : "this machine";
}

/* The time that a message is about. */
struct period {
	int64_t from_us, until_us;
	char words[48]; /* "7 days", "2h 10m" */
};

static struct period
find_period(const struct archive_filter *filter)
{
	struct period p = {
		.from_us = filter->since_us,
		.until_us = filter->until_us != UNKNOWN ? filter->until_us :
							  filter->now_us,
	};
	int64_t seconds = (p.until_us - p.from_us) / TIMESTAMP_US;

	if (seconds >= TIMESTAMP_DAY && seconds % TIMESTAMP_DAY == 0)
		snprintf(p.words, sizeof(p.words), "%" PRId64 " day%s",
		    seconds / TIMESTAMP_DAY, plural(seconds / TIMESTAMP_DAY));
	else
		timestamp_format_seconds(seconds > 0 ? seconds : 0, p.words);
	return p;
}

static int
print_head(FILE *to, const struct stats *stats, const struct period *p,
    const char *address, const char *host, struct err *e)
{
	time_t now = (time_t)(stats->filter->now_us / TIMESTAMP_US);
	int64_t bans = figures_of(stats->figures, FIGURES_ALL)->ever;
	char date[64], change[STATS_CHANGE] = "";
	struct tm tm;

	if (localtime_r(&now, &tm) == NULL ||
	    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S %z", &tm) == 0)
		return err_set(e, EX_SOFTWARE, "the clock has no date");
	if (stats->before != NULL)
		stats_change(bans, figures_of(stats->before, FIGURES_ALL)->ever,
		    change);
	fprintf(to, "To: %s\n", address);
	fprintf(to, "Subject: %s: %" PRId64 " ban%s in %s%s%s%s\n", host, bans,
	    plural(bans), p->words, change[0] != '\0' ? " (" : "", change,
	    change[0] != '\0' ? ")" : "");
	fprintf(to, "Date: %s\n", date);
	fputs(
	    "MIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=UTF-8\n"
	    "Content-Transfer-Encoding: 8bit\n"
	    "Auto-Submitted: auto-generated\n\n",
	    to);
	return 0;
}

/* Print how a number compares with that of the time before. */
static void
print_comparison(FILE *to, int64_t now, int64_t before, const char *words)
{
	double percent =
	    before > 0 ? (double)(now - before) / (double)before * 100 : 0;

	if (now == before)
		fprintf(to, "as many as in the %s before", words);
	else if (before == 0)
		fprintf(to, "after none in the %s before", words);
	else if (percent > -0.5 && percent < 0.5)
		fprintf(to, "nearly as many as in the %s before (%" PRId64 ")",
		    words, before);
	else
		fprintf(to, "%.0f %% %s than in the %s before (%" PRId64 ")",
		    percent > 0 ? percent : -percent,
		    percent > 0 ? "more" : "fewer", words, before);
}

static void
print_summary(FILE *to, const struct stats *stats, const struct period *p,
    const char *host)
{
	const struct figures_sums *all =
	    figures_of(stats->figures, FIGURES_ALL);
	char when[32];

	fprintf(to, "In the %s up to %s fail2ban on %s made\n", p->words,
	    timestamp_format(p->until_us, when), host);
	fprintf(to, "%" PRId64 " ban%s", all->ever, plural(all->ever));
	if (stats->before != NULL) {
		fputs(", ", to);
		print_comparison(to, all->ever,
		    figures_of(stats->before, FIGURES_ALL)->ever, p->words);
	}
	fputs(".\n", to);
	if (all->ever == 0)
		return;
	fprintf(to,
	    "%" PRId64 " id%s banned, %" PRId64
	    " of them more than once; "
	    "%" PRId64 " ban%s still active.\n",
	    all->ids, all->ids == 1 ? " was" : "s were", all->returning,
	    all->live, all->live == 1 ? " is" : "s are");
}

/* Return the bans that a jail had in the time before. */
static int64_t
bans_before(const struct figures *before, const char *jail)
{
	for (size_t i = 0; i < figures_jails(before); i++) {
		if (strcmp(figures_of(before, i)->jail, jail) == 0)
			return figures_of(before, i)->ever;
	}
	return 0;
}

static void
print_top(FILE *to, const struct stats *stats, enum figures_by by,
    const char *heading)
{
	int64_t bans = figures_of(stats->figures, FIGURES_ALL)->ever;
	struct figures_entry entries[LISTED];
	char name[NAME_BYTES], change[STATS_CHANGE];
	size_t n =
	    figures_top(stats->figures, by, FIGURES_BANS, LISTED, entries);

	if (by == FIGURES_BY_ID && n > 0 &&
	    entries[0].counts[FIGURES_BANS] == 1)
		return;
	if (n > 0)
		fprintf(to, "\n%s\n", heading);
	for (size_t i = 0; i < n; i++) {
		int64_t count = entries[i].counts[FIGURES_BANS];

		fprintf(to, "  %-24s %6" PRId64 " ban%s, %.0f %% of all",
		    escape_name(entries[i].name, name), count, plural(count),
		    (double)count / (double)bans * 100);
		change[0] = '\0';
		if (by == FIGURES_BY_JAIL && stats->before != NULL)
			stats_change(count,
			    bans_before(stats->before, entries[i].name),
			    change);
		fprintf(to, "%s%s\n", change[0] != '\0' ? ", " : "", change);
	}
}

static void
print_rest(FILE *to, const struct stats *stats)
{
	const struct figures_sums *all =
	    figures_of(stats->figures, FIGURES_ALL);

	fprintf(to,
	    "\nBy hand %" PRId64 " ban%s made and %" PRId64 " ban%s lifted.\n",
	    all->by_hand, all->by_hand == 1 ? " was" : "s were",
	    all->ends[BAN_MANUAL],
	    all->ends[BAN_MANUAL] == 1 ? " was" : "s were");
	if (stats->fleet) {
		char gaps[STATS_FLEET_GAPS];

		fprintf(to, "Gaps: %s.\n",
		    stats_fleet_gaps(&stats->hosts, gaps));
		stats_print_silent(to, stats);
		return;
	}
	stats_print_late(to, stats, "Bans may be missing: ", ".\n");
	if (stats->gaps_n == 0 && !stats->late)
		fputs(
		    "There was no gap: the archive was kept up to date all "
		    "the time.\n",
		    to);
	if (stats->gaps_n == 0)
		return;
	fprintf(to, "The archive was not kept up to date %zu time%s, last ",
	    stats->gaps_n, plural((int64_t)stats->gaps_n));
	stats_print_gap(to, &stats->gaps[stats->gaps_n - 1]);
	fputs(".\n", to);
}

int
stats_print_mail(FILE *to, const struct stats *stats, const char *address,
    const char *host, struct err *e)
{
	struct period p = find_period(stats->filter);
	char plain[NAME_BYTES];

	if (!stats->fleet)
		host = plain_host(host, plain);
	if (print_head(to, stats, &p, address, host, e) != 0)
		return -1;
	print_summary(to, stats, &p, host);
	print_top(to, stats, FIGURES_BY_JAIL, "The jails with most bans:");
	print_top(to, stats, FIGURES_BY_ID, "The ids that were banned most:");
	print_top(to, stats, FIGURES_BY_NET, "The networks behind most bans:");
	print_top(to, stats, FIGURES_BY_USER,
	    "The user names that were tried most:");
	print_rest(to, stats);
	return 0;
}
