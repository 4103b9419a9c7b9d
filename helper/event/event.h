/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An event: what one action command of fail2ban says. It comes as words, the
 * arguments of the verbs ban, unban, prolong and flush, and goes to the spool
 * and to syslog as the same words. Pure.
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
	int64_t at_us; /* when the helper ran */
	int64_t seconds, bancount, failures;
	bool restored;
	/* What fail2ban's database said when it was looked at. */
	enum { EVENT_ROW_UNKNOWN, EVENT_ROW_GONE, EVENT_ROW_THERE } row;
	int64_t row_seconds, row_bancount;
	/* The database that was looked at, ino 0: none. Not kept in words. */
	uint64_t row_dev, row_ino;
	int64_t row_born_us;
	char *data; /* the row's or the tag's data, JSON, or NULL */
	bool tag;   /* data come from the action, not from a row */
};

/*
 * Set what option --name says; value is copied. Beside the options of the
 * verbs there are those of spooled events. Fails with EX_USAGE.
 */
int event_set(struct event *event, const char *name, const char *value,
    struct err *e);

/* Whether all that the kind of event needs is there. Fails with EX_USAGE. */
int event_check(const struct event *event, struct err *e);

/* The verb of a kind, and back (-1: no such verb). */
const char *event_verb(enum event_kind kind);
int event_kind_from_verb(const char *verb);

/*
 * The event as words, each ended by a NUL: the verb, then --option value.
 * *words is the caller's to free. NULL when there is no memory.
 */
char *event_to_words(const struct event *event, size_t *len);

/* And back; any bytes may come in. Fails with EX_DATAERR. */
int event_from_words(struct event *event, const char *words, size_t len,
    struct err *e);

/*
 * The words as one line for syslog: every byte that is not a plain printable
 * character, and % and #, as %XX, words between blanks; then # and a remark,
 * as it is.
 */
char *event_to_line(const struct event *event, const char *remark);

/*
 * An event from such a line, which may be changed; fails as event_from_words
 * does.
 */
int event_from_line(struct event *event, char *line, struct err *e);

void event_init(struct event *event, enum event_kind kind, int64_t at_us);
void event_free(struct event *event);

#endif
