/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the page that show when bans were made. */
#include <inttypes.h>
#include <stdlib.h>

#include "render/page_parts.h"

/* So many jails have a row of their own; the others share one. */
#define JAILS_SHOWN 7

struct figures_day
page_count_part(const struct page_draft *draft, size_t jail, size_t part)
{
	const struct span_part *of = &draft->span.parts[part];
	struct figures_day sum = { 0 };

	for (int64_t day = of->first; day <= of->last; day++) {
		struct figures_day one =
		    figures_day(draft->page->figures, jail, day);

		sum.bans += one.bans;
		sum.fresh += one.fresh;
	}
	return sum;
}

static struct chart_axis
axis_of(const struct page_draft *draft)
{
	return (struct chart_axis){
		.n = draft->span.n,
		.labels = draft->span.labels,
		.names = draft->span.names,
	};
}

/* Return the sum of the parts, and set *most to the greatest. */
static int64_t
sum_of_parts(const struct page_draft *draft, size_t *most)
{
	int64_t sum = 0;

	*most = 0;
	for (size_t i = 0; i < draft->span.n; i++) {
		sum += draft->values[i];
		if (draft->values[i] > draft->values[*most])
			*most = i;
	}
	return sum;
}

void
page_put_days(struct page_draft *draft, FILE *to)
{
	static const char *const headings[] = { "Time", "Bans" };
	const struct span *span = &draft->span;
	const struct chart_axis axis = axis_of(draft);
	struct html_table table = { "days", "Bans by time", headings, 2,
		span->n, false };
	char desc[256];
	size_t most;
	int64_t sum = sum_of_parts(draft, &most);

	snprintf(desc, sizeof(desc),
	    "Columns from %s to %s. The most, %" PRId64
	    ", are of %s. The table below has all numbers.",
	    span->names[0], span->names[span->n - 1], draft->values[most],
	    span->names[most]);
	fprintf(to, "<p>Most: <b>%s</b>, with <b>", span->names[most]);
	html_number(to, draft->values[most]);
	fprintf(to, "</b>. On average <b>");
	html_mean(to, sum, (int64_t)span->n);
	fprintf(to, "</b> a %s.", span->unit);
	if (draft->any_marked)
		fputs(" Hatched: the archive may have missed bans.", to);
	if (sum != draft->all->ever) {
		putc(' ', to);
		html_number(to, draft->all->ever - sum);
		fputs(
		    " bans have a time that is still to come, and are not "
		    "shown.",
		    to);
	}
	fputs("</p>\n", to);
	chart_columns(to, &(struct chart){ "days-chart", "Bans by time", desc },
	    &axis, draft->values, draft->any_marked ? draft->marks : NULL);
	html_table_open(to, &table);
	for (size_t i = 0; i < span->n; i++) {
		html_row_open(to, span->names[i]);
		html_cell_number(to, draft->values[i]);
		html_row_close(to);
	}
	html_table_close(to);
}

/* Fill the strip of a jail. */
static void
fill_jail(const struct page_draft *draft, size_t jail,
    struct chart_strip *strip, int64_t *values)
{
	const struct figures_sums *sums =
	    figures_of(draft->page->figures, jail);

	*strip = (struct chart_strip){ sums->jail, sums->ever, values };
	for (size_t i = 0; i < draft->span.n; i++)
		values[i] = page_count_part(draft, jail, i).bans;
}

/* Fill the last strip: what is left of all when the strips are taken off. */
static void
fill_others(const struct page_draft *draft, struct chart_strip *strips,
    size_t n, int64_t *values)
{
	strips[n] =
	    (struct chart_strip){ "other jails", draft->all->ever, values };
	for (size_t i = 0; i < n; i++)
		strips[n].number -= strips[i].number;
	for (size_t i = 0; i < draft->span.n; i++) {
		values[i] = draft->values[i];
		for (size_t k = 0; k < n; k++)
			values[i] -= strips[k].values[i];
	}
}

/* Write the table of n strips; id and title are those of its chart. */
static void
put_strip_table(const struct page_draft *draft, FILE *to, const char *id,
    const char *title, const struct chart_strip *strips, size_t n)
{
	const char *headings[JAILS_SHOWN + 2] = { "Time" };
	const struct html_table table = { id, title, headings, n + 1,
		draft->span.n, false };

	for (size_t i = 0; i < n; i++)
		headings[i + 1] = strips[i].label;
	html_table_open(to, &table);
	for (size_t i = 0; i < draft->span.n; i++) {
		html_row_open(to, draft->span.names[i]);
		for (size_t k = 0; k < n; k++)
			html_cell_number(to, strips[k].values[i]);
		html_row_close(to);
	}
	html_table_close(to);
}

void
page_put_jails(struct page_draft *draft, FILE *to)
{
	struct chart_strip strips[JAILS_SHOWN + 1];
	const struct figures *f = draft->page->figures;
	size_t all = figures_jails(f), n = all;
	size_t *order = calloc(all + 1, sizeof(*order));
	const struct chart_axis axis = axis_of(draft);
	int64_t *values;

	if (n > JAILS_SHOWN + 1)
		n = JAILS_SHOWN;
	values = calloc((n + 1) * draft->span.n, sizeof(*values));
	if (order == NULL || values == NULL)
		draft->failed = true;
	else {
		figures_order_jails(f, order);
		for (size_t i = 0; i < n; i++)
			fill_jail(draft, order[i], &strips[i],
			    values + i * draft->span.n);
		if (n < all) {
			fill_others(draft, strips, n,
			    values + n * draft->span.n);
			n++;
		}
		fputs(
		    "<p>Each row has its own scale, up to its highest "
		    "column.</p>\n",
		    to);
		chart_strips(to,
		    &(struct chart){ "jails-chart", "Bans by time and jail",
			"A row of columns for each jail, with its number of "
			"bans. The table below has all numbers." },
		    &axis, strips, n, false);
		put_strip_table(draft, to, "jails", "Bans by time and jail",
		    strips, n);
	}
	free(order);
	free(values);
}

/* Write how many ids were new and came back; the arrays have a part each. */
static void
put_fresh(const struct page_draft *draft, FILE *to, int64_t *fresh,
    int64_t *again)
{
	const struct chart_axis axis = axis_of(draft);
	struct chart_strip strips[] = {
		{ "first ban of an id", 0, fresh },
		{ "an id came back", 0, again },
	};

	for (size_t i = 0; i < axis.n; i++) {
		struct figures_day day = page_count_part(draft, FIGURES_ALL, i);

		fresh[i] = day.fresh;
		again[i] = day.bans - day.fresh;
		strips[0].number += fresh[i];
		strips[1].number += again[i];
	}
	fputs("<p><b>", to);
	html_share(to, strips[1].number, strips[0].number + strips[1].number);
	fputs("</b> of the bans are of an id that was banned before.</p>\n",
	    to);
	chart_strips(to,
	    &(struct chart){ "fresh-chart", "New and returning ids by time",
		"Two rows of columns on one scale: first bans of an id, and "
		"later ones. The table below has all numbers." },
	    &axis, strips, ARRAY_LEN(strips), true);
	put_strip_table(draft, to, "fresh", "New and returning ids by time",
	    strips, ARRAY_LEN(strips));
}

void
page_put_fresh(struct page_draft *draft, FILE *to)
{
	int64_t *fresh = calloc(draft->span.n, sizeof(*fresh));
	int64_t *again = calloc(draft->span.n, sizeof(*again));

	if (fresh == NULL || again == NULL)
		draft->failed = true;
	else
		put_fresh(draft, to, fresh, again);
	free(fresh);
	free(again);
}

/* The numbers of the hours of a day. */
static const char *const hour_names[24] = { "00", "01", "02", "03", "04", "05",
	"06", "07", "08", "09", "10", "11", "12", "13", "14", "15", "16", "17",
	"18", "19", "20", "21", "22", "23" };

static const char *const weekdays[7] = { "Monday", "Tuesday", "Wednesday",
	"Thursday", "Friday", "Saturday", "Sunday" };

static void
put_hour_table(struct page_draft *draft, FILE *to)
{
	static const char *const headings[] = { "Hour", "Mon", "Tue", "Wed",
		"Thu", "Fri", "Sat", "Sun" };
	struct html_table table = { "hours", "Bans by hour and weekday",
		headings, 8, 24, false };

	html_table_open(to, &table);
	for (int hour = 0; hour < 24; hour++) {
		html_row_open(to, hour_names[hour]);
		for (int day = 0; day < 7; day++)
			html_cell_number(to,
			    figures_hour(draft->page->figures, day, hour));
		html_row_close(to);
	}
	html_table_close(to);
}

void
page_put_hours(struct page_draft *draft, FILE *to)
{
	struct chart_axis axis = { 24, hour_names, hour_names, 3 };
	struct chart_strip strips[7];
	int64_t values[7][24];
	int most_day = 0, most_hour = 0;

	for (int day = 0; day < 7; day++) {
		strips[day] =
		    (struct chart_strip){ weekdays[day], 0, values[day] };
		for (int hour = 0; hour < 24; hour++) {
			int64_t bans =
			    figures_hour(draft->page->figures, day, hour);

			values[day][hour] = bans;
			strips[day].number += bans;
			if (bans > values[most_day][most_hour]) {
				most_day = day;
				most_hour = hour;
			}
		}
	}
	fprintf(to, "<p>Most: <b>%s, %02d:00 to %02d:59</b>, with <b>",
	    weekdays[most_day], most_hour, most_hour);
	html_number(to, values[most_day][most_hour]);
	fputs("</b>. All rows have one scale.</p>\n", to);
	chart_strips(to,
	    &(struct chart){ "hours-chart", "Bans by hour and weekday",
		"A row of 24 columns for each weekday, on one scale. The table "
		"below has all numbers." },
	    &axis, strips, 7, true);
	put_hour_table(draft, to);
}
