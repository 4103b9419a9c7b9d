/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bans that lie elsewhere than in a file of SQLite: a table of functions that
 * answer what archive/read/queries.h and archive/read/tally.h ask. An archive
 * that has one (archive_open_elsewhere) answers by it alone. All functions fail
 * with the codes of whoever implements them, and "fleet: ..." as the text.
 */
#ifndef ARCHIVE_ELSEWHERE_H
#define ARCHIVE_ELSEWHERE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/filter.h"
#include "ban/ban_field.h"
#include "ban/state.h"
#include "base/err.h"

struct archive_tally;
struct figures;
struct elsewhere;

enum elsewhere_order {
	ELSEWHERE_NEWEST,
	ELSEWHERE_OLDEST,
	/* The bans without an end of the networks that hold filter->ident. */
	ELSEWHERE_NETWORKS,
};

/* The machines whose bans they are. */
struct elsewhere_hosts {
	int64_t n;
	/* Of those that say it: their gaps of 30 days, and how many have any.
	 */
	int64_t say, gaps, with_gaps;
	/* Those that have not pushed in time, the longest silent first. */
	struct elsewhere_host {
		char *name;
		int64_t pushed_us;
		int64_t spool; /* the events that waited there, or UNKNOWN */
	} * silent;
	size_t silent_n, silent_room;
};

struct elsewhere_calls {
	/* As archive_has_jail. */
	int (*has_jail)(struct elsewhere *of, const char *name, struct err *e);
	/*
	 * Ask for the bans of a filter, and for its limit of them. There is one
	 * question at a time; close ends it, whatever is left. The filter
	 * outlives it. Unless it is whole, it is as archive_cursor_open_newest
	 * says; with a user, it has the captures too. The bans may be more than
	 * the filter takes, where archive_filter_is_deep.
	 */
	int (*open)(struct elsewhere *of, const struct archive_filter *filter,
	    enum elsewhere_order order, bool whole, struct err *e);
	/* Go to the next ban: 1, 0 after the last one, -1. */
	int (*next)(struct elsewhere *of, struct err *e);
	/* A field of the present ban, as archive_cursor_text and _number. */
	const char *(*text)(struct elsewhere *of, enum ban_field field);
	int64_t (*number)(struct elsewhere *of, enum ban_field field);
	enum ban_state (*state)(struct elsewhere *of, int64_t now_us);
	void (*close)(struct elsewhere *of);
	/* As archive_net_has_more. */
	int (*net_has_more)(struct elsewhere *of, const struct address *net,
	    int64_t n, bool *more, struct err *e);
	/* As archive_tally and archive_tally_ids. */
	int (*tally)(struct elsewhere *of, const struct archive_tally *tally,
	    struct figures *f, struct err *e);
	/*
	 * Set hosts, all of them or those of a name; elsewhere_free_hosts frees
	 * it, also after a failure.
	 */
	int (*hosts)(struct elsewhere *of, const char *name,
	    struct elsewhere_hosts *hosts, struct err *e);
	void (*end)(struct elsewhere *of);
};

/* The first member of a struct that only its implementation knows. */
struct elsewhere {
	const struct elsewhere_calls *calls;
};

void elsewhere_free_hosts(struct elsewhere_hosts *hosts);

#endif
