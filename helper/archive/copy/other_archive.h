/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Read the bans of another archive, one by one. Its file is not trusted: it is
 * only read, its views and triggers never run, and the type of each cell is
 * checked.
 */
#ifndef ARCHIVE_COPY_OTHER_ARCHIVE_H
#define ARCHIVE_COPY_OTHER_ARCHIVE_H

#include <signal.h>

#include "archive/archive.h"
#include "ban/exported_ban.h"

/* Room for an id, with its NUL; and the most former ids that are read. */
#define OTHER_ARCHIVE_ID 33
#define OTHER_ARCHIVE_FORMERS 64

/* A change of an archive: a ban that is new or is changed, or has gone. */
struct other_change {
	int64_t rev;
	int64_t number; /* of the ban */
	enum other_what {
		OTHER_BAN,	  /* ban is what it is now */
		OTHER_MERGED,	  /* it is part of another ban, or renumbered */
		OTHER_PRUNED,	  /* it was old */
		OTHER_FORGOTTEN,  /* its id was forgotten */
		OTHER_ANONYMIZED, /* another ban does not say who it was */
	} what;
	struct exported_ban ban;
};

/* An id that the archive had before its present one: the number of a ban was
 * given out under that id if it is at most number, and a change was made under
 * it if its rev is at most rev. */
struct other_archive_former {
	char id[OTHER_ARCHIVE_ID];
	int64_t rev, number;
};

struct other_archive {
	struct archive archive;
	bool shared_texts; /* its log lines are stored as in shared_text.h */
	const volatile sig_atomic_t *stop;
	int64_t deadline_ms; /* for the row that is read now */
	int64_t after;	     /* the number of the row that was read last */

	/* Of other_archive_open_changes. */
	char id[OTHER_ARCHIVE_ID]; /* of 32 hexadecimal digits */
	int64_t upto;		   /* the newest rev */
	int64_t forgotten; /* tombstones up to this rev are forgotten, or 0 */
	int64_t pruned_us; /* the last end of its pruned bans; UNKNOWN: none */
	struct other_archive_former formers[OTHER_ARCHIVE_FORMERS];
	size_t formers_n;
	/* The next changes of each kind, with their revs: 0: not read yet,
	 * INT64_MAX: there is none. */
	struct other_next {
		int64_t rev, number;
	} live, ended,
	    gone; /* bans that live, and that have ended; tombstones */
	enum other_what gone_what;
};

/*
 * Open another archive as archive_open_copy does. Reading fails with
 * EX_TEMPFAIL once stop is set. Close it with other_archive_close, which is
 * safe after a failed open too.
 */
int other_archive_open(struct other_archive *in, const char *file,
    const volatile sig_atomic_t *stop, struct err *e);
void other_archive_close(struct other_archive *in);

/*
 * Read the next ban, without exported_ban_check. Returns 1, and 0 at the end.
 * Fails with EX_DATAERR and *bad true for a row that is no ban, after which the
 * next row may be read; with *bad false and the codes of db_error otherwise.
 * The caller frees ban in every case.
 */
int other_archive_next(struct other_archive *in, struct exported_ban *ban,
    bool *bad, struct err *e);

/*
 * Open another archive as other_archive_open does, to read its changes
 * (archive/read/changes.h). Fails with EX_PROTOCOL where an older program made
 * it, which remembers no tombstones, and with EX_DATAERR where its numbers are
 * none.
 */
int other_archive_open_changes(struct other_archive *in, const char *file,
    const volatile sig_atomic_t *stop, struct err *e);

/*
 * Read the first change after rev `after` and up to in->upto; a change that was
 * returned has a rev greater than the one before. Otherwise this is as
 * other_archive_next; the caller frees change->ban. Fails, too, where a row and
 * its index differ: a copy may have the pages of two moments.
 */
int other_archive_next_change(struct other_archive *in, int64_t after,
    struct other_change *change, bool *bad, struct err *e);

/* Return 1 when the archive has a ban of that number, 0 when not, or -1. */
int other_archive_has(struct other_archive *in, int64_t number, struct err *e);

#endif
