/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ban/exported_ban.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/json.h"
#include "base/timestamp.h"
#include "base/utf8.h"

/*
 * The longest text that an archive has: one of 4 MiB from fail2ban's database,
 * where each byte was no UTF-8 and became U+FFFD, which has three. The lines of
 * an event, at most 1 MiB, are no longer as JSON, where a byte may become six.
 */
#define TEXT_BYTES ((size_t)12 * 1024 * 1024)

void
exported_ban_init(struct exported_ban *ban)
{
	*ban = (struct exported_ban){ 0 };
	for (size_t i = 0; i < BAN_FIELDS; i++)
		ban->numbers[i] = UNKNOWN;
}

void
exported_ban_free(struct exported_ban *ban)
{
	for (size_t i = 0; i < BAN_FIELDS; i++)
		free(ban->texts[i]);
	exported_ban_init(ban);
}

int
exported_ban_set_text(struct exported_ban *ban, enum ban_field field,
    const char *text, struct err *e)
{
	size_t len = text != NULL ? strlen(text) : 0;

	if (ban_field_kind(field) == BAN_FIELD_KIND_NUMBER)
		return err_set(e, EX_DATAERR, "%s: not a number",
		    ban_field_name(field));
	if (len > TEXT_BYTES)
		return err_set(e, EX_DATAERR, "%s: %zu bytes: too long",
		    ban_field_name(field), len);
	free(ban->texts[field]);
	ban->texts[field] = NULL;
	if (text != NULL &&
	    (ban->texts[field] = utf8_mend(text, len, NULL)) == NULL)
		return err_no_memory(e);
	return 0;
}

int
exported_ban_set_number(struct exported_ban *ban, enum ban_field field,
    int64_t v, struct err *e)
{
	if (ban_field_kind(field) != BAN_FIELD_KIND_NUMBER)
		return err_set(e, EX_DATAERR, "%s: not a text",
		    ban_field_name(field));
	ban->numbers[field] = v;
	return 0;
}

/* Find the field of a key. A key of ours never has an escape in it. */
static enum ban_field
find_key(const struct json *key)
{
	enum ban_field i = 0;

	while (i < BAN_FIELDS && !json_equals(key, ban_field_name(i)))
		i++;
	return i;
}

/* Set a text field from a JSON value; arrays and objects stay JSON. */
static int
take_text(struct exported_ban *ban, enum ban_field field,
    const struct json *value, struct err *e)
{
	struct buffer said = { 0 };
	char *text;
	int rc;

	if (json_is_null(value))
		return 0;
	if (value->at[0] != (char)ban_field_kind(field))
		return err_set(e, EX_DATAERR,
		    "%s: a JSON value of the wrong kind",
		    ban_field_name(field));
	buffer_puts(&said, "");
	json_put_said(&said, value);
	if ((text = buffer_take(&said)) == NULL)
		return err_no_memory(e);
	rc = exported_ban_set_text(ban, field, text, e);
	free(text);
	return rc;
}

static int
take_value(struct exported_ban *ban, enum ban_field field,
    const struct json *value, struct err *e)
{
	int64_t v;

	if (ban_field_kind(field) != BAN_FIELD_KIND_NUMBER)
		return take_text(ban, field, value, e);
	if (!json_take_number(value, &v))
		return err_set(e, EX_DATAERR, "%s: not a whole number",
		    ban_field_name(field));
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
		return err_no_memory(e);
	json_mend(text);
	if (!json_is_record(text))
		rc = err_set(e, EX_DATAERR, "not a JSON object");
	while (rc == 0 && json_next(&at, &key, &value)) {
		enum ban_field field = find_key(&key);

		if (field != BAN_FIELDS)
			rc = take_value(ban, field, &value, e);
	}
	free(text);
	return rc;
}

/* Write a log line as a text, whatever kind of value it was. */
static void
put_line(struct buffer *out, const struct json *value)
{
	struct buffer said = { 0 };

	buffer_puts(&said, "");
	json_put_said(&said, value);
	if (said.failed)
		out->failed = true;
	else
		json_put_text(out, said.s, said.len);
	buffer_free(&said);
}

/*
 * Rewrite a JSON field as the archive writes it, so that the same content with
 * other escapes is recognised as the same.
 */
static int
mend_json(struct exported_ban *ban, enum ban_field field, struct err *e)
{
	char *text = ban->texts[field], open = (char)ban_field_kind(field);
	struct buffer out = { 0 };
	struct json key, value;
	const char *at = text;
	bool first = true;

	if (text == NULL)
		return 0;
	json_mend(text);
	if (!json_is(text, open))
		return err_set(e, EX_DATAERR, "%s: not a JSON %s",
		    ban_field_name(field), open == '{' ? "object" : "array");
	buffer_putc(&out, open);
	while (json_next(&at, open == '{' ? &key : NULL, &value)) {
		if (!first)
			buffer_putc(&out, ',');
		first = false;
		if (open == '{') {
			json_put_value(&out, &key);
			buffer_putc(&out, ':');
			json_put_value(&out, &value);
		} else {
			put_line(&out, &value);
		}
	}
	buffer_putc(&out, open == '{' ? '}' : ']');
	if ((text = buffer_take(&out)) == NULL)
		return err_no_memory(e);
	free(ban->texts[field]);
	ban->texts[field] = text;
	return 0;
}

/* Read the names of the witnesses; without the field it is an import. */
static int
check_seen(struct exported_ban *ban, struct err *e)
{
	const char *at = ban->texts[BAN_FIELD_SEEN];
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
			    "seen: an unknown witness, or one twice");
	}
	return 0;
}

static int
check_words(struct exported_ban *ban, struct err *e)
{
	int end = ban_end_from_name(ban->texts[BAN_FIELD_WHY]);
	int origin = ban->texts[BAN_FIELD_ORIGIN] == NULL ?
	    BAN_FROM_UNKNOWN :
	    ban_origin_from_name(ban->texts[BAN_FIELD_ORIGIN]);

	if (end < 0)
		return err_set(e, EX_DATAERR,
		    "ended_why: not a reason that we know");
	if ((end == BAN_LIVES) != (ban->numbers[BAN_FIELD_ENDED] == UNKNOWN))
		return err_set(e, EX_DATAERR,
		    "ended_us and ended_why: one without the other");
	if (origin < 0)
		return err_set(e, EX_DATAERR, "origin: not one that we know");
	ban->end = (enum ban_end)end;
	ban->origin = (enum ban_origin)origin;
	return check_seen(ban, e);
}

/* Check that each number is from min to max; set a missing one to otherwise. */
static int
check_numbers(struct exported_ban *ban, struct err *e)
{
	static const struct {
		enum ban_field field;
		int64_t min, max, otherwise;
	} ranges[] = {
		{ BAN_FIELD_SINCE, 0, INT64_MAX / 2, UNKNOWN },
		{ BAN_FIELD_TIMEOFBAN, 0, INT64_MAX / 2 / TIMESTAMP_US,
		    UNKNOWN },
		{ BAN_FIELD_NTH, 0, 1000000, 0 },
		{ BAN_FIELD_SECONDS, -1, INT64_MAX, UNKNOWN },
		{ BAN_FIELD_BANCOUNT, 0, INT64_MAX, UNKNOWN },
		{ BAN_FIELD_FAILURES, 0, INT64_MAX, UNKNOWN },
		{ BAN_FIELD_ENDED, 0, INT64_MAX, UNKNOWN },
		{ BAN_FIELD_RESTORED, 0, 1000000, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
		int64_t *v = &ban->numbers[ranges[i].field];

		if (*v == UNKNOWN)
			*v = ranges[i].otherwise;
		else if (*v < ranges[i].min || *v > ranges[i].max)
			return err_set(e, EX_DATAERR, "%s: out of range",
			    ban_field_name(ranges[i].field));
	}
	return 0;
}

/* Check that timeofban is since_us rounded to a second, or fill it in. */
static int
check_time(struct exported_ban *ban, struct err *e)
{
	int64_t since = ban->numbers[BAN_FIELD_SINCE],
		*second = &ban->numbers[BAN_FIELD_TIMEOFBAN];

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
	static const enum ban_field needed[] = { BAN_FIELD_JAIL,
		BAN_FIELD_IDENT };

	for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
		if (ban->texts[needed[i]] == NULL ||
		    ban->texts[needed[i]][0] == '\0')
			return err_set(e, EX_DATAERR, "%s is missing or empty",
			    ban_field_name(needed[i]));
	}
	if (check_numbers(ban, e) != 0 || check_time(ban, e) != 0 ||
	    check_words(ban, e) != 0 ||
	    mend_json(ban, BAN_FIELD_MATCHES, e) != 0)
		return -1;
	return mend_json(ban, BAN_FIELD_CAPTURES, e);
}

struct sighting
exported_ban_sighting(const struct exported_ban *ban)
{
	const char *ip = ban->texts[BAN_FIELD_IP];
	int64_t second = ban->numbers[BAN_FIELD_TIMEOFBAN] * TIMESTAMP_US;

	return (struct sighting){
		.kind = SIGHTING_IMPORT,
		.at_us = ban->numbers[BAN_FIELD_SINCE],
		.since_us = ban->numbers[BAN_FIELD_SINCE],
		.exact = ban->numbers[BAN_FIELD_SINCE] != second,
		.seconds = ban->numbers[BAN_FIELD_SECONDS],
		.bancount = ban->numbers[BAN_FIELD_BANCOUNT],
		.failures = ban->numbers[BAN_FIELD_FAILURES],
		.ip = ip,
		.matches = ban->texts[BAN_FIELD_MATCHES],
		.captures = ban->texts[BAN_FIELD_CAPTURES],
		.end = ban->end,
		.ended_us = ban->numbers[BAN_FIELD_ENDED],
		.origin = ban->origin,
		.seen = ban->seen,
		.restored = ban->numbers[BAN_FIELD_RESTORED],
		.nth = ban->numbers[BAN_FIELD_NTH],
	};
}
