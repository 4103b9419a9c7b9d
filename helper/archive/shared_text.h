/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log lines of one ban are much alike: they differ in a time, a port, a
 * user. What they have in common is archived once: up to SHARED_TEXT_MAX
 * pieces, and the lines with a mark, the byte 1, 2, … in place of each. SQL's
 * replace() makes the lines of that again (the view "bans", sql/2.sql), so that
 * any program that reads SQLite can read them. Pure.
 */
#ifndef ARCHIVE_SHARED_TEXT_H
#define ARCHIVE_SHARED_TEXT_H

#define SHARED_TEXT_MAX 4

struct shared_text {
	char *lines; /* the lines, with marks */
	char
	    *had[SHARED_TEXT_MAX]; /* what stands for the marks; "" is unused */
};

/*
 * Find the pieces of lines, a JSON array of texts without blanks between them,
 * as evidence.h makes it (so without a control character). Release with
 * shared_text_free, on failure too. -1 when there is no memory.
 */
int shared_text_find(struct shared_text *pieces, const char *lines);
void shared_text_free(struct shared_text *pieces);

#endif
