/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show: all about one address, every ban, how it ended, the log lines. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cmd/command.h"
#include "base/escape.h"
#include "cmd/options.h"
#include "base/timestamp.h"

/* Print an attacker's text of any length, escaped. */
static int
print_escaped(const char *before, const char *s, const char *after)
{
	size_t len = strlen(s), room = escape_text(NULL, 0, s, len) + 1;
	char *escaped = malloc(room);

	if (escaped == NULL)
		return -1;
	escape_text(escaped, room, s, len);
	printf("%s%s%s", before, escaped, after);
	free(escaped);
	return ferror(stdout) ? -1 : 0;
}

static void
print_number(const char *name, int64_t v)
{
	if (v != UNKNOWN)
		printf("  %-9s %" PRId64 "\n", name, v);
}

static int
print_ban(void *to, const struct archive_row *row)
{
	int64_t *count = to;
	char when[32], length[32] = "unknown";

	if (row->seconds != UNKNOWN)
		timestamp_format_seconds(row->seconds, length);
	printf("%s%s  ", (*count)++ > 0 ? "\n" : "",
	    timestamp_format(row->since_us, when));
	print_escaped("banned in ", row->jail, "");
	print_escaped(": ", row->ident, "\n");
	if (row->ip != NULL)
		print_escaped("  address   ", row->ip, "\n");
	if (row->host != NULL)
		print_escaped("  host      ", row->host, "\n");
	printf("  ban time  %s\n", length);
	if (row->ended_us == UNKNOWN)
		puts("  ended     not yet");
	else {
		printf("  ended     %s", timestamp_format(row->ended_us, when));
		print_escaped(", ",
		    row->ended_why != NULL ? row->ended_why : "?", "\n");
	}
	print_escaped("  origin    ", row->origin, "\n");
	print_number("failures", row->failures);
	print_number("bancount", row->bancount);
	if (row->restored > 0)
		print_number("restored", row->restored);
	if (row->captures != NULL && strcmp(row->captures, "{}") != 0)
		print_escaped("  captures  ", row->captures, "\n");
	return ferror(stdout) ? -1 : 0;
}

static int
print_line(void *to UNUSED, const char *line)
{
	return print_escaped("  | ", line, "\n");
}

static int
run_show(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct archive archive;
	int64_t count = 0;
	int operands, rc;

	if (options_parse(self, argc, argv, NULL, NULL, &operands, e) != 0)
		return -1;
	if (archive_open_read(&archive, config->archive, e) != 0)
		return -1;
	rc = archive_show(&archive, argv[operands], print_ban, print_line,
	    &count, e);
	archive_close(&archive);
	if (rc == 0 && count == 0)
		print_escaped("", argv[operands], ": never banned\n");
	return rc;
}

const struct command cmd_show = {
	.name = "show",
	.operands = "ID",
	.summary = "show all about one id or address",
	.options = options_none,
	.run = run_show,
};
