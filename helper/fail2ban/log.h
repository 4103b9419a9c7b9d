/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fail2ban.log: lines in, out comes what they tell of bans. The forms of lines
 * are those of log_prefix.h. Pure: no I/O, no clock; but a log tells local
 * time, which is read by the rules of TZ (tzset is the caller's).
 *
 * At a stop, of the server or of a jail, fail2ban writes an Unban for each live
 * ban that it keeps and will restore. These are no ends and are left out; so
 * may be the end of a ban that was over within a minute before. They look like
 * others until the jail has stopped, and so each Unban is held back until a
 * line tells which it is: what is told of one jail keeps its order, of several
 * it need not. "Repeal Ban", written at a stop by newer versions, is no end.
 *
 * Measured with fail2ban 1.0.2: a stop of the server or of all jails begins
 * with "Stopping all jails"; of one jail with "Removed logfile" for each file
 * it reads, and with nothing where it reads the journal; then each Unban, then
 * "Jail 'x' stopped". "unban --all" and "reload --unban" write the same Unban
 * and nothing behind them. In all of them "Flush ticket(s) with" comes first
 * where the action has an actionflush.
 */
#ifndef FAIL2BAN_LOG_H
#define FAIL2BAN_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum fail2ban_log_verb {
	FAIL2BAN_LOG_BAN,
	FAIL2BAN_LOG_RESTORE,
	FAIL2BAN_LOG_UNBAN, /* over, or lifted by hand */
	FAIL2BAN_LOG_INCREASE,
};

/* What a fed line was. */
enum fail2ban_log_class {
	FAIL2BAN_LOG_TAKEN,   /* fail2ban's, whether it tells of a ban or not */
	FAIL2BAN_LOG_FOREIGN, /* not fail2ban's */
	FAIL2BAN_LOG_BAD,     /* fail2ban's, of a ban, and not well-formed */
};

/*
 * What a line tells. jail and ident are valid UTF-8 and live until the function
 * that gets them returns. UNKNOWN is what the log does not tell.
 *
 * seconds: of a ban the jail's ban time, from the lines of a start or a reload;
 * of a restored one the same, but unknown where the jail increases ban times;
 * of an increased one what the line says, where that is rounded (from an hour
 * on) by its end and the last failure. A ban time set by hand is told without
 * its jail: then that of each jail which had another is unknown.
 */
struct fail2ban_log_line {
	enum fail2ban_log_verb verb;
	const char *jail, *ident;
	int64_t at_us;	  /* when fail2ban wrote the line */
	int64_t found;	  /* BAN: the second of the failure that led to it,
			     which is the ticket's time */
	int64_t seconds;  /* BAN, RESTORE, INCREASE: -1 for ever */
	int64_t bancount; /* INCREASE */
};

/* Gets what a line tells. Returns -1 with e filled to stop. */
typedef int fail2ban_log_fn(void *to, const struct fail2ban_log_line *line,
    struct err *e);

struct fail2ban_log;

/*
 * A reader of one log. year: that of the first line with a stamp that lacks it;
 * UNKNOWN: the latest in which that line is not more than a day after newest,
 * a time in seconds, such as when the file was last changed. Later lines go on
 * from there. Where both are UNKNOWN, such lines are bad. fn gets what is told.
 * NULL where there is no memory.
 */
struct fail2ban_log *fail2ban_log_new(int64_t year, int64_t newest,
    fail2ban_log_fn *fn, void *to);

/* From here on, fn gets what is told: a rotated log goes on in the next file.
 */
void fail2ban_log_tell(struct fail2ban_log *l, fail2ban_log_fn *fn, void *to);

/*
 * The next line, any bytes, with or without the newline. *class may be NULL.
 * Fails as fn does, and with EX_OSERR when there is no memory; then only
 * fail2ban_log_free is left to do.
 */
int fail2ban_log_feed(struct fail2ban_log *l, const char *line, size_t len,
    enum fail2ban_log_class *class, struct err *e);

/*
 * The file has ended: tell what was held back. Fails as feeding does. Another
 * one may follow.
 */
int fail2ban_log_end(struct fail2ban_log *l, struct err *e);

void fail2ban_log_free(struct fail2ban_log *l);

#endif
