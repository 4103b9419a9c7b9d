/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reader of fail2ban.log: it takes lines and reports bans and their ends.
 * log_prefix.h lists the forms of lines. Pure: no I/O, no clock; but a log has
 * local times, which are read by the rules of TZ (the caller calls tzset).
 *
 * When the server or a jail stops, fail2ban writes an Unban for each live ban,
 * which it keeps and will restore. These Unbans end no ban and are not
 * reported; but 0.8, and a server without a database, keep none
 * (log_server_forgets), and there they are reported as STOPPED. They look like
 * real ones until the jail has stopped, so each Unban is held until a later
 * line shows which it is. An Unban that ended a ban within a minute before the
 * stop may be lost that way. The lines of one jail are reported in their order,
 * those of several jails need not be. "Repeal Ban", which newer versions write
 * at a stop, is the same.
 *
 * 0.9 writes "Ban" when a ban comes back after a restart. Such a line is
 * reported as RESTORE: the jail was made anew since the ban, whose time was not
 * up and which no Unban lifted, and no failure was found since.
 *
 * Measured with fail2ban 1.0.2: a stop of the server or of all jails begins
 * with "Stopping all jails"; a stop of one jail with "Removed logfile" for each
 * file that the jail reads, or with no line where it reads the journal. Then
 * comes each Unban, then "Jail 'x' stopped". "unban --all" and "reload --unban"
 * write the same Unbans and no line after them. In all of these "Flush
 * ticket(s) with" comes before the Unbans where the action has an actionflush.
 */
#ifndef FAIL2BAN_LOG_H
#define FAIL2BAN_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum fail2ban_log_verb {
	FAIL2BAN_LOG_BAN,
	FAIL2BAN_LOG_RESTORE,
	FAIL2BAN_LOG_UNBAN, /* expired, or lifted by hand */
	FAIL2BAN_LOG_INCREASE,
	FAIL2BAN_LOG_STOPPED, /* a stop ended it: the server keeps no bans */
};

/* The class of a line. */
enum fail2ban_log_class {
	FAIL2BAN_LOG_TAKEN,   /* fail2ban's, about a ban or not */
	FAIL2BAN_LOG_FOREIGN, /* not fail2ban's */
	/*
	 * fail2ban's, about a ban, and not well-formed; or a line that has the
	 * text of one, and in which neither fail2ban's record nor the program
	 * that wrote it was found.
	 */
	FAIL2BAN_LOG_BAD,
	FAIL2BAN_LOG_ARCHIVE, /* fail2ban-archive's; see fail2ban_log_text */
};

/*
 * A line as it is reported. jail and ident are valid UTF-8 and live until the
 * function that gets them returns. UNKNOWN stands where the log lacks a number.
 *
 * seconds of a BAN is the jail's ban time, from the lines of a start or a
 * reload; of a RESTORE the same, but UNKNOWN where the jail increases ban
 * times; of an INCREASE the number in the line or, where fail2ban rounds that
 * (from an hour on), the time from the last failure to the ban's end. fail2ban
 * logs a ban time set by hand without its jail: the ban time of each jail that
 * had another one is UNKNOWN from then on.
 */
struct fail2ban_log_line {
	enum fail2ban_log_verb verb;
	const char *jail, *ident;
	int64_t at_us;	  /* when fail2ban wrote the line */
	int64_t found;	  /* BAN: the second of the failure that led to it,
			     the ticket's time. A jail that is made anew
			     knows no failure from before: its filter is a
			     new one (1.0.2, server/jail.py) */
	int64_t seconds;  /* BAN, RESTORE, INCREASE: -1 for ever */
	int64_t bancount; /* INCREASE */
};

/* Take a line. Return 0, or -1 with e filled to end the reading. */
typedef int fail2ban_log_fn(void *to, const struct fail2ban_log_line *line,
    struct err *e);

struct fail2ban_log;

/*
 * Make a reader of one log. fn gets the lines. The caller frees the reader.
 * Returns NULL when there is no memory.
 *
 * year is the year of the first stamp that lacks one. Where it is UNKNOWN, the
 * reader takes the latest year in which that stamp is at most a day after
 * newest, a time in seconds such as the file's last change. Later stamps follow
 * on. Where both are UNKNOWN, lines with such stamps are bad.
 */
struct fail2ban_log *fail2ban_log_new(int64_t year, int64_t newest,
    fail2ban_log_fn *fn, void *to);

/* Give all lines from now on to fn: a rotated log goes on in the next file. */
void fail2ban_log_redirect(struct fail2ban_log *l, fail2ban_log_fn *fn,
    void *to);

/*
 * Read the next line: any bytes, with or without the newline. *class becomes
 * its class; class may be NULL. Fails as fn does, and with EX_OSERR when there
 * is no memory; the caller may then only call fail2ban_log_free.
 */
int fail2ban_log_feed(struct fail2ban_log *l, const char *line, size_t len,
    enum fail2ban_log_class *class, struct err *e);

/*
 * Return the text after the prefix of the line that was read last, its length
 * and its program's process, 0 where the prefix does not tell it. The text is
 * part of the line or lives until the next one is read. Only for a line of
 * FAIL2BAN_LOG_ARCHIVE.
 */
const char *fail2ban_log_text(const struct fail2ban_log *l, size_t *len,
    int64_t *pid);

/*
 * Return when the last line of fail2ban's that has a stamp was written, in
 * microseconds since the epoch; UNKNOWN: there was none. *has_year, which may
 * be NULL, becomes false when the year had to be found out.
 */
int64_t fail2ban_log_stamp(const struct fail2ban_log *l, bool *has_year);

/*
 * Report the held lines at the end of a file; another file may follow. Fails as
 * fail2ban_log_feed does.
 */
int fail2ban_log_end(struct fail2ban_log *l, struct err *e);

void fail2ban_log_free(struct fail2ban_log *l);

#endif
