/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ban/exported_ban.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/json.h"
#include "base/timestamp.h"
#include "base/utf8.h"

/* As long as what fail2ban's own database may say. */
#define TEXT_BYTES ((size_t)4 * 1024 * 1024)

static const struct {
	const char *name;
	bool number;
} fields[EXPORTED_FIELDS] = {
	[EXPORTED_JAIL] = { "jail", false },
	[EXPORTED_IDENT] = { "ident", false },
	[EXPORTED_IP] = { "ip", false },
	[EXPORTED_HOST] = { "host", false },
	[EXPORTED_SINCE] = { "since_us", true },
	[EXPORTED_TIMEOFBAN] = { "timeofban", true },
	[EXPORTED_NTH] = { "nth", true },
	[EXPORTED_SECONDS] = { "seconds", true },
	[EXPORTED_BANCOUNT] = { "bancount", true },
	[EXPORTED_FAILURES] = { "failures", true },
	[EXPORTED_MATCHES] = { "matches", false },
	[EXPORTED_CAPTURES] = { "captures", false },
	[EXPORTED_ORIGIN] = { "origin", false },
	[EXPORTED_SEEN] = { "seen", false },
	[EXPORTED_ENDED] = { "ended_us", true },
	[EXPORTED_WHY] = { "ended_why", false },
	[EXPORTED_RESTORED] = { "restored", true },
	[EXPORTED_REV] = { "rev", true },
};

void
exported_ban_init(struct exported_ban *ban)
{
	*ban = (struct exported_ban){ 0 };
	for (size_t i = 0; i < EXPORTED_FIELDS; i++)
		ban->numbers[i] = UNKNOWN;
}

void
exported_ban_free(struct exported_ban *ban)
{
	for (size_t i = 0; i < EXPORTED_FIELDS; i++)
		free(ban->texts[i]);
	exported_ban_init(ban);
}

enum exported_ban_field
exported_ban_find(const char *name)
{
	enum exported_ban_field i = 0;

	while (i < EXPORTED_FIELDS && strcmp(fields[i].name, name) != 0)
		i++;
	return i;
}

const char *
exported_ban_name(enum exported_ban_field field)
{
	return fields[field].name;
}

bool
exported_ban_is_number(enum exported_ban_field field)
{
	return fields[field].number;
}

int
exported_ban_set_text(struct exported_ban *ban, enum exported_ban_field field,
    const char *text, struct err *e)
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
	    (ban->texts[field] = utf8_mend(text, len, NULL)) == NULL)
		return err_set(e, EX_OSERR, "out of memory");
	return 0;
}

int
exported_ban_set_number(struct exported_ban *ban, enum exported_ban_field field,
    int64_t v, struct err *e)
{
	if (!fields[field].number)
		return err_set(e, EX_DATAERR, "%s: not a text",
		    fields[field].name);
	ban->numbers[field] = v;
	return 0;
}

/* A key that has no escape in it, as ours have not. */
static enum exported_ban_field
find_key(const struct json *key)
{
	enum exported_ban_field i = 0;

	while (i < EXPORTED_FIELDS && !json_equals(key, fields[i].name))
		i++;
	return i;
}

/* What a value of the field begins with, in JSON. */
static char
kind_of(enum exported_ban_field field)
{
	switch (field) {
	case EXPORTED_MATCHES:
	case EXPORTED_SEEN:
		return '[';
	case EXPORTED_CAPTURES:
		return '{';
	default:
		return '"';
	}
}

/* What a value says where a text belongs; containers as they are. */
static int
take_text(struct exported_ban *ban, enum exported_ban_field field,
    const struct json *value, struct err *e)
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
	rc = exported_ban_set_text(ban, field, text, e);
	free(text);
	return rc;
}

static int
take_value(struct exported_ban *ban, enum exported_ban_field field,
    const struct json *value, struct err *e)
{
	int64_t v;

	if (!fields[field].number)
		return take_text(ban, field, value, e);
	if (!json_take_number(value, &v))
		return err_set(e, EX_DATAERR, "%s: not a whole number",
		    fields[field].name);
	return exported_ban_set_number(ban, field, v, e);
}

int
exported_ban_from_json(struct exported_ban *ban, const char *line, size_t len,
    struct err *e)
{
	struct json key, value;
	char *text = utf8_mend(line, len, NULL);
	const char *at = text;
	int rc = 0;

	if (text == NULL)
		return err_set(e, EX_OSERR, "out of memory");
	json_mend(text);
	if (!json_is(text, '{'))
		rc = err_set(e, EX_DATAERR, "not a JSON object");
	while (rc == 0 && json_next(&at, &key, &value)) {
		enum exported_ban_field field = find_key(&key);

		if (field != EXPORTED_FIELDS)
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
mend_json(struct exported_ban *ban, enum exported_ban_field field, char open,
    struct err *e)
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
check_seen(struct exported_ban *ban, struct err *e)
{
	const char *at = ban->texts[EXPORTED_SEEN];
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
check_words(struct exported_ban *ban, struct err *e)
{
	int end = ban_end_from_name(ban->texts[EXPORTED_WHY]);
	int origin = ban->texts[EXPORTED_ORIGIN] == NULL ?
	    BAN_FROM_UNKNOWN :
	    ban_origin_from_name(ban->texts[EXPORTED_ORIGIN]);

	if (end < 0)
		return err_set(e, EX_DATAERR, "ended_why: not a way to end");
	if ((end == BAN_LIVES) != (ban->numbers[EXPORTED_ENDED] == UNKNOWN))
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
check_numbers(struct exported_ban *ban, struct err *e)
{
	static const struct {
		enum exported_ban_field field;
		int64_t min, max, otherwise;
	} ranges[] = {
		{ EXPORTED_SINCE, 0, INT64_MAX / 2, UNKNOWN },
		{ EXPORTED_TIMEOFBAN, 0, INT64_MAX / 2 / TIMESTAMP_US,
		    UNKNOWN },
		{ EXPORTED_NTH, 0, 1000000, 0 },
		{ EXPORTED_SECONDS, -1, INT64_MAX, UNKNOWN },
		{ EXPORTED_BANCOUNT, 0, INT64_MAX, UNKNOWN },
		{ EXPORTED_FAILURES, 0, INT64_MAX, UNKNOWN },
		{ EXPORTED_ENDED, 0, INT64_MAX, UNKNOWN },
		{ EXPORTED_RESTORED, 0, 1000000, 0 },
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
check_time(struct exported_ban *ban, struct err *e)
{
	int64_t since = ban->numbers[EXPORTED_SINCE],
		*second = &ban->numbers[EXPORTED_TIMEOFBAN];

	if (since == UNKNOWN)
		return err_set(e, EX_DATAERR, "since_us is missing");
	if (*second == UNKNOWN)
		*second = ban_timeofban(since);
	if (*second * TIMESTAMP_US - since > TIMESTAMP_US / 2 ||
	    since - *second * TIMESTAMP_US > TIMESTAMP_US / 2)
		return err_set(e, EX_DATAERR,
		    "timeofban is not the second of since_us");
	return 0;
}

int
exported_ban_check(struct exported_ban *ban, struct err *e)
{
	static const enum exported_ban_field needed[] = { EXPORTED_JAIL,
		EXPORTED_IDENT };

	for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
		if (ban->texts[needed[i]] == NULL ||
		    ban->texts[needed[i]][0] == '\0')
			return err_set(e, EX_DATAERR, "%s is missing or empty",
			    fields[needed[i]].name);
	}
	if (check_numbers(ban, e) != 0 || check_time(ban, e) != 0 ||
	    check_words(ban, e) != 0 ||
	    mend_json(ban, EXPORTED_MATCHES, '[', e) != 0)
		return -1;
	return mend_json(ban, EXPORTED_CAPTURES, '{', e);
}

struct sighting
exported_ban_sighting(const struct exported_ban *ban)
{
	const char *ip = ban->texts[EXPORTED_IP];
	const char *lines = ban->texts[EXPORTED_MATCHES];
	int64_t second = ban->numbers[EXPORTED_TIMEOFBAN] * TIMESTAMP_US;

	return (struct sighting){
		.kind = SIGHTING_IMPORT,
		.at_us = ban->numbers[EXPORTED_SINCE],
		.since_us = ban->numbers[EXPORTED_SINCE],
		.exact = ban->numbers[EXPORTED_SINCE] != second,
		.seconds = ban->numbers[EXPORTED_SECONDS],
		.bancount = ban->numbers[EXPORTED_BANCOUNT],
		.failures = ban->numbers[EXPORTED_FAILURES],
		.ip = ip,
		.lines = lines,
		.captures = ban->texts[EXPORTED_CAPTURES],
		.end = ban->end,
		.ended_us = ban->numbers[EXPORTED_ENDED],
		.origin = ban->origin,
		.seen = ban->seen,
		.restored = ban->numbers[EXPORTED_RESTORED],
		.nth = ban->numbers[EXPORTED_NTH],
	};
}
