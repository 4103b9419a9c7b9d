/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * show: print every ban of one id or address, its end and its log lines, and
 * the bans of the networks that hold the address. Exit with 1 when there is
 * neither.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/timestamp.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "os/clock.h"

/* The exit status when there is nothing to show; grep has the same. */
#define NEVER_BANNED 1

/* Print a text, which an attacker may have chosen, escaped. */
static void
print_escaped(FILE *to, const char *before, const char *s, const char *after)
{
	fputs(before, to);
	escape_print(to, s);
	fputs(after, to);
}

static void
print_number(FILE *to, const char *name, int64_t v)
{
	if (v != UNKNOWN)
		fprintf(to, "  %-9s %" PRId64 "\n", name, v);
}

static void
print_text(FILE *to, const char *name, const char *s)
{
	char before[32];

	snprintf(before, sizeof(before), "  %-9s ", name);
	print_escaped(to, before, s, "\n");
}

static void
print_end(FILE *to, const struct archive_cursor *ban)
{
	enum ban_state state = archive_cursor_state(ban);
	const char *why = archive_cursor_text(ban, BAN_FIELD_WHY);
	char when[32];

	if (state != BAN_STATE_ENDED) {
		print_text(to, "ended",
		    state == BAN_STATE_ACTIVE ? "not yet" :
						ban_state_name(state));
		return;
	}
	timestamp_format(archive_cursor_number(ban, BAN_FIELD_ENDED), when);
	fprintf(to, "  ended     %s", when);
	print_escaped(to, ", ", why != NULL ? why : "?", "\n");
}

static void
print_facts(FILE *to, const struct archive_cursor *ban, const char *held)
{
	int64_t seconds = archive_cursor_number(ban, BAN_FIELD_SECONDS);
	int64_t restored = archive_cursor_number(ban, BAN_FIELD_RESTORED);
	const char *ip = archive_cursor_text(ban, BAN_FIELD_IP);
	const char *host = archive_cursor_text(ban, BAN_FIELD_HOST);
	const char *captures = archive_cursor_text(ban, BAN_FIELD_CAPTURES);
	char when[32], length[32] = "unknown";

	if (seconds != UNKNOWN)
		timestamp_format_seconds(seconds, length);
	fprintf(to, "%s  ",
	    timestamp_format(archive_cursor_number(ban, BAN_FIELD_SINCE),
		when));
	print_escaped(to, "banned in ",
	    archive_cursor_text(ban, BAN_FIELD_JAIL), "");
	print_escaped(to, ": ", archive_cursor_text(ban, BAN_FIELD_IDENT),
	    "\n");
	if (held != NULL)
		print_text(to, "holds", held);
	if (ip != NULL)
		print_text(to, "address", ip);
	if (host != NULL)
		print_text(to, "host", host);
	print_text(to, "ban time", length);
	print_end(to, ban);
	print_text(to, "origin", archive_cursor_text(ban, BAN_FIELD_ORIGIN));
	print_number(to, "failures",
	    archive_cursor_number(ban, BAN_FIELD_FAILURES));
	print_number(to, "bancount",
	    archive_cursor_number(ban, BAN_FIELD_BANCOUNT));
	if (restored > 0)
		print_number(to, "restored", restored);
	if (captures != NULL && strcmp(captures, "{}") != 0)
		print_text(to, "captures", captures);
}

static int
print_lines(FILE *to, struct archive_cursor *ban, struct err *e)
{
	const char *line;
	int rc;

	while ((rc = archive_cursor_next_line(ban, &line, e)) == 1)
		print_escaped(to, "  | ", line, "\n");
	return rc;
}

struct show {
	int64_t count;	  /* how many bans are printed so far */
	const char *held; /* the address that their networks hold, or NULL */
};

static int
print_ban(struct output *out, void *context, struct archive_cursor *ban,
    struct err *e)
{
	struct show *show = context;

	if (++show->count > 1)
		putc('\n', out->to);
	print_facts(out->to, ban, show->held);
	return print_lines(out->to, ban, e);
}

static int
show_bans(struct output *out, struct archive *archive, const char *id,
    struct show *show, struct err *e)
{
	struct archive_filter filter = ARCHIVE_FILTER_ALL;
	struct archive_cursor cursor;
	int rc;

	filter.ident = id;
	filter.now_us = clock_wall_us();
	rc = archive_cursor_open_oldest(&cursor, archive, &filter, e);
	if (rc == 0)
		rc = output_bans(out, &cursor, print_ban, show, e);
	archive_cursor_close(&cursor);
	if (rc != 0)
		return -1;
	show->held = id;
	rc = archive_cursor_open_networks(&cursor, archive, &filter, e);
	if (rc == 0)
		rc = output_bans(out, &cursor, print_ban, show, e);
	archive_cursor_close(&cursor);
	return rc;
}

static int
run_show(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct archive archive;
	struct output out;
	struct show show = { 0 };
	int operands, rc;

	if (options_parse(self, argc, argv, NULL, NULL, &operands, e) != 0 ||
	    output_open(&out, e) != 0)
		return -1;
	if ((rc = archive_open_read(&archive, config->archive, e)) == 0) {
		rc = show_bans(&out, &archive, argv[operands], &show, e);
		archive_close(&archive);
	}
	if (rc == 0 && show.count == 0) {
		print_escaped(out.to, "", argv[operands], ": never banned\n");
		rc = NEVER_BANNED;
	}
	return output_finish(&out, rc, e);
}

const struct command cmd_show = {
	.name = "show",
	.operands = "ID",
	.summary = "show all about one id or address",
	.options = options_none,
	.run = run_show,
};
