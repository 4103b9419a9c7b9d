/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last failure of each id. The table has room for 65,536 ids in a few MB:
 * an id can have one of eight places, and a new id takes the place of the one
 * whose failure is the oldest. An id is known by its hash, its length and its
 * first bytes. Pure.
 */
#ifndef FAIL2BAN_LOG_LAST_FAILURE_H
#define FAIL2BAN_LOG_LAST_FAILURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_last_failure_set;

/* All zeros at first. */
struct log_last_failure {
	struct log_last_failure_set **sets; /* made as ids come */
	uint64_t count;
};

/* An id of a jail, which is given by its number. */
struct log_last_failure_key {
	uint64_t jail;
	const char *ident;
	size_t len;
};

/*
 * Note the second of a failure, and the time of its line. Returns 0, or -1 when
 * there is no memory.
 */
int log_last_failure_put(struct log_last_failure *f,
    const struct log_last_failure_key *key, int64_t second, int64_t at_us);

/*
 * Return true and the last failure of that id, or false where none is known.
 * log_last_failure_claim gives each failure to one ban only, so it also returns
 * false for a failure that was claimed before.
 */
bool log_last_failure_get(const struct log_last_failure *f,
    const struct log_last_failure_key *key, int64_t *second, int64_t *at_us);
bool log_last_failure_claim(struct log_last_failure *f,
    const struct log_last_failure_key *key, int64_t *second, int64_t *at_us);

/* Free the table and empty it; it may be used again. */
void log_last_failure_free(struct log_last_failure *f);

#endif
