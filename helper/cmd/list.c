/* SPDX-License-Identifier: GPL-2.0-or-later */
/* list: print the bans of the archive as a table for people, newest first. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/timestamp.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "os/clock.h"

/* The room for one cell. An escaped text that is longer is cut. */
#define CELL_BYTES 256

/* The mark at the end of a text that was cut, U+2026. */
#define CUT "\xe2\x80\xa6"

/* The room for a text of 256 characters, which is what a cursor gives. */
#define TEXT_BYTES (4 * 256 + 1)

static void
put_text(char cell[CELL_BYTES], const char *s)
{
	if (escape_text(cell, CELL_BYTES, s, strlen(s)) < CELL_BYTES)
		return;
	escape_text(cell, CELL_BYTES - strlen(CUT), s, strlen(s));
	memcpy(cell + strlen(cell), CUT, sizeof(CUT));
}

static void
put_since(char cell[CELL_BYTES], const struct archive_cursor *ban)
{
	timestamp_format(archive_cursor_number(ban, BAN_FIELD_SINCE), cell);
}

static void
put_jail(char cell[CELL_BYTES], const struct archive_cursor *ban)
{
	const char *name = archive_cursor_text(ban, BAN_FIELD_JAIL);
	const char *host = archive_cursor_text(ban, BAN_FIELD_HOST);
	char jail[2 * TEXT_BYTES];

	if (host != NULL) {
		snprintf(jail, sizeof(jail), "%s@%s", name, host);
		name = jail;
	}
	put_text(cell, name);
}

static void
put_ident(char cell[CELL_BYTES], const struct archive_cursor *ban)
{
	put_text(cell, archive_cursor_text(ban, BAN_FIELD_IDENT));
}

static void
put_ban_time(char cell[CELL_BYTES], const struct archive_cursor *ban)
{
	int64_t seconds = archive_cursor_number(ban, BAN_FIELD_SECONDS);

	if (seconds != UNKNOWN)
		timestamp_format_seconds(seconds, cell);
	else
		snprintf(cell, CELL_BYTES, "?");
}

static void
put_failures(char cell[CELL_BYTES], const struct archive_cursor *ban)
{
	int64_t failures = archive_cursor_number(ban, BAN_FIELD_FAILURES);

	if (failures != UNKNOWN)
		snprintf(cell, CELL_BYTES, "%" PRId64, failures);
	else
		snprintf(cell, CELL_BYTES, "?");
}

/* The reason is escaped: an archive from elsewhere may hold any text. */
static void
put_end(char cell[CELL_BYTES], const struct archive_cursor *ban)
{
	enum ban_state state = archive_cursor_state(ban);
	const char *why = archive_cursor_text(ban, BAN_FIELD_WHY);
	char when[32], escaped[80];

	if (state != BAN_STATE_ENDED) {
		snprintf(cell, CELL_BYTES, "%s", ban_state_name(state));
		return;
	}
	why = why != NULL ? why : "?";
	escape_text(escaped, sizeof(escaped), why, strlen(why));
	timestamp_format(archive_cursor_number(ban, BAN_FIELD_ENDED), when);
	snprintf(cell, CELL_BYTES, "%s %s", when, escaped);
}

/* The columns of list, from left to right. */
static const struct column {
	const char *heading;
	int width; /* at least; 0 for the last column */
	void (*put)(char cell[CELL_BYTES], const struct archive_cursor *ban);
} columns[] = {
	{ "SINCE", 19, put_since },
	{ "JAIL", 16, put_jail },
	{ "ID", 24, put_ident },
	{ "BAN TIME", 8, put_ban_time },
	{ "FAILURES", 8, put_failures },
	{ "END", 0, put_end },
};

static void
print_cell(struct output *out, size_t column, const char *cell)
{
	bool last = column == ARRAY_LEN(columns) - 1;

	fprintf(out->to, "%-*s%s", columns[column].width, cell,
	    last ? "\n" : "  ");
}

static int
print_ban(struct output *out, void *context, struct archive_cursor *ban,
    struct err *e UNUSED)
{
	char cell[CELL_BYTES];
	bool *any = context;

	for (size_t i = 0; !*any && i < ARRAY_LEN(columns); i++)
		print_cell(out, i, columns[i].heading);
	*any = true;
	for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
		columns[i].put(cell, ban);
		print_cell(out, i, cell);
	}
	return 0;
}

static int
print_bans(struct output *out, struct archive_cursor *bans, struct err *e)
{
	bool any = false;

	if (output_bans(out, bans, print_ban, &any, e) != 0)
		return -1;
	if (!any)
		fputs("no such bans\n", out->to);
	return 0;
}

static int
run_list(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct archive_filter filter = ARCHIVE_FILTER_ALL;
	struct archive archive;
	struct archive_cursor cursor;
	struct output out;
	int operands, rc;

	filter.now_us = clock_wall_us();
	if (options_parse(self, argc, argv, options_take_wanted, &filter,
		&operands, e) != 0 ||
	    output_open(&out, e) != 0)
		return -1;
	if ((rc = archive_open_read(&archive, config->archive, e)) == 0) {
		rc = archive_cursor_open_newest(&cursor, &archive, &filter, e);
		if (rc == 0)
			rc = print_bans(&out, &cursor, e);
		archive_cursor_close(&cursor);
		archive_close(&archive);
	}
	return output_finish(&out, rc, e);
}

static const struct option_spec options[] = {
	OPTIONS_WANTED,
	{ "limit", "N", "at most N bans" },
	{ NULL, NULL, NULL },
};

const struct command cmd_list = {
	.name = "list",
	.operands = "",
	.summary = "list bans, the newest first",
	.options = options,
	.run = run_list,
};
