/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An archive in a folder of its own, for tests of code that writes into one.
 * Include it after cmocka.h.
 */
#ifndef LAB_H
#define LAB_H

#include "archive/archive.h"
#include "config.h"
#include "scratch.h"

struct lab {
	void *scratch;
	struct archive archive;
	struct config config;
};

/* Make an empty archive, and the default configuration. */
static inline void
lab_set_up(struct lab *lab)
{
	struct err e = { 0 };

	assert_int_equal(scratch_make(&lab->scratch), 0);
	config_set_defaults(&lab->config);
	assert_ok(archive_open(&lab->archive,
		      scratch_path(lab->scratch, "archive.sqlite3"), 1000,
		      false, &e),
	    &e);
	/* The content is tested here, not the disk. */
	assert_ok(db_exec(&lab->archive.db, "PRAGMA synchronous = OFF", &e),
	    &e);
}

static inline void
lab_tear_down(struct lab *lab)
{
	archive_close(&lab->archive);
	assert_int_equal(scratch_remove(&lab->scratch), 0);
}

/*
 * Return the first column of a query's rows, joined by newlines; NULL is "-".
 * The caller frees it.
 */
static inline char *
lab_query(struct lab *lab, const char *sql)
{
	sqlite3_stmt *st;
	const char *text;
	char *joined;
	size_t len;
	FILE *out = open_memstream(&joined, &len);

	if (sqlite3_prepare_v2(lab->archive.db.handle, sql, -1, &st, NULL) !=
	    SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(lab->archive.db.handle));
	for (int n = 0; sqlite3_step(st) == SQLITE_ROW; n++) {
		text = (const char *)sqlite3_column_text(st, 0);
		fprintf(out, "%s%s", n > 0 ? "\n" : "",
		    text != NULL ? text : "-");
	}
	sqlite3_finalize(st);
	fclose(out);
	return joined;
}

/*
 * Return what the archive's statements have counted since the last call: how
 * often they ran (SQLITE_STMTSTATUS_RUN), or their steps (_VM_STEP).
 */
static inline int64_t
lab_take_count(struct lab *lab, int counter)
{
	sqlite3_stmt *st = NULL;
	int64_t count = 0;

	while ((st = sqlite3_next_stmt(lab->archive.db.handle, st)) != NULL)
		count += sqlite3_stmt_status(st, counter, 1);
	return count;
}

static inline void
lab_assert(struct lab *lab, const char *what, const char *sql,
    const char *expected)
{
	char *got = lab_query(lab, sql);

	if (strcmp(got, expected) != 0)
		fail_msg("%s: got\n%s\nwanted\n%s", what, got, expected);
	free(got);
}

#endif
