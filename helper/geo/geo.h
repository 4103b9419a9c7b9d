/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where an address is from: its country and the owner of its network, from
 * databases on this machine; no name server is asked. Only commands that print
 * it open them. What a database says is not trusted, and still comes from
 * outside: escape it for where it goes.
 */
#ifndef GEO_GEO_H
#define GEO_GEO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/err.h"

/* Room for the name of an owner, with its NUL. */
#define GEO_OWNER 121

/* What to install, for a command that cannot work without it. */
#define GEO_NO_COUNTRY \
	"no database of countries: install the package tor-geoipdb, or name " \
	"an .mmdb file in the key geo of the configuration"
#define GEO_NO_ASN \
	"no database of networks' owners: name an .mmdb file, such as " \
	"GeoLite2-ASN.mmdb, in the key geo of the configuration"

struct geo_place {
	char country[3];       /* two letters, A to Z; "": unknown */
	int64_t asn;	       /* the autonomous system, or UNKNOWN */
	char owner[GEO_OWNER]; /* its name, valid UTF-8; "": unknown */
};

struct geo;

/*
 * Open the n databases at paths, which are absolute; their order decides which
 * is asked first. With n == 0 open those of the usual places that tell
 * something new. A database that cannot be opened leaves a warning, and is no
 * failure. geo_close frees *geo. Fails with EX_OSERR, without memory; *geo is
 * then NULL.
 */
int geo_open(struct geo **geo, const char *const *paths, size_t n,
    struct err *e);

/* Free geo, which may be NULL. */
void geo_close(struct geo *geo);

/* Return true when a database is open that has countries, or owners. */
bool geo_has_country(const struct geo *geo);
bool geo_has_asn(const struct geo *geo);

/*
 * Set place to where a ban's id is from: an address, or a network, which is
 * where its first address is. Where the id is neither, ip counts, the address
 * of the ban, which may be NULL. Each id is looked up only once, as far as
 * memory allows. Return true when something is known.
 */
bool geo_find(struct geo *geo, const char *ident, const char *ip,
    struct geo_place *place);

/*
 * Append the lines that stand below an output with places, each with its
 * newline: each database with its date, its age where it is over 60 days, and
 * the attribution that its licence asks for; or what to install. Paths in it
 * are escaped for a terminal. now_us counts microseconds since the epoch.
 */
void geo_put_sources(const struct geo *geo, int64_t now_us,
    struct buffer *lines);

/*
 * Return the n-th warning, from 0 on, and NULL after the last one: a database
 * that was not opened, or is damaged. Finding may add some: ask at the end.
 */
const char *geo_warning(const struct geo *geo, size_t n);

#endif
