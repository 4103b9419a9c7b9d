/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Read the bans of another archive, one by one. Its file is not trusted: it is
 * only read, its views and triggers never run, and the type of each cell is
 * checked.
 */
#ifndef ARCHIVE_OTHER_ARCHIVE_H
#define ARCHIVE_OTHER_ARCHIVE_H

#include <signal.h>

#include "archive/archive.h"
#include "ban/exported_ban.h"

struct other_archive {
	struct archive archive;
	bool shared_texts; /* its log lines are stored as in shared_text.h */
	const volatile sig_atomic_t *stop;
	int64_t deadline_ms; /* for the row that is read now */
	int64_t after;	     /* the number of the row that was read last */
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

#endif
