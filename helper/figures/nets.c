/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The networks of a stream of ids, in the order of their texts. The addresses
 * of a network of 8, 16 or 24 bits of IPv4 have a common beginning, so they
 * follow one another; so does the network itself. All other networks are kept
 * in a table.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/address.h"
#include "base/number.h"
#include "figures/inside.h"

/* Make an address or a network the one that its bans count for. */
static void
widen(const struct figures *f, struct address *net)
{
	address_widen(net,
	    net->family == AF_INET ? f->options.prefix4 : f->options.prefix6);
}

bool
figures_net_of(const struct figures *f, const char *text, struct address *net)
{
	if (!address_parse(text, strlen(text), net))
		return false;
	widen(f, net);
	return true;
}

/* Return true when a text of IPv4 is written as one of IPv6. */
static bool
is_mapped(const char *text, const struct address *net)
{
	return net->family == AF_INET && strchr(text, ':') != NULL;
}

/* Note when an IPv6 address is written otherwise than address_print does. */
static void
note_spelling(struct figures *f, const char *text, const struct address *a)
{
	char usual[ADDRESS_TEXT];

	if (!f->odd_nets && a->family == AF_INET6 &&
	    strcmp(address_print(a, usual), text) != 0)
		f->odd_nets = true;
}

/* Add bans, which may be less than 0, to a network of the table. */
static int
add_bans(struct figures *f, const struct address *net, int64_t bans)
{
	char text[ADDRESS_TEXT];
	struct key *key;

	address_print(net, text);
	key = keys_find(&f->keys[FIGURES_BY_NET], text, strlen(text));
	if (key == NULL)
		return -1;
	/* It wraps, and comes right when the last ban is taken. */
	key->bans += (uint32_t)bans;
	return 0;
}

/* Count the network whose ids were taken: no more of it follow. */
static int
end_net(struct figures *f)
{
	struct keys *keys = &f->keys[FIGURES_BY_NET];
	struct key *key = NULL;
	char text[ADDRESS_TEXT];
	int64_t bans = f->net_bans;

	f->net_bans = 0;
	if (bans == 0)
		return 0;
	/* To print each network would take long. */
	if (keys->n > 0 || top_may_want(&f->kept_nets, bans))
		address_print(&f->net, text);
	if (keys->n > 0)
		key = keys_get(keys, text, strlen(text));
	if (key != NULL) {
		key->bans += (uint32_t)bans;
		return 0;
	}
	f->nets_n++;
	if (!top_may_want(&f->kept_nets, bans))
		return 0;
	return figures_keep(f, &f->kept_nets, text, bans);
}

int
figures_take_id_net(struct figures *f, const char *ident, int64_t bans)
{
	struct address id, net;

	if (!address_parse(ident, strlen(ident), &id))
		return 0;
	net = id;
	widen(f, &net);
	if (is_mapped(ident, &net))
		return 0;
	if (net.family != AF_INET || net.bits != f->options.prefix4) {
		note_spelling(f, ident, &id);
		return add_bans(f, &net, bans);
	}
	if (f->net_bans > 0 &&
	    memcmp(net.bytes, f->net.bytes, sizeof(net.bytes)) != 0 &&
	    end_net(f) != 0)
		return -1;
	f->net = net;
	f->net_bans += bans;
	return 0;
}

int
figures_take_net(struct figures *f, const char *ident, const char *ip,
    struct err *e)
{
	struct address net;
	int rc = 0;

	if (ip == NULL) {
		if (figures_net_of(f, ident, &net) && is_mapped(ident, &net))
			rc = add_bans(f, &net, 1);
	} else if (address_parse(ip, strlen(ip), &net)) {
		note_spelling(f, ip, &net);
		widen(f, &net);
		rc = add_bans(f, &net, 1);
		if (rc == 0 && figures_net_of(f, ident, &net))
			rc = add_bans(f, &net, -1);
	}
	return rc == 0 ? 0 : err_no_memory(e);
}

int
figures_end_nets(struct figures *f)
{
	const struct keys *keys = &f->keys[FIGURES_BY_NET];

	if (f->nets_ended)
		return 0;
	f->nets_ended = true;
	if (end_net(f) != 0)
		return -1;
	for (size_t i = 0; i < keys->room; i++)
		f->nets_n += keys->slots[i].bans != 0;
	return 0;
}

int
figures_want_most_nets(struct figures *f, size_t limit, int64_t many_of,
    struct err *e)
{
	struct figures_entry *entries = calloc(limit + 1, sizeof(*entries));
	int rc = entries != NULL && figures_end_nets(f) == 0 ? 0 : -1;
	int64_t bans = 0;
	size_t n = 0;

	if (rc == 0)
		n = figures_top(f, FIGURES_BY_NET, FIGURES_BANS, limit,
		    entries);
	for (size_t i = 0; i < n; i++)
		bans += entries[i].counts[FIGURES_BANS];
	if (bans <= f->all.id_bans / many_of && !f->odd_nets)
		n = 0;
	f->most_net = calloc(n + 1, sizeof(*f->most_net));
	if (f->most_net == NULL)
		rc = -1;
	for (size_t i = 0; i < n && rc == 0; i++) {
		size_t len = strlen(entries[i].name);

		if (!address_parse(entries[i].name, len, &f->most_net[i].net) ||
		    keys_find(&f->most_nets, entries[i].name, len) == NULL)
			rc = -1;
	}
	/* No key is added from here on, so each stays where it is. */
	for (size_t i = 0; i < n && rc == 0; i++)
		f->most_net[i].key = keys_get(&f->most_nets, entries[i].name,
		    strlen(entries[i].name));
	free(entries);
	return rc == 0 ? 0 : err_no_memory(e);
}

/* To print the network of each ban, and look it up, would take long. */
struct key *
figures_most_net(const struct figures *f, const struct address *net)
{
	for (size_t i = 0; i < f->most_nets.n; i++) {
		const struct address *most = &f->most_net[i].net;

		if (most->family == net->family && most->bits == net->bits &&
		    memcmp(most->bytes, net->bytes, sizeof(net->bytes)) == 0)
			return f->most_net[i].key;
	}
	return NULL;
}

bool
figures_has_most_nets(const struct figures *f)
{
	return f->most_nets.n > 0;
}

bool
figures_has_odd_nets(const struct figures *f)
{
	return f->odd_nets;
}
