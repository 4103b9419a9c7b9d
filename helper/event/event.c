/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/number.h"
#include "base/timestamp.h"
#include "base/utf8.h"

static const char *const verbs[] = {
	[EVENT_BAN] = "ban",
	[EVENT_UNBAN] = "unban",
	[EVENT_PROLONG] = "prolong",
	[EVENT_FLUSH] = "flush",
};

/* The name of an action that was given no name=: that of its file. */
#define ACTION "fail2ban-archive"

enum field {
	FIELD_JAIL,
	FIELD_ACTION,
	FIELD_ID,
	FIELD_IP,
	FIELD_FAMILY,
	FIELD_TIME,
	FIELD_BANTIME,
	FIELD_BANCOUNT,
	FIELD_FAILURES,
	FIELD_RESTORED,
	/* The options of spooled events only: */
	FIELD_AT,
	FIELD_ROW,
	FIELD_ROW_BANTIME,
	FIELD_ROW_BANCOUNT,
	FIELD_DATA,
	FIELD_TAG,
	FIELD_COUNT
};

static const char *const fields[FIELD_COUNT] = {
	[FIELD_JAIL] = "jail",
	[FIELD_ACTION] = "action",
	[FIELD_ID] = "id",
	[FIELD_IP] = "ip",
	[FIELD_FAMILY] = "family",
	[FIELD_TIME] = "time",
	[FIELD_BANTIME] = "bantime",
	[FIELD_BANCOUNT] = "bancount",
	[FIELD_FAILURES] = "failures",
	[FIELD_RESTORED] = "restored",
	[FIELD_AT] = "at",
	[FIELD_ROW] = "row",
	[FIELD_ROW_BANTIME] = "row-bantime",
	[FIELD_ROW_BANCOUNT] = "row-bancount",
	[FIELD_DATA] = "data",
	[FIELD_TAG] = "tag",
};

void
event_init(struct event *event, enum event_kind kind, int64_t at_us)
{
	*event = (struct event){
		.kind = kind,
		.at_us = at_us,
		.seconds = UNKNOWN,
		.bancount = UNKNOWN,
		.failures = UNKNOWN,
		.row_seconds = UNKNOWN,
		.row_bancount = UNKNOWN,
	};
}

void
event_free(struct event *event)
{
	free(event->jail);
	free(event->action);
	free(event->ident);
	free(event->ip);
	free(event->family);
	free(event->time);
	free(event->data);
	event_init(event, event->kind, 0);
}

const char *
event_verb(enum event_kind kind)
{
	return verbs[kind];
}

int
event_kind_from_verb(const char *verb)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (strcmp(verbs[i], verb) == 0)
			return (int)i;
	}
	return -1;
}

static int
set_text(char **text, const char *value, struct err *e)
{
	free(*text);
	*text = utf8_mend(value, strlen(value), NULL);
	return *text != NULL ? 0 : err_no_memory(e);
}

/*
 * Set a number. An empty value is UNKNOWN, and so is a tag that this version of
 * fail2ban does not have: it passes the tag itself, "<bancount>".
 */
static int
set_number(int64_t *v, int64_t min, int64_t max, const char *value,
    struct err *e)
{
	*v = UNKNOWN;
	if (value[0] == '\0' || value[0] == '<')
		return 0;
	return number_parse(value, min, max, v, e);
}

/* Set a ban time; fail2ban writes -2 for an unknown one. */
static int
set_bantime(int64_t *v, const char *value, struct err *e)
{
	if (set_number(v, -2, INT64_MAX, value, e) != 0)
		return -1;
	if (*v == -2)
		*v = UNKNOWN;
	return 0;
}

static int
set_field(struct event *event, enum field field, const char *value,
    struct err *e)
{
	int64_t v = 0;
	int rc = 0;

	switch (field) {
	case FIELD_JAIL:
		return set_text(&event->jail, value, e);
	case FIELD_ACTION:
		return set_text(&event->action, value, e);
	case FIELD_ID:
		return set_text(&event->ident, value, e);
	case FIELD_IP:
		return set_text(&event->ip, value, e);
	case FIELD_FAMILY:
		return set_text(&event->family, value, e);
	case FIELD_TIME:
		return set_text(&event->time, value, e);
	case FIELD_DATA:
		return set_text(&event->data, value, e);
	case FIELD_BANTIME:
		return set_bantime(&event->seconds, value, e);
	case FIELD_BANCOUNT:
		return set_number(&event->bancount, 0, INT64_MAX, value, e);
	case FIELD_FAILURES:
		return set_number(&event->failures, 0, INT64_MAX, value, e);
	case FIELD_ROW_BANTIME:
		return set_bantime(&event->row_seconds, value, e);
	case FIELD_ROW_BANCOUNT:
		return set_number(&event->row_bancount, 0, INT64_MAX, value, e);
	case FIELD_RESTORED:
		rc = set_number(&v, 0, 1, value, e);
		event->restored = v == 1;
		return rc;
	case FIELD_ROW:
		rc = number_parse(value, EVENT_ROW_UNKNOWN, EVENT_ROW_THERE, &v,
		    e);
		event->row = (unsigned)v;
		return rc;
	case FIELD_TAG:
		event->tag = strcmp(value, "1") == 0;
		return 0;
	case FIELD_AT:
		return number_parse(value, 0, INT64_MAX, &event->at_us, e);
	case FIELD_COUNT:
		break;
	}
	return err_set(e, EX_USAGE, "unknown option");
}

static enum field
find_field(const char *name)
{
	enum field i = 0;

	while (i < FIELD_COUNT && strcmp(fields[i], name) != 0)
		i++;
	return i;
}

int
event_set(struct event *event, const char *name, const char *value,
    struct err *e)
{
	if (set_field(event, find_field(name), value, e) != 0)
		return err_wrap(e, "--%s", name);
	return 0;
}

int
event_check(const struct event *event, struct err *e)
{
	const char *missing = NULL;

	if (event->jail == NULL || event->jail[0] == '\0')
		missing = "jail";
	else if (event->kind == EVENT_FLUSH)
		return 0;
	else if (event->ident == NULL || event->ident[0] == '\0')
		missing = "id";
	else if (event->time == NULL)
		missing = "time";
	if (missing != NULL)
		return err_set(e, EX_USAGE, "%s: --%s is missing or empty",
		    verbs[event->kind], missing);
	if (timestamp_parse_ticket(event->time, NULL, NULL, NULL, e) != 0)
		return err_wrap(e, "--time");
	return 0;
}

void
event_settle_jail(struct event *event)
{
	const size_t len = sizeof(ACTION) - 1;
	size_t jail_len = strlen(event->jail), rest_len;
	const char *rest;

	if (event->action == NULL)
		return;
	if (strncmp(event->action, ACTION, len) == 0) {
		rest = event->action + len;
		if (rest[0] == '-' && strcmp(rest + 1, event->jail) == 0)
			return;
		rest_len = strlen(rest);
		if (rest_len < jail_len &&
		    strcmp(event->jail + jail_len - rest_len, rest) == 0)
			event->jail[jail_len - rest_len] = '\0';
	}
	free(event->action);
	event->action = NULL;
}

/* Append an option where it has a value. */
static void
put_text(FILE *out, enum field field, const char *value)
{
	if (value != NULL)
		fprintf(out, "--%s%c%s%c", fields[field], 0, value, 0);
}

static void
put_number(FILE *out, enum field field, int64_t v)
{
	if (v != UNKNOWN)
		fprintf(out, "--%s%c%" PRId64 "%c", fields[field], 0, v, 0);
}

char *
event_to_words(const struct event *event, size_t *len)
{
	char *words = NULL;
	FILE *out = open_memstream(&words, len);

	if (out == NULL)
		return NULL;
	fprintf(out, "%s%c", verbs[event->kind], 0);
	put_number(out, FIELD_AT, event->at_us);
	put_text(out, FIELD_JAIL, event->jail);
	put_text(out, FIELD_ACTION, event->action);
	put_text(out, FIELD_ID, event->ident);
	put_text(out, FIELD_IP, event->ip);
	put_text(out, FIELD_FAMILY, event->family);
	put_text(out, FIELD_TIME, event->time);
	put_number(out, FIELD_BANTIME, event->seconds);
	put_number(out, FIELD_BANCOUNT, event->bancount);
	put_number(out, FIELD_FAILURES, event->failures);
	put_number(out, FIELD_RESTORED, event->restored);
	put_number(out, FIELD_ROW, event->row);
	put_number(out, FIELD_ROW_BANTIME, event->row_seconds);
	put_number(out, FIELD_ROW_BANCOUNT, event->row_bancount);
	put_text(out, FIELD_DATA, event->data);
	put_number(out, FIELD_TAG, event->tag);
	if (fclose(out) != 0) {
		free(words);
		return NULL;
	}
	return words;
}

/* Return the word at *at and move *at past its NUL; NULL at the end. */
static const char *
next_word(const char *words, size_t len, size_t *at)
{
	const char *word = words + *at;

	if (*at >= len || memchr(word, '\0', len - *at) == NULL)
		return NULL;
	*at += strlen(word) + 1;
	return word;
}

int
event_from_words(struct event *event, const char *words, size_t len,
    struct err *e)
{
	size_t at = 0;
	const char *word = next_word(words, len, &at), *value;
	int kind = word == NULL ? -1 : event_kind_from_verb(word);
	bool whole = false; /* the last option was read */

	event_init(event, EVENT_BAN, 0);
	if (kind < 0)
		return err_set(e, EX_DATAERR, "not an event");
	event->kind = (enum event_kind)kind;
	while ((word = next_word(words, len, &at)) != NULL) {
		whole = strcmp(word, "--tag") == 0;
		value = next_word(words, len, &at);
		if (strncmp(word, "--", 2) != 0 || value == NULL ||
		    event_set(event, word + 2, value, e) != 0)
			break;
	}
	if (word == NULL && at == len && whole && event->at_us > 0 &&
	    event_check(event, e) == 0) {
		event_settle_jail(event);
		if (event->action == NULL)
			return 0;
	}
	event_free(event);
	return err_set(e, EX_DATAERR, "not a whole event");
}

char *
event_to_line(const struct event *event, const char *remark)
{
	size_t len, line_len;
	char *words = event_to_words(event, &len), *line = NULL;
	FILE *out = words != NULL ? open_memstream(&line, &line_len) : NULL;

	for (size_t i = 0; out != NULL && i < len; i++) {
		unsigned char c = (unsigned char)words[i];

		if (c == '\0')
			fputs(i + 1 < len ? " " : "", out);
		else if (c > 0x20 && c < 0x7f && c != '%' && c != '#' &&
		    c != '\\')
			fputc(c, out);
		else
			fprintf(out, "%%%02X", c);
	}
	if (out != NULL)
		fprintf(out, " # %s", remark);
	free(words);
	if (out == NULL || fclose(out) != 0) {
		free(line);
		return NULL;
	}
	return line;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int
event_from_line(struct event *event, char *line, struct err *e)
{
	char *remark = strstr(line, " # "), *to = line;

	if (remark != NULL)
		*remark = '\0';
	for (const char *s = line; *s != '\0'; s++) {
		int high = *s == '%' ? hex_digit(s[1]) : -1;
		int low = high >= 0 ? hex_digit(s[2]) : -1;

		if (low >= 0) {
			*to++ = (char)(high << 4 | low);
			s += 2;
		} else {
			*to = *s;
			if (*s == ' ')
				*to = '\0';
			to++;
		}
	}
	/* The last word gets its NUL, too. */
	*to++ = '\0';
	return event_from_words(event, line, (size_t)(to - line), e);
}
