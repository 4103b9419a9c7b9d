/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A new file beside the archive, PATH.new, into which a first backfill writes,
 * and which then takes the archive's place. It is written without a journal and
 * in one transaction, most indexes are made at its end, and no event waits for
 * it meanwhile: events write into the archive. The archive's rows are taken
 * over as they are, with their numbers and revs: most of them while events
 * still write, and the rest at the end, when the archive is open alone and
 * locked. The bans of the new file have greater ones. So whoever reads the
 * changes of the archive misses none and gets none twice.
 *
 * The archive stands, whatever happens, until the new file is whole and on
 * disk, and takes its name in one step. A new file that a killed run has left
 * is of no use: the next run removes it. Errors are db_error's.
 */
#ifndef ARCHIVE_COPY_NEW_FILE_H
#define ARCHIVE_COPY_NEW_FILE_H

#include <signal.h>

#include "archive/archive.h"
#include "archive/jails.h"
#include "archive/read/changes.h"

/* An id, as the archive had it when its bans were last taken over. */
struct new_file_id {
	struct archive_ident of;   /* the texts belong to the new file */
	const char *name;	   /* the jail's */
	uint64_t digest;	   /* of its bans; 0: it has none any more */
	bool changed;		   /* they were taken over this time */
	size_t carried, carried_n; /* for the caller; 0 at first */
};

struct new_file {
	/* Bans are added to it; it has no path, and no lock is held. */
	struct archive archive;
	char path[PATH_MAX];		   /* "": none */
	char id[ARCHIVE_ID];		   /* the archive's */
	const volatile sig_atomic_t *stop; /* not 0: work on the file fails */
	int64_t first;	/* what the archive gives out meanwhile is less */
	bool numbered;	/* the bans have numbers from that on */
	char **indexes; /* those that are still to be made, as SQL */
	size_t n, room;
	char *folder;		 /* of SQLite's temporary files */
	struct new_file_id *ids; /* see new_file_take_over */
	size_t ids_n, ids_room;
	int64_t evidence; /* up to this it is taken over */
};

/* The most bans in an archive for which a new file is begun. */
#define NEW_FILE_BANS 10000

/*
 * Return 1 when a new file can take the place of the archive, which has at most
 * bans bans, and no more pages in use than that, and is nothing but what events
 * and runs of this machine have seen: no lines of logs, no note of reban.
 * Return 0 when not, -1 on failure.
 */
int new_file_fits(struct archive *a, int64_t bans, struct err *e);

/* Remove what a killed run has left beside the archive at path. */
void new_file_remove(const char *path);

/*
 * Begin a new file beside the archive. It gets what the archive knows of jails
 * and of fail2ban's database, and no ban. It is written while *stop is 0.
 * new_file_close removes it, unless it has taken the archive's place; call it
 * on failure too. Fails with EX_UNAVAILABLE when the archive has a table, an
 * index or a view that is not this program's.
 */
int new_file_begin(struct new_file *n, struct archive *a,
    const volatile sig_atomic_t *stop, struct err *e);
void new_file_close(struct new_file *n);

/*
 * Fail with EX_IOERR unless a is the archive for which the new file was begun:
 * another one may lie at its path by now.
 */
int new_file_check(const struct new_file *n, struct archive *a, struct err *e);

/* Add a jail with the number that it has in the archive. */
int new_file_add_jail(struct new_file *n, const char *name,
    const struct archive_jail *jail, struct err *e);

/*
 * Raise the ids and revs of the bans to first and above. The first call that
 * finds bans does it, and later ones do nothing. Call it after each of the
 * first chunks.
 */
int new_file_number(struct new_file *n, struct err *e);

/*
 * Make the indexes. Before that, bans are only added, and none is looked for.
 */
int new_file_make_indexes(struct new_file *n, struct err *e);

/* Commit, and flush the file to disk, while events still write. */
int new_file_flush(struct new_file *n, struct err *e);

/*
 * Remove the bans of an id from the new file, before those of the archive take
 * their place. Return 0, or -1 on failure.
 */
typedef int new_file_clear_fn(void *to, struct new_file_id *id, struct err *e);

/*
 * Take over all rows of the archive as they are; n->ids, in order, are the ids
 * of which it has bans, or had some. This can be done again and again, while
 * events still write: then it takes the ids over that have changed since. The
 * last time the archive is open alone. Fails as new_file_check, and with
 * EX_UNAVAILABLE when the archive has given out numbers up to those of the bans
 * here.
 */
int new_file_take_over(struct new_file *n, struct archive *a,
    new_file_clear_fn *clear, void *to, struct err *e);

/*
 * Commit, flush the file to disk, and let it take the place of the archive,
 * which is open alone; *done says whether it has. The caller closes a and n
 * next.
 */
int new_file_take_place(struct new_file *n, struct archive *a, bool *done,
    struct err *e);

#endif
