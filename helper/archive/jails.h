/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The jails of the archive: their names, flushes and restored bans; and what
 * names the bans of one id in one jail. Functions
 * that write are called between archive_begin and archive_commit. Errors are
 * db_error's.
 */
#ifndef ARCHIVE_JAILS_H
#define ARCHIVE_JAILS_H

#include <stddef.h>

#include "archive/archive.h"

/* An id in a jail of a host. The caller keeps the texts. */
struct archive_ident {
	int64_t jail;	   /* row of the table jail */
	const char *ident; /* as fail2ban names it: mostly an address */
	const char *host;  /* whose ban it is; NULL: this machine's */
	bool anonymous;	   /* its bans that became anonymous, which are those of
			      others: they are a history of their own */
};

/* Return the host as the tables have it: "" is this machine. */
const char *archive_ident_host(const struct archive_ident *of);

/* A row of the table jail. */
struct archive_jail {
	int64_t id;
	int64_t noted_us; /* when reban last noted an id of it; 0: never */
};

/* Load the row of the jail of that name; add it when it is missing. */
int archive_jail_get(struct archive *a, const char *name,
    struct archive_jail *jail, struct err *e);

/* Return 1 when the archive has a jail of that name, 0 when not, or -1. */
int archive_has_jail(struct archive *a, const char *name, struct err *e);

/* Take the name of a jail, which is valid until the function returns. */
typedef void archive_jail_fn(void *to, const char *name);

/* Call fn for each jail of the archive by name, for at most limit of them. */
int archive_jail_names(struct archive *a, int64_t limit, archive_jail_fn *fn,
    void *to, struct err *e);

/* Note that a jail was flushed, or that a ban of it was restored, at at_us. */
int archive_jail_flushed(struct archive *a, int64_t jail, int64_t at_us,
    struct err *e);
int archive_jail_restored(struct archive *a, int64_t jail, int64_t at_us,
    struct err *e);

/* A ban that a flush may have ended. */
struct flushed_ban {
	char *ident;
	int64_t made_us;
	int64_t last_us; /* its end, or when it was last shown */
};

struct flushed_bans {
	struct flushed_ban *list;
	size_t n, room;
};

/*
 * Find the bans of this machine that a flush at at_us may have ended, although
 * the archive knows of later events of the jail. The caller releases bans with
 * archive_jail_free_flushed, on failure too.
 */
int archive_jail_find_flushed(struct archive *a, int64_t jail, int64_t at_us,
    struct flushed_bans *bans, struct err *e);
void archive_jail_free_flushed(struct flushed_bans *bans);

#endif
