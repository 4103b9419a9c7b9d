/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text files that name the country of each range of addresses, in the order of
 * the addresses, one range a line: the first address, the last one and the
 * country, between commas. IPv4 has decimal numbers, IPv6 addresses; ?? is an
 * unknown country; a line that begins with # is a comment. A line that is none
 * of these is passed over. Pure: the text is only searched, never parsed as a
 * whole, so that a command that asks for one address starts at once.
 * (Debian's tor-geoipdb 0.4.9: /usr/share/tor/geoip, /usr/share/tor/geoip6;
 * tor's src/lib/geoip/geoip.c.)
 */
#ifndef GEO_RANGES_H
#define GEO_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "geo/place.h"

struct ranges {
	const char *text; /* the caller keeps it */
	size_t len;
	size_t begin; /* of the first line after the comments */
	int family;   /* AF_INET or AF_INET6, as the first range has it */
	/*
	 * By the first 16 bits of an address: where the line begins that has
	 * the address of these bits and zeros, plus 1; 0: not searched yet.
	 */
	uint32_t *blocks;
	/* The byte at which a line begins that is damaged; -1: none was met. */
	int64_t damaged_at;
};

/*
 * Begin to read a text; ranges_end ends it. Return false when its first line
 * that is no comment is no range: then there is nothing to end.
 */
bool ranges_begin(struct ranges *ranges, const char *text, size_t len);
void ranges_end(struct ranges *ranges);

/*
 * Set the country of place from the range that holds the first address of a, if
 * there is one. Sets ranges->damaged_at when a damaged line is met.
 */
void ranges_find(struct ranges *ranges, const struct address *a,
    struct place *place);

/*
 * Return microseconds since the epoch of the day after "Generated:" in the
 * comments, which is a date of RFC 1123; UNKNOWN where there is none.
 */
int64_t ranges_date_us(const struct ranges *ranges);

#endif
