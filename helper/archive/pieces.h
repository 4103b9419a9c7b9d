/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log lines of one ban are much alike: they differ in a time, a port, a
 * user. What they have in common is archived once: up to PIECES_MAX pieces, and
 * the lines with a mark, the byte 1, 2, … in place of each. SQL's replace()
 * makes the lines of that again (the view "bans", sql/2.sql), so that any
 * program that reads SQLite can read them. Pure.
 */
#ifndef ARCHIVE_PIECES_H
#define ARCHIVE_PIECES_H

#define PIECES_MAX 4

struct pieces {
	char *lines;	       /* the lines, with marks */
	char *had[PIECES_MAX]; /* what stands for the marks; "" is unused */
};

/*
 * Find the pieces of lines, a JSON array of texts without blanks between them,
 * as evidence.h makes it (so without a control character). Release with
 * pieces_free, on failure too. -1 when there is no memory.
 */
int pieces_find(struct pieces *pieces, const char *lines);
void pieces_free(struct pieces *pieces);

#endif
