/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The entries of a block list: the words of a line, and an address, a network
 * or a range in one of the spellings that lists have. Pure.
 *
 *	entry   = network | ip ":" port | "[" ip "]" [ ":" port | "/" bits ]
 *	          | range
 *	range   = end "-" end
 *	end     = ip | an IPv4 address with three digits in any of its numbers
 *
 * ip and network are what address_parse takes. A range is the fewest networks
 * that are just that range. Only a range may have leading zeros, as those of
 * ipfilter.dat and PeerGuardian have: 192.000.002.001 is in decimal there,
 * while elsewhere it could be octal.
 */
#ifndef JOB_REBAN_ENTRY_H
#define JOB_REBAN_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"

/* The most entries that a list may have. */
#define REBAN_ENTRIES_MAX 1000000

/* A piece of a line. */
struct piece {
	const char *at;
	size_t len;
};

/* What a part of a list says. */
struct reban_found {
	struct address *list; /* the entries, in their order */
	size_t n, room;
	bool failed; /* there was no memory */
	bool full;   /* there are more than REBAN_ENTRIES_MAX entries */

	int64_t bad;	 /* the number of parts that are wrong */
	const char *why; /* what is wrong with the first of them: a constant */
	char part[48];	 /* the beginning of that part */
	size_t part_len;
};

/* Add an entry, or count a part as bad and keep the reason of the first one. */
void reban_found_put(struct reban_found *found, const struct address *a);
void reban_found_bad(struct reban_found *found, struct piece part,
    const char *why);

/* Return true for a blank: space, tab, CR, LF, VT, FF. */
bool piece_is_blank(char c);

/* Return true when c is one of these characters. */
bool piece_is_one(char c, const char *these);

/* Return the piece without its first n bytes. */
struct piece piece_from(struct piece p, size_t n);

/* Return the piece without the blanks around it. */
struct piece piece_trim(struct piece p);

/* Return true when the piece is that text, or begins with it. */
bool piece_is(struct piece p, const char *text);
bool piece_begins(struct piece p, const char *text);

/* Return true when the piece is digits, at most nine; *n is their value. */
bool piece_number(struct piece p, int *n);

/*
 * Cut the next word from rest, and return it; it is empty at the end. Words
 * stand between blanks, or between blanks and the characters of marks.
 */
struct piece piece_take(struct piece *rest);
struct piece piece_take_between(struct piece *rest, const char *marks);

/*
 * Read all of a piece as one entry into *found, or return false and leave found
 * as it was. There may be blanks around the - of a range, nowhere else.
 */
bool reban_entry_read(struct piece p, struct reban_found *found);

/* Read an end of a range, which may have leading zeros. */
bool reban_entry_read_end(struct piece p, struct address *a);

/* Add the networks from first to last; return false when it is no range. */
bool reban_entry_put_range(const struct address *first,
    const struct address *last, struct reban_found *found);

/*
 * Return true for a word that is no entry, but was meant as one: it has the
 * dots or the colons of an address.
 */
bool reban_entry_resembles(struct piece word);

#endif
