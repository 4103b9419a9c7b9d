/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/bans/show_ban.h"

#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

#include "ban/user_names.h"
#include "base/escape.h"
#include "base/json.h"
#include "base/timestamp.h"

void
show_text(FILE *to, const char *name, const char *text)
{
	char escaped[80];

	escape_text(escaped, sizeof(escaped), name, strlen(name));
	fprintf(to, "  %-9s ", escaped);
	escape_print(to, text);
	putc('\n', to);
}

static void
print_number(FILE *to, const char *name, int64_t v)
{
	if (v != UNKNOWN)
		fprintf(to, "  %-9s %" PRId64 "\n", name, v);
}

static void
print_end(FILE *to, const struct archive_cursor *ban,
    const struct table_style *style)
{
	enum ban_state state = archive_cursor_state(ban);
	const char *why = archive_cursor_text(ban, BAN_FIELD_WHY);
	char when[48], text[160];

	if (state != BAN_STATE_ENDED) {
		show_text(to, "ended",
		    state == BAN_STATE_ACTIVE ? "not yet" :
						ban_state_name(state));
		return;
	}
	column_format_time(style, archive_cursor_number(ban, BAN_FIELD_ENDED),
	    when);
	snprintf(text, sizeof(text), "%s, %s", when, why != NULL ? why : "?");
	show_text(to, "ended", text);
}

/* Print one capture in words; those of users come together. */
static void
print_capture(FILE *to, const struct json *key, const struct json *value,
    struct buffer *text)
{
	size_t name;

	buffer_cut(text, 0);
	json_put_said(text, key);
	buffer_putc(text, '\0');
	name = text->len;
	json_put_said(text, value);
	if (!text->failed && text->len > name && strcmp(text->s, "user") != 0 &&
	    strcmp(text->s, "users") != 0)
		show_text(to, text->s, text->s + name);
}

/* Print what a filter captured, in words. */
static int
print_captures(FILE *to, const char *captures, struct err *e)
{
	struct buffer text = { 0 };
	struct json key, value;
	const char *at = captures;
	bool failed;

	if (captures == NULL || !json_is(captures, '{'))
		return 0;
	if (user_names_join(&text, captures) > 0 && !text.failed)
		show_text(to, "users", text.s);
	while (json_next(&at, &key, &value))
		print_capture(to, &key, &value, &text);
	failed = text.failed;
	buffer_free(&text);
	return failed ? err_no_memory(e) : 0;
}

static void
print_facts(FILE *to, const struct archive_cursor *ban,
    const struct table_style *style, const char *held)
{
	int64_t seconds = archive_cursor_number(ban, BAN_FIELD_SECONDS);
	int64_t restored = archive_cursor_number(ban, BAN_FIELD_RESTORED);
	const char *ip = archive_cursor_text(ban, BAN_FIELD_IP);
	const char *host = archive_cursor_text(ban, BAN_FIELD_HOST);
	char when[48], length[32] = "unknown";

	if (seconds != UNKNOWN)
		timestamp_format_seconds(seconds, length);
	fprintf(to, "%s  banned in ",
	    column_format_time(style,
		archive_cursor_number(ban, BAN_FIELD_SINCE), when));
	escape_print(to, archive_cursor_text(ban, BAN_FIELD_JAIL));
	fputs(": ", to);
	escape_print(to, archive_cursor_text(ban, BAN_FIELD_IDENT));
	putc('\n', to);
	if (held != NULL)
		show_text(to, "holds", held);
	if (ip != NULL)
		show_text(to, "address", ip);
	if (host != NULL)
		show_text(to, "host", host);
	show_text(to, "ban time", length);
	print_end(to, ban, style);
	show_text(to, "origin", archive_cursor_text(ban, BAN_FIELD_ORIGIN));
	print_number(to, "failures",
	    archive_cursor_number(ban, BAN_FIELD_FAILURES));
	print_number(to, "bancount",
	    archive_cursor_number(ban, BAN_FIELD_BANCOUNT));
	if (restored > 0)
		print_number(to, "restored", restored);
}

int
show_ban(FILE *to, struct archive_cursor *ban, const struct table_style *style,
    const char *held, struct err *e)
{
	const char *line;
	int rc;

	print_facts(to, ban, style, held);
	if (print_captures(to, archive_cursor_text(ban, BAN_FIELD_CAPTURES),
		e) != 0)
		return -1;
	while ((rc = archive_cursor_next_line(ban, &line, e)) == 1) {
		fputs("  | ", to);
		escape_print(to, line);
		putc('\n', to);
	}
	return rc;
}
