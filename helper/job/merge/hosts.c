/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/merge/hosts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "archive/file.h"
#include "archive/kind.h"
#include "archive/read/changes.h"
#include "base/escape.h"
#include "job/merge/write.h"
#include "job/replay/replay.h"

/* Return true when a path is that of this archive. */
static bool
is_own(const struct hosts_merge *h, const struct stat *st)
{
	return st->st_dev == h->run.archive.dev &&
	    st->st_ino == h->run.archive.ino;
}

/*
 * Say what helps where SQLite cannot open an archive with its WAL: it makes the
 * index of the WAL, a file, beside it.
 */
static int
explain(const char *path, struct err *e)
{
	char wal[PATH_MAX];

	if ((e->code != EX_NOINPUT && e->code != EX_NOPERM) ||
	    access(path, R_OK) != 0 ||
	    (size_t)snprintf(wal, sizeof(wal), "%s" BESIDE_WAL, path) >=
		sizeof(wal) ||
	    access(wal, F_OK) != 0)
		return -1;
	return err_set(e, EX_NOINPUT,
	    "%s: its -wal can only be read in a folder that may be written: "
	    "copy both files to one",
	    path);
}

/* Find out the kind of a file by its first bytes. */
static int
guess(struct hosts_merge *h, const char *path, enum replay_format *format,
    struct err *e)
{
	struct line_reader in;
	enum archive_kind kind;
	const char *bytes;
	size_t len;
	int rc;

	if (line_reader_open(&in, path, e) != 0)
		return -1;
	in.stop = h->run.stop;
	if ((rc = line_reader_peek(&in, &bytes, &len, e)) == 0)
		*format = replay_guess_format(bytes, len);
	line_reader_close(&in);
	/* The mark in the header may still be in the WAL alone. */
	if (rc == 0 && *format == REPLAY_DATABASE) {
		if (archive_kind(path, &kind, e) != 0)
			return explain(path, e);
		if (kind != ARCHIVE_KIND_OTHER)
			*format = REPLAY_ARCHIVE;
	}
	return rc;
}

static int
merge_source(struct hosts_merge *h, const struct merge_source *source,
    struct err *e)
{
	enum replay_format format = REPLAY_ANY;
	struct stat st;

	if (stat(source->path, &st) != 0)
		return err_errno(e, EX_NOINPUT, "%s", source->path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, EX_DATAERR, "%s: not a regular file",
		    source->path);
	if (is_own(h, &st)) {
		h->result->what = MERGE_OWN;
		return 0;
	}
	if (guess(h, source->path, &format, e) != 0)
		return -1;
	if (format == REPLAY_ARCHIVE)
		return merge_archive(h, source->path, e) == 0 ?
		    0 :
		    explain(source->path, e);
	if (format == REPLAY_JSON)
		return merge_export(h, source->path, e);
	h->result->what = MERGE_NO_SOURCE;
	return 0;
}

/* Fail where a source that was named by itself cannot be merged. */
static int
check_named(const struct merge_result *result, struct err *e)
{
	const struct merge_source *source = result->source;

	if (source->named && result->what == MERGE_OWN)
		return err_set(e, EX_DATAERR,
		    "%s: it is this archive itself, or a copy of it: its bans "
		    "are here already",
		    source->path);
	if (source->named && result->what == MERGE_NO_SOURCE)
		return err_set(e, EX_DATAERR,
		    "%s: it is no archive, and no JSON Lines of export: see "
		    "fail2ban-archive replay --host NAME",
		    source->path);
	return 0;
}

/* Merge the source of a result, and hand the result to the command. */
static void
merge_one(struct hosts_merge *h, struct merge_result *result)
{
	const struct merge_source *source = result->source;

	h->result = result;
	h->host = source->host;
	h->nameless = h->keep_rev = h->begun = false;
	h->formers_n = 0;
	if (merge_source(h, source, &result->why) != 0 ||
	    check_named(result, &result->why) != 0) {
		merge_write_drop(h);
		result->what = MERGE_FAILED;
		if (h->status == 0)
			h->first = result->why;
		h->status = h->status == 0 ? result->why.code : h->status;
	}
	h->run.row.rows += result->rows;
	h->run.row.skipped += result->refused + result->foreign;
	h->run.row.bad += result->bad;
	if (!h->run.cut_off)
		h->fn(h->to, result);
	/* A failed transaction may have written a source that is not there. */
	if (result->what == MERGE_FAILED && h->begun) {
		struct err ignored;

		if (merged_load_again(&h->known, h->source, &ignored) != 0)
			h->run.cut_off = true;
	}
}

static int
work(void *job, struct err *e)
{
	struct hosts_merge *h = job;
	struct archive *a = &h->run.archive;
	int64_t rev;

	/* A power cut loses whole transactions: these are merged again. */
	if (archive_set_durable(a, false, e) != 0 ||
	    run_note(&h->run, e) != 0 || run_be_bulk(&h->run, e) != 0 ||
	    archive_overwrite_removed(a, e) != 0 ||
	    archive_changes_state(a, &rev, h->id, e) != 0 ||
	    merged_load(&h->known, a, e) != 0)
		return -1;
	for (size_t i = 0; i < h->sources->n && !run_is_over(&h->run); i++) {
		struct merge_result result = { .source = &h->sources->list[i] };

		merge_one(h, &result);
	}
	if (h->status == 0 || h->run.cut_off)
		return 0;
	*e = h->first;
	return -1;
}

static int
with_archive(struct hosts_merge *h, struct run_summary *summary, struct err *e)
{
	int rc = run_open(&h->run, e);

	if (rc == 0) {
		rc = run_main(&h->run, work, NULL, h, e);
		run_sum_up(&h->run, summary);
		summary->done = true;
	}
	if (rc == 0 && h->run.cut_off)
		rc = err_set(e, EX_TEMPFAIL, "interrupted");
	merged_free(&h->known);
	run_close(&h->run);
	return rc;
}

int
merge_hosts(const struct run_caller *caller,
    const struct merge_sources *sources, const char *what, merge_result_fn *fn,
    void *to, struct run_summary *summary, struct err *e)
{
	struct hosts_merge *h;
	char escaped[PATH_MAX];
	int turn, rc;

	*summary = (struct run_summary){ .busy = false };
	if ((turn = run_wait_turn(caller, RUN_MERGE, e)) < 0)
		return -1;
	if ((h = calloc(1, sizeof(*h))) == NULL) {
		close(turn);
		return err_no_memory(e);
	}
	run_init(&h->run, caller, RUN_MERGE);
	escape_text(escaped, sizeof(escaped), what, strlen(what));
	h->run.row.source = escaped;
	h->run.refuse = REFUSE_PAST;
	h->sources = sources;
	h->fn = fn;
	h->to = to;
	rc = with_archive(h, summary, e);
	free(h);
	close(turn);
	return rc;
}
