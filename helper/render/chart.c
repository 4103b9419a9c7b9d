/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/chart.h"

#include <string.h>

#include "base/escape.h"
#include "base/utf8.h"
#include "render/html.h"

/* Heights in pixels; a text takes LINE with the space around it. */
#define LINE 18
#define COLUMNS_HEIGHT 180
#define STRIP_HEIGHT 24
#define STRIP_STEP (LINE + STRIP_HEIGHT + 10)
#define BAR_HEIGHT 8
#define BAR_STEP (LINE + BAR_HEIGHT + 12)

/* There are places for so many columns at least: a column is never broad. */
#define PLACES 14

/* A column takes this part of its place. */
#define FILLED 0.78

/* A value that is not zero is at least so high, in pixels. */
#define SEEN 1.5

/* A label in a chart has room for so many letters; its table has it in full. */
#define LABEL_LETTERS 36

/* About so many columns have a label beneath. */
#define LABELS 6

static void
open_chart(FILE *to, const struct chart *chart, size_t height)
{
	fprintf(to,
	    "<svg class=\"chart\" role=\"img\" width=\"100%%\" height=\"%zu\" "
	    "aria-labelledby=\"%s-title %s-desc\">\n<title id=\"%s-title\">",
	    height, chart->id, chart->id, chart->id);
	escape_html(to, chart->title);
	fprintf(to, "</title>\n<desc id=\"%s-desc\">", chart->id);
	escape_html(to, chart->desc);
	fputs("</desc>\n", to);
}

static void
close_chart(FILE *to)
{
	fputs("</svg>\n", to);
}

static int64_t
greatest(const int64_t *values, size_t n)
{
	int64_t max = 0;

	for (size_t i = 0; i < n; i++) {
		if (values[i] > max)
			max = values[i];
	}
	return max;
}

/* Return the width of a column's place in percent. */
static double
place_of(const struct chart_axis *axis)
{
	return 100.0 / (double)(axis->n > PLACES ? axis->n : PLACES);
}

/* Begin a column that stands on y = foot, as a part of height. */
static void
open_column(FILE *to, const struct chart_axis *axis, size_t i, double part,
    size_t foot, size_t height)
{
	double place = place_of(axis), h = part * (double)height;

	h = h < SEEN ? SEEN : h;
	fprintf(to,
	    "<rect class=\"bar\" x=\"%.3f%%\" y=\"%.1f\" width=\"%.3f%%\" "
	    "height=\"%.1f\"",
	    ((double)i + (1 - FILLED) / 2) * place, (double)foot - h,
	    FILLED * place, h);
}

/* Write the labels beneath the columns, with their feet at y. */
static void
put_axis(FILE *to, const struct chart_axis *axis, size_t y)
{
	size_t every = axis->every;

	if (every == 0)
		every = (axis->n + LABELS - 1) / LABELS;
	for (size_t i = 0; i < axis->n; i += every) {
		double x = (double)i * place_of(axis);

		/* The last one would end outside the chart. */
		if (i > 0 && x > 88)
			break;
		fprintf(to, "<text class=\"axis\" x=\"%.3f%%\" y=\"%zu\">", x,
		    y);
		escape_html(to, axis->labels[i]);
		fputs("</text>\n", to);
	}
}

/* Write a line across the chart. */
static void
put_line(FILE *to, const char *class, size_t y)
{
	fprintf(to,
	    "<line class=\"%s\" x1=\"0\" x2=\"100%%\" y1=\"%zu\" "
	    "y2=\"%zu\"/>\n",
	    class, y, y);
}

/* Hatch the background of the marked columns. */
static void
put_marks(FILE *to, const struct chart *chart, const struct chart_axis *axis,
    const bool *marks)
{
	double place = place_of(axis);

	fprintf(to,
	    "<defs><pattern id=\"%s-hatch\" width=\"6\" height=\"6\" "
	    "patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
	    "<rect class=\"hatch\" width=\"1.5\" height=\"6\"/>"
	    "</pattern></defs>\n",
	    chart->id);
	for (size_t i = 0, end; i < axis->n; i = end + 1) {
		for (end = i; end < axis->n && marks[end]; end++)
			;
		if (end > i)
			fprintf(to,
			    "<rect fill=\"url(#%s-hatch)\" x=\"%.3f%%\" "
			    "y=\"%d\" width=\"%.3f%%\" height=\"%d\"/>\n",
			    chart->id, (double)i * place, LINE,
			    (double)(end - i) * place, COLUMNS_HEIGHT);
	}
}

void
chart_columns(FILE *to, const struct chart *chart,
    const struct chart_axis *axis, const int64_t *values, const bool *marks)
{
	int64_t top = greatest(values, axis->n);
	const size_t foot = LINE + COLUMNS_HEIGHT;

	open_chart(to, chart, 2 * LINE + COLUMNS_HEIGHT);
	if (marks != NULL)
		put_marks(to, chart, axis, marks);
	for (size_t i = 0; i < axis->n; i++) {
		if (values[i] <= 0)
			continue;
		open_column(to, axis, i, (double)values[i] / (double)top, foot,
		    COLUMNS_HEIGHT);
		fputs("><title>", to);
		escape_html(to, axis->names[i]);
		fputs(": ", to);
		html_number(to, values[i]);
		fputs("</title></rect>\n", to);
	}
	put_line(to, "rule", LINE);
	fprintf(to, "<text class=\"axis\" x=\"0\" y=\"%d\">", LINE - 5);
	html_number(to, top);
	fputs("</text>\n", to);
	put_line(to, "foot", foot);
	put_axis(to, axis, LINE + COLUMNS_HEIGHT + LINE - 3);
	close_chart(to);
}

/* Return the width of a character in letters: those of East Asia take two. */
static size_t
letters(const char *s, size_t n)
{
	return n >= 3 && (unsigned char)s[0] >= 0xe1 ? 2 : 1;
}

/* Write a label, cut where it has more letters than there is room for. */
static void
put_label(FILE *to, const char *s)
{
	char cut[4 * LABEL_LETTERS + 4];
	size_t len = strlen(s), at = 0, width = 0, n;

	for (; at < len && width < LABEL_LETTERS; at += n) {
		n = utf8_length(s + at, len - at);
		n = n == 0 ? 1 : n;
		width += letters(s + at, n);
	}
	memcpy(cut, s, at);
	memcpy(cut + at, at < len ? "\xe2\x80\xa6" : "", at < len ? 4 : 1);
	escape_html(to, cut);
}

/* Write a name at the left and a number at the right, above a bar or row. */
static void
put_heading(FILE *to, size_t y, const char *label, int64_t number)
{
	fprintf(to, "<text class=\"label\" x=\"0\" y=\"%zu\">", y);
	put_label(to, label);
	fprintf(to,
	    "</text><text class=\"value\" x=\"100%%\" y=\"%zu\" "
	    "text-anchor=\"end\">",
	    y);
	html_number(to, number);
	fputs("</text>\n", to);
}

void
chart_strips(FILE *to, const struct chart *chart, const struct chart_axis *axis,
    const struct chart_strip *strips, size_t n, bool one_scale)
{
	int64_t top = 1, own;

	for (size_t i = 0; i < n; i++) {
		own = greatest(strips[i].values, axis->n);
		top = own > top ? own : top;
	}
	open_chart(to, chart, n * STRIP_STEP + LINE);
	for (size_t i = 0; i < n; i++) {
		const int64_t *values = strips[i].values;
		size_t y = i * STRIP_STEP, foot = y + LINE + STRIP_HEIGHT;

		own = one_scale ? top : greatest(values, axis->n);
		put_heading(to, y + LINE - 5, strips[i].label,
		    strips[i].number);
		for (size_t k = 0; k < axis->n; k++) {
			if (values[k] <= 0)
				continue;
			open_column(to, axis, k,
			    (double)values[k] / (double)own, foot,
			    STRIP_HEIGHT);
			fputs("/>\n", to);
		}
		put_line(to, "foot", foot);
	}
	put_axis(to, axis, n * STRIP_STEP + 4);
	close_chart(to);
}

void
chart_bars(FILE *to, const struct chart *chart, const struct chart_bar *bars,
    size_t n)
{
	int64_t top = 1;

	for (size_t i = 0; i < n; i++)
		top = bars[i].value > top ? bars[i].value : top;
	open_chart(to, chart, n * BAR_STEP);
	for (size_t i = 0; i < n; i++) {
		size_t y = i * BAR_STEP;

		put_heading(to, y + LINE - 5, bars[i].label, bars[i].value);
		fprintf(to,
		    "<rect class=\"track\" x=\"0\" y=\"%zu\" width=\"100%%\" "
		    "height=\"%d\"/>",
		    y + LINE, BAR_HEIGHT);
		if (bars[i].value > 0)
			fprintf(to,
			    "<rect class=\"bar\" x=\"0\" y=\"%zu\" "
			    "width=\"%.3f%%\" height=\"%d\"/>",
			    y + LINE,
			    100.0 * (double)bars[i].value / (double)top,
			    BAR_HEIGHT);
		putc('\n', to);
	}
	close_chart(to);
}
