/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/history/spelling.h"

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
#define MAPPED "::ffff:"

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
	snprintf(text, sizeof(text), MAPPED "%s/%d", net, MAPPED_BITS + bits);
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

/*
 * Put the beginnings of what is inside of a network of IPv4, in two spellings:
 * see put_network.
 */
static void
put_inside_v4(struct buffer *out, const struct address *net)
{
	int whole = net->bits / 8, free_bits = (8 - net->bits % 8) % 8;
	char text[SPELLING] = MAPPED;
	size_t len = strlen(MAPPED);

	for (int i = 0; i < whole; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%d",
		    i > 0 ? "." : "", net->bytes[i]);
	/* The octet that varies is spelled out. */
	for (int i = 0; i < (free_bits > 0 ? 1 << free_bits : 1); i++) {
		size_t n = len;

		if (free_bits > 0)
			n += (size_t)snprintf(text + len, sizeof(text) - len,
			    "%s%d", whole > 0 ? "." : "",
			    net->bytes[whole] + i);
		/* A whole octet ends with its dot. */
		if (net->bits <= 24)
			n += (size_t)snprintf(text + n, sizeof(text) - n, ".");
		put(out, text, n);
		put(out, text + strlen(MAPPED), n - strlen(MAPPED));
	}
}

/*
 * Put the beginning of what is inside of a network of IPv6: its groups up to
 * the first one that varies, or that is zero and may be left out.
 */
static void
put_inside_v6(struct buffer *out, const struct address *net)
{
	char text[SPELLING];
	size_t len = 0;

	for (int i = 0; i < net->bits / 16; i++) {
		unsigned group =
		    (unsigned)net->bytes[2 * i] << 8 | net->bytes[2 * i + 1];

		if (group == 0)
			break;
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    i < 7 ? "%x:" : "%x", group);
	}
	put(out, text, len);
}

bool
archive_spell_inside(struct buffer *out, const struct address *net)
{
	bool v4 = net->family == AF_INET;

	if (v4 ? net->bits < 8 :
		 net->bits < 16 || (net->bytes[0] == 0 && net->bytes[1] == 0))
		return false;
	buffer_putc(out, '[');
	if (v4)
		put_inside_v4(out, net);
	else
		put_inside_v6(out, net);
	buffer_putc(out, ']');
	return true;
}
