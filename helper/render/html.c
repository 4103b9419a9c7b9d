/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/html.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/escape.h"
#include "base/macros.h"
#include "base/timestamp.h"

/* A table of so many rows is unfolded on paper. */
#define SHORT_ROWS 12

void
html_name(FILE *to, const char *s)
{
	fputs("<bdi>", to);
	escape_html(to, s);
	fputs("</bdi>", to);
}

void
html_number(FILE *to, int64_t v)
{
	char digits[24];
	size_t n;

	if (v == UNKNOWN) {
		fputs("unknown", to);
		return;
	}
	n = (size_t)snprintf(digits, sizeof(digits), "%" PRId64, v);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && digits[i - 1] != '-' && (n - i) % 3 == 0)
			putc(',', to);
		putc(digits[i], to);
	}
}

void
html_data(FILE *to, int64_t v)
{
	if (v == UNKNOWN) {
		html_number(to, v);
		return;
	}
	fprintf(to, "<data value=\"%" PRId64 "\">", v);
	html_number(to, v);
	fputs("</data>", to);
}

void
html_mean(FILE *to, int64_t sum, int64_t of)
{
	double mean = of > 0 ? (double)sum / (double)of : 0.0;

	if (mean >= 10 || mean == 0)
		html_number(to, (int64_t)(mean + 0.5));
	else
		fprintf(to, "%.*f", mean >= 0.1 ? 1 : 2, mean);
}

void
html_share(FILE *to, int64_t part, int64_t whole)
{
	double percent = whole > 0 ? 100.0 * (double)part / (double)whole : 0.0;

	if (percent > 0 && percent < 1)
		fputs("under 1\xc2\xa0%", to);
	else
		fprintf(to, "%.0f\xc2\xa0%%", percent);
}

void
html_time(FILE *to, int64_t us)
{
	char text[32];

	if (us == UNKNOWN) {
		fputs("unknown", to);
		return;
	}
	/* Nobody needs the seconds. */
	fprintf(to, "<time>%.16s</time>", timestamp_format(us, text));
}

void
html_seconds(FILE *to, int64_t seconds)
{
	char text[32];

	if (seconds == UNKNOWN)
		fputs("unknown", to);
	else
		fprintf(to, "<data value=\"%" PRId64 "\">%s</data>", seconds,
		    timestamp_format_seconds(seconds, text));
}

void
html_table_open(FILE *to, const struct html_table *t)
{
	fprintf(to, "<details%s%s><summary>Table: ",
	    t->unfolded || t->rows <= SHORT_ROWS ? " class=\"short\"" : "",
	    t->unfolded ? " open" : "");
	escape_html(to, t->caption);
	fprintf(to,
	    "</summary>\n<div class=\"scroll\" role=\"group\" tabindex=\"0\" "
	    "aria-labelledby=\"%s-caption\">\n<table>\n<caption "
	    "id=\"%s-caption\">",
	    t->id, t->id);
	escape_html(to, t->caption);
	fputs("</caption>\n<thead><tr>", to);
	for (size_t i = 0; i < t->columns; i++) {
		fprintf(to, "<th scope=\"col\"%s>",
		    i == 0 ? "" : " class=\"number\"");
		html_name(to, t->headings[i]);
		fputs("</th>", to);
	}
	fputs("</tr></thead>\n<tbody>\n", to);
}

void
html_table_close(FILE *to)
{
	fputs("</tbody>\n</table>\n</div>\n</details>\n", to);
}

void
html_row_open(FILE *to, const char *heading)
{
	fputs("<tr><th scope=\"row\">", to);
	html_name(to, heading);
	fputs("</th>", to);
}

void
html_row_close(FILE *to)
{
	fputs("</tr>\n", to);
}

/* A cell is written by one statement. */
#define CELL(to, write) \
	do { \
		fputs("<td class=\"number\">", (to)); \
		write; \
		fputs("</td>", (to)); \
	} while (0)

void
html_cell_text(FILE *to, const char *s)
{
	CELL(to, html_name(to, s));
}

void
html_cell_number(FILE *to, int64_t v)
{
	CELL(to, html_data(to, v));
}

void
html_cell_share(FILE *to, int64_t part, int64_t whole)
{
	CELL(to, html_share(to, part, whole));
}

void
html_cell_seconds(FILE *to, int64_t seconds)
{
	CELL(to, html_seconds(to, seconds));
}

void
html_cell_time(FILE *to, int64_t us)
{
	CELL(to, html_time(to, us));
}
