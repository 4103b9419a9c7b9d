/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log lines of a ban as one JSON array, as short as they are alike: the
 * lines of one attacker differ in a time, a port, a user. It is an array of
 * texts, or where that is shorter an array of arrays, one for each line, of
 * what to write in turn: a text, or a number that stands for a piece of the
 * first line, its place (from 1) * LINES_PIECE + its length. What is then
 * written is the inside of a JSON text. The view "bans" (sql/2.sql) does it, so
 * that any program that reads SQLite can read the lines. Pure.
 */
#ifndef LINES_H
#define LINES_H

#include <stdint.h>

#include "buffer.h"

#define LINES_PIECE 10000

/* Lines longer than that are not compared. */
#define LINES_COMPARED 8300

struct lines {
	struct buffer texts, pieces; /* the two forms */
	struct buffer line;	     /* the inside of the present line's JSON */
	char *first; /* what later lines are compared with, or NULL */
	size_t first_len;
	uint16_t places[512]; /* by the hash of what begins there, from 1 */
};

/* A new array of lines; end it with lines_take or lines_free. */
void lines_begin(struct lines *lines);

/* Add a line, len bytes of valid UTF-8. */
void lines_add(struct lines *lines, const char *s, size_t len);

/* The JSON, the caller's to free; NULL when there is no memory. */
char *lines_take(struct lines *lines);
void lines_free(struct lines *lines);

#endif
