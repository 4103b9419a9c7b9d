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
#include "os/clock.h"

/* The exit status when there is nothing to show; grep has the same. */
#define NEVER_BANNED 1

/* Print a text, which an attacker may have chosen, escaped. */
static void
print_escaped(const char *before, const char *s, const char *after)
{
	fputs(before, stdout);
	escape_print(stdout, s);
	fputs(after, stdout);
}

static void
print_number(const char *name, int64_t v)
{
	if (v != UNKNOWN)
		printf("  %-9s %" PRId64 "\n", name, v);
}

static void
print_text(const char *name, const char *s)
{
	char before[32];

	snprintf(before, sizeof(before), "  %-9s ", name);
	print_escaped(before, s, "\n");
}

static void
print_end(const struct archive_cursor *ban)
{
	enum ban_state state = archive_cursor_state(ban);
	const char *why = archive_cursor_text(ban, BAN_FIELD_WHY);
	char when[32];

	if (state != BAN_STATE_ENDED) {
		print_text("ended",
		    state == BAN_STATE_ACTIVE ? "not yet" :
						ban_state_name(state));
		return;
	}
	timestamp_format(archive_cursor_number(ban, BAN_FIELD_ENDED), when);
	printf("  ended     %s", when);
	print_escaped(", ", why != NULL ? why : "?", "\n");
}

static void
print_ban(const struct archive_cursor *ban, const char *held)
{
	int64_t seconds = archive_cursor_number(ban, BAN_FIELD_SECONDS);
	int64_t restored = archive_cursor_number(ban, BAN_FIELD_RESTORED);
	const char *ip = archive_cursor_text(ban, BAN_FIELD_IP);
	const char *host = archive_cursor_text(ban, BAN_FIELD_HOST);
	const char *captures = archive_cursor_text(ban, BAN_FIELD_CAPTURES);
	char when[32], length[32] = "unknown";

	if (seconds != UNKNOWN)
		timestamp_format_seconds(seconds, length);
	printf("%s  ",
	    timestamp_format(archive_cursor_number(ban, BAN_FIELD_SINCE),
		when));
	print_escaped("banned in ", archive_cursor_text(ban, BAN_FIELD_JAIL),
	    "");
	print_escaped(": ", archive_cursor_text(ban, BAN_FIELD_IDENT), "\n");
	if (held != NULL)
		print_text("holds", held);
	if (ip != NULL)
		print_text("address", ip);
	if (host != NULL)
		print_text("host", host);
	print_text("ban time", length);
	print_end(ban);
	print_text("origin", archive_cursor_text(ban, BAN_FIELD_ORIGIN));
	print_number("failures",
	    archive_cursor_number(ban, BAN_FIELD_FAILURES));
	print_number("bancount",
	    archive_cursor_number(ban, BAN_FIELD_BANCOUNT));
	if (restored > 0)
		print_number("restored", restored);
	if (captures != NULL && strcmp(captures, "{}") != 0)
		print_text("captures", captures);
}

static int
print_lines(struct archive_cursor *ban, struct err *e)
{
	const char *line;
	int rc;

	while ((rc = archive_cursor_next_line(ban, &line, e)) == 1)
		print_escaped("  | ", line, "\n");
	return rc;
}

/*
 * Print the bans of a cursor. *count counts all that are printed so far. held
 * is the address that their networks hold, or NULL.
 */
static int
print_bans(struct archive_cursor *ban, const char *held, int64_t *count,
    struct err *e)
{
	int rc = 0;

	while (!ferror(stdout) && (rc = archive_cursor_next(ban, e)) == 1) {
		if (++*count > 1)
			putchar('\n');
		print_ban(ban, held);
		if (print_lines(ban, e) != 0)
			return -1;
	}
	return rc < 0 ? -1 : 0;
}

static int
show(struct archive *archive, const char *id, int64_t *count, struct err *e)
{
	struct archive_filter filter = ARCHIVE_FILTER_ALL;
	struct archive_cursor cursor;
	int rc;

	filter.ident = id;
	filter.now_us = clock_wall_us();
	rc = archive_cursor_open_oldest(&cursor, archive, &filter, e);
	if (rc == 0)
		rc = print_bans(&cursor, NULL, count, e);
	archive_cursor_close(&cursor);
	if (rc != 0)
		return -1;
	rc = archive_cursor_open_networks(&cursor, archive, &filter, e);
	if (rc == 0)
		rc = print_bans(&cursor, id, count, e);
	archive_cursor_close(&cursor);
	return rc;
}

static int
run_show(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct archive archive;
	int64_t count = 0;
	int operands, rc;

	if (options_parse(self, argc, argv, NULL, NULL, &operands, e) != 0 ||
	    archive_open_read(&archive, config->archive, e) != 0)
		return -1;
	rc = show(&archive, argv[operands], &count, e);
	archive_close(&archive);
	if (rc != 0 || count > 0)
		return rc;
	print_escaped("", argv[operands], ": never banned\n");
	return NEVER_BANNED;
}

const struct command cmd_show = {
	.name = "show",
	.operands = "ID",
	.summary = "show all about one id or address",
	.options = options_none,
	.run = run_show,
};
