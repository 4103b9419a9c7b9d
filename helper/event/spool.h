/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The spool: a folder for events that could not be archived at once, one file
 * an event with its words (event.h). A file is written as tmp-*, synced and
 * renamed, and then the folder is synced, so a file with its final name is
 * whole and on disk. The name begins with the event's time, so names sort in
 * the order of events.
 */
#ifndef EVENT_SPOOL_H
#define EVENT_SPOOL_H

#include <stdbool.h>

#include "event/event.h"

/* Make the folder (0700) where it is missing. Fails with EX_CANTCREAT. */
int spool_make_folder(const char *folder, struct err *e);

/*
 * Put an event into the spool, and make the folder where it is missing. On
 * return the event is on disk. Fails with EX_CANTCREAT or EX_IOERR, and with
 * EX_NOPERM where other users may write the folder.
 */
int spool_put(const char *folder, const struct event *event, struct err *e);

struct spool_state {
	int64_t waiting; /* number of events, counted up to the limit */
	int64_t bad;	 /* number of files that were set aside */
	/*
	 * The time of the oldest event; UNKNOWN: none waits; 0: a clock that
	 * ran ahead made one.
	 */
	int64_t oldest_us;
	bool unreadable; /* the user may not read the folder */
	bool fresh; /* an event waits, and the newest came in the last 10 s */
};

/* Return true when an event came into the spool in the last 10 s. */
bool spool_is_fresh(const char *folder, int64_t now_us);

/*
 * Return the state of the spool; a folder that cannot be read is empty, and
 * unreadable says so where it is there.
 */
struct spool_state spool_look(const char *folder, int64_t limit,
    int64_t now_us);

/*
 * List the files of the oldest events, oldest first, at most max; a missing
 * folder has none. Release with spool_free_names. An unfinished file that is
 * older than a minute, or from the future, was left by a killed writer: it
 * joins the list if it is a whole event, and is removed otherwise.
 */
int spool_names(const char *folder, size_t max, char ***names, size_t *n,
    struct err *e);
void spool_free_names(char **names, size_t n);

/*
 * Read an event. Fails with EX_DATAERR when the file is no whole event: the
 * caller then calls spool_set_aside, which renames it to NAME.bad, so that it
 * is kept and not tried again. Fails with EX_IOERR when it could not be read
 * this time.
 */
int spool_read(const char *folder, const char *name, struct event *event,
    struct err *e);
int spool_set_aside(const char *folder, const char *name, struct err *e);

/* Remove a file; a file that is gone already is no error. */
int spool_remove(const char *folder, const char *name, struct err *e);

#endif
