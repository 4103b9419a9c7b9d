/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ban that was pruned, anonymised or forgotten does not come back from a
 * source that still has it. The archive keeps two facts for that: for each
 * host, the last end of its pruned bans; and for each forgotten id, a hash of
 * it, made with a key of this archive, and when it was forgotten. A ban from
 * before that is not taken again. Errors are db_error's.
 */
#ifndef ARCHIVE_HISTORY_CLOSED_PAST_H
#define ARCHIVE_HISTORY_CLOSED_PAST_H

#include <stddef.h>

#include "archive/archive.h"
#include "base/digest.h"

struct closed_past_id {
	char hash[DIGEST_HEX];
	int64_t until_us;
};

struct closed_past {
	struct archive *archive;
	char key[DIGEST_HEX]; /* "": no id was forgotten */
	struct closed_past_id *ids;
	size_t n, room;
	char *host; /* whose pruned bans ended by until_us; NULL: not known */
	int64_t until_us;
};

/* Load the forgotten ids. The caller releases c with closed_past_free. */
int closed_past_load(struct closed_past *c, struct archive *a, struct err *e);
void closed_past_free(struct closed_past *c);

/*
 * Return true when an id, or its address (NULL: that is the id), was forgotten
 * at since_us or later.
 */
bool closed_past_is_forgotten(const struct closed_past *c, const char *id,
    const char *ip, int64_t since_us);

/*
 * Return 1 when a ban of the host that ended at since_us or later was pruned, 0
 * when none was, -1 on failure. host "" is this machine.
 */
int closed_past_is_pruned(struct closed_past *c, const char *host,
    int64_t since_us, struct err *e);

/* Set *until_us to the last end of the pruned bans of a host, or to UNKNOWN. */
int closed_past_until(struct archive *a, const char *host, int64_t *until_us,
    struct err *e);

/*
 * Note that an id was forgotten at until_us. Called between archive_begin and
 * archive_commit.
 */
int closed_past_forget(struct archive *a, const char *id, int64_t until_us,
    struct err *e);

#endif
