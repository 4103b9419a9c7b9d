/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CSV (RFC 4180) as export writes it and replay reads it: records of fields
 * between commas, text in UTF-8. Pure. Beyond the RFC:
 *
 * NULL is an empty field; an empty text is "" in quotes.
 *
 * A spreadsheet takes a text that begins with = + - @ or a control character
 * for a formula, and an attacker may have chosen the text. So the writer puts
 * an apostrophe in front of such a text, and of a text that begins with an
 * apostrophe; the reader removes one apostrophe.
 *
 * A record ends with a newline; the reader also takes CR LF.
 */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/err.h"

/* A record with more fields or more bytes is refused. */
#define CSV_FIELDS 64
#define CSV_BYTES ((size_t)32 << 20)

/* Append a text, or nothing for NULL. The caller writes commas and newline. */
void csv_put_text(struct buffer *out, const char *s);

/* Append a number without an apostrophe, or nothing for UNKNOWN. */
void csv_put_number(struct buffer *out, int64_t v);

/* A reader; it begins as { 0 }. */
struct csv {
	/* The fields of the record as they are written; NULL, or a text. */
	const char *fields[CSV_FIELDS];
	size_t n;
	/* A quote is open: the next line continues the record. */
	bool open;

	/* The rest is for csv.c. */
	struct buffer text;    /* all fields, each ended by a NUL */
	size_t at[CSV_FIELDS]; /* the start of each field in text */
	bool null[CSV_FIELDS];
};

/*
 * Read the next line, given without its newline. Returns 1 when a record is
 * complete; its fields are valid until the next call. Returns 0 when a quote is
 * open: the next line continues the record, with the newline between them. At
 * the end of the input the caller reports the open quote as an error.
 *
 * Fails with EX_DATAERR for a quote inside a field without quotes, anything but
 * a comma after a closing quote, a NUL, a carriage return outside quotes, too
 * many fields or too many bytes; with EX_OSERR without memory. The next line
 * then begins a new record.
 */
int csv_read(struct csv *csv, const char *line, size_t len, struct err *e);
void csv_free(struct csv *csv);

/* Return a text field without the apostrophe that the writer added. */
const char *csv_text(const char *field);

#endif
