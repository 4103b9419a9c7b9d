/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events that went to syslog when neither archive nor spool took them: each in
 * parts, "fail2ban-archive[PID]: event PART/PARTS TEXT", whatever stands before
 * that. Here they are put together again. Pure.
 */
#ifndef EVENT_SYSLOG_EVENT_H
#define EVENT_SYSLOG_EVENT_H

#include "base/buffer.h"
#include "event/event.h"

/*
 * So long is the text of each part but the last; journald takes blanks at the
 * end away.
 */
#define SYSLOG_EVENT_BYTES 900

/* Events whose parts are not all there yet. */
#define SYSLOG_EVENT_EVENTS 16

struct syslog_event {
	struct {
		int64_t pid; /* 0: free */
		int64_t part, parts;
		struct buffer text;
	} events[SYSLOG_EVENT_EVENTS];
	size_t next; /* the one that is given up for another */
};

enum syslog_event_kind {
	SYSLOG_EVENT_NONE,  /* no such line */
	SYSLOG_EVENT_PART,  /* a part of an event */
	SYSLOG_EVENT_EVENT, /* the last of an event: it is whole */
	SYSLOG_EVENT_BAD
};

/*
 * Take the next line, any bytes. An event is the caller's to free. why gets
 * what is bad.
 */
enum syslog_event_kind syslog_event_take(struct syslog_event *kept,
    const char *line, size_t len, struct event *event, struct err *why);

/* How many events lack a part, at the end of it all; they are forgotten. */
size_t syslog_event_end(struct syslog_event *kept);

#endif
