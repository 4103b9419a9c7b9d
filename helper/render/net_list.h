/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of addresses and networks, in order, as other programs load them. Pure.
 *
 *	net_list_begin(&list, form, family, n, out)
 *	for each network, IPv4 first: net_list_put(&list, &net)
 *	net_list_end(&list)
 *
 * A file for nft(8) or ipset(8) defines its sets, one for each family, and
 * replaces what is in them. nft takes no network that holds another one of the
 * list. (nftables 1.0.6, nft(8): "Sets", "Element statement"; ipset 7.17,
 * ipset(8): restore, swap, hash:net.)
 */
#ifndef RENDER_NET_LIST_H
#define RENDER_NET_LIST_H

#include "base/address.h"
#include "base/buffer.h"

enum net_list_form {
	NET_LIST_PLAIN, /* an address has no prefix */
	NET_LIST_CIDR,	/* an address has one, too */
	NET_LIST_NFT,
	NET_LIST_IPSET,
};

struct net_list {
	enum net_list_form form;
	int family;	    /* the only one that is written, or AF_UNSPEC */
	struct buffer *out; /* the caller takes from it what is there */
	int open;	    /* the family of the elements that are open, or 0 */
	size_t in_open;	    /* how many elements these are so far */
};

/* n is the number of networks. The caller looks at out->failed. */
void net_list_begin(struct net_list *list, enum net_list_form form, int family,
    size_t n, struct buffer *out);
void net_list_put(struct net_list *list, const struct address *net);
void net_list_end(struct net_list *list);

#endif
