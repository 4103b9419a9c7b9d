/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/spelling.h"

#include <sys/socket.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "base/json.h"

/* Room for the longest spelling: a prefix before an address. */
#define SPELLING (ADDRESS_TEXT + 16)

/* The bits before an IPv4 address that is written as one of IPv6. */
#define MAPPED_BITS 96

static void
put(struct buffer *out, const char *s, size_t len)
{
	if (out->len > 1)
		buffer_putc(out, ',');
	json_put_text(out, s, len);
}

/*
 * Put the network of that many bits in which base lies; base is the text of an
 * address. fail2ban leaves networks of IPv4 that are written as IPv6 as they
 * are (1.0.2, server/ipdns.py: IPAddr.__init__).
 */
static void
put_network(struct buffer *out, const char *base, int bits)
{
	char text[SPELLING], net[ADDRESS_TEXT];
	struct address a;

	snprintf(text, sizeof(text), "%s/%d", base, bits);
	if (!address_parse(text, strlen(text), &a))
		return;
	address_print(&a, net);
	put(out, net, strlen(net));
	if (a.family != AF_INET || a.bits == 0 || address_is_single(&a))
		return;
	net[strcspn(net, "/")] = '\0';
	snprintf(text, sizeof(text), "::ffff:%s/%d", net, MAPPED_BITS + bits);
	put(out, text, strlen(text));
}

/* Cut the blanks around *s. */
static size_t
trim(const char **s)
{
	static const char blanks[] = " \t\r\n\v\f";
	size_t len;

	*s += strspn(*s, blanks);
	len = strlen(*s);
	while (len > 0 && strchr(blanks, (*s)[len - 1]) != NULL)
		len--;
	return len;
}

/* Set base to the text of a network's first address. */
static void
print_base(const struct address *a, char base[ADDRESS_TEXT])
{
	address_print(a, base);
	base[strcspn(base, "/")] = '\0';
}

void
archive_spell_id(struct buffer *out, const char *id)
{
	const char *trimmed = id;
	size_t len = trim(&trimmed);
	char base[ADDRESS_TEXT];
	struct address a;

	buffer_putc(out, '[');
	put(out, id, strlen(id));
	put(out, trimmed, len);
	if (address_parse(trimmed, len, &a)) {
		print_base(&a, base);
		put_network(out, base, a.bits);
		/* fail2ban writes no length after a network of all. */
		if (a.bits == 0)
			put(out, base, strlen(base));
	}
	buffer_putc(out, ']');
}

void
archive_spell_networks(struct buffer *out, const char *id)
{
	size_t len = trim(&id);
	char base[ADDRESS_TEXT];
	struct address a;

	buffer_putc(out, '[');
	if (address_parse(id, len, &a)) {
		print_base(&a, base);
		for (int bits = 0; bits < a.bits; bits++)
			put_network(out, base, bits);
	}
	buffer_putc(out, ']');
}
