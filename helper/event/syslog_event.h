/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events in syslog, their writer and their reader. An event that neither the
 * archive nor the spool took goes to syslog. It is written in parts, which are
 * short enough for every syslog: "fail2ban-archive[PID]: event PART/PARTS
 * TEXT", after whatever prefix that syslog has. The reader is pure. It gets
 * only what stands after the program's name: that this name is the line's
 * program, and not part of another program's text, is for the caller to find
 * out (fail2ban/log_prefix.h).
 */
#ifndef EVENT_SYSLOG_EVENT_H
#define EVENT_SYSLOG_EVENT_H

#include "base/buffer.h"
#include "event/event.h"

/*
 * The bytes of text in each part except the last. journald strips the blanks at
 * the end of a line; the reader adds them again.
 */
#define SYSLOG_EVENT_BYTES 900

/* The most events that wait for their parts. */
#define SYSLOG_EVENT_EVENTS 16

/*
 * Write the event to syslog at level critical, with the reason why as a remark
 * after # at its end. More than 16 KiB of log lines are left out, and the
 * remark says so. Without memory nothing is written.
 */
void syslog_event_write(const struct event *event, const char *why);

/* The events whose parts have not all come. All zeros is an empty one. */
struct syslog_event {
	struct {
		int64_t pid; /* 0: free */
		int64_t part, parts;
		struct buffer text;
	} events[SYSLOG_EVENT_EVENTS];
	size_t next; /* the place of a new event when none is free */
};

enum syslog_event_kind {
	SYSLOG_EVENT_NONE,  /* not a text of an event */
	SYSLOG_EVENT_PART,  /* a part of an event */
	SYSLOG_EVENT_EVENT, /* the last part: the event is complete */
	SYSLOG_EVENT_BAD
};

/*
 * Read the next text of fail2ban-archive, any bytes, which that process wrote.
 * After SYSLOG_EVENT_EVENT the caller frees event. After SYSLOG_EVENT_BAD why
 * has the reason; a text whose process is not known, 0, is bad.
 */
enum syslog_event_kind syslog_event_take(struct syslog_event *waiting,
    int64_t pid, const char *said, size_t len, struct event *event,
    struct err *why);

/* Forget the events that still lack a part; return their number. */
size_t syslog_event_end(struct syslog_event *waiting);

#endif
