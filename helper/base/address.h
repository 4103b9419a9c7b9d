/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses and networks of IPv4 and IPv6: parsed strictly and printed as
 * fail2ban prints them. Pure: no I/O, no DNS.
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
	unsigned char bytes[16]; /* in network order, then zeros */
	int bits;		 /* of the prefix; all others are zero */
};

/*
 * Parse all of the len bytes at s: an address, or an address followed by "/24"
 * or "/255.255.255.0" (in IPv6 "/ffff:ffff::"), whose bits after the prefix
 * become zero. IPv4 inside IPv6 (::ffff:192.0.2.1) becomes IPv4. Blanks,
 * brackets, scopes, names, and leading zeros outside the groups of IPv6 are not
 * allowed. Return false when s is anything else.
 * (fail2ban 1.0.2, server/ipdns.py: IPAddr takes more than that, and leaves a
 * network of IPv4 inside IPv6 as it is.)
 */
bool address_parse(const char *s, size_t len, struct address *a);

/*
 * Print a into buf as fail2ban's database and server print it, and return buf:
 * a network has the length of its prefix, an address has none. One case
 * differs: the network of all addresses is 0.0.0.0/0 or ::/0, where fail2ban
 * writes 0.0.0.0 or ::, which is a single address. The C library shortens the
 * zeros of IPv6, as it does for Python.
 */
const char *address_print(const struct address *a, char buf[ADDRESS_TEXT]);

/* The most networks that a range of addresses is made of, those of IPv6. */
#define ADDRESS_COVER_MAX 254

/*
 * Set nets to the fewest networks that hold the addresses from first to last
 * and no other one, in their order, and return their number. Return 0 when
 * first is after last, of the other family, or when either is a network.
 */
size_t address_cover(const struct address *first, const struct address *last,
    struct address nets[ADDRESS_COVER_MAX]);

/*
 * Make a the network of that many bits that holds it. It stays as it is when it
 * is that large or larger.
 */
void address_widen(struct address *a, int bits);

/* Return true for one address, false for a network of several. */
bool address_is_single(const struct address *a);

/* Return true when all of inner is in outer. */
bool address_holds(const struct address *outer, const struct address *inner);

/* Return true when an address is in both: one of the two holds the other. */
bool address_overlap(const struct address *a, const struct address *b);

/*
 * Return the reason why a must never be banned: it overlaps "loopback"
 * (127.0.0.0/8, ::1) or "unspecified" (0.0.0.0/8, ::). Return NULL when it may
 * be banned.
 */
const char *address_untouchable(const struct address *a);

#endif
