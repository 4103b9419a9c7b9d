/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where an event waits that could not be archived at once: a folder, one file
 * an event, its words (event.h). A file has its name once it is whole and on
 * disk: written as tmp-*, synced, renamed, the folder synced. The name begins
 * with the event's time, so names sort in the order of events.
 */
#ifndef EVENT_SPOOL_H
#define EVENT_SPOOL_H

#include <stdbool.h>

#include "event/event.h"

/* Make the folder (0700) where it is missing. Fails with EX_CANTCREAT. */
int spool_make_folder(const char *folder, struct err *e);

/*
 * Put an event in; it is durable on return. The folder is made as well. Fails
 * with EX_CANTCREAT or EX_IOERR, and with EX_NOPERM where others may write the
 * folder.
 */
int spool_put(const char *folder, const struct event *event, struct err *e);

struct spool_state {
	int64_t waiting;   /* events, counted up to the limit */
	int64_t bad;	   /* files that were set aside */
	int64_t oldest_us; /* when the oldest came; UNKNOWN: none waits */
	bool fresh;	   /* one waits, and the newest came in the last 10 s */
};

/* Whether an event came into the spool in the last 10 s. */
bool spool_is_fresh(const char *folder, int64_t now_us);

/* How it stands with the spool; a folder that cannot be read is empty. */
struct spool_state spool_look(const char *folder, int64_t limit,
    int64_t now_us);

/*
 * The names of the files that wait, oldest first, at most max of them; a
 * missing folder has none. Release with spool_free_names. What killed writers
 * left behind is taken in where it is a whole event, and removed otherwise.
 */
int spool_names(const char *folder, size_t max, char ***names, size_t *n,
    struct err *e);
void spool_free_names(char **names, size_t n);

/*
 * Read one. Fails with EX_DATAERR when it is no whole event; then
 * spool_set_aside renames it to NAME.bad, so that it is kept and not tried
 * again. Fails with EX_IOERR when it could not be read this time.
 */
int spool_read(const char *folder, const char *name, struct event *event,
    struct err *e);
int spool_set_aside(const char *folder, const char *name, struct err *e);

/* Remove one; that it is gone already is no error. */
int spool_remove(const char *folder, const char *name, struct err *e);

#endif
