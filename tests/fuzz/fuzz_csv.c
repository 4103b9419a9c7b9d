/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CSV of unknown origin, line by line: each record is read or refused. A record
 * that was read is written, and read back unchanged.
 */
#include "base/csv.h"
#include "fuzz.h"

/* Read lines until a record is complete or the bytes are at their end. */
static int
read_record(struct csv *csv, const char **bytes, const char *end)
{
	struct err e = { 0 };
	const char *line = *bytes, *newline;
	int rc = 0;

	while (rc == 0 && line < end) {
		newline = memchr(line, '\n', (size_t)(end - line));
		if (newline == NULL)
			newline = end;
		rc = csv_read(csv, line, (size_t)(newline - line), &e);
		must(csv->open == (rc == 0));
		line = newline + 1;
	}
	if (rc < 0)
		fuzz_must_say(&e);
	*bytes = line;
	return rc;
}

static void
check_again(const struct csv *csv)
{
	struct buffer out = { 0 };
	struct csv again = { 0 };
	const char *bytes;

	must(csv->n >= 1 && csv->n <= CSV_FIELDS);
	for (size_t i = 0; i < csv->n; i++) {
		if (i > 0)
			buffer_putc(&out, ',');
		csv_put_text(&out, csv_text(csv->fields[i]));
	}
	buffer_putc(&out, '\n');
	must(!out.failed);
	bytes = out.s;
	must(read_record(&again, &bytes, out.s + out.len) == 1);
	must(bytes == out.s + out.len);
	must(again.n == csv->n);
	for (size_t i = 0; i < csv->n; i++) {
		must(fuzz_same(csv_text(again.fields[i]),
		    csv_text(csv->fields[i])));
		/* No cell begins as a formula. */
		must(again.fields[i] == NULL || again.fields[i][0] == '\0' ||
		    strchr("=+-@\t\r\n", again.fields[i][0]) == NULL);
	}
	csv_free(&again);
	buffer_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data, *end = bytes + size;
	struct csv csv = { 0 };

	while (bytes < end) {
		if (read_record(&csv, &bytes, end) == 1)
			check_again(&csv);
	}
	csv_free(&csv);
	return 0;
}
