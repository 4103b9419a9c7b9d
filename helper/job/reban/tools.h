/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines of a block list that come from the programs that ban: fail2ban's
 * own client, iptables, ipset, nftables and TCP wrappers. Pure. A word stands
 * between blanks; rest is any text; items are entries with commas between them,
 * each with words of its own after it.
 *
 *	status   = "Status" [ "for the jail: " rest ] | [ tree ] label [ rest ]
 *	tree     = { "|" | "`" | "-" | blank }, with "|-" or "`-" in it
 *	label    = "Banned IP list:" or "IP list:" before its entries, or
 *	           after a tree another label of fail2ban-client status
 *	iptables = [ "[n:n]" ] [ program ] ( "-A" | "-I" ) chain { option }
 *	         | { n } ( "DROP" | "REJECT" ) { word } entry rest
 *	ipset    = [ "ipset" ] "add" set entry [ "," rest ] { word }
 *	nft      = [ "nft" ] "add element" rest "{" items "}"
 *	         | "elements = {" items "}"
 *	         | rest "saddr" ( entry | "{" items "}" ) rest
 *	hosts    = daemon { "," daemon } ":" entries [ ":" "deny" rest ]
 *
 * iptables is also what iptables -L -n prints. The last two forms of nft stand
 * in the blocks that nft list prints; "elements" may go over several lines.
 *
 * The entry of a rule of iptables or nftables is its source, if the rule drops
 * or rejects. A rule that accepts, returns or logs says nothing; nor does what
 * only describes a table, a chain, a set or a jail. A rule for all but an
 * address is bad, and so are one whose target is another chain, a line of which
 * one entry is wrong, and one of hosts with an exception or an unknown daemon.
 * An entry of ipset with "nomatch" is none: it is an exception.
 *
 * (fail2ban 1.0.2, client/beautifier.py; iptables-save(8), ipset(8), nft(8),
 * hosts_access(5).)
 */
#ifndef JOB_REBAN_TOOLS_H
#define JOB_REBAN_TOOLS_H

#include "job/reban/entry.h"

/* Where a listing of nftables is; it begins with zeros. */
struct reban_nft {
	int depth;     /* the blocks that are open */
	bool elements; /* within elements = { */
};

/*
 * Read a line, without blanks around it, that is not empty. Return false when
 * it has none of these forms; otherwise its entries are added, or it is counted
 * as bad.
 */
bool reban_tools_read(struct reban_nft *nft, struct piece line,
    struct reban_found *found);

#endif
