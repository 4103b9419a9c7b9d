/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events that went to syslog when neither archive nor spool took them: each in
 * parts, "fail2ban-archive[PID]: event PART/PARTS TEXT", whatever stands before
 * that. Here they are put together again. Pure.
 */
#ifndef EVENT_LAST_RESORT_H
#define EVENT_LAST_RESORT_H

#include "base/buffer.h"
#include "event/event.h"

/*
 * So long is the text of each part but the last; journald takes blanks at the
 * end away.
 */
#define LAST_RESORT_BYTES 900

/* Events whose parts are not all there yet. */
#define LAST_RESORT_EVENTS 16

struct last_resort {
	struct {
		int64_t pid; /* 0: free */
		int64_t part, parts;
		struct buffer text;
	} events[LAST_RESORT_EVENTS];
	size_t next; /* the one that is given up for another */
};

enum last_resort_kind {
	LAST_RESORT_NONE,  /* no such line */
	LAST_RESORT_PART,  /* a part of an event */
	LAST_RESORT_EVENT, /* the last of an event: it is whole */
	LAST_RESORT_BAD
};

/*
 * Take the next line, any bytes. An event is the caller's to free. why gets
 * what is bad.
 */
enum last_resort_kind last_resort_take(struct last_resort *kept,
    const char *line, size_t len, struct event *event, struct err *why);

/* How many events lack a part, at the end of it all; they are forgotten. */
size_t last_resort_end(struct last_resort *kept);

#endif
