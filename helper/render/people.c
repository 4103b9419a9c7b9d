/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows of a table for people: libsmartcols fits them to the terminal. */
/* wcwidth(3) is declared with this. */
#define _XOPEN_SOURCE 700 /* NOLINT(*-reserved-identifier,cert-dcl*) */

#include <inttypes.h>
#include <libsmartcols.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <wchar.h>

#include "base/buffer.h"
#include "base/escape.h"
#include "base/macros.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "render/row.h"

/* So many rows are written at once. */
#define BATCH 512

/* A text has at most so many bytes, on a terminal less, and then a mark. */
#define TEXT_MAX 252
#define TERMINAL_MAX 100

/* A column that shrinks keeps so many characters, unless it says otherwise. */
#define KEEPS 8

/* The mark at the end of a text that was cut, U+2026. */
#define CUT "\xe2\x80\xa6"

/* A narrower terminal gets the times in their short form. */
#define NARROW 100

/* Seconds; a time that is older has its year in place of the time of day. */
#define OLD (180 * TIMESTAMP_DAY)

/* The characters of the longest bar. */
#define BAR 20

struct people {
	const struct table_shown *shown;
	struct libscols_table *table;
	struct buffer cell;
	size_t rows; /* that wait */
	bool tight;  /* one blank stands between the columns, not two */
};

/* Return the name of the time zone, for the heading of a time. */
static const char *
zone(const struct table_style *style, char buf[32])
{
	time_t now = (time_t)(style->now_us / TIMESTAMP_US);
	struct tm tm;

	if (style->utc)
		return "UTC";
	if (localtime_r(&now, &tm) == NULL || strftime(buf, 32, "%Z", &tm) == 0)
		return "local";
	return buf;
}

static int
add_column(struct people *p, const struct column *column, bool *zoned)
{
	const struct table_style *style = p->shown->style;
	char name[32], heading[80];
	int flags = 0;

	if (column->kind == COLUMN_NUMBER || column->kind == COLUMN_SHARE)
		flags |= SCOLS_FL_RIGHT;
	snprintf(heading, sizeof(heading), "%s", column->heading);
	if (column->kind == COLUMN_TIME && !*zoned) {
		snprintf(heading, sizeof(heading), "%s (%s)", column->heading,
		    zone(style, name));
		*zoned = true;
	}
	return scols_table_new_column(p->table, heading, 0, flags) != NULL ? 0 :
									     -1;
}

static int
set_up(struct people *p)
{
	const struct table_style *style = p->shown->style;
	bool zoned = false;

	/* libsmartcols counts the columns of a character by the locale. */
	setlocale(LC_CTYPE, "C.UTF-8");
	if ((p->table = scols_new_table()) == NULL)
		return -1;
	/* The cells are escaped already. */
	scols_table_enable_noencoding(p->table, 1);
	scols_table_enable_colors(p->table, style->colour);
	scols_table_set_column_separator(p->table, "  ");
	scols_table_set_stream(p->table, p->shown->to);
	scols_table_set_termforce(p->table,
	    style->width > 0 ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
	if (style->width > 0)
		scols_table_set_termwidth(p->table, style->width);
	for (size_t i = 0; i < p->shown->n; i++) {
		if (add_column(p, &p->shown->columns[p->shown->which[i]],
			&zoned) != 0)
			return -1;
	}
	return 0;
}

int
people_open(struct people **people, const struct table_shown *shown,
    struct err *e)
{
	struct people *p = *people = calloc(1, sizeof(*p));

	if (p == NULL)
		return err_no_memory(e);
	p->shown = shown;
	return set_up(p) == 0 ? 0 : err_no_memory(e);
}

/* Append a text, escaped; after max bytes, cut it with a mark. */
static void
put_text(struct buffer *out, const char *s, size_t max)
{
	size_t len = strlen(s), n = escape_text(NULL, 0, s, len);
	char *escaped = malloc(n + 1);

	if (escaped == NULL) {
		out->failed = true;
		return;
	}
	if (n <= max) {
		escape_text(escaped, n + 1, s, len);
		buffer_puts(out, escaped);
	} else {
		escape_text(escaped, max + 1, s, len);
		buffer_puts(out, escaped);
		buffer_puts(out, CUT);
	}
	free(escaped);
}

const char *
column_format_time(const struct table_style *style, int64_t us, char buf[48])
{
	bool small = style->width > 0 && style->width < NARROW;
	int64_t age = number_sub_sat(style->now_us, us) / TIMESTAMP_US;
	time_t seconds = (time_t)(us / TIMESTAMP_US);
	struct tm tm;
	size_t n = 0;

	if (localtime_r(&seconds, &tm) == NULL)
		;
	else if (!small)
		n = strftime(buf, 48, "%Y-%m-%d %H:%M:%S", &tm);
	else if (age > OLD || age < -TIMESTAMP_DAY)
		n = strftime(buf, 48, "%b %e  %Y", &tm);
	else
		n = strftime(buf, 48, "%b %e %H:%M", &tm);
	if (n == 0)
		snprintf(buf, 48, "%" PRId64, us / TIMESTAMP_US);
	return buf;
}

/* Append a bar that is so many millionths of the longest one. */
static void
put_bar(struct buffer *out, int64_t millionths)
{
	/* U+2588 is a full block, and each next one is an eighth less. */
	int64_t eighths = (millionths * BAR * 8 + 999999) / 1000000;
	char part[4] = "\xe2\x96\x88";

	for (; eighths >= 8; eighths -= 8)
		buffer_puts(out, part);
	part[2] = (char)(part[2] + 8 - eighths);
	if (eighths > 0)
		buffer_puts(out, part);
}

static void
put_number(struct buffer *out, const struct table_style *style,
    enum column_kind kind, int64_t v)
{
	char text[48];

	switch (kind) {
	case COLUMN_TIME:
		buffer_puts(out, column_format_time(style, v, text));
		return;
	case COLUMN_SECONDS:
		buffer_puts(out, timestamp_format_seconds(v, text));
		return;
	case COLUMN_SHARE:
		snprintf(text, sizeof(text), "%" PRId64 ".%" PRId64 " %%",
		    (v + 500) / 10000, (v + 500) % 10000 / 1000);
		buffer_puts(out, text);
		return;
	case COLUMN_BAR:
		put_bar(out, v);
		return;
	default:
		buffer_put_number(out, v);
	}
}

/* Set p->cell to what people read. */
static void
put_cell(struct people *p, size_t which, const struct row *row)
{
	const struct column *column = &p->shown->columns[which];
	const struct table_style *style = p->shown->style;
	const char *text;

	buffer_cut(&p->cell, 0);
	buffer_puts(&p->cell, "");
	if (!row_has_text(column)) {
		if (row->cells[which].set)
			put_number(&p->cell, style, column->kind,
			    row->cells[which].number);
		else
			buffer_puts(&p->cell, "?");
	} else if ((text = row_text(row, which)) != NULL) {
		put_text(&p->cell, text,
		    style->width > 0 ? TERMINAL_MAX : TEXT_MAX);
	}
}

int
people_row(struct people *p, const struct row *row, struct err *e)
{
	struct libscols_line *line = scols_table_new_line(p->table, NULL);

	for (size_t i = 0; line != NULL && i < p->shown->n; i++) {
		put_cell(p, p->shown->which[i], row);
		if (p->cell.failed ||
		    scols_line_set_data(line, i, p->cell.s) != 0)
			line = NULL;
	}
	if (line == NULL ||
	    (row->tone == TABLE_STRONG &&
		scols_line_set_color(line, "red") != 0))
		return err_no_memory(e);
	return ++p->rows < BATCH ? 0 : people_flush(p, e);
}

/*
 * Return how many places of the terminal a text takes, up to max; *end is where
 * it goes on after them.
 */
static size_t
places(const char *s, size_t max, const char **end)
{
	mbstate_t state = { 0 };
	size_t taken = 0;

	while (*s != '\0') {
		wchar_t c;
		size_t n = mbrtowc(&c, s, MB_CUR_MAX, &state);
		int more = n > 4 ? 1 : wcwidth(c);

		n = n > 4 ? 1 : n;
		if (taken + (size_t)(more > 0 ? more : 0) > max)
			break;
		taken += (size_t)(more > 0 ? more : 0);
		s += n;
	}
	*end = s;
	return taken;
}

/* Return the text of a cell; line NULL: of the heading. */
static const char *
cell_text(const struct people *p, struct libscols_line *line, size_t i)
{
	return line != NULL ?
	    scols_line_get_column_data(line,
		scols_table_get_column(p->table, i)) :
	    scols_column_get_name(scols_table_get_column(p->table, i));
}

/* Cut the cells of a column to a width, with a mark. */
static int
cut_column(struct people *p, size_t i, size_t width)
{
	struct libscols_line *line;
	const char *end;

	for (size_t row = 0; row < p->rows; row++) {
		line = scols_table_get_line(p->table, row);
		places(cell_text(p, line, i), width, &end);
		if (*end == '\0')
			continue;
		places(cell_text(p, line, i), width - 1, &end);
		buffer_cut(&p->cell, 0);
		buffer_put(&p->cell, cell_text(p, line, i),
		    (size_t)(end - cell_text(p, line, i)));
		buffer_puts(&p->cell, CUT);
		if (p->cell.failed ||
		    scols_line_set_data(line, i, p->cell.s) != 0)
			return -1;
	}
	return 0;
}

/* Return the widest column that may shrink, p->shown->n: none is left. */
static size_t
widest(const struct people *p, const size_t *widths)
{
	size_t found = p->shown->n;

	for (size_t i = 0; i < p->shown->n; i++) {
		const struct column *c = &p->shown->columns[p->shown->which[i]];

		if ((c->flags & COLUMN_SHRINKS) != 0 &&
		    widths[i] > (c->keeps > 0 ? c->keeps : KEEPS) &&
		    (found == p->shown->n || widths[i] > widths[found]))
			found = i;
	}
	return found;
}

/*
 * Until the rows fit the terminal, put one blank between the columns, and cut
 * those that shrink, the widest first. libsmartcols could cut too, but shows no
 * mark, and makes columns narrower than it must.
 */
static int
fit(struct people *p)
{
	size_t width = p->shown->style->width, n = p->shown->n, i;
	size_t widths[TABLE_COLUMNS] = { 0 };
	size_t total = (n - 1) * 2;
	const char *end;

	if (width == 0)
		return 0;
	for (i = 0; i < n; i++) {
		widths[i] = places(cell_text(p, NULL, i), SIZE_MAX, &end);
		for (size_t row = 0; row < p->rows; row++) {
			size_t w =
			    places(cell_text(p,
				       scols_table_get_line(p->table, row), i),
				SIZE_MAX, &end);

			widths[i] = w > widths[i] ? w : widths[i];
		}
		total += widths[i];
	}
	if (total > width || p->tight) {
		p->tight = true;
		total -= n - 1;
		scols_table_set_column_separator(p->table, " ");
	}
	for (; total > width && (i = widest(p, widths)) < n; total--)
		widths[i]--;
	for (i = 0; i < n; i++) {
		if (cut_column(p, i, widths[i]) != 0)
			return -1;
	}
	return 0;
}

int
people_flush(struct people *p, struct err *e)
{
	struct libscols_column *column;
	const char *end;
	size_t width;

	if (p->rows == 0)
		return 0;
	if (fit(p) != 0 || scols_print_table(p->table) != 0)
		return err_no_memory(e);
	for (size_t i = 0; i < p->shown->n; i++) {
		column = scols_table_get_column(p->table, i);
		width = scols_column_get_width(column);
		/* A column that is as narrow as its heading stays so. */
		if (width <= places(cell_text(p, NULL, i), SIZE_MAX, &end))
			continue;
		scols_column_set_whint(column, (double)width);
		scols_column_set_flags(column,
		    scols_column_get_flags(column) | SCOLS_FL_STRICTWIDTH);
	}
	scols_table_remove_lines(p->table);
	scols_table_enable_noheadings(p->table, 1);
	p->rows = 0;
	return 0;
}

void
people_close(struct people *p)
{
	scols_unref_table(p->table);
	buffer_free(&p->cell);
	free(p);
}
