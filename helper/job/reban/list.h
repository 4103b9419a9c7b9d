/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Read a block list, in any of the forms in which such lists are published or
 * programs print them. Pure: no I/O.
 *
 * What may stand before an entry is this closed list of forms. A line that has
 * none of them is bad, and no other address of it is taken:
 *
 *	line     = [ comment ] | document | tools | p2p | row | words
 *	comment  = ( "#" | ";" | "//" ) rest
 *	document = see reban_document.h; over several lines only where nothing
 *	           else is in the list
 *	tools    = see reban_tools.h
 *	p2p      = name ":" end "-" end                       (PeerGuardian)
 *	row      = fields, after a first line that names its columns
 *	words    = [ keyword ] { number | date | time } entry [ after ]
 *	keyword  = "-" | "*" | "deny" [ "from" ] | "Require not ip"
 *	         | "ExitAddress" | "blackhole" | "unreachable" | "prohibit"
 *	         | "would ban"
 *	after    = "," level rest                             (ipfilter.dat)
 *	         | ip bits rest                               (DShield)
 *	         | { entry }
 *	         | rest
 *
 * entry and end are in reban_entry.h. Words stand between blanks, and between
 * the marks of CSV: comma, semicolon, |, and quotes. A comment also begins
 * after an entry, with # outside of quotes or with // before a word.
 *
 * after: A level of 128 and more in ipfilter.dat allows the range, so the line
 * is bad. In DShield's lists, ip is the last address of the network whose
 * first one is the entry and whose prefix has bits. Entries with only blanks
 * between them are what fail2ban-client get JAIL banip prints; all are taken,
 * or the line is bad. Any other line with a second address is bad, because
 * either may be meant: the next field of CSV counts, all of a remark does.
 *
 * A first line with the name of an address (reban_document.h) in one of its
 * fields, and with no entry, names the columns: the entry of each row is in
 * these fields, as in an object of JSON.
 */
#ifndef JOB_REBAN_LIST_H
#define JOB_REBAN_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/err.h"
#include "job/reban/document.h"
#include "job/reban/entry.h"
#include "job/reban/tools.h"

/* The most bytes that a document may have. */
#define REBAN_LIST_DOCUMENT ((size_t)32 << 20)

/* The most columns whose names are looked at. */
#define REBAN_LIST_COLUMNS 64

/* A list; it begins as { 0 }. */
struct reban_list {
	/* What the line or the document says that was read last. */
	struct reban_found found;
	/* The number of lines that it has, 0 until a document is complete. */
	int64_t lines;

	/* The rest is for reban_list.c. */
	bool begun; /* a line said something */
	/* The columns that name an address, one bit each; 0: no names. */
	uint64_t columns;
	char mark; /* between the columns */
	struct reban_nft nft;
	/* A document that is not complete: its text, and where it is. */
	struct buffer document;
	int64_t document_lines;
	size_t depth;
	char quote;   /* of the text that is open, or NUL */
	bool escaped; /* the last character of it was a backslash */
};

/*
 * Read a line of len bytes, which may be any bytes, with or without a newline.
 * A byte order mark in front is skipped. list->found is what it says. Fails
 * with EX_DATAERR when there are more than REBAN_ENTRIES_MAX entries in it or
 * the document is too long, and with EX_OSERR without memory.
 */
int reban_list_read(struct reban_list *list, const char *line, size_t len,
    struct err *e);

/* Read the end of the list, where a document may still be open. */
int reban_list_end(struct reban_list *list, struct err *e);

void reban_list_free(struct reban_list *list);

#endif
