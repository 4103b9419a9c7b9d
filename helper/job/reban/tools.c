/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/reban/tools.h"

#include <string.h>

#include "base/macros.h"

/* The targets of iptables that let nothing through. */
static const char *const drops[] = { "DROP", "REJECT", "TARPIT" };

/* Return true when the word is one of the n texts. */
static bool
is_any(struct piece word, const char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (piece_is(word, texts[i]))
			return true;
	}
	return false;
}

#define IS_ANY(word, texts) is_any(word, texts, ARRAY_LEN(texts))

static struct piece
strip(struct piece p, const char *these)
{
	while (p.len > 0 && piece_is_one(p.at[0], these))
		p = piece_from(p, 1);
	return p;
}

/* Add the one entry of a line, or count the line as bad. */
static bool
put_entry(struct piece word, struct reban_found *found)
{
	if (!reban_entry_read(word, found))
		reban_found_bad(found, word, "not an address");
	return true;
}

/* Add the entries of a text, with blanks or commas between them. */
static bool
put_entries(struct piece rest, struct reban_found *found)
{
	struct piece word;

	while (!found->full && (word = piece_take_between(&rest, ",")).len > 0)
		put_entry(word, found);
	return true;
}

/* Return true when a branch of a tree, |- or `-, is in the piece. */
static bool
is_branch(struct piece p)
{
	for (; p.len > 1; p = piece_from(p, 1)) {
		if ((p.at[0] == '|' || p.at[0] == '`') && p.at[1] == '-')
			return true;
	}
	return false;
}

/* Lines of fail2ban-client status. */
static bool
read_status(struct piece line, struct reban_found *found)
{
	static const char *const silent[] = { "Filter", "filter", "Actions",
		"action", "Currently failed:", "Total failed:", "File list:",
		"Journal matches:", "Currently banned:", "Total banned:",
		"Number of jail:", "Number of jails:", "Jail list:",
		"Banned ASN list:", "Banned Country list:",
		"Banned RIR list:" };
	static const char *const lists[] = { "Banned IP list:", "IP list:" };
	struct piece label = strip(line, "|`- \t");

	if (piece_is(line, "Status") ||
	    piece_begins(line, "Status for the jail: "))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		if (piece_begins(label, lists[i]))
			return put_entries(piece_from(label, strlen(lists[i])),
			    found);
	}
	if (!is_branch((struct piece){ line.at, line.len - label.len }))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(silent); i++) {
		if (piece_begins(label, silent[i]))
			return true;
	}
	reban_found_bad(found, line, "not an address");
	return true;
}

/* Cut a word from rest as a shell does: a text in quotes is one word. */
static struct piece
take_quoted(struct piece *rest)
{
	struct piece word;
	const char *end;

	*rest = strip(*rest, " \t");
	if (rest->len == 0 || (rest->at[0] != '"' && rest->at[0] != '\''))
		return piece_take(rest);
	for (end = rest->at + 1; end < rest->at + rest->len; end++) {
		if (*end == '\\')
			end++;
		else if (*end == rest->at[0])
			break;
	}
	if (end > rest->at + rest->len)
		end = rest->at + rest->len;
	word = (struct piece){ rest->at + 1, (size_t)(end - rest->at) - 1 };
	if (end < rest->at + rest->len)
		end++;
	*rest = piece_from(*rest, (size_t)(end - rest->at));
	return word;
}

/* A rule of iptables as iptables-save, iptables -S or a script has it. */
static bool
read_rule(struct piece rest, struct reban_found *found)
{
	static const char *const from[] = { "-s", "--source", "--src",
		"--src-range" };
	static const char *const to[] = { "-j", "--jump", "-g", "--goto" };
	static const char *const passes[] = { "ACCEPT", "RETURN", "LOG",
		"NFLOG" };
	struct piece word, source = { "", 0 }, target = { "", 0 };
	bool inverted = false, others = false;

	while ((word = take_quoted(&rest)).len > 0) {
		if (IS_ANY(word, from)) {
			source = take_quoted(&rest);
			others = inverted || piece_is(source, "!");
		} else if (IS_ANY(word, to)) {
			target = take_quoted(&rest);
		}
		inverted = piece_is(word, "!");
	}
	if (source.len == 0 || target.len == 0 || IS_ANY(target, passes))
		return true;
	if (!IS_ANY(target, drops))
		reban_found_bad(found, target, "a target that may not drop");
	else if (others)
		reban_found_bad(found, source, "a rule for all but an address");
	else
		put_entries(source, found);
	return true;
}

/* A row of iptables -L -n, with or without counters and interfaces. */
static bool
read_row(struct piece rest, struct reban_found *found)
{
	static const char *const silent[] = { "ACCEPT", "RETURN", "LOG",
		"Chain", "target", "pkts", "num" };
	static const char *const fragments[] = { "--", "-f", "!f" };
	struct piece target = piece_take(&rest), word;
	int numbers = 0, n;

	for (; numbers < 3 && piece_number(target, &n); numbers++)
		target = piece_take(&rest);
	if (IS_ANY(target, silent))
		return true;
	if (!IS_ANY(target, drops))
		return false;
	/* The protocol; ip6tables leaves the next column empty. */
	piece_take(&rest);
	word = piece_take(&rest);
	if (IS_ANY(word, fragments))
		word = piece_take(&rest);
	/* With counters, the interfaces stand before the source. */
	for (int i = 0; i < 2 && numbers >= 2; i++)
		word = piece_take(&rest);
	if (word.len > 0 && word.at[0] == '!') {
		reban_found_bad(found, word, "a rule for all but an address");
		return true;
	}
	return put_entry(word.len > 0 ? word : target, found);
}

static bool
read_iptables(struct piece line, struct reban_found *found)
{
	static const char *const adds[] = { "-A", "-I", "--append",
		"--insert" };
	static const char *const silent[] = { "-P", "-N" };
	struct piece rest = line, word;

	if ((line.at[0] == '*' && line.len > 1 && line.at[1] != ' ') ||
	    piece_is(line, "COMMIT") ||
	    (line.at[0] == ':' && line.at[line.len - 1] == ']'))
		return true;
	word = piece_take(&rest);
	if (word.at[0] == '[' && word.at[word.len - 1] == ']' &&
	    piece_begins(piece_trim(rest), "-"))
		word = piece_take(&rest);
	if (piece_is(word, "iptables") || piece_is(word, "ip6tables"))
		word = piece_take(&rest);
	if (IS_ANY(word, adds)) {
		piece_take(&rest);
		return read_rule(rest, found);
	}
	return IS_ANY(word, silent) || read_row(line, found);
}

/* The lines of ipset save and ipset list; members of the latter are entries. */
static bool
read_ipset(struct piece line, struct reban_found *found)
{
	static const char *const labels[] = { "Name:", "Type:", "Revision:",
		"Header:", "Size in memory:", "References:",
		"Number of entries:", "Members:" };
	struct piece rest = line, word = piece_take(&rest), entry;

	for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
		if (piece_begins(line, labels[i]))
			return true;
	}
	if (piece_is(word, "ipset"))
		word = piece_take(&rest);
	if (piece_is(word, "create")) {
		piece_take(&rest);
		entry = piece_take(&rest);
		return piece_begins(entry, "hash:") ||
		    piece_begins(entry, "list:") ||
		    piece_begins(entry, "bitmap:");
	}
	if (!piece_is(word, "add"))
		return false;
	piece_take(&rest);
	entry = piece_take(&rest);
	while ((word = piece_take(&rest)).len > 0) {
		if (piece_is(word, "nomatch"))
			return true;
	}
	for (size_t i = 0; i < entry.len; i++) {
		struct piece second = piece_from(entry, i + 1);

		if (entry.at[i] != ',')
			continue;
		entry.len = i;
		if (reban_entry_resembles(second))
			reban_found_bad(found, line, "two addresses");
	}
	return put_entry(entry, found);
}

/*
 * Read the items of a set, each an entry and what it has for options, up to the
 * closing brace; return false when it does not come.
 */
static bool
read_items(struct piece rest, struct reban_found *found)
{
	static const char *const passes[] = { "accept", "return", "continue",
		"jump", "goto", "queue" };
	struct piece word, held = { "", 0 };
	bool entry = true; /* the next word is one */
	bool closed = false;

	while (!found->full && !closed && (rest = piece_trim(rest)).len > 0) {
		if (rest.at[0] == '}' || rest.at[0] == ',') {
			if (held.len > 0)
				put_entry(held, found);
			held.len = 0;
			entry = true;
			closed = rest.at[0] == '}';
			rest = piece_from(rest, 1);
		} else if (rest.at[0] == '"') {
			take_quoted(&rest);
		} else {
			word = rest;
			word.len = 0;
			while (word.len < rest.len &&
			    !piece_is_blank(rest.at[word.len]) &&
			    !piece_is_one(rest.at[word.len], ",}"))
				word.len++;
			rest = piece_from(rest, word.len);
			if (entry)
				held = word;
			else if (IS_ANY(word, passes)) /* a map's verdict */
				held.len = 0;
			entry = false;
		}
	}
	if (held.len > 0)
		put_entry(held, found);
	return closed;
}

/* A rule of nftables with the addresses of the source in it, or a set. */
static bool
read_nft_rule(struct piece line, struct reban_found *found)
{
	struct piece rest = line, word, source = { "", 0 };
	bool drop = false, quoted;

	/* A comment or a prefix in quotes is no part of the rule. */
	while ((rest = piece_trim(rest)).len > 0) {
		quoted = rest.at[0] == '"';
		word = take_quoted(&rest);
		if (quoted)
			continue;
		if (piece_is(word, "saddr"))
			source = piece_trim(rest);
		drop =
		    drop || piece_is(word, "drop") || piece_is(word, "reject");
	}
	if (!drop || source.len == 0 || source.at[0] == '@')
		return true;
	if (piece_begins(source, "!="))
		reban_found_bad(found, line, "a rule for all but an address");
	else if (source.at[0] == '{')
		read_items(piece_from(source, 1), found);
	else
		put_entry(piece_take(&source), found);
	return true;
}

static bool
read_nft(struct reban_nft *nft, struct piece line, struct reban_found *found)
{
	static const char *const blocks[] = { "table", "set", "map", "chain" };
	struct piece rest = line, word = piece_take(&rest);

	if (nft->elements) {
		nft->elements = !read_items(line, found);
		return true;
	}
	if (piece_is(word, "nft"))
		word = piece_take(&rest);
	if (piece_is(word, "add") && piece_is(piece_take(&rest), "element")) {
		while (rest.len > 0 && rest.at[0] != '{')
			rest = piece_from(rest, 1);
		if (rest.len == 0 || !read_items(piece_from(rest, 1), found))
			reban_found_bad(found, line, "not an address");
		return true;
	}
	if (IS_ANY(word, blocks) && line.at[line.len - 1] == '{') {
		nft->depth++;
		return true;
	}
	if (nft->depth == 0)
		return false;
	if (piece_begins(line, "elements = {"))
		nft->elements = !read_items(
		    piece_from(line, strlen("elements = {")), found);
	else if (piece_is(line, "}"))
		nft->depth--;
	else
		read_nft_rule(line, found);
	return true;
}

/* A line of hosts.deny. */
static bool
read_hosts(struct piece line, struct reban_found *found)
{
	static const char *const daemons[] = { "ALL", "sshd", "sshd1", "sshd2",
		"ftpd", "vsftpd", "proftpd", "pure-ftpd", "in.ftpd", "in.tftpd",
		"in.telnetd", "telnetd", "in.fingerd", "sendmail", "exim",
		"exim4", "postfix", "smtpd", "dovecot", "imap", "imapd",
		"imaps", "pop3", "pop3d", "pop3s", "slapd", "snmpd", "nrpe",
		"rpcbind", "portmap", "mountd", "xinetd" };
	const char *colon = memchr(line.at, ':', line.len);
	struct piece left, right, word, option;
	size_t depth = 0, i;

	if (colon == NULL)
		return false;
	left = (struct piece){ line.at, (size_t)(colon - line.at) };
	right = piece_trim(piece_from(line, left.len + 1));
	if (piece_trim(left).len == 0)
		return false;
	while ((word = piece_take_between(&left, ",")).len > 0) {
		if (!IS_ANY(word, daemons))
			return false;
	}
	if (reban_entry_read(right, found))
		return true;
	for (i = 0; i < right.len && (right.at[i] != ':' || depth > 0); i++) {
		depth += right.at[i] == '[';
		depth -= depth > 0 && right.at[i] == ']';
	}
	option = piece_trim(piece_from(right, i));
	right.len = i;
	put_entries(right, found);
	if (found->n == 0 && found->bad == 0)
		reban_found_bad(found, line, "not an address");
	option = strip(option, ": \t");
	if (option.len > 0 &&
	    (option.len < 4 || strncasecmp(option.at, "deny", 4) != 0))
		reban_found_bad(found, line, "a rule that does not deny");
	return true;
}

bool
reban_tools_read(struct reban_nft *nft, struct piece line,
    struct reban_found *found)
{
	return read_nft(nft, line, found) || read_status(line, found) ||
	    read_iptables(line, found) || read_ipset(line, found) ||
	    read_hosts(line, found);
}
