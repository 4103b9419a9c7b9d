/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/ecs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ban/ban.h"
#include "ban/user_names.h"
#include "base/address.h"
#include "base/json.h"
#include "base/macros.h"
#include "base/number.h"
#include "base/timestamp.h"

#define VERSION_OF_ECS "8.11.0"

/* Append a key; a comma first, unless its object begins here. */
static void
put_key(struct buffer *out, const char *key)
{
	if (out->len > 0 && out->s[out->len - 1] != '{')
		buffer_putc(out, ',');
	buffer_putc(out, '"');
	buffer_puts(out, key);
	buffer_puts(out, "\":");
}

static void
open_object(struct buffer *out, const char *key)
{
	put_key(out, key);
	buffer_putc(out, '{');
}

static void
close_object(struct buffer *out)
{
	buffer_putc(out, '}');
}

static void
put_text(struct buffer *out, const char *key, const char *value)
{
	if (value == NULL)
		return;
	put_key(out, key);
	json_put_text(out, value, strlen(value));
}

static void
put_number(struct buffer *out, const char *key, int64_t value)
{
	if (value == UNKNOWN)
		return;
	put_key(out, key);
	buffer_put_number(out, value);
}

/* Append a value that is JSON. */
static void
put_json(struct buffer *out, const char *key, const char *json)
{
	put_key(out, key);
	buffer_puts(out, json);
}

/* Append a moment as ISO 8601 has it, in UTC: of the type date. */
static void
put_moment(struct buffer *out, const char *key, int64_t us)
{
	char text[32];

	if (us != UNKNOWN)
		put_text(out, key, timestamp_format_utc(us, true, text));
}

/* Return how long a ban lasted in nanoseconds, or UNKNOWN while it lives. */
static int64_t
duration(const struct ecs_ban *ban)
{
	int64_t us;

	if (ban->ended_us == UNKNOWN)
		return UNKNOWN;
	us = number_sub_sat(ban->ended_us, ban->since_us);
	if (us < 0)
		return 0;
	return us > INT64_MAX / 1000 ? INT64_MAX : us * 1000;
}

/* Begin a document, and its event; the moment is that of the event. */
static void
begin(struct buffer *out, int64_t at_us, const char *kind)
{
	buffer_putc(out, '{');
	put_moment(out, "@timestamp", at_us);
	open_object(out, "ecs");
	put_text(out, "version", VERSION_OF_ECS);
	close_object(out);
	open_object(out, "event");
	put_text(out, "kind", kind);
	put_text(out, "module", "fail2ban");
	put_text(out, "dataset", "fail2ban.ban");
}

/* Append what names a ban among all bans of all archives. */
static void
put_id(struct buffer *out, const struct ecs_source *source, int64_t id,
    int64_t rev)
{
	char text[128];

	snprintf(text, sizeof(text), "%s-%" PRId64, source->archive, id);
	put_text(out, "id", text);
	put_number(out, "sequence", rev);
}

/* Append the machine, and the program that observed what happened there. */
static void
put_machine(struct buffer *out, const char *name)
{
	open_object(out, "host");
	put_text(out, "name", name);
	close_object(out);
	open_object(out, "observer");
	put_text(out, "hostname", name);
	put_text(out, "product", "fail2ban");
	put_text(out, "type", "ips");
	close_object(out);
}

/* Append why a ban was made, or why it has ended, as far as it is known. */
static void
put_reason(struct buffer *out, const struct ecs_ban *ban)
{
	char text[64];

	if (ban->ended_us != UNKNOWN) {
		put_text(out, "reason", ban->why);
	} else if (ban->failures > 0) {
		snprintf(text, sizeof(text), "%" PRId64 " failure%s",
		    ban->failures, ban->failures == 1 ? "" : "s");
		put_text(out, "reason", text);
	} else if (ban->origin != NULL &&
	    ban_origin_from_name(ban->origin) > BAN_FROM_UNKNOWN) {
		put_text(out, "reason", ban->origin);
	}
}

static void
put_event(struct buffer *out, const struct ecs_source *source,
    const struct ecs_ban *ban)
{
	bool ended = ban->ended_us != UNKNOWN;

	begin(out, ended ? ban->ended_us : ban->since_us, "event");
	put_json(out, "category", "[\"intrusion_detection\",\"network\"]");
	put_json(out, "type", ended ? "[\"end\"]" : "[\"denied\",\"start\"]");
	put_text(out, "action", ended ? "unban" : "ban");
	put_id(out, source, ban->id, ban->rev);
	put_moment(out, "start", ban->since_us);
	put_moment(out, "end", ban->ended_us);
	put_number(out, "duration", duration(ban));
	put_reason(out, ban);
	close_object(out);
}

/*
 * Print the address that was banned into text, or, where the id is none, the
 * address of the ban. Return false when neither is a single one: the type ip
 * takes no network.
 */
static bool
print_address(const struct ecs_ban *ban, char text[ADDRESS_TEXT])
{
	const char *texts[] = { ban->ident, ban->ip };
	struct address a;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (texts[i] == NULL ||
		    !address_parse(texts[i], strlen(texts[i]), &a))
			continue;
		if (!address_is_single(&a))
			return false;
		address_print(&a, text);
		return true;
	}
	return false;
}

static void
put_source(struct buffer *out, const struct ecs_ban *ban, const char *ip)
{
	open_object(out, "source");
	put_text(out, "address", ban->ident);
	put_text(out, "ip", ip);
	if (ban->asn != UNKNOWN) {
		open_object(out, "as");
		put_number(out, "number", ban->asn);
		if (ban->owner != NULL) {
			open_object(out, "organization");
			put_text(out, "name", ban->owner);
			close_object(out);
		}
		close_object(out);
	}
	if (ban->country != NULL) {
		open_object(out, "geo");
		put_text(out, "country_iso_code", ban->country);
		close_object(out);
	}
	close_object(out);
}

/* Append an array of n texts, each ended by a NUL. */
static void
put_texts(struct buffer *out, const char *key, const char *texts, size_t n)
{
	if (n == 0)
		return;
	put_key(out, key);
	for (size_t i = 0; i < n; i++, texts += strlen(texts) + 1) {
		buffer_putc(out, i == 0 ? '[' : ',');
		json_put_text(out, texts, strlen(texts));
	}
	buffer_putc(out, ']');
}

/* Append the users that were tried, and all that is related to the ban. */
static void
put_related(struct buffer *out, const struct ecs_ban *ban, const char *ip)
{
	struct buffer users = { 0 };
	size_t n = user_names(&users, ban->captures);

	out->failed |= users.failed;
	if (n > 0) {
		open_object(out, "user");
		put_text(out, "name", users.s);
		close_object(out);
	}
	if (n > 0 || ip != NULL) {
		open_object(out, "related");
		put_texts(out, "ip", ip, ip != NULL);
		put_texts(out, "user", users.s, n);
		close_object(out);
	}
	buffer_free(&users);
}

/* Append the sentence that people read. */
static void
put_message(struct buffer *out, const struct ecs_ban *ban)
{
	struct buffer text = { 0 };
	bool ended = ban->ended_us != UNKNOWN;
	char time[32];

	buffer_puts(&text, ended ? "fail2ban unbanned " : "fail2ban banned ");
	buffer_puts(&text, ban->ident);
	buffer_puts(&text, " in jail ");
	buffer_puts(&text, ban->jail);
	if (ended && ban->why != NULL) {
		buffer_puts(&text, ": ");
		buffer_puts(&text, ban->why);
	} else if (!ended && ban->seconds != UNKNOWN) {
		buffer_puts(&text, ban->seconds < 0 ? " " : " for ");
		buffer_puts(&text,
		    timestamp_format_seconds(ban->seconds, time));
	}
	put_text(out, "message", text.s);
	out->failed |= text.failed;
	buffer_free(&text);
}

void
ecs_put_ban(struct buffer *out, const struct ecs_source *source,
    const struct ecs_ban *ban)
{
	char text[ADDRESS_TEXT];
	const char *ip = print_address(ban, text) ? text : NULL;

	put_event(out, source, ban);
	open_object(out, "rule");
	put_text(out, "name", ban->jail);
	close_object(out);
	put_source(out, ban, ip);
	put_related(out, ban, ip);
	put_machine(out, ban->host != NULL ? ban->host : source->machine);
	put_message(out, ban);
	open_object(out, "fail2ban");
	put_text(out, "jail", ban->jail);
	put_number(out, "failures", ban->failures);
	put_number(out, "bantime", ban->seconds);
	put_number(out, "bancount", ban->bancount);
	put_text(out, "origin", ban->origin);
	put_text(out, "ended_why", ban->why);
	put_number(out, "restored", ban->restored);
	close_object(out);
	close_object(out);
}

void
ecs_put_gone(struct buffer *out, const struct ecs_source *source,
    const struct ecs_gone *gone)
{
	bool merged = strcmp(gone->why, "merged") == 0;

	begin(out, gone->gone_us == UNKNOWN ? 0 : gone->gone_us, "event");
	put_json(out, "category", "[\"intrusion_detection\"]");
	put_json(out, "type", "[\"info\"]");
	put_text(out, "action", gone->why);
	put_id(out, source, gone->id, gone->rev);
	close_object(out);
	put_machine(out, source->machine);
	put_text(out, "message",
	    merged ? "the archive has merged this ban into another one" :
		     "the archive has removed this ban");
	close_object(out);
}

void
ecs_put_next(struct buffer *out, const struct ecs_source *source, int64_t next,
    int64_t now_us)
{
	begin(out, now_us, "state");
	put_text(out, "action", "next");
	put_number(out, "sequence", next);
	close_object(out);
	put_machine(out, source->machine);
	put_number(out, "next", next);
	put_text(out, "archive", source->archive);
	close_object(out);
}
