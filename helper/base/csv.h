/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CSV (RFC 4180) as export writes it and replay reads it: records of fields
 * between commas, text in UTF-8. Pure. Beyond the RFC:
 *
 * NULL is an empty field, an empty text is "" in quotes.
 *
 * A spreadsheet takes a text that begins with = + - @ or a control character
 * for a formula, and an attacker may have chosen it. So an apostrophe is put in
 * front of such a text, and of one that begins with an apostrophe: who reads it
 * takes one away.
 *
 * A record ends with a newline alone; with CR LF too where it is read.
 */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/err.h"

/* More fields in a record, or more bytes, are refused. */
#define CSV_FIELDS 64
#define CSV_BYTES ((size_t)32 << 20)

/* Write a text, NULL as nothing. Commas and the newline are the caller's. */
void csv_put_text(struct buffer *out, const char *s);

/* Write a number, UNKNOWN as nothing. No apostrophe: it is no text. */
void csv_put_number(struct buffer *out, int64_t v);

/* Begins as { 0 }. */
struct csv {
	/* Of a record: its fields as they stand there; NULL, or a text. */
	const char *fields[CSV_FIELDS];
	size_t n;
	/* A quote is open: the record goes on in the next line. */
	bool open;

	/* The rest is for csv.c. */
	struct buffer text;    /* of all fields, each ended by a NUL */
	size_t at[CSV_FIELDS]; /* where a field begins there */
	bool null[CSV_FIELDS];
};

/*
 * Hand over the next line, without its newline. 1: a record is complete, its
 * fields live until the next call. 0: a quote is open, the next line, which the
 * newline between them goes into, belongs to the record; at the end of the
 * input this is an error of the caller's to tell.
 *
 * -1 with EX_DATAERR: a quote within a field that is not quoted, anything but a
 * comma behind a closing quote, a NUL, a carriage return outside of quotes, too
 * many fields or bytes; or with EX_OSERR. The next line then begins a record.
 */
int csv_read(struct csv *csv, const char *line, size_t len, struct err *e);
void csv_free(struct csv *csv);

/* What a field that is a text says: without the one apostrophe in front. */
const char *csv_text(const char *field);

#endif
