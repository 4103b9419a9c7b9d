/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Databases in MaxMind's format, and the only user of libmaxminddb. A record is
 * asked by the names of MaxMind and DB-IP (country.iso_code,
 * autonomous_system_number) and by those of IPinfo (country_code, asn). What it
 * holds is not trusted: a value of another type or form counts as missing.
 * (https://maxmind.github.io/MaxMind-DB/, https://db-ip.com/db/format/,
 * https://ipinfo.io/developers/ipinfo-lite-database)
 */
#ifndef GEO_MMDB_H
#define GEO_MMDB_H

#include <maxminddb.h>
#include <stdint.h>

#include "base/address.h"
#include "base/err.h"
#include "geo/place.h"

struct mmdb {
	MMDB_s file;
	unsigned tells; /* bits PLACE_ */
};

/*
 * Open the regular file at path, and look at some of its records to learn what
 * it tells. Fails with EX_DATAERR when it is no whole mmdb file, with EX_IOERR
 * and EX_OSERR. mmdb_close frees what a successful call has opened.
 */
int mmdb_open(struct mmdb *db, const char *path, struct err *e);
void mmdb_close(struct mmdb *db);

/*
 * Set what place has not yet, a country or a network's number with its owner,
 * from the record of the first address of a. place points into db. Fails with
 * EX_DATAERR when the file is damaged there; place may be set in part.
 */
int mmdb_find(const struct mmdb *db, const struct address *a,
    struct place *place, struct err *e);

/* Return microseconds since the epoch when the file was made, or UNKNOWN. */
int64_t mmdb_date_us(const struct mmdb *db);

/*
 * Return the n-th text, from 0 on, that names the publisher: the type of the
 * database, then its descriptions. Return NULL after the last one.
 */
const char *mmdb_publisher(const struct mmdb *db, size_t n);

#endif
