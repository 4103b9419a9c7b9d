/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban/ticket_data.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/json.h"
#include "base/utf8.h"

/* Return true for the first byte of a character of UTF-8. */
static bool
begins_character(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

/*
 * Cut a text that is longer than TICKET_DATA_LINE_MAX characters, and append
 * its full length. Return true when it was cut.
 */
static bool
cut_long(struct buffer *b)
{
	size_t characters = 0, keep = 0;
	char note[64];

	if (b->len <= TICKET_DATA_LINE_MAX)
		return false;
	for (size_t i = 0; i < b->len; i++) {
		if (!begins_character(b->s[i]))
			continue;
		if (characters++ == TICKET_DATA_LINE_MAX)
			keep = i;
	}
	if (characters <= TICKET_DATA_LINE_MAX)
		return false;
	buffer_cut(b, keep);
	snprintf(note, sizeof(note), " [cut, %zu characters]", characters);
	buffer_puts(b, note);
	return true;
}

/* Append the line to the others, and empty it. */
static void
add_line(struct buffer *lines, struct buffer *line)
{
	cut_long(line);
	buffer_putc(lines, lines->len == 0 ? '[' : ',');
	json_put_text(lines, line->s != NULL ? line->s : "", line->len);
	buffer_cut(line, 0);
}

/* Return all lines as JSON; NULL when there was no memory for them. */
static char *
take_lines(struct buffer *lines, struct buffer *line)
{
	char *json;

	buffer_puts(lines, lines->len == 0 ? "[]" : "]");
	json = buffer_take(lines);
	if (line->failed) {
		free(json);
		json = NULL;
	}
	buffer_free(line);
	return json;
}

/* Return true for a text without escapes and not too long, as most are. */
static bool
is_plain(const struct json *match)
{
	return json_is_text(match) && match->len <= TICKET_DATA_LINE_MAX &&
	    memchr(match->at, '\\', match->len) == NULL;
}

/* Append a match: a text, or an array of texts that are one line. */
static void
put_match(struct buffer *line, const struct json *match)
{
	const char *at = match->at;
	struct json part;

	if (!json_is_array(match)) {
		json_put_said(line, match);
		return;
	}
	while (json_next(&at, NULL, &part))
		json_put_said(line, &part);
}

/* Keep the last max elements of the array. */
static int
take_matches(const struct json *array, int64_t max, char **matches)
{
	struct buffer lines = { 0 }, line = { 0 };
	const char *at = array->at;
	struct json match;
	int64_t n = 0;

	while (json_next(&at, NULL, &match))
		n++;
	at = array->at;
	for (; n > 0 && json_next(&at, NULL, &match); n--) {
		if (n > max)
			continue;
		if (is_plain(&match)) {
			buffer_putc(&lines, lines.len == 0 ? '[' : ',');
			buffer_put(&lines, match.at, match.len);
			continue;
		}
		put_match(&line, &match);
		add_line(&lines, &line);
	}
	*matches = take_lines(&lines, &line);
	return *matches == NULL ? -1 : 0;
}

/* Return a number of failures; UNKNOWN unless it is whole and not negative. */
static int64_t
take_failures(const struct json *value)
{
	int64_t v;

	return json_take_number(value, &v) && v >= 0 ? v : UNKNOWN;
}

static void
put_capture(struct buffer *out, const struct json *key,
    const struct json *value)
{
	struct buffer said = { 0 };

	if (out->len > 1)
		buffer_putc(out, ',');
	json_put_value(out, key);
	buffer_putc(out, ':');
	if (value->len > TICKET_DATA_LINE_MAX) {
		json_put_said(&said, value);
		if (cut_long(&said)) {
			json_put_text(out, said.s, said.len);
			buffer_free(&said);
			return;
		}
		buffer_free(&said);
	}
	json_put_value(out, value);
}

/*
 * Set the field that the key has; the first of two equal keys counts. Return 1,
 * 0 for a key without a field, -1 without memory.
 */
static int
take_field(const struct json *key, const struct json *value,
    int64_t max_matches, struct ticket_data *ticket)
{
	struct buffer said = { 0 };

	if (json_equals(key, "matches")) {
		if (ticket->matches == NULL && json_is_array(value) &&
		    take_matches(value, max_matches, &ticket->matches) != 0)
			return -1;
		return 1;
	}
	if (json_equals(key, "failures")) {
		if (ticket->failures == UNKNOWN)
			ticket->failures = take_failures(value);
		return 1;
	}
	if (json_equals(key, "ip")) {
		if (ticket->ip == NULL && json_is_text(value)) {
			buffer_puts(&said, "");
			json_put_said(&said, value);
			if ((ticket->ip = buffer_take(&said)) == NULL)
				return -1;
		}
		return 1;
	}
	return json_equals(key, "fid") || json_equals(key, "ip4") ||
	    json_equals(key, "ip6");
}

static int
take_object(const char *text, int64_t max_matches, struct ticket_data *ticket)
{
	struct buffer captures = { 0 };
	const char *at = text;
	struct json key, value;
	int field = 0;

	buffer_putc(&captures, '{');
	while (field >= 0 && json_next(&at, &key, &value)) {
		field = take_field(&key, &value, max_matches, ticket);
		if (field == 0)
			put_capture(&captures, &key, &value);
	}
	buffer_putc(&captures, '}');
	ticket->captures = buffer_take(&captures);
	if (ticket->matches == NULL)
		ticket->matches = strdup("[]");
	return field < 0 || ticket->captures == NULL ||
		ticket->matches == NULL ?
	    -1 :
	    0;
}

int
ticket_data_decode(const char *data, size_t len, int64_t max_matches,
    struct ticket_data *ticket, struct err *e)
{
	char *text;
	int rc = 0;

	*ticket = (struct ticket_data){ .failures = UNKNOWN };
	if (data == NULL)
		return 0;
	if ((text = utf8_mend(data, len, NULL)) == NULL)
		return err_no_memory(e);
	json_mend(text);
	if (json_is(text, '{') && take_object(text, max_matches, ticket) != 0)
		rc = err_no_memory(e);
	free(text);
	return rc;
}

/* Return the start of the last max lines of text; empty lines do not count. */
static const char *
last_lines(const char *text, int64_t max)
{
	const char *at = text + strlen(text);

	for (; at > text; at--) {
		if (at[-1] != '\n' || *at == '\n' || *at == '\0')
			continue;
		if (--max <= 0)
			break;
	}
	return at;
}

int
ticket_data_decode_lines(const char *lines, int64_t max_matches,
    struct ticket_data *ticket, struct err *e)
{
	struct buffer kept = { 0 }, line = { 0 };
	size_t len;

	*ticket = (struct ticket_data){ .failures = UNKNOWN };
	lines = max_matches > 0 ? last_lines(lines, max_matches) : "";
	for (; *lines != '\0'; lines += len + (lines[len] != '\0')) {
		len = strcspn(lines, "\n");
		if (len == 0)
			continue;
		buffer_put(&line, lines, len);
		add_line(&kept, &line);
	}
	ticket->matches = take_lines(&kept, &line);
	if (ticket->matches == NULL)
		return err_no_memory(e);
	return 0;
}

void
ticket_data_free(struct ticket_data *ticket)
{
	free(ticket->matches);
	free(ticket->captures);
	free(ticket->ip);
	*ticket = (struct ticket_data){ .failures = UNKNOWN };
}
