/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The id of a ban that no longer says who was banned. Pure. */
#ifndef BAN_ANONYMOUS_H
#define BAN_ANONYMOUS_H

#include <stdint.h>

#include "base/address.h"

/* The bits of the network that is left of an address. */
#define ANONYMOUS_BITS_4 24
#define ANONYMOUS_BITS_6 64

/*
 * The bans that became anonymous are numbered from here on among the bans of
 * one time. fail2ban makes fewer bans of an id in a second. So no ban of the
 * network itself is taken for one of them.
 */
#define ANONYMOUS_NTH 1000

/*
 * This is added to the time of such a ban to get its made_us. So an index of
 * the bans of an id has all of them before those of the network itself.
 */
#define ANONYMOUS_MADE (-(INT64_C(1) << 62))

/* Return the time of a ban with that made_us, which may be an anonymous one. */
int64_t anonymous_made_time(int64_t made_us);

/*
 * Write the anonymous id of a ban to text, and return text: the network of its
 * address, of 24 bits in IPv4 and of 64 bits in IPv6. A larger network stays as
 * it is. ip is the address where it is not the id, else NULL. The id of a ban
 * without an address becomes "anonymous".
 */
const char *anonymous_id(const char *id, const char *ip,
    char text[ADDRESS_TEXT]);

#endif
