/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/reban.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "archive/live_bans.h"
#include "archive/reban_notes.h"
#include "job/reban_list.h"
#include "base/escape.h"
#include "os/line_reader.h"
#include "os/log.h"
#include "os/clock.h"
#include "job/reban_batch.h"

/* There is no deadline of a run's own. */
#define DEADLINE_MS (INT_MAX / 2)

/* So many entries a list may have. */
#define LIST_MAX 1000000

struct reban {
	const struct reban_options *options;
	struct run run;
	struct reban_batch batch;
	char hash[LINE_READER_HASH], how[300]; /* of a list */
	int64_t shown;			       /* bad lines that were told of */
};

/* An id of the archive's, which may be an address that is ignored by now. */
static int
add_lost(struct reban *r, const struct lost_ban *lost, struct err *e)
{
	struct address a;

	if (!reban_batch_holds(&r->batch, lost->ident) &&
	    address_parse(lost->ident, strlen(lost->ident), &a) &&
	    reban_batch_ignores(&r->batch, &a)) {
		reban_batch_refuse(&r->batch, lost->ident,
		    "the jail ignores it");
		return 0;
	}
	return reban_batch_add(&r->batch, lost->ident, lost->timeofban, e);
}

/* The bans of one jail; *n: how many those are. */
static int
reban_jail(struct reban *r, const struct lost_ban *list, size_t max, size_t *n,
    struct err *e)
{
	int rc;

	for (*n = 1; *n < max && strcmp(list[*n].jail, list->jail) == 0; ++*n)
		continue;
	rc = reban_batch_enter(&r->batch, list->jail, e);
	for (size_t i = 0; i < *n && rc == 0 && !run_is_over(&r->run); i++)
		rc = add_lost(r, &list[i], e);
	if (rc == 0)
		rc = reban_batch_flush(&r->batch, e);
	reban_batch_leave(&r->batch);
	return rc;
}

/* A jail that is missing is told of, and the others are gone on with. */
static int
reban_live(struct reban *r, struct err *e)
{
	struct lost_bans lost;
	struct err first = { 0 };
	size_t m = 1;
	bool none;
	int rc;

	if (reban_notes_find_lost(&r->run.archive, r->options->jail,
		clock_wall_us(), run_server_start_us(&r->run), &lost, e) != 0)
		return -1;
	r->run.row.rows = (int64_t)lost.n;
	rc = 0;
	for (size_t i = 0; i < lost.n && rc == 0 && !run_is_over(&r->run);
	     i += m) {
		rc = reban_jail(r, &lost.list[i], lost.n - i, &m, e);
		if (rc != 0 && e->code == EX_NOINPUT) {
			log_line(LOG_ERR, "reban: %s: %zu bans are left",
			    e->text, m);
			if (first.code == 0)
				first = *e;
			rc = 0;
		}
	}
	none = lost.n == 0;
	reban_notes_free_lost(&lost);
	/* Nothing to do, or no such jail? */
	if (none && r->options->jail != NULL) {
		rc = reban_batch_enter(&r->batch, r->options->jail, e);
		reban_batch_leave(&r->batch);
	}
	if (rc == 0 && first.code != 0) {
		*e = first;
		rc = -1;
	}
	return rc;
}

/* What a list says: each once, in no order. */
struct list {
	struct address *entries;
	size_t n, room;
};

static int
compare_addresses(const void *pa, const void *pb)
{
	const struct address *a = pa, *b = pb;
	int order = a->family - b->family;

	if (order == 0)
		order = memcmp(a->bytes, b->bytes, sizeof(a->bytes));
	return order != 0 ? order : a->bits - b->bits;
}

static int
put_entry(struct list *list, const struct address *a, struct err *e)
{
	struct address *grown;

	if (list->n == LIST_MAX)
		return err_set(e, EX_DATAERR, "more than %d entries", LIST_MAX);
	if (list->entries == NULL || list->n == list->room) {
		list->room = list->room == 0 ? 256 : 2 * list->room;
		grown = realloc(list->entries, list->room * sizeof(*grown));
		if (grown == NULL)
			return err_set(e, EX_OSERR, "out of memory");
		list->entries = grown;
	}
	list->entries[list->n++] = *a;
	return 0;
}

static void
tell_line(struct reban *r, const char *line, size_t len, const char *why)
{
	char what[120], escaped[64];

	escape_text(escaped, sizeof(escaped), line, len < 40 ? len : 40);
	snprintf(what, sizeof(what), "line %" PRId64 ": %s", r->run.row.rows,
	    escaped);
	reban_batch_tell(&r->shown, what, why);
}

static int
read_list(struct reban *r, struct line_reader *in, struct list *list,
    struct err *e)
{
	struct address a;
	const char *line, *why;
	size_t len;
	int rc = 0;

	while (!run_is_over(&r->run) &&
	    (rc = line_reader_next(in, &line, &len, e)) == 1) {
		r->run.row.rows++;
		switch (reban_list_read(line, len, &a, &why)) {
		case REBAN_LIST_NOTHING:
			break;
		case REBAN_LIST_ADDRESS:
			if (put_entry(list, &a, e) != 0)
				return -1;
			break;
		case REBAN_LIST_BAD:
			r->run.row.bad++;
			tell_line(r, line, len, why);
			break;
		}
	}
	if (run_is_over(&r->run))
		return 0;
	return rc;
}

static int
ban_list(struct reban *r, struct list *list, struct err *e)
{
	char texts[REBAN_BATCH_BATCH][ADDRESS_TEXT];
	const char *why;
	int rc = 0;

	if (list->n > 1)
		qsort(list->entries, list->n, sizeof(*list->entries),
		    compare_addresses);
	for (size_t i = 0; i < list->n && rc == 0 && !run_is_over(&r->run);
	     i++) {
		const struct address *a = &list->entries[i];
		char *text = texts[r->batch.n];

		if (i > 0 && compare_addresses(a, a - 1) == 0)
			continue;
		address_print(a, text);
		if ((why = reban_batch_find_refusal(&r->batch, a)) != NULL) {
			reban_batch_refuse(&r->batch, text, why);
			continue;
		}
		rc = reban_batch_add(&r->batch, text, UNKNOWN, e);
	}
	return rc == 0 ? reban_batch_flush(&r->batch, e) : -1;
}

static int
run_noted(struct reban *r, int (*work)(struct reban *, void *, struct err *),
    void *with, struct err *e)
{
	int64_t before_us = clock_wall_us() - REBAN_NOTES_US;
	struct run *run = &r->run;
	struct merge merge;
	struct err also;
	int rc;

	if (r->options->dry_run)
		return work(r, with, e);
	if (run_begin(run, &merge, e) != 0 ||
	    reban_notes_prune(&run->archive, before_us, e) != 0 ||
	    run_commit(run, &merge, e) != 0)
		return -1;
	rc = work(r, with, e);
	run_rollback(run);
	run->row.skipped = r->batch.there + r->batch.refused;
	if (run_end(run,
		rc != 0		 ? RUN_FAILED :
		    run->cut_off ? RUN_INTERRUPTED :
				   RUN_COMPLETED,
		rc != 0 ? e->text : NULL, rc != 0 ? &also : e) != 0)
		rc = -1;
	return rc;
}

static int
work_live(struct reban *r, void *with UNUSED, struct err *e)
{
	return reban_live(r, e);
}

static int
work_list(struct reban *r, void *with, struct err *e)
{
	const struct list *list = with;
	int rc;

	if (list->n == 0 && !r->run.cut_off)
		return err_set(e, EX_DATAERR, "%s: there is no address in it",
		    r->options->list);
	rc = reban_batch_enter(&r->batch, r->options->jail, e);
	if (rc == 0)
		rc = ban_list(r, with, e);
	reban_batch_leave(&r->batch);
	return rc;
}

/* A list is read to its end first: its hash tells whether it is known. */
static int
with_list(struct reban *r, struct err *e)
{
	struct list list = { 0 };
	struct line_reader in;
	int rc;

	if (line_reader_open(&in, r->options->list, e) != 0)
		return -1;
	in.stop = r->run.stop;
	snprintf(r->how, sizeof(r->how), "--jail %s", r->options->jail);
	r->run.row.how = r->how;
	r->run.row.content = r->hash;
	rc = in.stream ? 0 : line_reader_hash(&in, r->hash, r->run.stop, e);
	if (rc == 0 && !in.stream)
		rc = r->options->force ?
		    0 :
		    run_is_known(&r->run, r->options->list, e);
	if (rc == 0)
		rc = read_list(r, &in, &list, e);
	if (rc == 0 && in.stream &&
	    (rc = line_reader_hash_end(&in, r->hash, e)) == 0)
		rc = r->options->force ?
		    0 :
		    run_is_known(&r->run, r->options->list, e);
	if (rc == 0)
		rc = run_noted(r, work_list, &list, e);
	line_reader_close(&in);
	free(list.entries);
	return rc;
}

static int
with_archive(struct reban *r, struct err *e)
{
	struct archive *a = &r->run.archive;
	int rc;

	rc = reban_batch_begin(&r->batch, &r->run, r->options->dry_run, e);
	if (rc != 0)
		return -1;
	if (r->options->dry_run)
		rc = archive_open_read(a, r->run.config->archive, e);
	else
		rc = archive_open(a, r->run.config->archive,
		    run_lock_ms(&r->run), false, e);
	if (rc == 0) {
		archive_unlock(a);
		rc = r->options->list != NULL ?
		    with_list(r, e) :
		    run_noted(r, work_live, NULL, e);
		archive_close(a);
	}
	reban_batch_end(&r->batch);
	return rc;
}

static void
print_summary(const struct reban *r)
{
	printf("reban: %" PRId64 " %s, %" PRId64 " already there, %" PRId64
	       " refused, %" PRId64 " bad%s\n",
	    r->batch.sent, r->options->dry_run ? "would be sent" : "sent",
	    r->batch.there, r->batch.refused, r->run.row.bad,
	    r->run.cut_off ? "; interrupted, do it again to go on" : "");
}

int
reban(const struct config *config, const struct reban_options *options,
    const volatile sig_atomic_t *stop, struct err *e)
{
	char source[PATH_MAX] = "live bans";
	struct reban r = {
		.options = options,
		.run = {
			.config = config,
			.stop = stop,
			.deadline_ms = clock_steady_ms() + DEADLINE_MS,
			.row = {
				.kind = RUN_REBAN,
				.state = RUN_RUNNING,
				.source = source,
				.started_us = clock_wall_us(),
				.finished_us = UNKNOWN,
				.gap_seconds = UNKNOWN,
			},
		},
	};
	int turn = run_wait_turn(config, RUN_REBAN, stop, e), rc;

	if (turn < 0)
		return -1;
	if (options->list != NULL)
		escape_text(source, sizeof(source), options->list,
		    strlen(options->list));
	rc = with_archive(&r, e);
	close(turn);
	if (rc == 0 || r.batch.sent > 0)
		print_summary(&r);
	if (rc == 0 && r.run.cut_off)
		return err_set(e, EX_TEMPFAIL, "reban: interrupted");
	return rc < 0 ? err_wrap(e, "reban") : 0;
}
