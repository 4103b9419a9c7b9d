/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban/log_server.h"

#include <sysexits.h>

#include "fail2ban/log_message.h"

/* The first words of what is understood, and who writes them. */
static const struct logged_words words[] = {
	LOGGED_WORDS("banTime: ", LOGGED_PART_ACTIONS),
	LOGGED_WORDS("Set banTime = ", LOGGED_PART_ACTIONS), /* before 0.10 */
	LOGGED_WORDS("Set banTime.increment = ", LOGGED_PART_SERVER),
	LOGGED_WORDS("Creating new jail '", LOGGED_PART_SERVER),
	LOGGED_WORDS("Reload jail ", LOGGED_PART_SERVER),
	LOGGED_WORDS("Jail ", LOGGED_PART_SERVER),
	LOGGED_WORDS("Removed logfile", LOGGED_PART_FILTER),
	LOGGED_WORDS("Stopping jail ", LOGGED_PART_SERVER),
	LOGGED_WORDS("Restart jail ", LOGGED_PART_SERVER),
	LOGGED_WORDS("Reload all jails", LOGGED_PART_SERVER),
	LOGGED_WORDS("Stopping all jails", LOGGED_PART_SERVER),
	LOGGED_WORDS("Reload finished", LOGGED_PART_SERVER),
	LOGGED_WORDS("Starting Fail2ban", LOGGED_PART_SERVER),
	LOGGED_WORDS("Exiting Fail2ban", LOGGED_PART_SERVER),
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
    struct logged_jail **jail, struct err *e)
{
	*jail = NULL;
	if (len == 0 || len > LOGGED_JAIL_NAME)
		return 0;
	if (!logged_jail_has_room(&s->jails)) {
		if (logged_held_all_out(&s->holder, e) != 0)
			return -1;
		s->current = NULL;
		logged_jail_forget(&s->jails);
	}
	*jail = logged_jail_get(&s->jails, name, len);
	return *jail == NULL ? err_set(e, EX_OSERR, "no memory") : 0;
}

/* The jail of a quoted name. */
static int
get_quoted(struct log_server *s, const char *text, size_t len,
    struct logged_jail **jail, struct err *e)
{
	char name[LOGGED_JAIL_NAME];

	len = log_message_name(text, len, name, sizeof(name));
	return log_server_get_jail(s, name, len, jail, e);
}

/* The settings of that jail follow. */
static int
begin_settings(struct log_server *s, struct logged_jail *jail, struct err *e)
{
	s->current = jail;
	if (jail == NULL)
		return 0;
	jail->increment = false;
	return logged_held_out(&s->holder, jail, e);
}

/* "it's'": no repr(), the name as it is. */
static int
read_creating(struct log_server *s, const char *text, size_t len, struct err *e)
{
	struct logged_jail *jail;

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
	struct logged_jail *jail;

	if (get_quoted(s, text, len, &jail, e) != 0)
		return -1;
	if (jail != NULL)
		return begin_settings(s, jail, e);
	if (log_server_get_jail(s, text, len, &jail, e) != 0)
		return -1;
	return jail == NULL ? 0 : logged_held_out(&s->holder, jail, e);
}

/* "'x' stopped"; "'x' uses poller {}" is one of its settings. */
static int
read_jail(struct log_server *s, const char *text, size_t len, int64_t at_us,
    struct err *e)
{
	struct logged_jail *jail;
	enum logged_turn turn;

	turn = log_message_turn(text, &len);
	if (turn != LOGGED_TURN_NONE)
		s->current = NULL;
	if (turn != LOGGED_TURN_OFF)
		return 0;
	if (get_quoted(s, text, len, &jail, e) != 0)
		return -1;
	if (jail == NULL)
		return 0;
	return logged_held_stopped(&s->holder, jail, at_us, e);
}

static void
read_bantime(struct log_server *s, const char *text, size_t len)
{
	int64_t bantime = log_message_bantime(text, len);

	if (s->current != NULL)
		logged_jail_set_bantime(&s->jails, s->current, bantime);
	else if (bantime != UNKNOWN)
		logged_jail_doubt(&s->jails, bantime);
}

static void
read_increment(struct log_server *s, const char *text, size_t len)
{
	if (s->current != NULL)
		s->current->increment = log_message_yes(text, len);
}

int
log_server_read(struct log_server *s, const struct logged_entry *entry,
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
		return logged_held_all_out(&s->holder, e);
	case STOPPING_ALL:
		s->stopping = true;
		s->stopping_pid = entry->pid;
		return logged_held_all_out(&s->holder, e);
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
	logged_jail_forget(&s->jails);
}
