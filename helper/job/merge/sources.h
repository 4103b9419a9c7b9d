/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sources of a merge: which files are they, and whose bans do they hold.
 */
#ifndef JOB_MERGE_SOURCES_H
#define JOB_MERGE_SOURCES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct merge_source {
	char *path;
	char *host;
	bool named; /* by itself, and not found in a folder */
};

/* All zero: none. */
struct merge_sources {
	struct merge_source *list;
	size_t n, room;
	size_t links; /* symbolic links that were left out */
};

/*
 * Add the sources of a path in the order of their names: a file, or a folder's
 * files and those of its folders, no deeper. Symbolic links in a folder, hidden
 * files (rsync writes such ones) and the files beside an archive are left out.
 * host names the host of a file; NULL: its path does, as
 * merge_sources_name_host says. Fails with EX_NOINPUT where the path cannot be
 * read, with EX_USAGE where host is given for a folder, with EX_DATAERR where a
 * file names no host; of a folder all other sources are added even so, and the
 * first failure is the one that is returned.
 */
int merge_sources_add(struct merge_sources *sources, const char *path,
    const char *host, struct err *e);
void merge_sources_free(struct merge_sources *sources);

/*
 * Return the host that a file's name gives, in text: HOST.sqlite3,
 * HOST.jsonl and HOST.jsonl.gz name it; of archive.sqlite3 and export.jsonl it
 * is the name of the folder, which is folder. NULL where it is no name: empty,
 * too long or no UTF-8. Pure.
 */
const char *merge_sources_name_host(const char *file, const char *folder,
    char text[256]);

/*
 * Return true for a name of this machine, or localhost: such a host would be
 * taken for this machine, whose own bans have no host.
 */
bool merge_sources_is_here(const char *host);

/* The longest name of a host, in bytes. */
#define MERGE_HOST_MAX 255

/* Return true for the name of a file beside an archive: archive/beside. Pure.
 */
bool merge_sources_is_beside(const char *name);

#endif
