/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The jails that a log names: what is known of each, by its name. Pure.
 */
#ifndef FAIL2BAN_LOGGED_JAIL_H
#define FAIL2BAN_LOGGED_JAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/macros.h"

/* So many are known at a time: more is no log of fail2ban's. */
#define LOGGED_JAIL_MAX 1024

/* The longest name, in bytes. */
#define LOGGED_JAIL_NAME 255

struct logged_jail {
	uint64_t number;	     /* no other jail ever gets it */
	char name[LOGGED_JAIL_NAME]; /* bytes of the log */
	size_t len;
	char *shown;	    /* the name as valid UTF-8, with a NUL */
	int64_t bantime;    /* seconds, -1 for ever, or UNKNOWN */
	bool increment;	    /* bans may last longer than that */
	struct buffer held; /* what is held back of it (logged_held.h) */
	bool listed;
	struct logged_jail *next; /* in the list of those */
};

/* All zero at first. */
struct logged_jails {
	struct logged_jail **slots;
	struct logged_jail *last; /* the one asked for before */
	size_t count;
	uint64_t numbers;
	int64_t doubt; /* no jail has another ban time than this or UNKNOWN */
};

/*
 * The jail of a name of at most LOGGED_JAIL_NAME bytes, made where it is not
 * known yet. Only where logged_jail_has_room. NULL where there is no memory.
 */
struct logged_jail *logged_jail_get(struct logged_jails *jails,
    const char *name, size_t len);

/* Whether one more jail may be made. */
bool logged_jail_has_room(const struct logged_jails *jails);

/* The ban time of a jail is told. */
void logged_jail_set_bantime(struct logged_jails *jails,
    struct logged_jail *jail, int64_t bantime);

/*
 * A ban time is told, and not whose: what is known of jails that have another
 * is in doubt.
 */
void logged_jail_doubt(struct logged_jails *jails, int64_t bantime);

/* Forget them all; the next jails get other numbers. */
void logged_jail_forget(struct logged_jails *jails);

#endif
