/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The databases of fail2ban that were read (table source). Each row notes how
 * far the database was read, and the state of the archive when its live bans
 * were last judged. Writing is done between archive_begin and archive_commit.
 * Errors are db_error's.
 */
#ifndef ARCHIVE_FAIL2BAN_SOURCE_H
#define ARCHIVE_FAIL2BAN_SOURCE_H

#include "archive/archive.h"

/*
 * The state of the archive, which an event or a run changes when it adds
 * something that a live ban's end may depend on.
 */
struct archive_state {
	int64_t rev;	    /* the newest */
	int64_t flushed_us; /* a sum of the times of all jails' last flushes */
};

int archive_state(struct archive *a, struct archive_state *state,
    struct err *e);

/* A database of fail2ban, and how far it has been read. */
struct archive_source {
	int64_t id; /* 0: there is none yet */
	char path[PATH_MAX];
	int64_t dev, ino;
	int64_t counter; /* the header's change counter, when it was all read */
	int64_t mark_rowid; /* the rows of bans up to it are archived */
	char mark_key[64];  /* the key of the row of mark_rowid */
	int64_t full_us;    /* when a full diff was last completed */
	int64_t full_bans;  /* the row of bans that a full diff has reached */
	int64_t full_bips;  /* the row of bips; 0: no full diff is under way */
	/*
	 * The archive's state at the last run that judged all live bans;
	 * UNKNOWN: no run has.
	 */
	struct archive_state settled;
	int64_t server_us; /* when the server that was then asked was started */
	int64_t due_us;	  /* when the next live ban is up; 0: one is in doubt */
	int64_t begun_us; /* when a run or an event first saw the database */
	int64_t born_us;  /* when its file was made; 0 or UNKNOWN: not known */
};

/*
 * Load the present database, which is the last one that was added; s->id is 0
 * when there is none.
 */
int archive_source_last(struct archive *a, struct archive_source *s,
    struct err *e);

/*
 * Find out whether the present database is the file of s->dev, s->ino and
 * s->born_us (0: not known); where s->ino is 0, whether it was the present one
 * at s->begun_us already. *id is its id then, and 0 otherwise.
 */
int archive_source_is(struct archive *a, const struct archive_source *s,
    int64_t *id, struct err *e);

/*
 * Add another database, which was first seen at s->begun_us, by its path, dev,
 * ino and born_us. Sets s->id, and the marks to none.
 */
int archive_source_add(struct archive *a, struct archive_source *s,
    struct err *e);

/* Save how far the database s->id has been read. */
int archive_source_save(struct archive *a, const struct archive_source *s,
    struct err *e);

#endif
