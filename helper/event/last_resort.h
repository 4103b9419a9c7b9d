/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The note that an event went to syslog alone: the archive and the spool did
 * not take it. It is the time of an empty file beside the archive,
 * ARCHIVE.syslog, so that check finds it without reading a syslog.
 */
#ifndef EVENT_LAST_RESORT_H
#define EVENT_LAST_RESORT_H

#include <stdint.h>

/*
 * Note it now, for the archive at that path. A file of another user, a link,
 * one with two names and what is no regular file stay as they are. Failures are
 * not reported: the event is in syslog.
 */
void last_resort_note(const char *archive);

/*
 * Return when that last happened, in microseconds since the epoch; UNKNOWN when
 * no note is there or it cannot be read.
 */
int64_t last_resort_us(const char *archive);

#endif
