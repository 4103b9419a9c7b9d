/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which failure of an id was found last. Room for 65,536 ids in a few MB: each
 * has one of eight places, of which the one longest not found gives way. An id
 * is known by its hash, its length and its first bytes. Pure.
 */
#ifndef FAIL2BAN_LOG_LAST_FAILURE_H
#define FAIL2BAN_LOG_LAST_FAILURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_last_failure_set;

/* All zero at first. */
struct log_last_failure {
	struct log_last_failure_set **sets; /* made as ids come */
	uint64_t count;
};

/* An id of a jail, jails being numbered. */
struct log_last_failure_key {
	uint64_t jail;
	const char *ident;
	size_t len;
};

/*
 * Note the second of a failure, and when the log told of it. 0, or -1 where
 * there is no memory.
 */
int log_last_failure_put(struct log_last_failure *f,
    const struct log_last_failure_key *key, int64_t second, int64_t at_us);

/*
 * What was noted last of that id. A ban claims it: then no other ban can. False
 * where nothing is known.
 */
bool log_last_failure_get(const struct log_last_failure *f,
    const struct log_last_failure_key *key, int64_t *second, int64_t *at_us);
bool log_last_failure_claim(struct log_last_failure *f,
    const struct log_last_failure_key *key, int64_t *second, int64_t *at_us);

/* Release it; it may be used again. */
void log_last_failure_free(struct log_last_failure *f);

#endif
