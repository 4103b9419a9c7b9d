/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban/log.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/number.h"
#include "base/timestamp.h"
#include "fail2ban/log_last.h"
#include "fail2ban/log_message.h"
#include "fail2ban/log_prefix.h"
#include "fail2ban/log_server.h"

/* A ban is logged within this time after its failure. */
#define FOUND_AGE_US (3600 * TIMESTAMP_US)

struct fail2ban_log {
	fail2ban_log_fn *fn;
	void *to;
	struct log_prefix prefix;
	struct log_prefix_entry entry; /* the last one */
	struct log_time_minute minute; /* of times within messages */
	struct log_time_zone zone;
	struct log_server server;
	struct log_last found; /* failures */
	struct log_last live;  /* bans: their expiry, and jail->made then */
	struct buffer ident;
	int64_t stamp_us; /* see fail2ban_log_stamp */
};

/* A message; s and len are the part of it that is still to be read. */
struct message {
	const struct log_prefix_entry *entry;
	struct log_server_jail *jail; /* of "[jail] ..." */
	const char *s;
	size_t len;
	enum fail2ban_log_class class;
};

/* Report a line that was held. */
static int
report_held(void *to, const struct log_server_jail *jail,
    const struct log_server_held *held, struct err *e)
{
	struct fail2ban_log *l = to;
	struct fail2ban_log_line line = {
		.verb = held->stopped ? FAIL2BAN_LOG_STOPPED :
					(enum fail2ban_log_verb)held->kind,
		.jail = jail->shown,
		.ident = held->ident,
		.at_us = held->at_us,
		.found = UNKNOWN,
		.seconds = held->seconds,
		.bancount = held->count,
	};
	const struct log_last_key key = { jail->number, held->ident,
		strlen(held->ident) };

	if (line.verb == FAIL2BAN_LOG_UNBAN)
		log_last_forget(&l->live, &key);
	return l->fn(l->to, &line, e);
}

/* Hold a line until it is clear whether the jail stops. */
static int
hold(struct fail2ban_log *l, const struct message *m,
    const struct fail2ban_log_line *line, struct err *e)
{
	struct log_server_held held = {
		.kind = (int)line->verb,
		.by_stop = line->verb == FAIL2BAN_LOG_UNBAN,
		.forgets = log_server_forgets(&l->server, &m->entry->record),
		.ident = line->ident,
		.at_us = line->at_us,
		.seconds = line->seconds,
		.count = line->bancount,
	};

	return log_server_hold(&l->server, m->jail, &held, e);
}

/* Return bad, and mark the line where it is true. */
static bool
is_bad(struct message *m, bool bad)
{
	if (bad)
		m->class = FAIL2BAN_LOG_BAD;
	return bad;
}

/* Begin a line with the ident, the first len bytes of the message. */
static int
begin_line(struct fail2ban_log *l, const struct message *m,
    enum fail2ban_log_verb verb, size_t len, struct fail2ban_log_line *line,
    struct err *e)
{
	*line = (struct fail2ban_log_line){
		.verb = verb,
		.jail = m->jail->shown,
		.ident = log_message_ident(&l->ident, m->s, len),
		.at_us = m->entry->at_us,
		.found = UNKNOWN,
		.seconds = UNKNOWN,
		.bancount = UNKNOWN,
	};
	return line->ident == NULL ? err_no_memory(e) : 0;
}

static struct log_last_key
key_of(const struct message *m, size_t len)
{
	return (struct log_last_key){ m->jail->number, m->s, len };
}

/* A jail that is made anew has none of the failures found before. */
static struct log_last_key
failure_of(const struct message *m, size_t len)
{
	struct log_last_key key = key_of(m, len);

	key.jail += (uint64_t)m->jail->made << 32;
	return key;
}

/*
 * Return true when that id was banned before the jail was made anew, and no
 * failure of it was found since: its ban comes back, if its time is not up at
 * *expiry. The order of the lines decides: clocks may be set back.
 */
static bool
may_come_back(const struct fail2ban_log *l, const struct message *m,
    const struct log_last_key *key, int64_t *expiry)
{
	int64_t made;

	return log_last_get(&l->live, key, expiry, &made) &&
	    made < m->jail->made;
}

/* Return true when a Ban line is that of a ban which came back: see log.h. */
static bool
comes_back(const struct fail2ban_log *l, const struct message *m,
    const struct log_last_key *key)
{
	int64_t expiry;

	return l->server.version == LOG_SERVER_0_9 &&
	    l->server.memory != LOG_SERVER_FORGETS &&
	    may_come_back(l, m, key, &expiry) &&
	    m->entry->at_us / TIMESTAMP_US <= expiry;
}

/* Note a ban of a version that may be 0.9, which lives until its expiry. */
static int
note_live(struct fail2ban_log *l, const struct message *m,
    const struct log_last_key *key, const struct fail2ban_log_line *line,
    struct err *e)
{
	int64_t expiry = INT64_MAX, before;

	if (l->server.version != LOG_SERVER_0_9 &&
	    l->server.version != LOG_SERVER_ANY)
		return 0;
	if (line->verb == FAIL2BAN_LOG_RESTORE)
		log_last_get(&l->live, key, &expiry, &before);
	else if (line->seconds >= 0)
		expiry =
		    number_add_sat(line->at_us / TIMESTAMP_US, line->seconds);
	return log_last_put(&l->live, key, expiry, m->jail->made) == 0 ?
	    0 :
	    err_no_memory(e);
}

static int
read_ban(struct fail2ban_log *l, struct message *m, struct err *e)
{
	struct log_last_key key = failure_of(m, m->len), live;
	struct fail2ban_log_line line;
	int64_t found, at_us;

	if (is_bad(m, m->len == 0))
		return 0;
	if (log_server_release(&l->server, m->jail, e) != 0 ||
	    begin_line(l, m, FAIL2BAN_LOG_BAN, m->len, &line, e) != 0)
		return -1;
	if (log_last_claim(&l->found, &key, &found, &at_us) &&
	    number_sub_sat(line.at_us, at_us) <= FOUND_AGE_US)
		line.found = found;
	live = (struct log_last_key){ m->jail->number, line.ident,
		strlen(line.ident) };
	if (comes_back(l, m, &live)) {
		line.verb = FAIL2BAN_LOG_RESTORE;
		line.found = UNKNOWN;
	}
	line.seconds = m->jail->bantime;
	if (note_live(l, m, &live, &line, e) != 0)
		return -1;
	return l->fn(l->to, &line, e);
}

static int
read_restore(struct fail2ban_log *l, struct message *m, struct err *e)
{
	struct fail2ban_log_line line;

	if (is_bad(m, m->len == 0))
		return 0;
	log_server_see_version(&l->server, LOG_SERVER_0_10);
	if (log_server_release(&l->server, m->jail, e) != 0 ||
	    begin_line(l, m, FAIL2BAN_LOG_RESTORE, m->len, &line, e) != 0)
		return -1;
	if (!m->jail->increment)
		line.seconds = m->jail->bantime;
	return l->fn(l->to, &line, e);
}

/* Read a line that a stop writes of each ban. */
static int
read_repeal(struct fail2ban_log *l, struct message *m, struct err *e)
{
	struct fail2ban_log_line line;

	if (is_bad(m, m->len == 0))
		return 0;
	if (!log_server_forgets(&l->server, &m->entry->record))
		return 0;
	if (begin_line(l, m, FAIL2BAN_LOG_STOPPED, m->len, &line, e) != 0)
		return -1;
	return l->fn(l->to, &line, e);
}

static int
read_unban(struct fail2ban_log *l, struct message *m, struct err *e)
{
	struct fail2ban_log_line line;

	if (is_bad(m, m->len == 0))
		return 0;
	if (log_server_stops(&l->server, m->entry->record.pid))
		return read_repeal(l, m, e);
	if (begin_line(l, m, FAIL2BAN_LOG_UNBAN, m->len, &line, e) != 0)
		return -1;
	return hold(l, m, &line, e);
}

/* Return seconds since the epoch for local seconds in a message. */
static int64_t
second_of(struct fail2ban_log *l, const struct log_prefix_entry *entry,
    int64_t local)
{
	if (entry->east != UNKNOWN)
		return local - entry->east;
	return log_time_before(&l->zone, local, entry->at_us / TIMESTAMP_US);
}

static int
read_found(struct fail2ban_log *l, struct message *m, struct err *e)
{
	struct log_last_key key;
	int64_t local, expiry;
	size_t len = log_message_found(m->s, m->len, &l->minute, &local);

	if (is_bad(m, len == 0))
		return 0;
	key = key_of(m, len);
	if (may_come_back(l, m, &key, &expiry))
		log_last_forget(&l->live, &key);
	log_server_see_version(&l->server,
	    local == UNKNOWN ? LOG_SERVER_0_9 : LOG_SERVER_0_10);
	if (local != UNKNOWN)
		local = second_of(l, m->entry, local);
	key = failure_of(m, len);
	if (log_last_put(&l->found, &key, local, m->entry->at_us) != 0)
		return err_no_memory(e);
	return 0;
}

/*
 * Return the ban time of an increased ban. The text rounds a long one; the time
 * from the last failure to the ban's end is exact, if it fits the text.
 */
static int64_t
bantime_of(struct fail2ban_log *l, const struct message *m,
    const struct log_message_increased *i)
{
	struct log_last_key key = failure_of(m, i->ident);
	int64_t found, at_us, exact, off;

	if (i->unit == 1 || i->end == UNKNOWN ||
	    !log_last_get(&l->found, &key, &found, &at_us) || found == UNKNOWN)
		return i->seconds;
	exact = second_of(l, m->entry, i->end) - found;
	off = exact > i->seconds ? exact - i->seconds : i->seconds - exact;
	return off <= i->unit ? exact : i->seconds;
}

static int
read_increase(struct fail2ban_log *l, struct message *m, struct err *e)
{
	struct fail2ban_log_line line;
	struct log_message_increased i;

	if (is_bad(m, !log_message_increase(m->s, m->len, &i)))
		return 0;
	if (begin_line(l, m, FAIL2BAN_LOG_INCREASE, i.ident, &line, e) != 0)
		return -1;
	line.bancount = i.count;
	line.seconds = bantime_of(l, m, &i);
	if (log_server_holds(m->jail))
		return hold(l, m, &line, e);
	return l->fn(l->to, &line, e);
}

/* A stop may begin here, so the held lines are older than it: release them. */
static int
read_flush(struct fail2ban_log *l, struct message *m, struct err *e)
{
	return log_server_release(&l->server, m->jail, e);
}

/* The first words of the lines about a jail, and the parts that write them. */
static const struct log_message_words words[] = {
	LOG_MESSAGE_WORDS("Found ", LOG_RECORD_FILTER | LOG_RECORD_OBSERVER),
	LOG_MESSAGE_WORDS("Ban ", LOG_RECORD_ACTIONS),
	LOG_MESSAGE_WORDS("Unban ", LOG_RECORD_ACTIONS),
	LOG_MESSAGE_WORDS("Increase Ban ", LOG_RECORD_OBSERVER),
	LOG_MESSAGE_WORDS("Restore Ban ", LOG_RECORD_ACTIONS),
	LOG_MESSAGE_WORDS("Repeal Ban ", LOG_RECORD_ACTIONS),
	LOG_MESSAGE_WORDS("Flush ticket(s) with ", LOG_RECORD_ACTIONS),
};

/* The reader of the rest of the line, for each of these words. */
static int (*const readers[])(struct fail2ban_log *l, struct message *m,
    struct err *e) = {
	read_found,
	read_ban,
	read_unban,
	read_increase,
	read_restore,
	read_repeal,
	read_flush,
};

/* Read "[jail] ...". */
static int
read_of_jail(struct fail2ban_log *l, struct message *m, struct err *e)
{
	const char *name = m->s + 1;
	size_t len = log_message_jail(m->s, m->len), which;

	if (len == 0)
		return 0;
	m->s += len + 3;
	m->len -= len + 3;
	if ((m->entry->record.part & LOG_RECORD_ACTIONS) != 0 &&
	    log_message_already_banned(m->s, m->len))
		return 0;
	which = log_message_begin(words, ARRAY_LEN(words),
	    m->entry->record.part, &m->s, &m->len);
	if (which == ARRAY_LEN(words))
		return 0;
	if (log_server_get_jail(&l->server, name, len, &m->jail, e) != 0)
		return -1;
	/* The id of a line that was cut is not whole. */
	if (is_bad(m,
		m->jail == NULL || m->entry->at_us == UNKNOWN || m->entry->cut))
		return 0;
	return readers[which](l, m, e);
}

void
fail2ban_log_redirect(struct fail2ban_log *l, fail2ban_log_fn *fn, void *to)
{
	l->fn = fn;
	l->to = to;
}

/* Return true when "[sshd] Ban " or another word about a ban is in the line. */
static bool
names_ban(const char *line, size_t len)
{
	static const char *const verbs[] = { "Ban ", "Unban ", "Restore Ban ",
		"Increase Ban " };
	const char *end = line + len, *s = memchr(line, '[', len);

	while (s != NULL && (s = memchr(s, ']', (size_t)(end - s))) != NULL) {
		if (++s == end || *s != ' ')
			continue;
		for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
			size_t n = strlen(verbs[i]);

			if ((size_t)(end - s) > n &&
			    memcmp(s + 1, verbs[i], n) == 0)
				return true;
		}
	}
	return false;
}

/* Read the line of fail2ban that l->entry has. */
static int
read_entry(struct fail2ban_log *l, enum fail2ban_log_class *class,
    struct err *e)
{
	struct message m = { .entry = &l->entry,
		.s = l->entry.text,
		.len = l->entry.len,
		.class = FAIL2BAN_LOG_TAKEN };
	int rc;

	if (m.len > 0 && m.s[0] == '[')
		rc = read_of_jail(l, &m, e);
	else
		rc = log_server_read(&l->server, &l->entry, e);
	*class = m.class;
	return rc;
}

int
fail2ban_log_feed(struct fail2ban_log *l, const char *line, size_t len,
    enum fail2ban_log_class *class, struct err *e)
{
	enum fail2ban_log_class ignored;

	if (class == NULL)
		class = &ignored;
	switch (log_prefix_read(&l->prefix, line, len, &l->entry)) {
	case LOG_PREFIX_FAIL2BAN:
		if (l->entry.at_us != UNKNOWN)
			l->stamp_us = l->entry.at_us;
		return read_entry(l, class, e);
	case LOG_PREFIX_WRONG:
		*class = FAIL2BAN_LOG_BAD;
		break;
	case LOG_PREFIX_ARCHIVE:
		*class = FAIL2BAN_LOG_ARCHIVE;
		break;
	case LOG_PREFIX_UNREAD:
		*class = names_ban(line, len) ? FAIL2BAN_LOG_BAD :
						FAIL2BAN_LOG_FOREIGN;
		break;
	case LOG_PREFIX_FOREIGN:
		*class = FAIL2BAN_LOG_FOREIGN;
		break;
	}
	return 0;
}

const char *
fail2ban_log_text(const struct fail2ban_log *l, size_t *len, int64_t *pid)
{
	*len = l->entry.len;
	*pid = l->entry.record.pid;
	return l->entry.text;
}

int64_t
fail2ban_log_stamp(const struct fail2ban_log *l, bool *has_year)
{
	if (has_year != NULL)
		*has_year = l->prefix.year.before == UNKNOWN;
	return l->stamp_us;
}

int
fail2ban_log_end(struct fail2ban_log *l, struct err *e)
{
	return log_server_release_all(&l->server, e);
}

struct fail2ban_log *
fail2ban_log_new(int64_t year, int64_t newest, fail2ban_log_fn *fn, void *to)
{
	struct fail2ban_log *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->fn = fn;
	l->to = to;
	l->stamp_us = UNKNOWN;
	l->server.fn = report_held;
	l->server.to = l;
	log_prefix_init(&l->prefix, year, newest);
	return l;
}

void
fail2ban_log_free(struct fail2ban_log *l)
{
	if (l == NULL)
		return;
	log_server_free(&l->server);
	log_prefix_free(&l->prefix);
	log_last_free(&l->found);
	log_last_free(&l->live);
	buffer_free(&l->ident);
	free(l);
}
