/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of addresses to block, as they are published, line by line. Pure: no
 * I/O, and a line knows nothing of those before it.
 *
 * What stands behind # or ;, or behind // where a word would begin, is a
 * comment. The rest of a line is words, between blanks, tabs, commas and
 * quotes: the first of its first four that is an address or a network is what
 * the line says, whatever follows. So the address may stand alone, be the first
 * field of CSV, or stand behind a date, a time and a number. No port may be
 * glued to it, and a host name is none.
 *
 * A range (192.0.2.0-192.0.2.255, - between blanks too) is the network whose
 * ends it has. Of two addresses side by side, one behind the other, nobody
 * knows which is meant, but where they are the same, or where the length of the
 * prefix of the network whose ends they are stands behind them (DShield).
 *
 * A line that begins with { is a JSON object (Spamhaus): the first of its own
 * keys "cidr" and "ip" that is an address; without one, it is nothing when its
 * "type" is "metadata". A line that begins with [ is bad: a whole list of JSON
 * in one line must not pass for one address.
 */
#ifndef JOB_REBAN_LIST_H
#define JOB_REBAN_LIST_H

#include <stddef.h>

#include "base/address.h"

/* The longest JSON object. */
#define REBAN_LIST_JSON 4095

enum reban_list_kind {
	REBAN_LIST_NOTHING, /* blank, or only a comment */
	REBAN_LIST_ADDRESS,
	REBAN_LIST_BAD
};

/*
 * Read the len bytes of a line, any bytes, with or without its end. A mark of
 * UTF-8 in front is skipped. a is filled for an address only, and *why for a
 * bad line only: a short reason, which lives on.
 */
enum reban_list_kind reban_list_read(const char *line, size_t len,
    struct address *a, const char **why);

#endif
