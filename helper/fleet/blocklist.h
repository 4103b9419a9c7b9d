/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The block list of a fleet: the addresses that several of its machines banned.
 * The central function blocklist counts the roles that pushed them.
 */
#ifndef FLEET_BLOCKLIST_H
#define FLEET_BLOCKLIST_H

#include "base/address.h"
#include "fleet/connection.h"

/* The most entries, which is what reban takes. */
#define FLEET_BLOCKLIST_MOST 1000000

/* Entries, each an address or a network, in the order of their texts. */
struct fleet_blocklist {
	struct address *list;
	size_t n;
	size_t others; /* ids that are no address, which are left out */
};

/*
 * Read what at least min_hosts machines banned since since_us (microseconds).
 * The caller frees it, also on failure. Fails as fleet_query, and with
 * EX_DATAERR where there are more entries than FLEET_BLOCKLIST_MOST.
 */
int fleet_blocklist_read(struct fleet_blocklist *list,
    struct fleet_connection *c, int64_t min_hosts, int64_t since_us,
    struct err *e);

void fleet_blocklist_free(struct fleet_blocklist *list);

#endif
