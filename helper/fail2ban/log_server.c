/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban/log_server.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/hash.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "fail2ban/log_message.h"

/* The most jails that are kept; a log of fail2ban names fewer. */
#define JAILS_MAX 1024

/* At most half of the slots are in use. */
#define SLOTS ((size_t)2 * JAILS_MAX)

/* The most lines that are held, and their bytes. */
#define HELD_MAX 100000
#define HELD_BYTES_MAX ((size_t)16 << 20)

/* A buffer that has grown larger is not kept. */
#define ROOM_KEPT 4096

/*
 * The Unban lines of a stop follow each other within this time: an action may
 * take a minute.
 */
#define GAP_US (60 * TIMESTAMP_US)

static bool
is_named(const struct log_server_jail *jail, const char *name, size_t len)
{
	return jail->len == len && memcmp(jail->name, name, len) == 0;
}

/* Return the slot of that name, or the free one for it. */
static struct log_server_jail **
slot_of(const struct log_server *s, const char *name, size_t len)
{
	size_t i = (size_t)hash_below(hash_bytes(HASH_NONE, name, len), SLOTS);

	while (s->slots[i] != NULL && !is_named(s->slots[i], name, len))
		i = (i + 1) % SLOTS;
	return &s->slots[i];
}

static struct log_server_jail *
make_jail(const char *name, size_t len)
{
	struct log_server_jail *jail = calloc(1, sizeof(*jail));

	if (jail == NULL)
		return NULL;
	if ((jail->shown = utf8_mend(name, len, NULL)) == NULL) {
		free(jail);
		return NULL;
	}
	memcpy(jail->name, name, len);
	jail->len = len;
	jail->bantime = UNKNOWN;
	return jail;
}

/* Find or make the jail, for which there is room. NULL without memory. */
static struct log_server_jail *
find_jail(struct log_server *s, const char *name, size_t len)
{
	struct log_server_jail **slot;

	if (s->last != NULL && is_named(s->last, name, len))
		return s->last;
	if (s->slots == NULL &&
	    (s->slots = calloc(SLOTS, sizeof(struct log_server_jail *))) ==
		NULL)
		return NULL;
	slot = slot_of(s, name, len);
	if (*slot == NULL) {
		if ((*slot = make_jail(name, len)) == NULL)
			return NULL;
		(*slot)->number = ++s->numbers;
		s->jails++;
	}
	return s->last = *slot;
}

/* Forget all jails; the next ones get other numbers. */
static void
forget_jails(struct log_server *s)
{
	for (size_t i = 0; s->slots != NULL && i < SLOTS; i++) {
		if (s->slots[i] == NULL)
			continue;
		buffer_free(&s->slots[i]->held);
		free(s->slots[i]->shown);
		free(s->slots[i]);
	}
	free(s->slots);
	s->slots = NULL;
	s->last = NULL;
	s->jails = 0;
}

/* A server has jails, so the lines of its beginning were not seen. */
static void
has_jails(struct log_server *s)
{
	if (s->memory == LOG_SERVER_BEGINS)
		s->memory = LOG_SERVER_UNKNOWN;
}

int
log_server_get_jail(struct log_server *s, const char *name, size_t len,
    struct log_server_jail **jail, struct err *e)
{
	*jail = NULL;
	if (len == 0 || len > LOG_SERVER_NAME)
		return 0;
	has_jails(s);
	if (s->jails >= JAILS_MAX) {
		if (log_server_release_all(s, e) != 0)
			return -1;
		s->current = NULL;
		forget_jails(s);
	}
	*jail = find_jail(s, name, len);
	return *jail == NULL ? err_set(e, EX_OSERR, "no memory") : 0;
}

/* A held line in the buffer of its jail: this, then the ident with its NUL. */
struct entry {
	struct log_server_held held;
	size_t len;
};

/* Read the line at an offset; return the offset of the next. */
static size_t
read_held(const struct log_server_jail *jail, size_t at,
    struct log_server_held *held)
{
	struct entry entry;

	memcpy(&entry, jail->held.s + at, sizeof(entry));
	at += sizeof(entry);
	*held = entry.held;
	held->ident = jail->held.s + at;
	return at + entry.len + 1;
}

/*
 * Release the held lines of a jail. From the offset drop on, those that may be
 * part of a stop are: they are dropped, unless the stop ended the bans.
 * Afterwards none is held, also after a failure.
 */
static int
release(struct log_server *s, struct log_server_jail *jail, size_t drop,
    struct err *e)
{
	struct log_server_held held;
	int status = 0;

	for (size_t at = 0, next; at < jail->held.len; at = next) {
		next = read_held(jail, at, &held);
		s->held--;
		held.stopped = at >= drop && held.by_stop;
		if (status == 0 && (!held.stopped || held.forgets))
			status = s->fn(s->to, jail, &held, e);
	}
	s->held_bytes -= jail->held.len;
	if (jail->held.room > ROOM_KEPT)
		buffer_free(&jail->held);
	else
		buffer_cut(&jail->held, 0);
	return status;
}

int
log_server_hold(struct log_server *s, struct log_server_jail *jail,
    const struct log_server_held *held, struct err *e)
{
	struct entry entry = { .held = *held, .len = strlen(held->ident) };

	buffer_put(&jail->held, (const char *)&entry, sizeof(entry));
	buffer_put(&jail->held, held->ident, entry.len + 1);
	if (jail->held.failed)
		return err_set(e, EX_OSERR, "no memory");
	s->held++;
	s->held_bytes += sizeof(entry) + entry.len + 1;
	if (!jail->listed) {
		jail->listed = true;
		jail->next = s->holding;
		s->holding = jail;
	}
	if (s->held >= HELD_MAX || s->held_bytes >= HELD_BYTES_MAX)
		return log_server_release_all(s, e);
	return 0;
}

bool
log_server_holds(const struct log_server_jail *jail)
{
	return jail->held.len > 0;
}

int
log_server_release(struct log_server *s, struct log_server_jail *jail,
    struct err *e)
{
	return log_server_holds(jail) ? release(s, jail, SIZE_MAX, e) : 0;
}

int
log_server_release_all(struct log_server *s, struct err *e)
{
	struct log_server_jail *jail;

	while ((jail = s->holding) != NULL) {
		s->holding = jail->next;
		jail->listed = false;
		if (log_server_release(s, jail, e) != 0)
			return -1;
	}
	return 0;
}

/*
 * The jail has stopped at at_us, which may be UNKNOWN. Release its lines, but
 * not those of the stop: these lead up to at_us with no gap of more than a
 * minute.
 */
static int
release_stopped(struct log_server *s, struct log_server_jail *jail,
    int64_t at_us, struct err *e)
{
	int64_t before = at_us;
	struct log_server_held held;
	size_t drop = 0;

	for (size_t at = 0, next; at < jail->held.len; at = next) {
		next = read_held(jail, at, &held);
		if (at > 0 && held.at_us - before > GAP_US)
			drop = at;
		before = held.at_us;
	}
	if (at_us == UNKNOWN || at_us - before > GAP_US)
		drop = SIZE_MAX;
	return release(s, jail, drop, e);
}

static void
set_bantime(struct log_server *s, struct log_server_jail *jail, int64_t bantime)
{
	jail->bantime = bantime;
	s->ownerless_bantime = UNKNOWN;
}

/*
 * The log shows a new ban time, but not its jail. It may be any jail, so forget
 * the ban time of each jail that had another one.
 */
static void
doubt_bantimes(struct log_server *s, int64_t bantime)
{
	if (s->slots == NULL ||
	    (s->ownerless_bantime == bantime && bantime != UNKNOWN))
		return;
	for (size_t i = 0; i < SLOTS; i++) {
		if (s->slots[i] != NULL && s->slots[i]->bantime != bantime)
			s->slots[i]->bantime = UNKNOWN;
	}
	s->ownerless_bantime = bantime;
}

/* The first words of the lines that are read, and the parts that write them. */
static const struct log_message_words words[] = {
	LOG_MESSAGE_WORDS("banTime: ", LOG_RECORD_ACTIONS),
	LOG_MESSAGE_WORDS("Set banTime = ",
	    LOG_RECORD_ACTIONS), /* before 0.10 */
	LOG_MESSAGE_WORDS("Set banTime.increment = ", LOG_RECORD_SERVER),
	LOG_MESSAGE_WORDS("Creating new jail '", LOG_RECORD_SERVER),
	LOG_MESSAGE_WORDS("Reload jail ", LOG_RECORD_SERVER),
	LOG_MESSAGE_WORDS("Jail ", LOG_RECORD_SERVER),
	LOG_MESSAGE_WORDS("Removed logfile", LOG_RECORD_FILTER),
	LOG_MESSAGE_WORDS("Stopping jail ", LOG_RECORD_SERVER),
	LOG_MESSAGE_WORDS("Restart jail ", LOG_RECORD_SERVER),
	LOG_MESSAGE_WORDS("Reload all jails", LOG_RECORD_SERVER),
	LOG_MESSAGE_WORDS("Stopping all jails", LOG_RECORD_SERVER),
	LOG_MESSAGE_WORDS("Reload finished", LOG_RECORD_SERVER),
	LOG_MESSAGE_WORDS("Starting Fail2ban", LOG_RECORD_SERVER),
	LOG_MESSAGE_WORDS("Changed logging target to ", LOG_RECORD_SERVER),
	LOG_MESSAGE_WORDS("Connected to fail2ban persistent database ",
	    LOG_RECORD_DATABASE),
	LOG_MESSAGE_WORDS("Exiting Fail2ban", LOG_RECORD_SERVER),
};

/* The indexes of these words. */
enum {
	BANTIME,
	SET_BANTIME,
	SET_INCREMENT,
	CREATING,
	RELOAD,
	JAIL,
	REMOVED_LOGFILE,
	STOPPING,
	RESTART,
	RELOAD_ALL,
	STOPPING_ALL,
	RELOAD_FINISHED,
	STARTING,
	CHANGED_TARGET,
	CONNECTED,
	EXITING,
};

/* Find or make the jail of a quoted name. */
static int
get_quoted(struct log_server *s, const char *text, size_t len,
    struct log_server_jail **jail, struct err *e)
{
	char name[LOG_SERVER_NAME];

	len = log_message_name(text, len, name, sizeof(name));
	return log_server_get_jail(s, name, len, jail, e);
}

/* Note that the settings of that jail follow. */
static int
begin_settings(struct log_server *s, struct log_server_jail *jail,
    struct err *e)
{
	s->current = jail;
	if (jail == NULL)
		return 0;
	jail->increment = false;
	return log_server_release(s, jail, e);
}

/* Read "it's'": the name stands here as it is, not as repr() quotes it. */
static int
read_creating(struct log_server *s, const char *text, size_t len, struct err *e)
{
	struct log_server_jail *jail;

	s->stopping = false;
	/* The database would have come before the first jail. */
	if (s->memory == LOG_SERVER_BEGINS)
		s->memory = LOG_SERVER_FORGETS;
	if (len < 1 || text[len - 1] != '\'')
		return 0;
	if (log_server_get_jail(s, text, len - 1, &jail, e) != 0)
		return -1;
	if (jail != NULL)
		jail->made++;
	return begin_settings(s, jail, e);
}

/*
 * Read "'x'", which the settings of the jail follow, or "x", after which the
 * jail may first stop or have its bans lifted.
 */
static int
read_reload(struct log_server *s, const char *text, size_t len, struct err *e)
{
	struct log_server_jail *jail;

	if (get_quoted(s, text, len, &jail, e) != 0)
		return -1;
	if (jail != NULL)
		return begin_settings(s, jail, e);
	if (log_server_get_jail(s, text, len, &jail, e) != 0)
		return -1;
	return jail == NULL ? 0 : log_server_release(s, jail, e);
}

/* Read "'x' stopped"; "'x' uses poller {}" is one of the settings. */
static int
read_jail(struct log_server *s, const char *text, size_t len, int64_t at_us,
    struct err *e)
{
	struct log_server_jail *jail;
	enum log_message_turn turn;

	turn = log_message_turn(text, &len);
	if (turn != LOG_MESSAGE_TURN_NONE)
		s->current = NULL;
	if (turn != LOG_MESSAGE_TURN_OFF)
		return 0;
	if (get_quoted(s, text, len, &jail, e) != 0)
		return -1;
	if (jail == NULL)
		return 0;
	return release_stopped(s, jail, at_us, e);
}

static void
read_bantime(struct log_server *s, const char *text, size_t len,
    enum log_server_version version)
{
	int64_t bantime = log_message_bantime(text, len);

	log_server_see_version(s, version);
	if (s->current != NULL)
		set_bantime(s, s->current, bantime);
	else if (bantime != UNKNOWN)
		doubt_bantimes(s, bantime);
}

static void
read_increment(struct log_server *s, const char *text, size_t len)
{
	if (s->current != NULL)
		s->current->increment = log_message_yes(text, len);
}

/* Read the version in "... v0.9.7", LOG_SERVER_ANY where there is none. */
static enum log_server_version
version_in(const char *text, size_t len)
{
	const char *end = text + len, *s = end;

	while (s > text + 1 && (s[-1] != 'v' || s[-2] != ' '))
		s--;
	if (s <= text + 1 || end - s < 3)
		return LOG_SERVER_ANY;
	if (s[0] != '0' || s[1] != '.')
		return LOG_SERVER_0_10;
	if (end - s > 3 && s[3] != '.')
		return LOG_SERVER_0_10;
	return s[2] == '9' ? LOG_SERVER_0_9 : LOG_SERVER_0_8;
}

/* A server begins, whose version stands at the end of the text. */
static void
begin_server(struct log_server *s, int64_t pid, const char *text, size_t len)
{
	s->pid = pid;
	s->memory = LOG_SERVER_BEGINS;
	s->version = version_in(text, len);
}

void
log_server_see_version(struct log_server *s, enum log_server_version version)
{
	if (s->version == LOG_SERVER_ANY)
		s->version = version;
}

bool
log_server_forgets(const struct log_server *s, const struct log_record *record)
{
	return record->old || s->memory == LOG_SERVER_FORGETS;
}

int
log_server_read(struct log_server *s, const struct log_prefix_entry *entry,
    struct err *e)
{
	static const char in_memory[] = "':memory:'";
	const char *text = entry->text;
	size_t len = entry->len;

	switch (log_message_begin(words, ARRAY_LEN(words), entry->record.part,
	    &text, &len)) {
	case BANTIME:
		read_bantime(s, text, len, LOG_SERVER_0_10);
		return 0;
	case SET_BANTIME:
		read_bantime(s, text, len,
		    entry->record.old ? LOG_SERVER_0_8 : LOG_SERVER_0_9);
		return 0;
	case SET_INCREMENT:
		read_increment(s, text, len);
		return 0;
	case CREATING:
		return read_creating(s, text, len, e);
	case RELOAD:
		return read_reload(s, text, len, e);
	case JAIL:
		return read_jail(s, text, len, entry->at_us, e);
	case STOPPING_ALL:
		s->stopping = true;
		s->stopping_pid = entry->record.pid;
		/* FALLTHROUGH */
	case REMOVED_LOGFILE:
	case STOPPING:
	case RESTART:
	case RELOAD_ALL:
		/* If a jail stops, its stop begins here. */
		has_jails(s);
		return log_server_release_all(s, e);
	case CHANGED_TARGET:
		/* Before 0.10 a start says this, and each rotation, too. */
		if (entry->record.pid != s->pid)
			begin_server(s, entry->record.pid, text, len);
		return 0;
	case CONNECTED:
		s->memory = len == strlen(in_memory) &&
			memcmp(text, in_memory, len) == 0 ?
		    LOG_SERVER_FORGETS :
		    LOG_SERVER_KEEPS;
		return 0;
	case STARTING:
		begin_server(s, entry->record.pid, text, len);
		/* FALLTHROUGH */
	case RELOAD_FINISHED:
	case EXITING:
		s->stopping = false;
		s->current = NULL;
		return 0;
	default:
		return 0;
	}
}

bool
log_server_stops(const struct log_server *s, int64_t pid)
{
	return s->stopping && s->stopping_pid == pid;
}

void
log_server_free(struct log_server *s)
{
	forget_jails(s);
}
