/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log lines of one ban are much alike: they differ in a time, a port, a
 * user. The text that they share is archived once. It is cut into at most
 * SHARED_TEXT_MAX pieces; in the lines a mark, one of the bytes 1 to 4, stands
 * for each piece. SQL's replace() puts the pieces back (view bans, sql/2.sql),
 * so any program that reads SQLite can read the lines. Pure.
 */
#ifndef ARCHIVE_SHARED_TEXT_H
#define ARCHIVE_SHARED_TEXT_H

#define SHARED_TEXT_MAX 4

struct shared_text {
	char *lines;		      /* the lines, with marks */
	char *piece[SHARED_TEXT_MAX]; /* for mark i + 1; "": not used */
};

/*
 * Find the text that lines share. lines is a JSON array of texts without blanks
 * between them and without control characters, as fail2ban/ticket_data.h makes
 * it. The caller releases text with shared_text_free, on failure too. Return 0,
 * or -1 when memory is short.
 */
int shared_text_find(struct shared_text *text, const char *lines);
void shared_text_free(struct shared_text *text);

#endif
