/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The values of metrics: from the archive, the spool and the running server. */
#ifndef CMD_METRICS_READ_H
#define CMD_METRICS_READ_H

#include "config.h"
#include "render/metrics.h"

struct metrics_read {
	struct metrics metrics;
	struct metrics_jail *jails; /* those of metrics */
	size_t room;
	struct metrics_host *hosts; /* those of metrics */
	size_t hosts_room;
};

/* Begin with values that are all unknown. */
void metrics_read_begin(struct metrics_read *read);

/*
 * Ask fail2ban for its jails, and look at the spool. The archive's lock is not
 * to be held. Fails with EX_OSERR; it is no failure if fail2ban does not
 * answer.
 */
int metrics_read_server(struct metrics_read *read, const struct config *config,
    struct err *e);

/*
 * Read what the archive has, and keep the counters in it, so that they never
 * fall; a warning tells where that is not possible. Fails as archive_open_read
 * and counted_read.
 */
int metrics_read_archive(struct metrics_read *read, const struct config *config,
    struct err *e);

/*
 * Put the jails in the order of their names; two whose names differ in bytes
 * that are not UTF-8 become one. Call it last.
 */
void metrics_read_end(struct metrics_read *read);

void metrics_read_free(struct metrics_read *read);

#endif
