/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Read one line of a block list, in any of the forms in which such lists are
 * published. Pure: no I/O, and no line depends on another.
 *
 * A comment begins with # or ;, or with // at the start of a word. The rest of
 * the line is words, separated by blanks, tabs, commas and quotes. The address
 * of the line is the first of its first four words that is an address or a
 * network; other words may follow. So the address may stand alone, be the first
 * field of CSV, or come after a date, a time and a number. A word with a port
 * is no address, nor is a host name.
 *
 * A range (192.0.2.0-192.0.2.255, also with blanks around the -) is the network
 * that has these two ends. Two addresses side by side are bad, because either
 * may be meant, unless they are the same, or the next word is the prefix length
 * of the network that has these two ends (DShield).
 *
 * A line that begins with { is a JSON object (Spamhaus). Its address is the
 * first of its own keys "cidr" and "ip" whose value is an address. An object
 * without one, whose "type" is "metadata", says nothing. A line that begins
 * with [ is bad, so that a whole list in one line does not pass for one
 * address.
 */
#ifndef JOB_REBAN_LIST_H
#define JOB_REBAN_LIST_H

#include <stddef.h>

#include "base/address.h"

/* The longest JSON object, in bytes. */
#define REBAN_LIST_JSON 4095

enum reban_list_kind {
	REBAN_LIST_NOTHING, /* blank, or only a comment */
	REBAN_LIST_ADDRESS,
	REBAN_LIST_BAD
};

/*
 * Read a line of len bytes, which may be any bytes, with or without a newline.
 * A byte order mark in front is skipped. *a is filled only for
 * REBAN_LIST_ADDRESS. *why is set only for REBAN_LIST_BAD, to a constant.
 */
enum reban_list_kind reban_list_read(const char *line, size_t len,
    struct address *a, const char **why);

#endif
