/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of the sources of one replay. A log goes on in the next one of its
 * rotation, so the oldest is read first. Its age is what its lines say: files
 * are copied without their times.
 *
 * Logs of one folder whose names differ only by their rotation ("x.log",
 * "x.log.2.gz", "x.log-20240101.xz") are one log. The logs are ordered by their
 * first lines, each whole; of those that begin with the same stamp, one that
 * has no other stamp is the first. (A log was cut within its first millisecond:
 * its first piece was read last, and the jails' ban times with it.) The files
 * of a log are ordered by their first lines, too.
 * Where lines have no year, as in syslog, their order could be the wrong one:
 * the files of such a log are ordered by their names. Sources that are no logs,
 * streams, and files without a line of fail2ban's come last, in the order in
 * which they were given.
 */
#ifndef JOB_REPLAY_ORDER_H
#define JOB_REPLAY_ORDER_H

#include "job/replay/source.h"

struct replay_order {
	char *source;	   /* the caller's */
	int64_t begins_us; /* the first stamp in it; UNKNOWN: none */
	bool has_year;	   /* false: the stamp has no year */
	bool goes_on;	   /* a line with another stamp follows */
	/* The rest is for replay_order.c. */
	size_t base;	  /* bytes of the name without its rotation */
	int64_t rotation; /* grows with the age of the name's file backwards */
	size_t given;	  /* its number in the order that was given */
	int64_t log_begins_us;
	bool log_goes_on;
	size_t log; /* the number of the first file of the same log */
	bool by_name;
};

/*
 * Order n sources. Each log is read until its first line of fail2ban's; an
 * unreadable source counts as one without such a line. stop ends the reading.
 */
void replay_order(struct replay_order *sources, size_t n,
    const struct replay_options *options, const volatile sig_atomic_t *stop);

/*
 * Prepare the context for source i of n. The facts of the logs before are
 * forgotten where it does not go on with them: it is another log, and begins
 * before they end.
 */
void replay_order_turn(const struct replay_order *sources, size_t n, size_t i,
    struct replay_context *context);

/*
 * Return the number of bytes of a path without its rotation and its packing.
 * *rotation becomes INT64_MAX where it has none, otherwise a number that is
 * smaller for an older file of the same log. Pure.
 */
size_t replay_order_split(const char *path, int64_t *rotation);

#endif
