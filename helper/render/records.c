/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows of a table as JSON Lines and as CSV. */
#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

#include "base/buffer.h"
#include "base/csv.h"
#include "base/escape.h"
#include "base/json.h"
#include "render/row.h"

/* Append millionths as a decimal fraction: 0.25. */
static void
put_share(struct buffer *out, int64_t millionths)
{
	char text[40];
	int n = snprintf(text, sizeof(text), "%" PRId64 ".%06" PRId64,
	    millionths / 1000000, millionths % 1000000);

	while (text[n - 1] == '0' && text[n - 2] != '.')
		n--;
	buffer_put(out, text, (size_t)n);
}

static int
put_json_cell(struct buffer *out, const struct column *column,
    const struct cell *cell, const char *text, struct err *e)
{
	char open = column->kind == COLUMN_ARRAY ? '[' : '{';
	struct json value;

	if (!cell->set)
		buffer_puts(out, "null");
	else if (column->kind == COLUMN_SHARE || column->kind == COLUMN_BAR)
		put_share(out, cell->number);
	else if (!row_has_text(column))
		buffer_put_number(out, cell->number);
	else if (column->kind == COLUMN_TEXT)
		json_put_text(out, text, strlen(text));
	else if (!json_is(text, open))
		return err_set(e, EX_DATAERR,
		    "archive: %s of a ban is damaged: not a JSON %s",
		    column->key, open == '[' ? "array" : "object");
	else {
		value = (struct json){ text, strlen(text) };
		json_put_value(out, &value);
	}
	return 0;
}

/* Write a row as an object on a line. */
static int
write_object(const struct table_shown *shown, const struct row *row,
    struct buffer *out, struct err *e)
{
	for (size_t i = 0; i < shown->n; i++) {
		size_t which = shown->which[i];
		const struct column *column = &shown->columns[which];

		buffer_puts(out, i == 0 ? "{\"" : ",\"");
		buffer_puts(out, column->key);
		buffer_puts(out, "\":");
		if (put_json_cell(out, column, &row->cells[which],
			row_text(row, which), e) != 0)
			return -1;
	}
	buffer_putc(out, '}');
	if (out->failed)
		return err_no_memory(e);
	escape_json(shown->to, out->s);
	putc('\n', shown->to);
	return 0;
}

static void
put_csv_cell(struct buffer *out, const struct column *column,
    const struct cell *cell, const char *text)
{
	if (!cell->set)
		return;
	if (row_has_text(column))
		csv_put_text(out, text);
	else if (column->kind == COLUMN_SHARE || column->kind == COLUMN_BAR)
		put_share(out, cell->number);
	else
		csv_put_number(out, cell->number);
}

/*
 * Write a row as a record of CSV. Characters that a terminal acts on are
 * escaped in JSON, which stays the same JSON. CSV has no such escape for a
 * text, so another program is given the text as it is, or it would read another
 * id; a terminal is not.
 */
static int
write_record(const struct table_shown *shown, const struct row *row,
    struct buffer *out, struct err *e)
{
	for (size_t i = 0; i < shown->n; i++) {
		size_t which = shown->which[i];
		const struct column *column = &shown->columns[which];
		bool json = column->kind == COLUMN_ARRAY ||
		    column->kind == COLUMN_OBJECT;

		buffer_cut(out, 0);
		put_csv_cell(out, column, &row->cells[which],
		    row_text(row, which));
		if (out->failed)
			return err_no_memory(e);
		if (i > 0)
			putc(',', shown->to);
		if (out->len == 0)
			continue;
		if (json || shown->style->terminal)
			escape_json(shown->to, out->s);
		else
			fwrite(out->s, 1, out->len, shown->to);
	}
	putc('\n', shown->to);
	return 0;
}

void
records_header(const struct table_shown *shown)
{
	if (shown->style->format != TABLE_CSV)
		return;
	for (size_t i = 0; i < shown->n; i++)
		fprintf(shown->to, "%s%s", i > 0 ? "," : "",
		    shown->columns[shown->which[i]].key);
	putc('\n', shown->to);
}

int
records_row(const struct table_shown *shown, const struct row *row,
    struct buffer *out, struct err *e)
{
	buffer_cut(out, 0);
	return shown->style->format == TABLE_CSV ?
	    write_record(shown, row, out, e) :
	    write_object(shown, row, out, e);
}
