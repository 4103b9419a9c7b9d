/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the page that show who was banned, and how bans ended. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/timestamp.h"
#include "render/page_parts.h"

/* A list of the entries with the most bans. */
struct list {
	enum figures_by by;
	const char *id, *title;
	const char *heading; /* of the column of names */
	const char *one, *many;
	const char *none; /* what to say when there is no entry */
};

static void
put_entry_table(struct page_draft *draft, FILE *to, const struct list *list,
    const struct figures_entry *entries, size_t n)
{
	const char *headings[] = { list->heading, "Bans", "Share", "Failures",
		"Time banned" };
	struct html_table table = { list->id, list->title, headings, 5, n,
		false };

	html_table_open(to, &table);
	for (size_t i = 0; i < n; i++) {
		const int64_t *counts = entries[i].counts;

		html_row_open(to, entries[i].name);
		html_cell_number(to, counts[FIGURES_BANS]);
		html_cell_share(to, counts[FIGURES_BANS], draft->all->ever);
		html_cell_number(to, counts[FIGURES_FAILURES]);
		html_cell_seconds(to, counts[FIGURES_SECONDS]);
		html_row_close(to);
	}
	html_table_close(to);
}

/* Write a sentence on how many there are, and how much the shown ones have. */
static void
put_entry_sum(struct page_draft *draft, FILE *to, const struct list *list,
    const struct figures_entry *entries, size_t n)
{
	int64_t keys = list->by == FIGURES_BY_ID ?
	    draft->all->ids :
	    (int64_t)figures_keys(draft->page->figures, list->by);

	fputs("<p><b>", to);
	html_number(to, keys);
	fprintf(to, "</b> %s in all", keys == 1 ? list->one : list->many);
	if (n > 0 && keys > 1) {
		fputs(". The first has <b>", to);
		html_share(to, entries[0].counts[FIGURES_BANS],
		    draft->all->ever);
		fputs("</b> of the bans", to);
	}
	fputs(".</p>\n", to);
}

static void
put_list(struct page_draft *draft, FILE *to, const struct list *list)
{
	struct figures_entry entries[PAGE_ENTRIES];
	struct chart_bar bars[PAGE_ENTRIES];
	char id[32];
	const struct page *page = draft->page;
	const struct figures *most = page->figures;
	size_t n;

	if (list->by == FIGURES_BY_ID && page->ids != NULL)
		most = page->ids;
	if (list->by == FIGURES_BY_NET && page->nets != NULL)
		most = page->nets;
	n = figures_top(most, list->by, FIGURES_BANS, PAGE_ENTRIES, entries);
	if (n == 0) {
		fprintf(to, "<p>%s</p>\n", list->none);
		return;
	}
	for (size_t i = 0; i < n; i++)
		bars[i] = (struct chart_bar){ entries[i].name,
			entries[i].counts[FIGURES_BANS] };
	snprintf(id, sizeof(id), "%s-chart", list->id);
	put_entry_sum(draft, to, list, entries, n);
	chart_bars(to,
	    &(struct chart){ id, list->title,
		"A bar for each, the most bans first. The table below has all "
		"numbers." },
	    bars, n);
	put_entry_table(draft, to, list, entries, n);
}

void
page_put_networks(struct page_draft *draft, FILE *to)
{
	static const struct list list = { FIGURES_BY_NET, "networks",
		"Networks with the most bans", "Network", "network", "networks",
		"No ban was of an address." };

	put_list(draft, to, &list);
}

void
page_put_ids(struct page_draft *draft, FILE *to)
{
	static const struct list list = { FIGURES_BY_ID, "ids",
		"Ids with the most bans", "Id", "id", "ids", "No ban." };

	if (draft->page->anonymous)
		fputs("<p>Left out of this report.</p>\n", to);
	else
		put_list(draft, to, &list);
}

void
page_put_users(struct page_draft *draft, FILE *to)
{
	static const struct list list = { FIGURES_BY_USER, "users",
		"User names with the most bans", "User name", "name", "names",
		"No ban of this period tells a user name." };

	if (draft->page->anonymous)
		fputs("<p>Left out of this report.</p>\n", to);
	else
		put_list(draft, to, &list);
}

void
page_put_countries(struct page_draft *draft, FILE *to)
{
	static const struct list list = { FIGURES_BY_COUNTRY, "countries",
		"Countries with the most bans", "Country", "country",
		"countries", "The database knows the country of no ban." };

	if (draft->page->no_countries == NULL) {
		put_list(draft, to, &list);
		return;
	}
	fputs("<p>There is ", to);
	escape_html(to, draft->page->no_countries);
	fputs(".</p>\n", to);
}

/* Write bars, and beneath them a table with their numbers and shares. */
static void
put_bars(FILE *to, const struct chart *chart, const struct chart_bar *bars,
    size_t n, const char *const headings[3])
{
	char id[32];
	struct html_table table = { id, chart->title, headings, 3, n, false };
	int64_t sum = 0;

	snprintf(id, sizeof(id), "%s-table", chart->id);
	chart_bars(to, chart, bars, n);
	for (size_t i = 0; i < n; i++)
		sum += bars[i].value;
	html_table_open(to, &table);
	for (size_t i = 0; i < n; i++) {
		html_row_open(to, bars[i].label);
		html_cell_number(to, bars[i].value);
		html_cell_share(to, bars[i].value, sum);
		html_row_close(to);
	}
	html_table_close(to);
}

void
page_put_repeat(struct page_draft *draft, FILE *to)
{
	static const char *const headings[] = { "Bans of an id", "Ids",
		"Share of ids" };
	static const char *const labels[FIGURES_REPEATS] = { "once", "twice",
		"3 to 5 times", "6 to 10 times", "more than 10 times" };
	struct chart_bar bars[FIGURES_REPEATS];
	int64_t ids[FIGURES_REPEATS];

	figures_repeats(draft->page->figures, ids);
	for (size_t i = 0; i < FIGURES_REPEATS; i++)
		bars[i] = (struct chart_bar){ labels[i], ids[i] };
	fputs("<p><b>", to);
	html_number(to, draft->all->returning);
	fputs("</b> of <b>", to);
	html_number(to, draft->all->ids);
	fputs("</b> ids, <b>", to);
	html_share(to, draft->all->returning, draft->all->ids);
	fputs("</b>, were banned more than once.</p>\n", to);
	put_bars(to,
	    &(struct chart){ "repeat-chart", "Ids by their number of bans",
		"How many ids were banned once, twice and more often. The "
		"table below has all numbers." },
	    bars, FIGURES_REPEATS, headings);
}

void
page_put_ends(struct page_draft *draft, FILE *to)
{
	static const char *const headings[] = { "End", "Bans", "Share" };
	static const char *const labels[] = {
		[BAN_LIVES] = "has not ended",
		[BAN_EXPIRED] = "expired",
		[BAN_MANUAL] = "manual",
		[BAN_FLUSHED] = "flushed",
		[BAN_INFERRED] = "inferred",
	};
	static const enum ban_end order[] = { BAN_EXPIRED, BAN_MANUAL,
		BAN_FLUSHED, BAN_INFERRED, BAN_LIVES };
	struct chart_bar bars[ARRAY_LEN(order)];

	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		bars[i] = (struct chart_bar){ labels[order[i]],
			draft->all->ends[order[i]] };
	fputs(
	    "<p>Expired: its ban time was up. Manual: it was lifted by hand. "
	    "Flushed: a jail was emptied. Inferred: nothing shows its "
	    "end.</p>\n",
	    to);
	put_bars(to,
	    &(struct chart){ "ends-chart", "Bans by their end",
		"How many bans expired, were lifted by hand, were flushed, "
		"or have not ended. The table below has all numbers." },
	    bars, ARRAY_LEN(order), headings);
}

/* The ranges of ban times, each from the one before up to its own end. */
static const struct time_range {
	const char *label;
	int64_t below; /* seconds; the last two take what is no number */
} ranges[] = {
	{ "under 10 minutes", 600 },
	{ "10 minutes to 1 hour", 3600 },
	{ "1 to 6 hours", 6 * 3600 },
	{ "6 to 24 hours", 86400 },
	{ "1 to 7 days", 7 * 86400 },
	{ "7 to 30 days", 30 * 86400 },
	{ "30 days and longer", INT64_MAX },
	{ "for ever", -1 },
	{ "unknown", UNKNOWN },
};

static size_t
range_of(int64_t seconds)
{
	size_t i = 0;

	if (seconds < 0)
		return ARRAY_LEN(ranges) - (seconds == UNKNOWN ? 1 : 2);
	/* The greatest number is in the last range, too. */
	while (seconds >= ranges[i].below && ranges[i].below != INT64_MAX)
		i++;
	return i;
}

void
page_put_times(struct page_draft *draft, FILE *to)
{
	static const char *const headings[] = { "Ban time", "Bans", "Share" };
	const struct figures_ban_time *times;
	struct chart_bar bars[ARRAY_LEN(ranges)];
	size_t n = figures_ban_times(draft->page->figures, FIGURES_ALL, &times);

	for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
		bars[i] = (struct chart_bar){ ranges[i].label, 0 };
	for (size_t i = 0; i < n; i++)
		bars[range_of(times[i].seconds)].value += times[i].bans;
	n = 0;
	for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
		if (bars[i].value > 0)
			bars[n++] = bars[i];
	}
	fputs("<p>Median: <b>", to);
	html_seconds(to, draft->all->median_seconds);
	fputs("</b>. Longest: <b>", to);
	html_seconds(to, draft->all->longest_seconds);
	fputs("</b>.</p>\n", to);
	put_bars(to,
	    &(struct chart){ "times-chart", "Bans by their ban time",
		"How many bans have a ban time in each range, the shortest "
		"first. The table below has all numbers." },
	    bars, n, headings);
}

static void
put_sums(FILE *to, const char *name, const struct figures_sums *sums)
{
	html_row_open(to, name);
	html_cell_number(to, sums->ever);
	html_cell_number(to, sums->live);
	html_cell_number(to, sums->today);
	html_cell_number(to, sums->yesterday);
	html_cell_number(to, sums->d7);
	html_cell_number(to, sums->d30);
	html_cell_number(to, sums->failures);
	html_cell_number(to, sums->ids);
	html_cell_number(to, sums->returning);
	html_cell_seconds(to, sums->median_seconds);
	html_cell_seconds(to, sums->longest_seconds);
	html_row_close(to);
}

void
page_put_figures(struct page_draft *draft, FILE *to)
{
	static const char *const headings[] = { "Jail", "Bans", "Live", "Today",
		"Yesterday", "7 days", "30 days", "Failures", "Ids",
		"Returning", "Median time", "Longest time" };
	const struct figures *f = draft->page->figures;
	size_t n = figures_jails(f), *order = calloc(n + 1, sizeof(*order));
	struct html_table table = { "figures", "All jails in figures", headings,
		ARRAY_LEN(headings), n + 1, true };

	fputs(
	    "<p>These are the figures of <b>fail2ban-archive stats</b>.</p>\n",
	    to);
	html_table_open(to, &table);
	put_sums(to, "all jails", draft->all);
	if (order == NULL) {
		draft->failed = true;
		n = 0;
	} else
		figures_order_jails(f, order);
	for (size_t i = 0; i < n; i++)
		put_sums(to, figures_of(f, order[i])->jail,
		    figures_of(f, order[i]));
	html_table_close(to);
	free(order);
}

/* Write when the first and last ban began, and how complete they are. */
static void
put_known(const struct page_draft *draft, FILE *to)
{
	const struct page *page = draft->page;
	const struct figures_sums *all = draft->all;

	fputs("<p>", to);
	if (all->ever > 0) {
		fputs("The first ban began at <b>", to);
		html_time(to, all->first_us);
		fputs("</b>, the last one at <b>", to);
		html_time(to, all->last_us);
		fputs("</b>. ", to);
	}
	if (all->removed > 0) {
		fputs("Retention has removed <b>", to);
		html_number(to, all->removed);
		fputs(
		    "</b> of them: they count, but not for networks, ids, "
		    "user names, countries and ban times. ",
		    to);
	}
	if (page->late && page->reconciled_us == UNKNOWN)
		fputs("Reconcile has never run. ", to);
	else if (page->late) {
		fputs("Reconcile has not run since <b>", to);
		html_time(to, page->reconciled_us);
		fputs("</b>. ", to);
	}
	if (page->fleet_gaps != NULL) {
		fputs("Gaps: ", to);
		html_name(to, page->fleet_gaps);
		putc('.', to);
	} else if (page->gaps_n == 0)
		fputs("No other gap is known.", to);
	fputs("</p>\n", to);
}

void
page_put_gaps(struct page_draft *draft, FILE *to)
{
	static const char *const headings[] = { "From", "Until", "Length",
		"Effect" };
	const struct page *page = draft->page;
	struct html_table table = { "gaps", "Gaps", headings, 4, page->gaps_n,
		true };
	char from[32];

	put_known(draft, to);
	if (page->gaps_n == 0)
		return;
	html_table_open(to, &table);
	for (size_t i = 0; i < page->gaps_n; i++) {
		const struct page_gap *gap = &page->gaps[i];

		timestamp_format(gap->from_us, from);
		from[16] = '\0';
		html_row_open(to, from);
		html_cell_time(to, gap->until_us);
		html_cell_seconds(to,
		    (gap->until_us - gap->from_us) / TIMESTAMP_US);
		html_cell_text(to,
		    gap->lossy ? "bans may be missing" : "ends may be inexact");
		html_row_close(to);
	}
	html_table_close(to);
}
