/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/table.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/address.h"
#include "base/escape.h"
#include "base/list.h"
#include "base/macros.h"
#include "base/nearest.h"
#include "base/number.h"
#include "render/row.h"

/* A sorted table with a limit drops rows when it has so many more. */
#define SPARE 1024

struct table {
	struct table_shown shown;
	const struct column *columns;
	size_t n;
	struct people *people; /* NULL: the rows are for programs */
	struct row row;	       /* the present one */
	struct buffer record;  /* of JSON or CSV */
	int64_t rows;

	bool sorts;
	bool descending;
	size_t sort; /* the column that it sorts by */
	struct row *kept;
	size_t kept_n, room;
};

bool
row_has_text(const struct column *column)
{
	return column->kind == COLUMN_TEXT || column->kind == COLUMN_ARRAY ||
	    column->kind == COLUMN_OBJECT;
}

const char *
row_text(const struct row *row, size_t column)
{
	const struct cell *cell = &row->cells[column];

	return cell->set ? row->texts.s + cell->text : NULL;
}

/* Find a column by its key or its alias; fail and name the nearest one. */
static int
find_column(const struct table *t, const char *option, const char *name,
    size_t len, size_t *column, struct err *e)
{
	char word[40], escaped[120];
	struct nearest nearest = { .word = word };

	for (size_t i = 0; i < t->n; i++) {
		const char *names[] = { t->columns[i].key,
			t->columns[i].alias };

		for (size_t k = 0; k < ARRAY_LEN(names); k++) {
			if (names[k] != NULL && strlen(names[k]) == len &&
			    memcmp(names[k], name, len) == 0) {
				*column = i;
				return 0;
			}
		}
	}
	snprintf(word, sizeof(word), "%.*s", (int)(len < 39 ? len : 39), name);
	for (size_t i = 0; i < t->n; i++) {
		nearest_take(&nearest, t->columns[i].key);
		if (t->columns[i].alias != NULL)
			nearest_take(&nearest, t->columns[i].alias);
	}
	escape_text(escaped, sizeof(escaped), word, strlen(word));
	if (nearest.name != NULL)
		return err_set(e, EX_USAGE,
		    "--%s: %s: no such field: did you mean %s?", option,
		    escaped, nearest.name);
	return err_set(e, EX_USAGE, "--%s: %s: no such field; see the manual",
	    option, escaped);
}

static bool
is_shown(const struct table *t, size_t column)
{
	for (size_t i = 0; i < t->shown.n; i++) {
		if (t->shown.which[i] == column)
			return true;
	}
	return false;
}

/* Show the columns that --fields names. */
static int
show_fields(struct table *t, const char *fields, struct err *e)
{
	for (const char *at = fields;; at++) {
		size_t len = strcspn(at, ","), column = 0;

		if (find_column(t, "fields", at, len, &column, e) != 0)
			return -1;
		if (is_shown(t, column))
			return err_set(e, EX_USAGE, "--fields: %s: named twice",
			    t->columns[column].key);
		t->shown.which[t->shown.n++] = column;
		at += len;
		if (*at == '\0')
			return 0;
	}
}

/* Show the columns that are shown without --fields. */
static void
show_usual(struct table *t, const struct table_style *style)
{
	bool people = style->format == TABLE_PEOPLE;
	size_t at;

	for (size_t i = 0; i < t->n; i++) {
		const struct column *c = &t->columns[i];

		if ((c->flags & (people ? COLUMN_SHOWN : COLUMN_DATA)) == 0)
			continue;
		if (people && style->width > 0 && style->width < c->from_width)
			continue;
		for (at = t->shown.n++; people && at > 0 &&
		     c->place < t->columns[t->shown.which[at - 1]].place;
		     at--)
			t->shown.which[at] = t->shown.which[at - 1];
		t->shown.which[at] = i;
	}
}

static int
choose_order(struct table *t, const char *sort, struct err *e)
{
	t->sorts = true;
	t->descending = *sort == '-';
	sort += t->descending;
	return find_column(t, "sort", sort, strlen(sort), &t->sort, e);
}

int
table_open(struct table **table, const struct table_style *style,
    const struct column *columns, size_t n, FILE *to, struct err *e)
{
	struct table *t = *table = calloc(1, sizeof(*t));

	if (t == NULL)
		return err_no_memory(e);
	t->columns = columns;
	t->n = n;
	t->row.table = t;
	if ((t->row.cells = calloc(n, sizeof(*t->row.cells))) == NULL)
		return err_no_memory(e);
	t->shown = (struct table_shown){
		.columns = columns,
		.to = to,
		.style = style,
	};
	if (style->fields == NULL)
		show_usual(t, style);
	else if (show_fields(t, style->fields, e) != 0)
		return -1;
	if (style->sort != NULL && choose_order(t, style->sort, e) != 0)
		return -1;
	if (style->format == TABLE_PEOPLE)
		return people_open(&t->people, &t->shown, e);
	records_header(&t->shown);
	return 0;
}

bool
table_needs(const struct table *t, size_t column)
{
	return is_shown(t, column) || (t->sorts && t->sort == column);
}

void
table_put_number(struct table *t, size_t column, int64_t v)
{
	t->row.cells[column] = (struct cell){
		.set = v != UNKNOWN,
		.number = v,
	};
}

void
table_put_text(struct table *t, size_t column, const char *s)
{
	struct cell *cell = &t->row.cells[column];

	*cell = (struct cell){ .set = s != NULL, .text = t->row.texts.len };
	if (s != NULL)
		buffer_put(&t->row.texts, s, strlen(s) + 1);
}

void
table_set_tone(struct table *t, enum table_tone tone)
{
	t->row.tone = tone;
}

int64_t
table_rows(const struct table *t)
{
	return t->rows;
}

/* Compare two texts; two addresses go by their numbers. */
static int
compare_texts(const char *a, const char *b)
{
	struct address x, y;

	if (!address_parse(a, strlen(a), &x) ||
	    !address_parse(b, strlen(b), &y))
		return strcmp(a, b);
	if (x.family != y.family)
		return x.family < y.family ? -1 : 1;
	int order = memcmp(x.bytes, y.bytes, sizeof(x.bytes));

	return order != 0 ? order : x.bits - y.bits;
}

/* For qsort: null comes last, and equal rows stay in their order. */
static int
compare_rows(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	const struct table *t = a->table;
	const struct cell *x = &a->cells[t->sort], *y = &b->cells[t->sort];
	int order = y->set - x->set;

	if (x->set && y->set) {
		if (row_has_text(&t->columns[t->sort]))
			order = compare_texts(row_text(a, t->sort),
			    row_text(b, t->sort));
		else
			order =
			    (x->number > y->number) - (x->number < y->number);
		if (t->descending)
			order = -order;
	}
	if (order == 0)
		order = a->number < b->number ? -1 : 1;
	return order;
}

static void
free_row(struct row *row)
{
	free(row->cells);
	buffer_free(&row->texts);
}

/* Sort the kept rows, and drop those beyond the limit. */
static void
sort_kept(struct table *t)
{
	int64_t limit = t->shown.style->limit;

	if (t->kept_n > 0)
		qsort(t->kept, t->kept_n, sizeof(*t->kept), compare_rows);
	while (limit >= 0 && t->kept_n > (size_t)limit)
		free_row(&t->kept[--t->kept_n]);
}

/* Keep the present row, which is empty afterwards. */
static int
keep_row(struct table *t, struct err *e)
{
	int64_t limit = t->shown.style->limit;
	struct row *kept;

	if (limit >= 0 && (int64_t)t->kept_n >= number_add_sat(limit, SPARE))
		sort_kept(t);
	kept = list_grow(t->kept, &t->room, t->kept_n + 1, sizeof(*kept));
	if (kept == NULL)
		return err_no_memory(e);
	t->kept = kept;
	kept[t->kept_n++] = t->row;
	t->row = (struct row){ .table = t };
	if ((t->row.cells = calloc(t->n, sizeof(*t->row.cells))) == NULL)
		return err_no_memory(e);
	return 0;
}

static int
write_row(struct table *t, const struct row *row, struct err *e)
{
	return t->people != NULL ? people_row(t->people, row, e) :
				   records_row(&t->shown, row, &t->record, e);
}

int
table_end_row(struct table *t, struct err *e)
{
	int rc;

	if (t->row.texts.failed)
		return err_no_memory(e);
	t->row.number = t->rows++;
	if (t->sorts)
		return keep_row(t, e);
	rc = write_row(t, &t->row, e);
	buffer_cut(&t->row.texts, 0);
	memset(t->row.cells, 0, t->n * sizeof(*t->row.cells));
	t->row.tone = TABLE_PLAIN;
	return rc;
}

int
table_flush(struct table *t, struct err *e)
{
	return t->people != NULL ? people_flush(t->people, e) : 0;
}

int
table_close(struct table *t, int rc, struct err *e)
{
	if (t == NULL)
		return rc;
	if (rc >= 0) {
		sort_kept(t);
		for (size_t i = 0; i < t->kept_n && rc >= 0; i++) {
			if (write_row(t, &t->kept[i], e) != 0)
				rc = -1;
		}
	}
	if (rc >= 0 && table_flush(t, e) != 0)
		rc = -1;
	if (t->people != NULL)
		people_close(t->people);
	for (size_t i = 0; i < t->kept_n; i++)
		free_row(&t->kept[i]);
	free(t->kept);
	buffer_free(&t->record);
	free_row(&t->row);
	free(t);
	return rc;
}
