/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exports of unknown origin, read as JSON Lines and as CSV: each ban is taken
 * or refused. A ban that is taken is within its bounds, and a second check
 * changes nothing.
 */
#include "archive/history/sightings_column.h"
#include "ban/exported_ban.h"
#include "base/csv.h"
#include "base/json.h"
#include "base/number.h"
#include "base/utf8.h"
#include "fuzz.h"

static void
check_sighting(const struct exported_ban *ban)
{
	struct sighting sighting = exported_ban_sighting(ban), again;
	int64_t second = ban->numbers[BAN_FIELD_TIMEOFBAN];
	struct buffer out = { 0 };
	const char *at;
	char *ip;

	must(sighting.kind == SIGHTING_IMPORT && sighting.since_us >= 0);
	must(sighting.seconds == UNKNOWN || sighting.seconds >= -1);
	must(sighting.bancount == UNKNOWN || sighting.bancount >= 0);
	must(sighting.failures == UNKNOWN || sighting.failures >= 0);
	must(sighting.restored >= 0 && sighting.restored <= 1000000);
	must(sighting.nth >= 0 && sighting.nth <= 1000000);
	must((sighting.end == BAN_LIVES) == (sighting.ended_us == UNKNOWN));
	must((sighting.seen & ~BAN_SEEN_ALL) == 0);
	must(sighting.matches == NULL || json_is(sighting.matches, '['));
	must(sighting.captures == NULL || json_is(sighting.captures, '{'));
	/* The archive's own form of the sighting is read back. */
	sightings_column_put(&out, &sighting, second);
	buffer_putc(&out, ']');
	must(!out.failed && sightings_column_is_array(out.s));
	at = out.s;
	must(sightings_column_take(&at, second, &again, &ip) == 1);
	must(again.kind == sighting.kind && again.at_us == sighting.at_us);
	must(again.since_us == sighting.since_us &&
	    again.exact == sighting.exact);
	must(again.seconds == sighting.seconds);
	must(again.bancount == sighting.bancount);
	must(again.failures == sighting.failures);
	must(again.end == sighting.end && again.ended_us == sighting.ended_us);
	must(again.origin == sighting.origin && again.seen == sighting.seen);
	must(again.restored == sighting.restored && again.nth == sighting.nth);
	must(fuzz_same(ip, sighting.ip));
	free(ip);
	buffer_free(&out);
}

/* Check a ban that was read (rc is 0) or refused, and free it. */
static void
check_ban(struct exported_ban *ban, int rc, const struct err *refused)
{
	struct err e = *refused;
	char *lines, *captures;

	if (rc == 0)
		rc = exported_ban_check(ban, &e);
	if (rc != 0) {
		must(e.code == EX_DATAERR);
		fuzz_must_say(&e);
		exported_ban_free(ban);
		return;
	}
	for (size_t i = 0; i < BAN_FIELDS; i++)
		must(ban->texts[i] == NULL ||
		    utf8_is_valid(ban->texts[i], strlen(ban->texts[i])));
	check_sighting(ban);
	lines = ban->texts[BAN_FIELD_MATCHES];
	captures = ban->texts[BAN_FIELD_CAPTURES];
	lines = lines != NULL ? strdup(lines) : NULL;
	captures = captures != NULL ? strdup(captures) : NULL;
	must(exported_ban_check(ban, &e) == 0);
	must(fuzz_same(lines, ban->texts[BAN_FIELD_MATCHES]));
	must(fuzz_same(captures, ban->texts[BAN_FIELD_CAPTURES]));
	free(lines);
	free(captures);
	exported_ban_free(ban);
}

static void
take_json(const char *line, size_t len)
{
	struct exported_ban ban;
	struct err e = { 0 };

	exported_ban_init(&ban);
	check_ban(&ban, exported_ban_from_json(&ban, line, len, &e), &e);
}

static int
set_field(struct exported_ban *ban, enum ban_field field, const char *text,
    struct err *e)
{
	int64_t v;

	if (ban_field_kind(field) != BAN_FIELD_KIND_NUMBER)
		return exported_ban_set_text(ban, field, csv_text(text), e);
	if (number_parse(text, INT64_MIN + 1, INT64_MAX, &v, e) != 0)
		return err_set(e, EX_DATAERR, "not a whole number");
	return exported_ban_set_number(ban, field, v, e);
}

/* Read a record; the first record gave the fields. */
static void
take_record(const struct csv *csv, const enum ban_field *fields, size_t n)
{
	struct exported_ban ban;
	struct err e = { 0 };
	int rc = 0;

	exported_ban_init(&ban);
	for (size_t i = 0; i < csv->n && i < n && rc == 0; i++) {
		if (fields[i] != BAN_FIELDS && csv->fields[i] != NULL)
			rc = set_field(&ban, fields[i], csv->fields[i], &e);
	}
	check_ban(&ban, rc, &e);
}

struct table {
	struct csv csv;
	enum ban_field fields[CSV_FIELDS];
	size_t n;
};

static void
take_csv(struct table *t, const char *line, size_t len)
{
	if (csv_read(&t->csv, line, len, NULL) != 1)
		return;
	if (t->n > 0) {
		take_record(&t->csv, t->fields, t->n);
		return;
	}
	for (t->n = 0; t->n < t->csv.n; t->n++) {
		const char *name = t->csv.fields[t->n];

		t->fields[t->n] =
		    name == NULL ? BAN_FIELDS : ban_field_find(name);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *line = (const char *)data, *end = line + size, *newline;
	struct table table = { 0 };

	while (line < end) {
		newline = memchr(line, '\n', (size_t)(end - line));
		if (newline == NULL)
			newline = end;
		take_json(line, (size_t)(newline - line));
		take_csv(&table, line, (size_t)(newline - line));
		line = newline + 1;
	}
	csv_free(&table.csv);
	return 0;
}
