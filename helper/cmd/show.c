/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * show: say whether an id or address is banned; then print each of its bans,
 * with its end and its log lines, and the bans of the networks that hold it.
 * Exit with 1 when it was never banned itself.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/timestamp.h"
#include "cmd/answer.h"
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
	const char *id;
	bool networks; /* its bans are those of networks that hold the id */
	struct answer answer;
};

static int
take_ban(struct output *out UNUSED, void *context, struct archive_cursor *ban,
    struct err *e UNUSED)
{
	struct show *show = context;
	const struct answer_ban taken = {
		.ident = archive_cursor_text(ban, BAN_FIELD_IDENT),
		.jail = archive_cursor_text(ban, BAN_FIELD_JAIL),
		.host = archive_cursor_text(ban, BAN_FIELD_HOST),
		.why = archive_cursor_text(ban, BAN_FIELD_WHY),
		.state = archive_cursor_state(ban),
		.since_us = archive_cursor_number(ban, BAN_FIELD_SINCE),
		.seconds = archive_cursor_number(ban, BAN_FIELD_SECONDS),
	};

	if (show->networks)
		answer_take_network(&show->answer, &taken);
	else
		answer_take(&show->answer, &taken);
	return 0;
}

static int
print_ban(struct output *out, void *context, struct archive_cursor *ban,
    struct err *e)
{
	struct show *show = context;

	putc('\n', out->to);
	print_facts(out->to, ban, show->networks ? show->id : NULL);
	return print_lines(out->to, ban, e);
}

/* Do with each ban of the id, and then of the networks that hold it. */
static int
each_ban(struct output *out, struct archive *archive, struct show *show,
    output_ban_fn *with, struct err *e)
{
	struct archive_filter filter = ARCHIVE_FILTER_ALL;
	int rc = 0;

	filter.ident = show->id;
	filter.now_us = show->answer.now_us;
	for (int i = 0; i < 2 && rc == 0; i++) {
		struct archive_cursor cursor;

		show->networks = i == 1;
		rc = show->networks ?
		    archive_cursor_open_networks(&cursor, archive, &filter, e) :
		    archive_cursor_open_oldest(&cursor, archive, &filter, e);
		if (rc == 0)
			rc = output_bans(out, &cursor, with, show, e);
		archive_cursor_close(&cursor);
	}
	return rc;
}

static int
run_show(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct archive archive;
	struct output out;
	struct show show = { .answer.now_us = clock_wall_us() };
	int operands, rc;

	if (options_parse(self, argc, argv, NULL, NULL, &operands, e) != 0 ||
	    output_open(&out, e) != 0)
		return -1;
	show.id = argv[operands];
	if ((rc = archive_open_read(&archive, config->archive, e)) == 0) {
		rc = each_ban(&out, &archive, &show, take_ban, e);
		if (rc == 0) {
			answer_print(&show.answer, out.to);
			rc = each_ban(&out, &archive, &show, print_ban, e);
		}
		archive_close(&archive);
	}
	if (rc == 0 && show.answer.count == 0)
		rc = NEVER_BANNED;
	return output_finish(&out, rc, e);
}

const struct command cmd_show = {
	.name = "show",
	.operands = "ID",
	.summary = "show all about one id or address",
	.options = options_none,
	.run = run_show,
};
