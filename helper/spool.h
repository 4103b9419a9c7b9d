/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where an event waits that could not be archived at once: a folder, one file
 * an event, its words (event.h). A file has its name once it is whole and on
 * disk: written as tmp-*, synced, renamed, the folder synced. The name begins
 * with the event's time, so names sort in the order of events.
 */
#ifndef SPOOL_H
#define SPOOL_H

#include <stdbool.h>

#include "event.h"

/*
 * Put an event in; it is durable on return. The folder is made (0700) where
 * missing. Fails with EX_CANTCREAT or EX_IOERR.
 */
int spool_put(const char *folder, const struct event *event, struct err *e);

/* Whether an event waits there and the newest came less than 10 s ago. */
bool spool_is_fresh(const char *folder, int64_t now_us);

/*
 * The names of the files that wait, oldest first, at most max of them; a
 * missing folder has none. Release with spool_free_names. What killed writers
 * left behind is removed on the way.
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
