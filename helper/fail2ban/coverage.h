/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The jails of a running server, and whether our action sees their bans. A jail
 * is covered when it has the action fail2ban-archive, under whatever name that
 * begins so, and the action's helper can be run.
 * (fail2ban 1.0.2, server/transmitter.py: "status", "get JAIL actions" and "get
 * JAIL action ACTION PARAMETER".)
 */
#ifndef FAIL2BAN_COVERAGE_H
#define FAIL2BAN_COVERAGE_H

#include <stddef.h>

#include "base/err.h"
#include "fail2ban/server.h"

/* The name of our action; names that fail2ban makes of it begin with it. */
#define COVERAGE_ACTION "fail2ban-archive"

/* From the best to the worst; a jail with several of our actions has the worst
 * of them. */
enum coverage_state {
	COVERAGE_FULL,
	COVERAGE_UNKNOWN, /* the server did not say: why is NULL */
	COVERAGE_NONE,	  /* the jail does not have the action: why is NULL */
	COVERAGE_RENAMED, /* its parameter name= hides the jail's name: why */
	COVERAGE_BROKEN	  /* the helper why cannot be run: reason is errno */
};

struct coverage_jail {
	char *jail; /* as the server has it: any text */
	enum coverage_state state;
	char *why;
	int reason;
};

/* Jails in the order of strcmp(3). All zeros is an empty one. */
struct coverage {
	struct coverage_jail *jail;
	size_t n;
};

/*
 * Ask the server for its jails and their actions: one question, then one a
 * jail, and two more for each of our actions. A jail about which the server
 * does not answer is COVERAGE_UNKNOWN; so are the jails that are left when the
 * session's deadline is over. Fails as fail2ban_server_get_jails, and then
 * coverage is empty. The caller frees coverage.
 */
int coverage_ask(struct coverage *coverage, struct fail2ban_server *server,
    struct err *e);

void coverage_free(struct coverage *coverage);

#endif
