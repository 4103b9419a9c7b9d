/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a log tells of the server and its jails: when they start and stop, and
 * how long they ban. Pure.
 */
#ifndef FAIL2BAN_LOG_SERVER_H
#define FAIL2BAN_LOG_SERVER_H

#include "base/err.h"
#include "fail2ban/logged_held.h"
#include "fail2ban/logged_jail.h"
#include "fail2ban/log_prefix.h"

/* All zero at first, but for what holder needs. */
struct log_server {
	struct logged_jails jails;
	struct logged_holder holder;
	struct logged_jail *current; /* whose settings are being told */
	bool stopping;		     /* all jails, by the server of that pid */
	int64_t stopping_pid;
};

/*
 * The jail of a name, *jail; NULL where no jail can have it. Fails as letting
 * out does, for what is too much is let out and forgotten.
 */
int log_server_get_jail(struct log_server *s, const char *name, size_t len,
    struct logged_jail **jail, struct err *e);

/*
 * A line that does not begin with "[jail]". Fails as letting out does, which a
 * line may give cause to.
 */
int log_server_read(struct log_server *s, const struct logged_entry *entry,
    struct err *e);

/* Whether the server of that pid is stopping all its jails. */
bool log_server_stops(const struct log_server *s, int64_t pid);

void log_server_free(struct log_server *s);

#endif
