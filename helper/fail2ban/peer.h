/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection to a server's UNIX stream socket, with one deadline for all of
 * it. Signals only make it look at the clock. Knows no protocol.
 *
 * All of these fail with EX_UNAVAILABLE when nobody is there, or no longer;
 * EX_TEMPFAIL when the deadline is over; EX_NOPERM when the socket may not be
 * used; EX_OSERR when the system fails.
 */
#ifndef FAIL2BAN_PEER_H
#define FAIL2BAN_PEER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct peer {
	int fd;		     /* -1: closed */
	int64_t deadline_ms; /* of CLOCK_MONOTONIC */
};

/*
 * Connect to the socket at path, within timeout_ms, which is also when all
 * that follows is over. Fails with EX_CONFIG for a path that is longer than
 * a socket's can be; p is closed then.
 */
int peer_open(struct peer *p, const char *path, int timeout_ms, struct err *e);

/* Safe on a closed one. */
void peer_close(struct peer *p);

/* Send all of buf. */
int peer_send(struct peer *p, const void *buf, size_t len, struct err *e);

/* Wait for at least one byte and take what there is; *got is how many. */
int peer_receive(struct peer *p, void *buf, size_t cap, size_t *got,
    struct err *e);

#endif
