/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/csv.h"

#include <string.h>
#include <sysexits.h>

/*
 * Return true when a spreadsheet could take s for a formula, or when s begins
 * with an apostrophe, which a reader of ours would remove. Some spreadsheets
 * trim blanks first, and some also take the full-width forms of = + - @.
 */
static bool
needs_apostrophe(const char *s)
{
	static const char *const wide[] = { "\xef\xbc\x9d", "\xef\xbc\x8b",
		"\xef\xbc\x8d", "\xef\xbc\xa0" };

	if (*s == '\'')
		return true;
	s += strspn(s, " ");
	for (size_t i = 0; i < ARRAY_LEN(wide); i++) {
		if (strncmp(s, wide[i], 3) == 0)
			return true;
	}
	return *s != '\0' &&
	    ((unsigned char)*s < 0x20 || strchr("=+-@", *s) != NULL);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
needs_quotes(const char *s)
{
	size_t len = strlen(s);

	return len == 0 || is_blank(s[0]) || is_blank(s[len - 1]) ||
	    strpbrk(s, ",\"\r\n") != NULL;
}

void
csv_put_text(struct buffer *out, const char *s)
{
	bool quoted;

	if (s == NULL)
		return;
	quoted = needs_quotes(s);
	if (quoted)
		buffer_putc(out, '"');
	if (needs_apostrophe(s))
		buffer_putc(out, '\'');
	while (quoted && *s != '\0') {
		size_t n = strcspn(s, "\"");

		buffer_put(out, s, n);
		s += n;
		if (*s == '"') {
			buffer_puts(out, "\"\"");
			s++;
		}
	}
	buffer_puts(out, s);
	if (quoted)
		buffer_putc(out, '"');
}

void
csv_put_number(struct buffer *out, int64_t v)
{
	if (v != UNKNOWN)
		buffer_put_number(out, v);
}

static int
begin_field(struct csv *csv, struct err *e)
{
	if (csv->n == CSV_FIELDS)
		return err_set(e, EX_DATAERR, "more than %d fields",
		    CSV_FIELDS);
	csv->at[csv->n] = csv->text.len;
	csv->null[csv->n] = false;
	csv->n++;
	return 0;
}

/* Take the text in quotes; return false when the quote is not closed. */
static bool
take_quoted(struct csv *csv, const char **s, const char *end)
{
	const char *quote;

	while ((quote = memchr(*s, '"', (size_t)(end - *s))) != NULL) {
		buffer_put(&csv->text, *s, (size_t)(quote - *s));
		*s = quote + 1;
		if (*s == end || **s != '"')
			return true;
		buffer_putc(&csv->text, '"');
		++*s;
	}
	buffer_put(&csv->text, *s, (size_t)(end - *s));
	return false;
}

static void
take_plain(struct csv *csv, const char **s, const char *end)
{
	const char *from = *s;

	while (*s < end && **s != ',' && **s != '"' && **s != '\r')
		++*s;
	csv->null[csv->n - 1] = *s == from;
	buffer_put(&csv->text, from, (size_t)(*s - from));
}

static int
out_of_memory(struct csv *csv, struct err *e)
{
	csv_free(csv);
	return err_no_memory(e);
}

static int
finish(struct csv *csv, struct err *e)
{
	if (csv->text.failed)
		return out_of_memory(csv, e);
	for (size_t i = 0; i < csv->n; i++)
		csv->fields[i] = csv->null[i] ? NULL : csv->text.s + csv->at[i];
	return 1;
}

/* Fail: the character at s is not allowed there. */
static int
refuse(const struct csv *csv, const char *s, bool quoted, struct err *e)
{
	const char *what = "a carriage return outside of quotes";

	if (quoted)
		what = "no comma after the closing quote";
	else if (*s == '"')
		what = "a quote in a field that is not quoted";
	return err_set(e, EX_DATAERR, "field %zu: %s", csv->n, what);
}

/* Take the fields of a line; open: it continues a field in quotes. */
static int
take_fields(struct csv *csv, bool open, const char *s, const char *end,
    struct err *e)
{
	bool quoted;

	for (;; s++, open = false) {
		if (!open && begin_field(csv, e) != 0)
			return -1;
		quoted = open || (s < end && *s == '"');
		if (quoted && !open)
			s++;
		if (quoted && !take_quoted(csv, &s, end)) {
			csv->open = true;
			return csv->text.failed ? out_of_memory(csv, e) : 0;
		}
		if (!quoted)
			take_plain(csv, &s, end);
		buffer_putc(&csv->text, '\0');
		if (s == end || (s + 1 == end && *s == '\r'))
			return finish(csv, e);
		if (*s != ',')
			return refuse(csv, s, quoted, e);
	}
}

int
csv_read(struct csv *csv, const char *line, size_t len, struct err *e)
{
	bool open = csv->open;
	const char *nul = memchr(line, '\0', len);

	csv->open = false;
	if (!open) {
		csv->n = 0;
		buffer_cut(&csv->text, 0);
	}
	if (nul != NULL)
		return err_set(e, EX_DATAERR, "a NUL at byte %zu",
		    (size_t)(nul - line) + 1);
	if (len > CSV_BYTES || csv->text.len > CSV_BYTES - len)
		return err_set(e, EX_DATAERR,
		    "a record longer than %zu bytes: is a quote not closed?",
		    CSV_BYTES);
	if (open)
		buffer_putc(&csv->text, '\n');
	return take_fields(csv, open, line, line + len, e);
}

void
csv_free(struct csv *csv)
{
	buffer_free(&csv->text);
	*csv = (struct csv){ 0 };
}

const char *
csv_text(const char *field)
{
	return field != NULL && *field == '\'' ? field + 1 : field;
}
