/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is held back of jails until it is clear whether it is to be told. Pure.
 */
#ifndef FAIL2BAN_LOGGED_HELD_H
#define FAIL2BAN_LOGGED_HELD_H

#include "base/err.h"
#include "fail2ban/logged_jail.h"

/* Something held back. ident is text with a NUL. */
struct logged_held {
	int64_t at_us, seconds, count;
	int kind;   /* the holder's */
	bool stops; /* the stop of a jail may be why it is there */
	const char *ident;
};

/* Gets what is let out. Returns -1 with e filled to stop. */
typedef int logged_held_fn(void *to, const struct logged_jail *jail,
    const struct logged_held *held, struct err *e);

/* All zero at first, but for fn and to. */
struct logged_holder {
	logged_held_fn *fn;
	void *to;
	struct logged_jail *holding; /* the jails of which something is held */
	size_t count, bytes;
};

/*
 * Hold back something of a jail; when that is too much in all, all is let out.
 * These fail as fn does, and with EX_OSERR when there is no memory.
 */
int logged_held_put(struct logged_holder *h, struct logged_jail *jail,
    const struct logged_held *held, struct err *e);

/* Whether something is held of the jail. */
bool logged_held_is(const struct logged_jail *jail);

/* Let out what is held of a jail, in its order; of all jails. */
int logged_held_out(struct logged_holder *h, struct logged_jail *jail,
    struct err *e);
int logged_held_all_out(struct logged_holder *h, struct err *e);

/*
 * The jail has stopped at at_us (UNKNOWN: some time): let out the same, but not
 * what stops that leads up to it without a gap of more than a minute.
 */
int logged_held_stopped(struct logged_holder *h, struct logged_jail *jail,
    int64_t at_us, struct err *e);

#endif
