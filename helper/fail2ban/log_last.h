/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When something happened last to each id: a failure, or a ban. The table has
 * room for 65,536 ids in a few MB: an id can have one of eight places, and a
 * new id takes the place of the one to which nothing happened for the longest.
 * An id is known by its hash, its length and its first bytes. Pure.
 */
#ifndef FAIL2BAN_LOG_LAST_H
#define FAIL2BAN_LOG_LAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_last_set;

/* All zeros at first. */
struct log_last {
	struct log_last_set **sets; /* made as ids come */
	uint64_t count;
};

/* An id of a jail, which is given by its number. */
struct log_last_key {
	uint64_t jail;
	const char *ident;
	size_t len;
};

/*
 * Note a second of what happened, such as that of a failure, and when it was
 * written: the time of its line, or a number that the caller counts. Returns 0,
 * or -1 when there is no memory.
 */
int log_last_put(struct log_last *f, const struct log_last_key *key,
    int64_t second, int64_t when);

/*
 * Return true and what was noted last of that id, or false where nothing is
 * known. log_last_claim gives each failure to one ban only, so it also returns
 * false for one that was claimed before.
 */
bool log_last_get(const struct log_last *f, const struct log_last_key *key,
    int64_t *second, int64_t *when);
bool log_last_claim(struct log_last *f, const struct log_last_key *key,
    int64_t *second, int64_t *when);

/* Forget what was noted of that id. */
void log_last_forget(struct log_last *f, const struct log_last_key *key);

/* Free the table and empty it; it may be used again. */
void log_last_free(struct log_last *f);

#endif
