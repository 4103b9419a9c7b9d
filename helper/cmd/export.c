/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export: the bans for other programs, JSON Lines or CSV, the oldest first. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cmd/command.h"
#include "base/csv.h"
#include "base/escape.h"
#include "cmd/options.h"

struct export
{
	struct archive_wanted wanted;
	bool csv;
	bool terminal; /* where the CSV goes */
	struct buffer field;
};

static int
take_option(void *to, const char *name, const char *value, struct err *e)
{
	struct export *x = to;

	if (strcmp(name, "format") != 0)
		return options_take_wanted(&x->wanted, name, value, e);
	x->csv = strcmp(value, "csv") == 0;
	if (x->csv || strcmp(value, "json") == 0)
		return 0;
	return err_set(e, EX_USAGE, "--format: must be json or csv");
}

static int
print_line(void *to UNUSED, const char *line)
{
	escape_json(stdout, line);
	return putchar('\n') == EOF ? -1 : 0;
}

/*
 * JSON stays the same JSON with all escaped that a terminal acts on, which CSV
 * cannot do for a text: another program is given it as it is, or the id that
 * it reads were another. A terminal itself is not.
 */
static void
print_field(struct export *x, bool json)
{
	if (x->field.len == 0)
		return;
	if (json || x->terminal)
		escape_json(stdout, x->field.s);
	else
		fwrite(x->field.s, 1, x->field.len, stdout);
}

static int
print_record(void *to, const struct archive_value *values)
{
	struct export *x = to;

	for (int i = 0; i < ARCHIVE_COLUMNS; i++) {
		buffer_cut(&x->field, 0);
		if (archive_columns[i].type == ARCHIVE_NUMBER)
			csv_put_number(&x->field, values[i].number);
		else
			csv_put_text(&x->field, values[i].text);
		if (x->field.failed)
			return -1;
		if (i > 0)
			putchar(',');
		print_field(x, archive_columns[i].type == ARCHIVE_JSON);
	}
	return putchar('\n') == EOF ? -1 : 0;
}

static int
export_csv(struct export *x, struct archive *archive, struct err *e)
{
	int rc;

	x->terminal = isatty(STDOUT_FILENO) == 1;
	for (int i = 0; i < ARCHIVE_COLUMNS; i++)
		printf("%s%s", i > 0 ? "," : "", archive_columns[i].name);
	putchar('\n');
	rc = archive_export_columns(archive, &x->wanted, print_record, x, e);
	if (rc == 0 && x->field.failed)
		rc = err_set(e, EX_OSERR, "out of memory");
	buffer_free(&x->field);
	return rc;
}

static int
run_export(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct export x = { .wanted = OPTIONS_ALL };
	struct archive archive;
	int operands, rc;

	if (options_parse(self, argc, argv, take_option, &x, &operands, e) !=
		0 ||
	    archive_open_read(&archive, config->archive, e) != 0)
		return -1;
	rc = x.csv ? export_csv(&x, &archive, e) :
		     archive_export(&archive, &x.wanted, print_line, NULL, e);
	archive_close(&archive);
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
