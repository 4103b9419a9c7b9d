/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An event: one call of fail2ban's action. It comes as words, the arguments of
 * the verbs ban, unban, prolong and flush, and goes to the spool and to syslog
 * as the same words. Pure.
 */
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum event_kind { EVENT_BAN, EVENT_UNBAN, EVENT_PROLONG, EVENT_FLUSH };

struct event {
	enum event_kind kind;
	/* Valid UTF-8, each the event's own or NULL. */
	char *jail, *ident, *ip, *family, *time;
	char *action;  /* fail2ban's <actname>; see event_settle_jail */
	int64_t at_us; /* when the action ran, microseconds since the epoch */
	int64_t seconds, bancount, failures;
	bool restored;
	/* The ban's row in fail2ban's database, when the event looked. */
	enum { EVENT_ROW_UNKNOWN, EVENT_ROW_GONE, EVENT_ROW_THERE } row;
	int64_t row_seconds, row_bancount;
	/* The database with that row; ino 0: none. The words leave it out. */
	uint64_t row_dev, row_ino;
	int64_t row_born_us;
	char *data; /* the row's or the tag's data, JSON, or NULL */
	bool tag;   /* data come from the action, not from a row */
};

/*
 * Set the field of option --name to a copy of value. Spooled events have more
 * options than the verbs take. Fails with EX_USAGE.
 */
int event_set(struct event *event, const char *name, const char *value,
    struct err *e);

/* Fail with EX_USAGE when an option that the kind of event needs is missing. */
int event_check(const struct event *event, struct err *e);

/*
 * Make event->jail the jail's name and event->action NULL, in an event that
 * event_check accepts. Where the action was given a parameter name=, <name> is
 * that parameter, and <actname> is "fail2ban-archive-NAME"; where NAME begins
 * with the jail's name, it is "fail2ban-archive" and the rest of NAME. In the
 * first case these do not show the jail's name: both fields stay. Another
 * action's name was given by hand, and <name> is taken for the jail's.
 * (fail2ban 0.11.2 to 1.1.1, client/actionreader.py: ActionReader.)
 */
void event_settle_jail(struct event *event);

/* Return the verb of a kind; return the kind of a verb, -1 for no such verb. */
const char *event_verb(enum event_kind kind);
int event_kind_from_verb(const char *verb);

/*
 * Return the event as *len bytes of words, each ended by a NUL: the verb, then
 * --option value. The caller frees them. Returns NULL when there is no memory.
 */
char *event_to_words(const struct event *event, size_t *len);

/*
 * Read an event from words, which may be any len bytes. The caller frees the
 * event. Fails with EX_DATAERR, also where the jail's name is not known.
 */
int event_from_words(struct event *event, const char *words, size_t len,
    struct err *e);

/*
 * Return the event as one line for syslog: the words with blanks between them,
 * then # and the remark, unchanged. In the words %XX stands for each byte that
 * is not a plain printable character, and for %, # and a backslash. The caller
 * frees the line. Returns NULL when there is no memory.
 */
char *event_to_line(const struct event *event, const char *remark);

/*
 * Read an event from such a line, and change the line. Fails as
 * event_from_words does.
 */
int event_from_line(struct event *event, char *line, struct err *e);

void event_init(struct event *event, enum event_kind kind, int64_t at_us);
void event_free(struct event *event);

#endif
