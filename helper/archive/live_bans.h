/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bans of the archive that have not ended, for those who judge whether
 * they have; and the removal of those that ended long ago. Writing is done
 * between archive_begin and archive_commit; errors are db_error's.
 */
#ifndef ARCHIVE_LIVE_BANS_H
#define ARCHIVE_LIVE_BANS_H

#include <stddef.h>

#include "archive/archive.h"

/* A ban that lives as far as is known. */
struct archive_live {
	int64_t id;
	char *jail, *ident;
	int64_t timeofban, since_us, seconds;
	int64_t life_us, pending_us, present, held_us, missed_us;
	int64_t flushed_us, restored_us; /* of its jail */
	int64_t rev;
	char *host;	  /* "": this machine */
	int64_t known_as; /* the second under which fail2ban has it */
	bool logged;	  /* only logs tell of it */
};

/*
 * The live bans with id > after, max of them at the most. *list is the
 * caller's, to be released with archive_live_free.
 */
int archive_live(struct archive *a, int64_t after, size_t max,
    struct archive_live **list, size_t *n, struct err *e);
void archive_live_free(struct archive_live *list, size_t n);

/* Whether a ban is still as it was when it was loaded. 1, 0 or -1. */
int archive_is_unchanged(struct archive *a, const struct archive_live *live,
    struct err *e);

/* A ban that reban may bring back. */
struct archive_lost {
	char *jail, *ident;
	int64_t timeofban, since_us, seconds;
};

/*
 * The bans of this machine, of a jail or of all (NULL), that live at now_us as
 * far as is known, and those of which only the server of another database of
 * fail2ban's did not know any more; only what its events or its database have
 * seen, and of a known time; none that may have been lifted since fail2ban was
 * started at start_us. By jail. *list is the caller's, to be released
 * with archive_lost_free.
 */
int archive_lost(struct archive *a, const char *jail, int64_t now_us,
    int64_t start_us, struct archive_lost **list, size_t *n, struct err *e);
void archive_lost_free(struct archive_lost *list, size_t n);

/* Note what the running server said of a ban: that it has it, or has not. */
int archive_set_held(struct archive *a, int64_t ban, int64_t at_us,
    struct err *e);
int archive_set_missed(struct archive *a, int64_t ban, int64_t at_us,
    struct err *e);

/*
 * Remove bans that ended, and were archived, before before_us; those of max
 * tickets at the most, and a ticket only when that is so of all its bans. *n:
 * how many bans; 0: there are none left. The ban that changed last stays: rev
 * counts on from it.
 */
int archive_prune(struct archive *a, int64_t before_us, size_t max, int64_t *n,
    struct err *e);

#endif
