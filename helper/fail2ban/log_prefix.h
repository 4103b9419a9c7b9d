/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record of fail2ban in a line, and everything before it: in fail2ban's own
 * log file, in syslog's, in the journal's text, in a container's log, in the
 * output of grep. A record is
 *
 *   fail2ban.actions        [7268]: NOTICE  MESSAGE
 *   fail2ban.server.actions[7268]: NOTICE  MESSAGE   0.9.0
 *   fail2ban.actions: WARNING MESSAGE                0.8
 *   7F866D09D6C0 NOTIC MESSAGE                       -vv, after its stamp
 *   + 1418 7F866D09D6C0 fail2ban.actions  NOTIC MESSAGE   -vvv
 *
 * The line is read from its beginning, piece by piece, and the first record
 * that is reached this way is the line's: what follows it is its message, which
 * may hold any text. Before it may stand only, each as often as it comes:
 *
 *   a stamp (log_stamp.h), after which one word, the host, may stand;
 *   <29>, <29>1, <daemon.notice>, daemon.notice;
 *   the tag of fail2ban: "fail2ban-server[7]: ", ".fail2ban-serve[7]: ",
 *     "docker/fail2ban[7]: ", a container's number "5790672ab6a0[7]: ", and
 *     RFC 5424's "fail2ban.actions 7 - - ";
 *   the container fail2ban: "fail2ban-1  | ", "[pod/x/fail2ban] ";
 *   "stdout F " (CRI);
 *   at the beginning the name of a file and the number of a line, as grep
 *     writes them.
 *
 * A line that is a JSON object is read as its time, program and text
 * (log_json.h). A tag is looked for after each stamp and at the beginning,
 * once. One that is not fail2ban's, "sshd[4117]: ", ends the search: the line
 * is another program's, whatever it quotes. Any other word ends the search,
 * too, such as the name of another container. So only a program that can write
 * lines as fail2ban, or whole lines of the file, can make a record. A line
 * without a tag is not read then, nor is one where a record follows the tag at
 * once, and the record has its own stamp or the tag no process: it may be
 * fail2ban's in a form or under a name that is not known here, so the caller
 * must not skip it silently.
 *
 * After the tag "fail2ban[7268]: " or "fail2ban.service[7268]: " (the journal)
 * the bare message may stand. The last stamp with a date dates the record. One
 * that has its zone also tells that of fail2ban's own stamp after it, and one
 * that lacks the year is used where there is no other. A line that begins with
 * blanks continues another, except in the form of -vv. Zeros and a byte order
 * mark may stand at the beginning: a log that is cut while it is written begins
 * so. Pure.
 *
 * (fail2ban 1.0.2, server/server.py: setLogTarget; helpers.py:
 * getVerbosityFormat. RFC 3164, RFC 5424; systemd's journalctl(1).)
 */
#ifndef FAIL2BAN_LOG_PREFIX_H
#define FAIL2BAN_LOG_PREFIX_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "fail2ban/log_record.h"
#include "fail2ban/log_time.h"

/* The reader's memory of the lines before. */
struct log_prefix {
	struct log_time_year year;
	struct log_time_minute minute;
	struct log_time_zone zone;
	int64_t before;	    /* seconds of the line before, or UNKNOWN */
	bool continued;	    /* the line before goes on in this one */
	struct buffer text; /* the line that was read out of JSON */
};

struct log_prefix_entry {
	int64_t at_us; /* UNKNOWN: no stamp, or no year for it */
	int64_t east;  /* zone of its local times, seconds east of UTC;
			  UNKNOWN: that of TZ */
	bool cut;      /* the message goes on in the next line */
	struct log_record record;
	const char *text; /* the message, without the end of the line */
	size_t len;
};

enum log_prefix_kind {
	LOG_PREFIX_UNREAD,   /* nothing shows whose line it is */
	LOG_PREFIX_FOREIGN,  /* another program's */
	LOG_PREFIX_ARCHIVE,  /* fail2ban-archive's: text, len, record.pid */
	LOG_PREFIX_FAIL2BAN, /* fail2ban's */
	LOG_PREFIX_WRONG,    /* the same, but its stamp is no time */
};

/*
 * Set up p; year and newest are those of struct log_time_year. Release p with
 * log_prefix_free.
 */
void log_prefix_init(struct log_prefix *p, int64_t year, int64_t newest);
void log_prefix_free(struct log_prefix *p);

/*
 * Read the prefix of a line; entry points into the line or into p, until the
 * next call.
 */
enum log_prefix_kind log_prefix_read(struct log_prefix *p, const char *line,
    size_t len, struct log_prefix_entry *entry);

#endif
