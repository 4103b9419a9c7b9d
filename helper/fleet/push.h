/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A push: connect, ask how far the centre is, send what is new. What it knows
 * and how it ended stands in the file of archive/copy/push_state.h.
 */
#ifndef FLEET_PUSH_H
#define FLEET_PUSH_H

#include <signal.h>

#include "config.h"
#include "fleet/transfer.h"

struct push {
	const struct config *config;
	const volatile sig_atomic_t *stop;
	transfer_refuse_fn *refuse;
	struct push_state state;
	int64_t sent, refused; /* the changes of the last push_once */
};

/*
 * Push once. The archive is only read. Fails with EX_TEMPFAIL where the server
 * cannot be reached, or another push of this archive is at work; with EX_NOPERM
 * where it is the copy of an archive that another machine pushes; with
 * EX_PROTOCOL where the central schema is newer, EX_UNAVAILABLE where it is
 * older or missing; and as fleet_query does.
 */
int push_once(struct push *push, struct err *e);

/*
 * Make the central schema, or bring it up to date, by a conninfo, "": by the
 * environment alone. *from and *to are its versions before and after; 0: it is
 * not there. where is host, port and database, safe to print. Fails as
 * push_once does, and with EX_NOPERM where the role may not make it.
 */
int push_init(const char *conninfo, const volatile sig_atomic_t *stop,
    int *from, int *to, char where[FLEET_WHERE], struct err *e);
int push_migrate(const char *conninfo, const volatile sig_atomic_t *stop,
    int *from, int *to, char where[FLEET_WHERE], struct err *e);

#endif
