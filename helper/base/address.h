/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses and networks of IPv4 and IPv6, read strictly and written as
 * fail2ban writes them. Pure: no I/O, no DNS.
 */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

/* Room for the longest text, with its NUL. */
#define ADDRESS_TEXT 52

/* A network; an address is one of 32 or 128 bits. */
struct address {
	int family;		 /* AF_INET or AF_INET6 */
	unsigned char bytes[16]; /* in network order, zeros behind */
	int bits;		 /* of the prefix; all others are zero */
};

/*
 * Parse all of the len bytes at s: an address, or one with "/24" or
 * "/255.255.255.0" (in IPv6 "/ffff:ffff::") behind it, whose other bits are
 * then cut off. IPv4 inside IPv6 (::ffff:192.0.2.1) is IPv4. No blanks, no
 * brackets, no leading zeros but in the groups of IPv6, no scope, no name.
 * False where it is none of these.
 * (fail2ban 1.0.2, server/ipdns.py: IPAddr takes more than that, and leaves a
 * network of IPv4 inside IPv6 as it is.)
 */
bool address_parse(const char *s, size_t len, struct address *a);

/*
 * Write it as fail2ban's database and the answers of its server have it, and
 * return buf: an address without, a network with the length of its prefix. But
 * the network of all addresses is 0.0.0.0/0 or ::/0, where fail2ban writes
 * 0.0.0.0 or ::, which is another thing. How zeros are cut short is the C
 * library's word, as it is in Python.
 */
const char *address_print(const struct address *a, char buf[ADDRESS_TEXT]);

/*
 * The network that begins with first and ends with last, both addresses. False
 * where these are not the ends of one.
 */
bool address_span(const struct address *first, const struct address *last,
    struct address *net);

/* Whether it is one address. */
bool address_is_single(const struct address *a);

/* Whether all of inner is in outer. */
bool address_holds(const struct address *outer, const struct address *inner);

/* Whether some address is in both: then one of the two holds the other. */
bool address_overlap(const struct address *a, const struct address *b);

/*
 * What nobody may ban, as far as it is in a: "loopback" (127.0.0.0/8, ::1) or
 * "unspecified" (0.0.0.0/8, ::). NULL where it is neither.
 */
const char *address_untouchable(const struct address *a);

#endif
