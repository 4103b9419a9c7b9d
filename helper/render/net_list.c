/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/net_list.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/macros.h"

/* nft reads a statement as a whole: one has so many elements at most. */
#define CHUNK 1000

/* A set of ipset has room for at least so many. To load a file into a set of
 * another size fails; so this size is what most files have. */
#define ROOM ((size_t)1 << 20)

static const struct {
	int family;
	const char *digit, *nft_type, *ipset_family;
} families[] = {
	{ AF_INET, "4", "ipv4_addr", "inet" },
	{ AF_INET6, "6", "ipv6_addr", "inet6" },
};

static const char *
digit_of(int family)
{
	return family == AF_INET ? "4" : "6";
}

static void
begin_nft(struct net_list *list)
{
	char text[400];

	buffer_puts(list->out, "add table inet fail2ban-archive\n");
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		if (list->family != AF_UNSPEC &&
		    list->family != families[i].family)
			continue;
		snprintf(text, sizeof(text),
		    "add set inet fail2ban-archive banned%s "
		    "{ type %s; flags interval; }\n"
		    "flush set inet fail2ban-archive banned%s\n",
		    families[i].digit, families[i].nft_type, families[i].digit);
		buffer_puts(list->out, text);
	}
}

static void
begin_ipset(struct net_list *list, size_t n)
{
	size_t room = ROOM;
	char text[400];

	while (room < n)
		room *= 2;
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		if (list->family != AF_UNSPEC &&
		    list->family != families[i].family)
			continue;
		for (size_t k = 0; k < 2; k++) {
			snprintf(text, sizeof(text),
			    "create fail2ban-archive%s%s hash:net family %s "
			    "maxelem %zu -exist\n",
			    families[i].digit, k == 0 ? "" : "-new",
			    families[i].ipset_family, room);
			buffer_puts(list->out, text);
		}
		snprintf(text, sizeof(text), "flush fail2ban-archive%s-new\n",
		    families[i].digit);
		buffer_puts(list->out, text);
	}
}

void
net_list_begin(struct net_list *list, enum net_list_form form, int family,
    size_t n, struct buffer *out)
{
	*list = (struct net_list){
		.form = form,
		.family = family,
		.out = out,
	};
	if (form == NET_LIST_NFT)
		begin_nft(list);
	if (form == NET_LIST_IPSET)
		/* Two halves may stand for a network of all addresses. */
		begin_ipset(list, n + 1);
}

/* End the elements that are open. */
static void
close_elements(struct net_list *list)
{
	if (list->open != 0)
		buffer_puts(list->out, "\n}\n");
	list->open = 0;
}

static void
put_nft(struct net_list *list, const char *text, int family)
{
	if (list->open != family || list->in_open == CHUNK) {
		close_elements(list);
		buffer_puts(list->out,
		    "add element inet fail2ban-archive banned");
		buffer_puts(list->out, digit_of(family));
		buffer_puts(list->out, " {");
		list->open = family;
		list->in_open = 0;
	}
	buffer_puts(list->out, list->in_open++ == 0 ? "\n\t" : ",\n\t");
	buffer_puts(list->out, text);
}

static void
add_to_ipset(struct net_list *list, const struct address *net)
{
	char text[ADDRESS_TEXT];

	buffer_puts(list->out, "add fail2ban-archive");
	buffer_puts(list->out, digit_of(net->family));
	buffer_puts(list->out, "-new ");
	buffer_puts(list->out, address_print(net, text));
	buffer_puts(list->out, " -exist\n");
}

/* hash:net takes no prefix of 0 bits, but both halves of all. */
static void
put_ipset(struct net_list *list, const struct address *net)
{
	struct address part = *net;

	if (net->bits == 0) {
		part.bits = 1;
		add_to_ipset(list, &part);
		part.bytes[0] = 0x80;
	}
	add_to_ipset(list, &part);
}

void
net_list_put(struct net_list *list, const struct address *net)
{
	char text[ADDRESS_TEXT];

	address_print(net, text);
	if (list->form == NET_LIST_NFT) {
		put_nft(list, text, net->family);
		return;
	}
	if (list->form == NET_LIST_IPSET) {
		put_ipset(list, net);
		return;
	}
	buffer_puts(list->out, text);
	if (list->form == NET_LIST_CIDR && address_is_single(net))
		buffer_puts(list->out, net->family == AF_INET ? "/32" : "/128");
	buffer_putc(list->out, '\n');
}

void
net_list_end(struct net_list *list)
{
	char text[200];

	close_elements(list);
	for (size_t i = 0;
	     i < ARRAY_LEN(families) && list->form == NET_LIST_IPSET; i++) {
		const char *digit = families[i].digit;

		if (list->family != AF_UNSPEC &&
		    list->family != families[i].family)
			continue;
		snprintf(text, sizeof(text),
		    "swap fail2ban-archive%s-new fail2ban-archive%s\n"
		    "destroy fail2ban-archive%s-new\n",
		    digit, digit, digit);
		buffer_puts(list->out, text);
	}
}
