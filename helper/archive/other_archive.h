/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Another archive's bans, one by one. Its file may come from anybody: it is
 * only read, its views and triggers do not run, and of each cell it is asked
 * what it is.
 */
#ifndef ARCHIVE_OTHER_ARCHIVE_H
#define ARCHIVE_OTHER_ARCHIVE_H

#include <signal.h>

#include "archive/archive.h"
#include "ban/exported_ban.h"

struct other_archive {
	struct archive archive;
	bool with_pieces; /* its log lines are taken apart: pieces.h */
	const volatile sig_atomic_t *stop;
	int64_t deadline_ms; /* of the present reading */
	int64_t after;	     /* the row that was read last */
};

/*
 * Open another archive, as archive_open_copy does. stop ends a reading with
 * EX_TEMPFAIL. Release with other_archive_close, which is safe after a failed
 * open, too.
 */
int other_archive_open(struct other_archive *in, const char *file,
    const volatile sig_atomic_t *stop, struct err *e);
void other_archive_close(struct other_archive *in);

/*
 * The next ban, not checked yet: 1, and 0 at the end; -1 with EX_DATAERR and
 * *bad for a row that is none, after which the next may be read, otherwise with
 * db_error's codes. The caller frees ban in any case.
 */
int other_archive_next(struct other_archive *in, struct exported_ban *ban,
    bool *bad, struct err *e);

#endif
