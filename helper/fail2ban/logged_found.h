/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which failure of an id was found last. Room for 65,536 ids in a few MB: each
 * has one of eight places, of which the one longest not found gives way. An id
 * is known by its hash, its length and its first bytes. Pure.
 */
#ifndef FAIL2BAN_LOGGED_FOUND_H
#define FAIL2BAN_LOGGED_FOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct logged_found_set;

/* All zero at first. */
struct logged_found {
	struct logged_found_set **sets; /* made as ids come */
	uint64_t count;
};

/* An id of a jail, jails being numbered. */
struct logged_found_key {
	uint64_t jail;
	const char *ident;
	size_t len;
};

/*
 * Note the second of a failure, and when the log told of it. 0, or -1 where
 * there is no memory.
 */
int logged_found_put(struct logged_found *f, const struct logged_found_key *key,
    int64_t second, int64_t at_us);

/*
 * What was noted last of that id. A ban claims it: then no other ban can. False
 * where nothing is known.
 */
bool logged_found_get(const struct logged_found *f,
    const struct logged_found_key *key, int64_t *second, int64_t *at_us);
bool logged_found_claim(struct logged_found *f,
    const struct logged_found_key *key, int64_t *second, int64_t *at_us);

/* Release it; it may be used again. */
void logged_found_free(struct logged_found *f);

#endif
