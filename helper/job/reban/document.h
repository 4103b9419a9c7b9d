/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The entries of a block list that is JSON (RFC 8259), or a list as Python
 * prints it, with ' around its texts. Pure.
 *
 * An array has entries, objects and arrays in it; an element that is something
 * else is bad, but for null. An object has an entry, or is a frame around
 * others. The names of both kinds are closed lists, in which neither capitals
 * nor _ and - count:
 *
 * - The entry is the value of a name of an address, such as ip, ipAddress, cidr
 *   or prefix. Of several the narrowest counts, and the others must hold it, as
 *   its network does: otherwise two addresses are meant, and the object is bad.
 *   A value that is null or an empty text says nothing; nor does a number.
 * - A frame has arrays and objects with entries under the names of an address
 *   or those of a frame, such as data, results or blocklist. What stands under
 *   another name is not read: an API also sends what it no longer blocks, or
 *   who has asked.
 * - In an array, an object whose only value is an array is a frame under any
 *   name, that of a jail: [{'sshd': ['192.0.2.1']}].
 *   (fail2ban 1.0.2, server/server.py: banned.)
 *
 * An object with the type "metadata" says nothing (Spamhaus). Another one with
 * neither an entry nor a frame is bad, so that a list of a kind that is not
 * known does not pass for an empty one.
 */
#ifndef JOB_REBAN_DOCUMENT_H
#define JOB_REBAN_DOCUMENT_H

#include "base/buffer.h"
#include "job/reban/entry.h"

/*
 * Read a whole document, which begins with { or [. Each element that is wrong
 * is counted as bad. text is used as room.
 */
void reban_document_read(struct buffer *text, struct reban_found *found);

/*
 * Return true for the name of an address, as a key of an object or as that of a
 * column of CSV.
 */
bool reban_document_names_address(struct piece name);

/*
 * Add the entry that several texts of one object or record name, n of them, or
 * count the whole as bad.
 */
void reban_document_put_one(const struct piece *texts, size_t n,
    struct piece whole, struct reban_found *found);

#endif
