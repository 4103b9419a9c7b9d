/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bans into a running fail2ban, through its socket: those of the archive that a
 * fail2ban without its database does not know any more, or a block list. Each
 * id is noted before it is sent, so that the ban that comes of it is known.
 */
#ifndef JOB_REBAN_H
#define JOB_REBAN_H

#include <signal.h>
#include <stdbool.h>

#include "config.h"

struct reban_options {
	const char *jail; /* NULL: all of them, without a list */
	const char *list; /* its file, "-": standard input; NULL: what lives */
	bool force;	  /* though the list was completed before */
	bool dry_run;	  /* only say what would be banned */
};

/*
 * What was done is said on standard output. Fails with the codes of
 * fail2ban_socket.h, and with EX_NOINPUT where fail2ban has no such jail; what
 * was sent until then is banned, and doing it again sends the rest.
 */
int reban(const struct config *config, const struct reban_options *options,
    const volatile sig_atomic_t *stop, struct err *e);

#endif
