/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server and its jails, as a log shows them: when they start and stop, and
 * how long they ban. Lines of a jail can be held here until it is clear whether
 * the jail was stopping. Pure.
 */
#ifndef FAIL2BAN_LOG_SERVER_H
#define FAIL2BAN_LOG_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/err.h"
#include "fail2ban/log_prefix.h"

/* The longest name of a jail, in bytes. */
#define LOG_SERVER_NAME 255

struct log_server_jail {
	uint64_t number;	    /* no other jail ever gets it */
	char name[LOG_SERVER_NAME]; /* bytes of the log */
	size_t len;
	char *shown;	    /* the name as valid UTF-8, with a NUL */
	int64_t bantime;    /* seconds, -1 for ever, or UNKNOWN */
	bool increment;	    /* bans may last longer than that */
	int64_t made;	    /* how often the log shows that it was made */
	struct buffer held; /* the lines that are held */
	bool listed;	    /* in the list of jails that hold lines */
	struct log_server_jail *next;
};

/* A line that is held. ident is text with a NUL. */
struct log_server_held {
	int64_t at_us, seconds, count;
	int kind;     /* the caller's */
	bool by_stop; /* it may be part of the jail's stop */
	bool forgets; /* the stop ends the ban: the server keeps none */
	bool stopped; /* on release: it was part of such a stop */
	const char *ident;
};

/* Whether a server keeps its bans over a stop, in a database. */
enum log_server_memory {
	LOG_SERVER_UNKNOWN,
	LOG_SERVER_BEGINS, /* its start is logged so far, and no database */
	LOG_SERVER_KEEPS,
	LOG_SERVER_FORGETS,
};

/* Versions of fail2ban that differ in what they log. */
enum log_server_version {
	LOG_SERVER_ANY, /* not known */
	LOG_SERVER_0_8, /* no database */
	LOG_SERVER_0_9, /* a ban that comes back is logged as "Ban" */
	LOG_SERVER_0_10,
};

/*
 * Take a line that is released; it lives until the function returns. Returns
 * -1 with e filled to end the reading of the log.
 */
typedef int log_server_held_fn(void *to, const struct log_server_jail *jail,
    const struct log_server_held *held, struct err *e);

/* All zeros at first, except fn and to, which the caller sets. */
struct log_server {
	log_server_held_fn *fn;
	void *to;

	struct log_server_jail **slots; /* the jails, by the hash of the name */
	struct log_server_jail *last;	/* the jail that was asked for last */
	size_t jails;
	uint64_t numbers;
	/* No jail has another ban time than this one or UNKNOWN. */
	int64_t ownerless_bantime;

	struct log_server_jail *holding; /* the jails that hold lines */
	size_t held, held_bytes;

	struct log_server_jail *current; /* the jail whose settings follow */
	enum log_server_memory memory;
	enum log_server_version version;
	int64_t pid;   /* of the server that began last */
	bool stopping; /* all jails of the server of that pid */
	int64_t stopping_pid;
};

/*
 * Find the jail of a name, or make it; *jail is NULL where no jail can have
 * that name. At most 1,024 jails are kept; for one more, all lines are released
 * and all jails forgotten, so pointers to other jails become invalid. Fails as
 * the release does, and with EX_OSERR when there is no memory.
 */
int log_server_get_jail(struct log_server *s, const char *name, size_t len,
    struct log_server_jail **jail, struct err *e);

/*
 * Read a line that does not begin with "[jail]". It may release lines; fails as
 * the release does.
 */
int log_server_read(struct log_server *s, const struct log_prefix_entry *entry,
    struct err *e);

/* Note the version that a line shows, unless another one has said it. */
void log_server_see_version(struct log_server *s,
    enum log_server_version version);

/*
 * Return true when a stop of the server that wrote that record ends its bans
 * for good: it is of 0.8, or has no database. A server has none when the log
 * shows its start and its first jail, and no database between them, or one in
 * memory. (fail2ban 0.9 to 1.1, server/database.py; 0.8 has no such file.)
 */
bool log_server_forgets(const struct log_server *s,
    const struct log_record *record);

/* Return true while the server of that pid stops all its jails. */
bool log_server_stops(const struct log_server *s, int64_t pid);

/*
 * Hold a line of a jail; when too many are held, all are released. Fails as
 * the release does, and with EX_OSERR when there is no memory.
 */
int log_server_hold(struct log_server *s, struct log_server_jail *jail,
    const struct log_server_held *held, struct err *e);

/* Return true when a line of the jail is held. */
bool log_server_holds(const struct log_server_jail *jail);

/*
 * Release the held lines of a jail in their order, or those of all jails. Fails
 * as fn does; the lines of that jail are gone then as well.
 */
int log_server_release(struct log_server *s, struct log_server_jail *jail,
    struct err *e);
int log_server_release_all(struct log_server *s, struct err *e);

/* Free all jails. */
void log_server_free(struct log_server *s);

#endif
