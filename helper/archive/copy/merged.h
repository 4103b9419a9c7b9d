/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bans that a merge brought from the archives of other machines. The
 * archive remembers each source and the last rev that was read of it, in the
 * table meta, and for each such ban its source and its number there. So a ban
 * that changes in its source is found again, whatever of it has changed.
 *
 * The number stands in the column missed_us, which is of no use to a ban of
 * another machine: no server here is asked about it. A time is less than
 * MERGED_LEAST of archive/statements.c, and a number is not.
 *
 * A source changes only the bans that it has brought, or that another source
 * of the same host has, and those that no merge has brought: a source may lie
 * about the host of a ban. Errors are db_error's. What writes is called between
 * archive_begin and archive_commit.
 */
#ifndef ARCHIVE_COPY_MERGED_H
#define ARCHIVE_COPY_MERGED_H

#include <stddef.h>

#include "archive/archive.h"
#include "archive/history/ticket_memo.h"
#include "ban/exported_ban.h"

/* The greatest number of a ban in its source, and of a source. */
#define MERGED_BAN_MAX ((INT64_C(1) << 42) - 1)
#define MERGED_SOURCE_MAX ((INT64_C(1) << 19) - 1)

struct merged_source {
	char *id;   /* the archive's; of exports without one "export " HOST */
	char *host; /* whose bans without a host these are */
	int64_t number; /* 0: the source is new */
	int64_t rev;	/* its changes up to here are merged */
};

/* All sources that the archive knows. All zero: none. */
struct merged {
	struct archive *archive;
	struct merged_source *sources;
	size_t n, room;
	int64_t now_us;		/* when what is written now is archived */
	int64_t added, changed; /* how many bans were */
	/*
	 * The tickets whose rows all have numbers between from and to, as found
	 * at a version of the archive (SQLite: PRAGMA data_version). As long as
	 * that stays, only the source of these numbers adds rows.
	 */
	struct merged_alone {
		struct ticket_memo tickets;
		int64_t from, to, version;
	} alone;
};

/* Forget what is known of tickets: a rollback has undone what it rests on. */
void merged_forget_alone(struct merged *m);

/* Return 1 when bans of other machines were merged, 0 when none, or -1. */
int merged_any(struct archive *a, struct err *e);

/*
 * Hand each host and the number of its bans to fn, those of this machine as "";
 * for at most limit of them. fn returns -1 where memory is short.
 */
typedef int merged_host_fn(void *to, const char *host, int64_t bans);
int merged_hosts(struct archive *a, int64_t limit, merged_host_fn *fn, void *to,
    struct err *e);

/* Load the sources. The caller releases m with merged_free. */
int merged_load(struct merged *m, struct archive *a, struct err *e);
void merged_free(struct merged *m);

/*
 * Load one source again, by its place, after a transaction was rolled back: a
 * new one may not be there any more, and goes; the last one then has its place.
 */
int merged_load_again(struct merged *m, size_t source, struct err *e);

/*
 * Return the source with an id, which is valid until the next one is added;
 * NULL: there is none, or memory is short in merged_add.
 */
struct merged_source *merged_find(const struct merged *m, const char *id);
struct merged_source *merged_add(struct merged *m, const char *id,
    const char *host, struct err *e);

/* Write a source: all its changes up to its rev are merged. */
int merged_save(struct merged *m, struct merged_source *source, struct err *e);

/* A ban on its way from a source. */
struct merged_ban {
	const struct merged_source *source;
	int64_t number; /* in the source, from 1 on */
	/* The ban; checked with exported_ban_check. */
	const struct exported_ban *ban;
	const char *host;
	int64_t jail; /* row of the table jail */
	/* The ban's number may be another one at the next reading, as an export
	 * has none: those of the latter reading are not found again by it. */
	bool nameless;
};

/*
 * Find the row of a ban: by its number, and else by its jail, id, host and
 * time. *row is 0 where the archive lacks it. Returns 1 where another source
 * has brought the ban and keeps it, 0 otherwise, -1 on failure.
 */
int merged_find_row(struct merged *m, const struct merged_ban *ban,
    int64_t *row, struct err *e);

/* Write the ban in its row, or in a new one (0). */
int merged_put(struct merged *m, const struct merged_ban *ban, int64_t row,
    struct err *e);

/* The ways in which the archive treats a ban that its source has no more. */
enum merged_gone {
	/* Its source has it under another number, or has it no more: it goes at
	 * merged_end, unless it was found again by then. */
	MERGED_LOOSE,
	/* It is forgotten: it goes at once, and stays counted. */
	MERGED_FORGOTTEN,
	/* It is another ban now, which does not say who was banned. */
	MERGED_ANONYMIZED,
};

/* Do that with the ban that has a number in a source, if there is one. */
int merged_remove(struct merged *m, const struct merged_source *source,
    int64_t number, enum merged_gone gone, struct err *e);

/*
 * Remove what is left of the bans that a merged_remove has made loose; at most
 * max. Returns how many were removed, or -1.
 */
int merged_end(struct merged *m, const struct merged_source *source, int max,
    struct err *e);

/* A ban of a source, as merged_list finds it. */
struct merged_row {
	int64_t number, ended_us;
};

/*
 * End the first ban after the rev *after whose source has not said that it
 * ended, and whose ban time was over before before_us: such a source may never
 * come again. Returns 1 with the rev that it had in *after, 0 when there is
 * none, or -1.
 */
int merged_expire(struct archive *a, int64_t before_us, int64_t *after,
    struct err *e);

/*
 * Set *bans to the number of bans that are so, and were over from from_us on;
 * UNKNOWN: of all.
 */
int merged_count_overdue(struct archive *a, int64_t from_us, int64_t before_us,
    int64_t *bans, struct err *e);

/*
 * Find the bans of a source with numbers after a number, in that order, at most
 * max; *n is how many. No transaction is needed.
 */
int merged_list(struct merged *m, const struct merged_source *source,
    int64_t after, struct merged_row *list, size_t max, size_t *n,
    struct err *e);

#endif
