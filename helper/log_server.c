/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log_server.h"

#include <sysexits.h>

#include "log_message.h"

/* The first words of what is understood, and who writes them. */
static const struct log_words words[] = {
	LOG_WORDS("banTime: ", LOG_PART_ACTIONS),
	LOG_WORDS("Set banTime = ", LOG_PART_ACTIONS), /* before 0.10 */
	LOG_WORDS("Set banTime.increment = ", LOG_PART_SERVER),
	LOG_WORDS("Creating new jail '", LOG_PART_SERVER),
	LOG_WORDS("Reload jail ", LOG_PART_SERVER),
	LOG_WORDS("Jail ", LOG_PART_SERVER),
	LOG_WORDS("Removed logfile", LOG_PART_FILTER),
	LOG_WORDS("Stopping jail ", LOG_PART_SERVER),
	LOG_WORDS("Restart jail ", LOG_PART_SERVER),
	LOG_WORDS("Reload all jails", LOG_PART_SERVER),
	LOG_WORDS("Stopping all jails", LOG_PART_SERVER),
	LOG_WORDS("Reload finished", LOG_PART_SERVER),
	LOG_WORDS("Starting Fail2ban", LOG_PART_SERVER),
	LOG_WORDS("Exiting Fail2ban", LOG_PART_SERVER),
};

/* Their places. */
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
	EXITING,
};

int
log_server_get_jail(struct log_server *s, const char *name, size_t len,
    struct log_jail **jail, struct err *e)
{
	*jail = NULL;
	if (len == 0 || len > LOG_JAIL_NAME)
		return 0;
	if (!log_jail_has_room(&s->jails)) {
		if (log_held_all_out(&s->holder, e) != 0)
			return -1;
		s->current = NULL;
		log_jail_forget(&s->jails);
	}
	*jail = log_jail_get(&s->jails, name, len);
	return *jail == NULL ? err_set(e, EX_OSERR, "no memory") : 0;
}

/* The jail of a quoted name. */
static int
get_quoted(struct log_server *s, const char *text, size_t len,
    struct log_jail **jail, struct err *e)
{
	char name[LOG_JAIL_NAME];

	len = log_message_name(text, len, name, sizeof(name));
	return log_server_get_jail(s, name, len, jail, e);
}

/* The settings of that jail follow. */
static int
begin_settings(struct log_server *s, struct log_jail *jail, struct err *e)
{
	s->current = jail;
	if (jail == NULL)
		return 0;
	jail->increment = false;
	return log_held_out(&s->holder, jail, e);
}

/* "it's'": no repr(), the name as it is. */
static int
read_creating(struct log_server *s, const char *text, size_t len, struct err *e)
{
	struct log_jail *jail;

	s->stopping = false;
	if (len < 1 || text[len - 1] != '\'')
		return 0;
	if (log_server_get_jail(s, text, len - 1, &jail, e) != 0)
		return -1;
	return begin_settings(s, jail, e);
}

/*
 * "'x'" is followed by the settings of the jail; "x" says that they will come,
 * after it has stopped or its bans were lifted, if at all.
 */
static int
read_reload(struct log_server *s, const char *text, size_t len, struct err *e)
{
	struct log_jail *jail;

	if (get_quoted(s, text, len, &jail, e) != 0)
		return -1;
	if (jail != NULL)
		return begin_settings(s, jail, e);
	if (log_server_get_jail(s, text, len, &jail, e) != 0)
		return -1;
	return jail == NULL ? 0 : log_held_out(&s->holder, jail, e);
}

/* "'x' stopped"; "'x' uses poller {}" is one of its settings. */
static int
read_jail(struct log_server *s, const char *text, size_t len, int64_t at_us,
    struct err *e)
{
	struct log_jail *jail;
	enum log_turn turn;

	turn = log_message_turn(text, &len);
	if (turn != LOG_TURN_NONE)
		s->current = NULL;
	if (turn != LOG_TURN_OFF)
		return 0;
	if (get_quoted(s, text, len, &jail, e) != 0)
		return -1;
	if (jail == NULL)
		return 0;
	return log_held_stopped(&s->holder, jail, at_us, e);
}

static void
read_bantime(struct log_server *s, const char *text, size_t len)
{
	int64_t bantime = log_message_bantime(text, len);

	if (s->current != NULL)
		log_jail_set_bantime(&s->jails, s->current, bantime);
	else if (bantime != UNKNOWN)
		log_jail_doubt(&s->jails, bantime);
}

static void
read_increment(struct log_server *s, const char *text, size_t len)
{
	if (s->current != NULL)
		s->current->increment = log_message_yes(text, len);
}

int
log_server_read(struct log_server *s, const struct log_entry *entry,
    struct err *e)
{
	const char *text = entry->text;
	size_t len = entry->len;

	switch (log_message_begin(words, ARRAY_LEN(words), entry->part, &text,
	    &len)) {
	case BANTIME:
	case SET_BANTIME:
		read_bantime(s, text, len);
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
	case REMOVED_LOGFILE:
	case STOPPING:
	case RESTART:
	case RELOAD_ALL:
		/* Where a jail stops, it stops from here on. */
		return log_held_all_out(&s->holder, e);
	case STOPPING_ALL:
		s->stopping = true;
		s->stopping_pid = entry->pid;
		return log_held_all_out(&s->holder, e);
	case RELOAD_FINISHED:
	case STARTING:
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
	log_jail_forget(&s->jails);
}
