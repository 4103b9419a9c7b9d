/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export: write bans for other programs, as JSON Lines or CSV, oldest first. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/escape.h"
#include "base/json.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "os/clock.h"

struct export
{
	struct archive_filter filter;
	bool csv;
	bool terminal;	   /* the CSV goes to a terminal */
	struct buffer out; /* one ban as JSON, or one field as CSV */
};

static int
take_option(void *to, const char *name, const char *value, struct err *e)
{
	struct export *x = to;

	if (strcmp(name, "format") != 0)
		return options_take_wanted(&x->filter, name, value, e);
	x->csv = strcmp(value, "csv") == 0;
	if (x->csv || strcmp(value, "json") == 0)
		return 0;
	return err_set(e, EX_USAGE, "--format: must be json or csv");
}

/* Write a value that is JSON already, without its blanks. */
static int
put_json(struct buffer *out, enum ban_field field, const char *s, struct err *e)
{
	struct json value = { s, strlen(s) };

	if (!json_is(s, (char)ban_field_kind(field)))
		return err_set(e, EX_DATAERR,
		    "archive: %s of a ban is damaged: not a JSON %s",
		    ban_field_name(field),
		    ban_field_kind(field) == BAN_FIELD_KIND_ARRAY ? "array" :
								    "object");
	json_put_value(out, &value);
	return 0;
}

static int
put_json_field(struct buffer *out, const struct archive_cursor *ban,
    enum ban_field field, struct err *e)
{
	int64_t number;
	const char *s;

	switch (ban_field_kind(field)) {
	case BAN_FIELD_KIND_NUMBER:
		if ((number = archive_cursor_number(ban, field)) == UNKNOWN)
			break;
		buffer_put_number(out, number);
		return 0;
	case BAN_FIELD_KIND_TEXT:
		if ((s = archive_cursor_text(ban, field)) == NULL)
			break;
		json_put_text(out, s, strlen(s));
		return 0;
	default:
		if ((s = archive_cursor_text(ban, field)) == NULL)
			break;
		return put_json(out, field, s, e);
	}
	buffer_puts(out, "null");
	return 0;
}

/* Print one ban as an object on a line. */
static int
print_object(struct output *to, struct export *x,
    const struct archive_cursor *ban, struct err *e)
{
	struct buffer *out = &x->out;

	buffer_cut(out, 0);
	for (enum ban_field field = 0; field < BAN_FIELDS; field++) {
		buffer_puts(out, field == 0 ? "{\"" : ",\"");
		buffer_puts(out, ban_field_name(field));
		buffer_puts(out, "\":");
		if (put_json_field(out, ban, field, e) != 0)
			return -1;
	}
	buffer_putc(out, '}');
	if (out->failed)
		return err_set(e, EX_OSERR, "out of memory");
	escape_json(to->to, out->s);
	putc('\n', to->to);
	return 0;
}

/*
 * Print one field of CSV. Characters that a terminal acts on are escaped in
 * JSON, which stays the same JSON. CSV has no such escape for a text, so
 * another program is given the text as it is, or it would read another id; a
 * terminal is not.
 */
static void
print_field(struct output *to, const struct export *x, enum ban_field field)
{
	enum ban_field_kind kind = ban_field_kind(field);
	bool json =
	    kind == BAN_FIELD_KIND_ARRAY || kind == BAN_FIELD_KIND_OBJECT;

	if (x->out.len == 0)
		return;
	if (json || x->terminal)
		escape_json(to->to, x->out.s);
	else
		fwrite(x->out.s, 1, x->out.len, to->to);
}

/* Print one ban as a record of CSV. */
static int
print_record(struct output *to, struct export *x,
    const struct archive_cursor *ban, struct err *e)
{
	for (enum ban_field field = 0; field < BAN_FIELDS; field++) {
		buffer_cut(&x->out, 0);
		if (ban_field_kind(field) == BAN_FIELD_KIND_NUMBER)
			csv_put_number(&x->out,
			    archive_cursor_number(ban, field));
		else
			csv_put_text(&x->out, archive_cursor_text(ban, field));
		if (x->out.failed)
			return err_set(e, EX_OSERR, "out of memory");
		if (field > 0)
			putc(',', to->to);
		print_field(to, x, field);
	}
	putc('\n', to->to);
	return 0;
}

static void
print_header(struct output *to)
{
	for (enum ban_field field = 0; field < BAN_FIELDS; field++)
		fprintf(to->to, "%s%s", field > 0 ? "," : "",
		    ban_field_name(field));
	putc('\n', to->to);
}

static int
print_ban(struct output *to, void *context, struct archive_cursor *ban,
    struct err *e)
{
	struct export *x = context;

	return x->csv ? print_record(to, x, ban, e) :
			print_object(to, x, ban, e);
}

static int
run_export(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct export x = { .filter = ARCHIVE_FILTER_ALL };
	struct archive archive;
	struct archive_cursor cursor;
	struct output to;
	int operands, rc;

	x.filter.now_us = clock_wall_us();
	if (options_parse(self, argc, argv, take_option, &x, &operands, e) !=
		0 ||
	    output_open(&to, e) != 0)
		return -1;
	x.terminal = isatty(STDOUT_FILENO) == 1;
	if ((rc = archive_open_read(&archive, config->archive, e)) == 0) {
		rc =
		    archive_cursor_open_oldest(&cursor, &archive, &x.filter, e);
		if (rc == 0 && x.csv)
			print_header(&to);
		if (rc == 0)
			rc = output_bans(&to, &cursor, print_ban, &x, e);
		archive_cursor_close(&cursor);
		archive_close(&archive);
	}
	rc = output_finish(&to, rc, e);
	buffer_free(&x.out);
	return rc;
}

static const struct option_spec options[] = {
	OPTIONS_WANTED,
	{ "format", "json|csv", "json (the default): one object a line" },
	{ NULL, NULL, NULL },
};

const struct command cmd_export = {
	.name = "export",
	.operands = "",
	.summary = "write bans as JSON Lines or CSV, the oldest first",
	.options = options,
	.run = run_export,
};
