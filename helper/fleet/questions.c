/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fleet/questions.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/history/spelling.h"
#include "base/json.h"
#include "base/list.h"
#include "fleet/central.h"
#include "fleet/connection.h"
#include "fleet/questions_inside.h"

static struct questions *
self(struct elsewhere *of)
{
	return (struct questions *)of;
}

/* Ask whether there is a row: 1, 0, or -1. */
static int
has_row(struct questions *q, enum question which, const char *const *values,
    struct err *e)
{
	int rc = ask_begin(q, which, values, e);

	if (rc == 0)
		rc = ask_next(q, e);
	ask_end(q);
	return rc;
}

static int
has_jail(struct elsewhere *of, const char *name, struct err *e)
{
	struct address a;

	/* No index finds a jail, and none has the name of an address. */
	if (address_parse(name, strlen(name), &a))
		return 0;
	return has_row(self(of), QUESTION_JAIL, &name, e);
}

static int
net_has_more(struct elsewhere *of, const struct address *net, int64_t n,
    bool *more, struct err *e)
{
	struct archive_filter filter = ARCHIVE_FILTER_ALL;
	struct wanted w;
	int rc;

	filter.net = net;
	filter.now_us = 0;
	rc = wanted_set(&w, &filter, NULL, e);
	wanted_number(&w, WANTED_MORE, n);
	if (rc == 0)
		rc = has_row(self(of), QUESTION_NET_MORE, w.values, e);
	*more = rc == 1;
	wanted_free(&w);
	return rc < 0 ? -1 : 0;
}

/* Ask for the bans of a filter; networks are those that hold its ident. */
static int
ask(struct questions *q, const struct archive_filter *filter,
    enum question which, bool networks, struct err *e)
{
	struct buffer ids = { 0 };
	struct wanted w = { .values = { 0 } };
	int rc;

	if (networks)
		archive_spell_networks(&ids, filter->ident);
	rc = ids.failed ? err_no_memory(e) : wanted_set(&w, filter, ids.s, e);
	if (rc == 0) {
		if (networks)
			wanted_number(&w, WANTED_LIVE, 1);
		/* It cannot tell which bans a deep filter takes. */
		wanted_number(&w, WANTED_MORE,
		    filter->limit < 0 || archive_filter_is_deep(filter) ?
			UNKNOWN :
			filter->limit);
		rc = ask_begin(q, which, w.values, e);
	}
	wanted_free(&w);
	buffer_free(&ids);
	return rc;
}

static int
open_bans(struct elsewhere *of, const struct archive_filter *filter,
    enum elsewhere_order order, bool whole, struct err *e)
{
	enum question which = QUESTION_OLDEST;

	if (order == ELSEWHERE_NEWEST)
		which = whole || filter->user != NULL ? QUESTION_LIST_WHOLE :
							QUESTION_LIST;
	return ask(self(of), filter, which, order == ELSEWHERE_NETWORKS, e);
}

/* Write a field that is JSON as an archive has it, if it is such JSON. */
static int
take_json(struct questions *q, enum ban_field field, struct err *e)
{
	const char *text = ask_text(q, (int)field);
	struct buffer copy = { 0 };
	struct json value;

	q->has_json[field] = false;
	if (text == NULL)
		return 0;
	buffer_puts(&copy, text);
	buffer_cut(&q->json[field], 0);
	if (copy.s != NULL) {
		json_mend(copy.s);
		if (json_is(copy.s, (char)ban_field_kind(field))) {
			value = (struct json){ copy.s, strlen(copy.s) };
			json_put_value(&q->json[field], &value);
			q->has_json[field] = true;
		}
	}
	q->json[field].failed |= copy.failed;
	buffer_free(&copy);
	return q->json[field].failed ? err_no_memory(e) : 0;
}

static int
next_ban(struct elsewhere *of, struct err *e)
{
	struct questions *q = self(of);
	int64_t since_us;
	int rc = ask_next(q, e);

	if (rc != 1)
		return rc;
	if (ask_moment(q, BAN_FIELD_SINCE, &since_us, e) != 0)
		return -1;
	for (enum ban_field field = 0; field < BAN_FIELDS; field++) {
		enum ban_field_kind kind = ban_field_kind(field);

		if ((kind == BAN_FIELD_KIND_ARRAY ||
			kind == BAN_FIELD_KIND_OBJECT) &&
		    take_json(q, field, e) != 0)
			return -1;
	}
	return 1;
}

static const char *
text_of(struct elsewhere *of, enum ban_field field)
{
	const struct questions *q = self(of);
	enum ban_field_kind kind = ban_field_kind(field);
	const char *text;

	if (kind == BAN_FIELD_KIND_ARRAY || kind == BAN_FIELD_KIND_OBJECT)
		return q->has_json[field] ? q->json[field].s : NULL;
	text = ask_text(q, (int)field);
	/* Each ban has a host, an id and a jail, whatever they are. */
	if (field == BAN_FIELD_HOST && (text == NULL || text[0] == '\0'))
		return "unknown";
	if (text == NULL &&
	    (field == BAN_FIELD_JAIL || field == BAN_FIELD_IDENT))
		return "";
	return text;
}

static int64_t
number_of(struct elsewhere *of, enum ban_field field)
{
	return ask_number(self(of), (int)field);
}

static enum ban_state
state_of(struct elsewhere *of, int64_t now_us)
{
	const struct ban_state_facts facts = {
		.since_us = number_of(of, BAN_FIELD_SINCE),
		.seconds = number_of(of, BAN_FIELD_SECONDS),
		.ended_us = number_of(of, BAN_FIELD_ENDED),
	};

	if (facts.ended_us == UNKNOWN &&
	    ask_number(self(of), PRUNED) != UNKNOWN)
		return BAN_STATE_UNKNOWN;
	return ban_state_at(&facts, now_us);
}

static void
close_bans(struct elsewhere *of)
{
	ask_end(self(of));
}

static int
add_silent(const struct questions *q, struct elsewhere_hosts *hosts,
    struct err *e)
{
	const char *name = ask_text(q, 0);
	struct elsewhere_host *list = list_grow(hosts->silent,
	    &hosts->silent_room, hosts->silent_n + 1, sizeof(*list));

	if (list == NULL)
		return err_no_memory(e);
	hosts->silent = list;
	list[hosts->silent_n] = (struct elsewhere_host){
		.name = strdup(name != NULL ? name : "unknown"),
		.spool = ask_number(q, 2),
	};
	if (list[hosts->silent_n].name == NULL)
		return err_no_memory(e);
	return ask_moment(q, 1, &list[hosts->silent_n++].pushed_us, e);
}

static int
count_hosts(struct elsewhere *of, const char *name,
    struct elsewhere_hosts *hosts, struct err *e)
{
	struct questions *q = self(of);
	int rc = ask_begin(q, QUESTION_HOSTS, &name, e);

	*hosts = (struct elsewhere_hosts){ 0 };
	if (rc == 0 && (rc = ask_next(q, e)) == 1) {
		hosts->n = ask_number(q, 0);
		hosts->say = ask_number(q, 1);
		hosts->gaps = ask_number(q, 2);
		hosts->with_gaps = ask_number(q, 3);
		rc = ask_next(q, e);
	}
	ask_end(q);
	if (rc == 0)
		rc = ask_begin(q, QUESTION_SILENT, &name, e);
	while (rc == 0 && (rc = ask_next(q, e)) == 1)
		rc = add_silent(q, hosts, e);
	ask_end(q);
	return rc;
}

static void
end(struct elsewhere *of)
{
	struct questions *q = self(of);

	ask_end(q);
	for (size_t i = 0; i < ARRAY_LEN(q->json); i++)
		buffer_free(&q->json[i]);
	PQfinish(q->pg);
	free(q);
}

static const struct elsewhere_calls calls = {
	.has_jail = has_jail,
	.open = open_bans,
	.next = next_ban,
	.text = text_of,
	.number = number_of,
	.state = state_of,
	.close = close_bans,
	.net_has_more = net_has_more,
	.tally = questions_tally,
	.hosts = count_hosts,
	.end = end,
};

/* Fail unless the schema is the one that this program knows. */
static int
check_version(struct questions *q, struct err *e)
{
	int rc = ask_begin(q, QUESTION_VERSION, NULL, e);
	int64_t version = 0;

	if (rc == 0 && (rc = ask_next(q, e)) == 1) {
		version = ask_number(q, 0);
		rc = 0;
	}
	ask_end(q);
	if (rc != 0 || version == central_version)
		return rc;
	if (version > central_version)
		return err_set(e, EX_PROTOCOL,
		    "fleet: a newer program made the database's tables; "
		    "install that version here");
	return err_set(e, EX_UNAVAILABLE,
	    "fleet: an older program made the database's tables; an "
	    "administrator brings them up to date by fail2ban-archive push "
	    "--migrate");
}

/*
 * Connect as a push does; then libpq waits by itself, and a signal ends that
 * (questions_ask.c).
 */
static int
connect_to(struct questions *q, const char *conninfo, const char *key,
    struct err *e)
{
	static const volatile sig_atomic_t never;
	struct fleet_connection c;

	if (fleet_connect(&c, conninfo, key, &never, e) != 0)
		return -1;
	q->pg = c.pg;
	return PQsetnonblocking(q->pg, 0) == 0 ? 0 : err_no_memory(e);
}

int
questions_open(struct elsewhere **of, const struct config *config,
    struct err *e)
{
	bool own = config->fleet[0] != '\0';
	const char *conninfo = own ? config->fleet : config->push;
	struct questions *q;

	if (conninfo[0] == '\0')
		return err_set(e, EX_CONFIG,
		    "%s: fleet: it names no database; set fleet or push, as "
		    "in push = \"service=fleet\"",
		    config->file);
	if ((q = calloc(1, sizeof(*q))) == NULL)
		return err_no_memory(e);
	q->elsewhere.calls = &calls;
	*of = &q->elsewhere;
	if (connect_to(q, conninfo, own ? "fleet" : "push", e) == 0 &&
	    check_version(q, e) == 0)
		return 0;
	end(*of);
	return -1;
}
