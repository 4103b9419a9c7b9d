/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ban/import.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/json.h"
#include "base/text.h"

/* As long as what fail2ban's own database may say. */
#define TEXT_BYTES ((size_t)4 * 1024 * 1024)

static const struct {
	const char *name;
	bool number;
} fields[IMPORT_FIELDS] = {
	[IMPORT_JAIL] = { "jail", false },
	[IMPORT_IDENT] = { "ident", false },
	[IMPORT_IP] = { "ip", false },
	[IMPORT_HOST] = { "host", false },
	[IMPORT_SINCE] = { "since_us", true },
	[IMPORT_TIMEOFBAN] = { "timeofban", true },
	[IMPORT_NTH] = { "nth", true },
	[IMPORT_SECONDS] = { "seconds", true },
	[IMPORT_BANCOUNT] = { "bancount", true },
	[IMPORT_FAILURES] = { "failures", true },
	[IMPORT_MATCHES] = { "matches", false },
	[IMPORT_CAPTURES] = { "captures", false },
	[IMPORT_ORIGIN] = { "origin", false },
	[IMPORT_SEEN] = { "seen", false },
	[IMPORT_ENDED] = { "ended_us", true },
	[IMPORT_WHY] = { "ended_why", false },
	[IMPORT_RESTORED] = { "restored", true },
	[IMPORT_REV] = { "rev", true },
};

void
import_init(struct import *ban)
{
	*ban = (struct import){ 0 };
	for (size_t i = 0; i < IMPORT_FIELDS; i++)
		ban->numbers[i] = UNKNOWN;
}

void
import_free(struct import *ban)
{
	for (size_t i = 0; i < IMPORT_FIELDS; i++)
		free(ban->texts[i]);
	import_init(ban);
}

enum import_field
import_find(const char *name)
{
	enum import_field i = 0;

	while (i < IMPORT_FIELDS && strcmp(fields[i].name, name) != 0)
		i++;
	return i;
}

const char *
import_name(enum import_field field)
{
	return fields[field].name;
}

bool
import_is_number(enum import_field field)
{
	return fields[field].number;
}

int
import_set_text(struct import *ban, enum import_field field, const char *text,
    struct err *e)
{
	size_t len = text != NULL ? strlen(text) : 0;

	if (fields[field].number)
		return err_set(e, EX_DATAERR, "%s: not a number",
		    fields[field].name);
	if (len > TEXT_BYTES)
		return err_set(e, EX_DATAERR, "%s: %zu bytes: too long",
		    fields[field].name, len);
	free(ban->texts[field]);
	ban->texts[field] = NULL;
	if (text != NULL &&
	    (ban->texts[field] = text_to_utf8(text, len, NULL)) == NULL)
		return err_set(e, EX_OSERR, "out of memory");
	return 0;
}

int
import_set_number(struct import *ban, enum import_field field, int64_t v,
    struct err *e)
{
	if (!fields[field].number)
		return err_set(e, EX_DATAERR, "%s: not a text",
		    fields[field].name);
	ban->numbers[field] = v;
	return 0;
}

/* A key that has no escape in it, as ours have not. */
static enum import_field
find_key(const struct json *key)
{
	enum import_field i = 0;

	while (i < IMPORT_FIELDS && !json_equals(key, fields[i].name))
		i++;
	return i;
}

/* What a value of the field begins with, in JSON. */
static char
kind_of(enum import_field field)
{
	switch (field) {
	case IMPORT_MATCHES:
	case IMPORT_SEEN:
		return '[';
	case IMPORT_CAPTURES:
		return '{';
	default:
		return '"';
	}
}

/* What a value says where a text belongs; containers as they are. */
static int
take_text(struct import *ban, enum import_field field, const struct json *value,
    struct err *e)
{
	struct buffer said = { 0 };
	char *text;
	int rc;

	if (json_is_null(value))
		return 0;
	if (value->at[0] != kind_of(field))
		return err_set(e, EX_DATAERR, "%s: of the wrong kind",
		    fields[field].name);
	buffer_puts(&said, "");
	json_put_said(&said, value);
	if ((text = buffer_take(&said)) == NULL)
		return err_set(e, EX_OSERR, "out of memory");
	rc = import_set_text(ban, field, text, e);
	free(text);
	return rc;
}

static int
take_value(struct import *ban, enum import_field field,
    const struct json *value, struct err *e)
{
	int64_t v;

	if (!fields[field].number)
		return take_text(ban, field, value, e);
	if (!json_take_number(value, &v))
		return err_set(e, EX_DATAERR, "%s: not a whole number",
		    fields[field].name);
	return import_set_number(ban, field, v, e);
}

int
import_from_json(struct import *ban, const char *line, size_t len,
    struct err *e)
{
	struct json key, value;
	char *text = text_to_utf8(line, len, NULL);
	const char *at = text;
	int rc = 0;

	if (text == NULL)
		return err_set(e, EX_OSERR, "out of memory");
	json_mend(text);
	if (!json_is(text, '{'))
		rc = err_set(e, EX_DATAERR, "not a JSON object");
	while (rc == 0 && json_next(&at, &key, &value)) {
		enum import_field field = find_key(&key);

		if (field != IMPORT_FIELDS)
			rc = take_value(ban, field, &value, e);
	}
	free(text);
	return rc;
}

/*
 * A value of captures or matches, its text written as we do. Log lines are
 * texts, whatever somebody has put there.
 */
static void
put_plainly(struct buffer *out, const struct json *value, bool line)
{
	struct buffer said = { 0 };

	if (!line && !json_is_text(value)) {
		json_put_value(out, value);
		return;
	}
	buffer_puts(&said, "");
	json_put_said(&said, value);
	if (said.failed)
		out->failed = true;
	else
		json_put_text(out, said.s, said.len);
	buffer_free(&said);
}

/*
 * JSON as the archive has it, whatever escapes it was written with: so the
 * same is known as the same.
 */
static int
mend_json(struct import *ban, enum import_field field, char open, struct err *e)
{
	char *text = ban->texts[field];
	struct buffer out = { 0 };
	struct json key, value;
	const char *at = text;
	bool first = true;

	if (text == NULL)
		return 0;
	json_mend(text);
	if (!json_is(text, open))
		return err_set(e, EX_DATAERR,
		    "%s: not JSON, or not of its kind", fields[field].name);
	buffer_putc(&out, open);
	while (json_next(&at, open == '{' ? &key : NULL, &value)) {
		if (!first)
			buffer_putc(&out, ',');
		first = false;
		if (open == '{') {
			put_plainly(&out, &key, false);
			buffer_putc(&out, ':');
		}
		put_plainly(&out, &value, open == '[');
	}
	buffer_putc(&out, open == '{' ? '}' : ']');
	if ((text = buffer_take(&out)) == NULL)
		return err_set(e, EX_OSERR, "out of memory");
	free(ban->texts[field]);
	ban->texts[field] = text;
	return 0;
}

/* An array of names; none: nobody says who has seen it. */
static int
check_seen(struct import *ban, struct err *e)
{
	const char *at = ban->texts[IMPORT_SEEN];
	struct json value;

	ban->seen = 0;
	if (at == NULL) {
		ban->seen = BAN_SEEN_IMPORT;
		return 0;
	}
	if (!json_is(at, '['))
		return err_set(e, EX_DATAERR, "seen: not an array");
	while (json_next(&at, NULL, &value)) {
		unsigned before = ban->seen;

		for (unsigned bit = 1; bit < BAN_SEEN_ALL; bit <<= 1) {
			if (json_equals(&value, ban_seen_name(bit)))
				ban->seen |= bit;
		}
		if (ban->seen == before)
			return err_set(e, EX_DATAERR,
			    "seen: nobody of that name, or twice");
	}
	return 0;
}

static int
check_words(struct import *ban, struct err *e)
{
	int end = ban_end_from_name(ban->texts[IMPORT_WHY]);
	int origin = ban->texts[IMPORT_ORIGIN] == NULL ?
	    BAN_FROM_UNKNOWN :
	    ban_origin_from_name(ban->texts[IMPORT_ORIGIN]);

	if (end < 0)
		return err_set(e, EX_DATAERR, "ended_why: not a way to end");
	if ((end == BAN_LIVES) != (ban->numbers[IMPORT_ENDED] == UNKNOWN))
		return err_set(e, EX_DATAERR,
		    "ended_us and ended_why: one without the other");
	if (origin < 0)
		return err_set(e, EX_DATAERR, "origin: not a known one");
	ban->end = (enum ban_end)end;
	ban->origin = (enum ban_origin)origin;
	return check_seen(ban, e);
}

/* Each number from min to max; -1 where it is not told. */
static int
check_numbers(struct import *ban, struct err *e)
{
	static const struct {
		enum import_field field;
		int64_t min, max, otherwise;
	} ranges[] = {
		{ IMPORT_SINCE, 0, INT64_MAX / 2, UNKNOWN },
		{ IMPORT_TIMEOFBAN, 0, INT64_MAX / 2 / TEXT_US, UNKNOWN },
		{ IMPORT_NTH, 0, 1000000, 0 },
		{ IMPORT_SECONDS, -1, INT64_MAX, UNKNOWN },
		{ IMPORT_BANCOUNT, 0, INT64_MAX, UNKNOWN },
		{ IMPORT_FAILURES, 0, INT64_MAX, UNKNOWN },
		{ IMPORT_ENDED, 0, INT64_MAX, UNKNOWN },
		{ IMPORT_RESTORED, 0, 1000000, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
		int64_t *v = &ban->numbers[ranges[i].field];

		if (*v == UNKNOWN)
			*v = ranges[i].otherwise;
		else if (*v < ranges[i].min || *v > ranges[i].max)
			return err_set(e, EX_DATAERR, "%s: out of range",
			    fields[ranges[i].field].name);
	}
	return 0;
}

/* The second is that of the time, rounded. */
static int
check_time(struct import *ban, struct err *e)
{
	int64_t since = ban->numbers[IMPORT_SINCE],
		*second = &ban->numbers[IMPORT_TIMEOFBAN];

	if (since == UNKNOWN)
		return err_set(e, EX_DATAERR, "since_us is missing");
	if (*second == UNKNOWN)
		*second = ban_timeofban(since);
	if (*second * TEXT_US - since > TEXT_US / 2 ||
	    since - *second * TEXT_US > TEXT_US / 2)
		return err_set(e, EX_DATAERR,
		    "timeofban is not the second of since_us");
	return 0;
}

int
import_check(struct import *ban, struct err *e)
{
	static const enum import_field needed[] = { IMPORT_JAIL, IMPORT_IDENT };

	for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
		if (ban->texts[needed[i]] == NULL ||
		    ban->texts[needed[i]][0] == '\0')
			return err_set(e, EX_DATAERR, "%s is missing or empty",
			    fields[needed[i]].name);
	}
	if (check_numbers(ban, e) != 0 || check_time(ban, e) != 0 ||
	    check_words(ban, e) != 0 ||
	    mend_json(ban, IMPORT_MATCHES, '[', e) != 0)
		return -1;
	return mend_json(ban, IMPORT_CAPTURES, '{', e);
}

struct sign
import_sign(const struct import *ban)
{
	const char *ip = ban->texts[IMPORT_IP];
	const char *lines = ban->texts[IMPORT_MATCHES];
	int64_t second = ban->numbers[IMPORT_TIMEOFBAN] * TEXT_US;

	return (struct sign){
		.kind = SIGN_IMPORT,
		.at_us = ban->numbers[IMPORT_SINCE],
		.since_us = ban->numbers[IMPORT_SINCE],
		.exact = ban->numbers[IMPORT_SINCE] != second,
		.seconds = ban->numbers[IMPORT_SECONDS],
		.bancount = ban->numbers[IMPORT_BANCOUNT],
		.failures = ban->numbers[IMPORT_FAILURES],
		.ip = ip,
		.lines = lines,
		.captures = ban->texts[IMPORT_CAPTURES],
		.end = ban->end,
		.ended_us = ban->numbers[IMPORT_ENDED],
		.origin = ban->origin,
		.seen = ban->seen,
		.restored = ban->numbers[IMPORT_RESTORED],
		.nth = ban->numbers[IMPORT_NTH],
	};
}
