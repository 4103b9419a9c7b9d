/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bans that reban --live may bring back. Errors are db_error's. */
#ifndef ARCHIVE_HISTORY_LOST_BANS_H
#define ARCHIVE_HISTORY_LOST_BANS_H

#include <stddef.h>

#include "archive/archive.h"

/* A ban that reban may bring back. */
struct lost_ban {
	char *jail, *ident;
	int64_t timeofban, since_us, seconds;
};

struct lost_bans {
	struct lost_ban *list;
	size_t n, room;
};

/*
 * Find the bans that fail2ban may have lost: bans of this machine, of one jail
 * or of all (NULL). Such a ban lives at now_us as far as the archive knows; or
 * its end was inferred, because a server with another database than the ban's
 * lacked it. A ban is left out when only logs or imports show it, when its ban
 * time is unknown, and when it may have been lifted since fail2ban was started
 * at start_us. The bans are in the order of their jails. The caller releases
 * lost with lost_bans_free.
 */
int lost_bans_find(struct archive *a, const char *jail, int64_t now_us,
    int64_t start_us, struct lost_bans *lost, struct err *e);
void lost_bans_free(struct lost_bans *lost);

#endif
