/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answer of one database. The owner lies in the database's memory and has
 * no NUL, so that an answer that is kept is small.
 */
#ifndef GEO_PLACE_H
#define GEO_PLACE_H

#include <stdint.h>

/* The longest name of an owner in bytes; a longer one is cut. */
#define PLACE_OWNER_MAX 120

/* What a database tells: bits, one for each family of addresses. */
#define PLACE_COUNTRY_4 1u
#define PLACE_COUNTRY_6 2u
#define PLACE_ASN_4 4u
#define PLACE_ASN_6 8u
#define PLACE_COUNTRY (PLACE_COUNTRY_4 | PLACE_COUNTRY_6)
#define PLACE_ASN (PLACE_ASN_4 | PLACE_ASN_6)
#define PLACE_4 (PLACE_COUNTRY_4 | PLACE_ASN_4)

struct place {
	const char *owner; /* in UTF-8 */
	uint32_t asn;	   /* 0: unknown */
	uint8_t owner_len; /* 0: unknown */
	char country[2];   /* two letters A to Z, or zeros: unknown */
};

#endif
