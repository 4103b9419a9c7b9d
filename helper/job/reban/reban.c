/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/reban/reban.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "archive/history/lost_bans.h"
#include "archive/history/notes.h"
#include "base/escape.h"
#include "base/list.h"
#include "job/reban/list.h"
#include "os/clock.h"
#include "os/line_reader.h"

struct reban {
	const struct reban_options *options;
	struct reban_summary *summary;
	struct run run;
	struct reban_batch batch;

	/* The list: its addresses, in no order and maybe twice. */
	char hash[DIGEST_HEX], how[300];
	struct address *entries;
	size_t n, room;
	int64_t shown; /* the number of bad lines that were logged */
};

/* Add a lost ban to the batch, unless its address is refused by now. */
static int
add_lost(struct reban *r, const struct lost_ban *lost, struct err *e)
{
	struct address a;
	const char *why = NULL;

	if (!reban_batch_server_has(&r->batch, lost->ident) &&
	    address_parse(lost->ident, strlen(lost->ident), &a))
		why = reban_batch_find_refusal(&r->batch, &a);
	if (why != NULL) {
		reban_batch_refuse(&r->batch, lost->ident, why);
		return 0;
	}
	return reban_batch_add(&r->batch, lost->ident, lost->timeofban, e);
}

/* Send the bans of the first jail in list; *n: how many of max those are. */
static int
ban_jail(struct reban *r, const struct lost_ban *list, size_t max, size_t *n,
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

/*
 * Send all bans, jail by jail; log a missing jail, and go on with the others.
 */
static int
ban_jails(struct reban *r, const struct lost_ban *list, size_t n, struct err *e)
{
	struct err first = { 0 };
	size_t m = 1;
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0 && !run_is_over(&r->run); i += m) {
		rc = ban_jail(r, &list[i], n - i, &m, e);
		if (rc != 0 && e->code == EX_NOINPUT) {
			run_say(&r->run, LOG_ERR,
			    "reban: %s: %zu bans are left", e->text, m);
			if (first.code == 0)
				first = *e;
			rc = 0;
		}
	}
	if (rc == 0 && first.code != 0) {
		*e = first;
		rc = -1;
	}
	return rc;
}

static int
ban_lost(struct reban *r, struct err *e)
{
	struct lost_bans lost;
	bool none;
	int rc;

	if (lost_bans_find(&r->run.archive, r->options->jail, clock_wall_us(),
		run_server_start_us(&r->run), &lost, e) != 0)
		return -1;
	r->run.row.rows = (int64_t)lost.n;
	none = lost.n == 0;
	rc = ban_jails(r, lost.list, lost.n, e);
	lost_bans_free(&lost);
	/* No ban is lost, or fail2ban has no such jail: find out which. */
	if (none && r->options->jail != NULL) {
		rc = reban_batch_enter(&r->batch, r->options->jail, e);
		reban_batch_leave(&r->batch);
	}
	return rc;
}

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
put_entry(struct reban *r, const struct address *a, struct err *e)
{
	struct address *grown;

	if (r->n == REBAN_ENTRIES_MAX)
		return err_set(e, EX_DATAERR, "more than %d entries",
		    REBAN_ENTRIES_MAX);
	grown = list_grow(r->entries, &r->room, r->n + 1, sizeof(*grown));
	if (grown == NULL)
		return err_no_memory(e);
	r->entries = grown;
	r->entries[r->n++] = *a;
	return 0;
}

/*
 * Count the parts that are bad of the line or document that was read last, and
 * log the first of them.
 */
static void
take_bad(struct reban *r, const struct reban_list *list)
{
	const struct reban_found *found = &list->found;
	char what[120], escaped[64];

	r->run.row.bad += found->bad;
	escape_text(escaped, sizeof(escaped), found->part, found->part_len);
	snprintf(what, sizeof(what), "line %" PRId64 ": %s",
	    r->run.row.rows - list->lines + 1, escaped);
	reban_batch_say_why(&r->run, &r->shown, what, found->why);
}

static int
take_found(struct reban *r, const struct reban_list *list, struct err *e)
{
	if (list->found.bad > 0)
		take_bad(r, list);
	for (size_t i = 0; i < list->found.n; i++) {
		if (put_entry(r, &list->found.list[i], e) != 0)
			return -1;
	}
	return 0;
}

static int
read_lines(struct reban *r, struct line_reader *in, struct reban_list *list,
    struct err *e)
{
	const char *line;
	size_t len;
	int rc = 0;

	while (!run_is_over(&r->run) &&
	    (rc = line_reader_next(in, &line, &len, e)) == 1) {
		r->run.row.rows++;
		if (reban_list_read(list, line, len, e) != 0 ||
		    take_found(r, list, e) != 0)
			return -1;
	}
	if (run_is_over(&r->run))
		return 0;
	return rc != 0 || reban_list_end(list, e) != 0 ? -1 :
							 take_found(r, list, e);
}

static int
read_entries(struct reban *r, struct line_reader *in, struct err *e)
{
	struct reban_list list = { .begun = false };
	int rc = read_lines(r, in, &list, e);

	reban_list_free(&list);
	return rc;
}

/* Send each address of the list once. */
static int
send_list(struct reban *r, struct err *e)
{
	/* The batch keeps the texts until it is flushed. */
	char texts[REBAN_BATCH_MAX][ADDRESS_TEXT];
	const char *why;
	int rc = 0;

	if (r->n > 1)
		qsort(r->entries, r->n, sizeof(*r->entries), compare_addresses);
	for (size_t i = 0; i < r->n && rc == 0 && !run_is_over(&r->run); i++) {
		const struct address *a = &r->entries[i];
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
ban_list(struct reban *r, struct err *e)
{
	int rc;

	/* A program may have nothing to list; a file was to have something. */
	if (r->n == 0 && !r->run.cut_off && r->options->pipe == NULL)
		return err_set(e, EX_DATAERR, "%s: there is no address in it",
		    r->options->list);
	rc = reban_batch_enter(&r->batch, r->options->jail, e);
	if (rc == 0)
		rc = send_list(r, e);
	reban_batch_leave(&r->batch);
	return rc;
}

/* Note the run, and remove notes that have waited too long for their event. */
static int
note_run(struct reban *r, struct err *e)
{
	int64_t before_us = run_trusted_us(&r->run) - NOTES_US;
	struct merge merge;

	if (r->run.read_only)
		return 0;
	if (run_begin(&r->run, &merge, e) != 0 ||
	    notes_prune(&r->run.archive, before_us, e) != 0)
		return -1;
	return run_commit(&r->run, &merge, e);
}

static int
work(void *job, struct err *e)
{
	struct reban *r = job;
	int rc = note_run(r, e);

	if (rc == 0)
		rc = r->options->list != NULL ? ban_list(r, e) : ban_lost(r, e);
	r->run.row.skipped = r->batch.server_has + r->batch.refused;
	return rc;
}

/* Find a run that completed the same list: 1, 0, or -1 on failure. */
static int
find_known(struct reban *r, struct err *e)
{
	return r->options->force ? 0 :
				   run_find_known(&r->run, &r->summary->run, e);
}

static int
open_list(struct reban *r, struct line_reader *in, struct err *e)
{
	struct reban_pipe *pipe = r->options->pipe;
	int fd;

	if (pipe == NULL)
		return line_reader_open(in, r->options->list, e);
	fd = pipe->fd;
	pipe->fd = -1;
	return line_reader_take(in, fd, r->options->list, e);
}

/* Ask a pipe's program whether this was all; whoever is cut off bans nothing.
 */
static int
check_pipe(struct reban *r, struct err *e)
{
	const struct reban_pipe *pipe = r->options->pipe;

	return pipe == NULL || run_is_over(&r->run) ? 0 :
						      pipe->end(pipe->to, e);
}

/*
 * Read the list to its end, so that its hash is known: 0, 1 when the same list
 * was completed before, or -1 on failure.
 */
static int
read_list(struct reban *r, struct err *e)
{
	struct line_reader in;
	int rc = 0;

	if (open_list(r, &in, e) != 0)
		return -1;
	in.stop = r->run.stop;
	snprintf(r->how, sizeof(r->how), "--jail %s", r->options->jail);
	r->run.row.how = r->how;
	r->run.row.content = r->hash;
	if (!in.stream &&
	    (rc = line_reader_hash(&in, r->hash, r->run.stop, e)) == 0)
		rc = find_known(r, e);
	if (rc == 0)
		rc = read_entries(r, &in, e);
	if (rc == 0)
		rc = check_pipe(r, e);
	if (rc == 0 && in.stream &&
	    (rc = line_reader_hash_end(&in, r->hash, e)) == 0)
		rc = find_known(r, e);
	line_reader_close(&in);
	return rc;
}

/* Return 0, 1 when the same list was completed before, or -1 on failure. */
static int
with_archive(struct reban *r, struct err *e)
{
	int rc =
	    reban_batch_begin(&r->batch, &r->run, r->options->would_ban, e);

	if (rc == 0)
		rc = run_open(&r->run, e);
	if (rc == 0 && r->options->list != NULL)
		rc = read_list(r, e);
	if (rc == 0) {
		rc = run_main(&r->run, work, NULL, r, e);
		r->summary->run.done = rc == 0;
	}
	return rc;
}

int
reban(const struct run_caller *caller, const struct reban_options *options,
    struct reban_summary *summary, struct err *e)
{
	char source[PATH_MAX] = "live bans";
	struct reban r = { .options = options, .summary = summary };
	int turn, rc;

	*summary = (struct reban_summary){ .sent = 0 };
	if ((turn = run_wait_turn(caller, RUN_REBAN, e)) < 0)
		return -1;
	run_init(&r.run, caller, RUN_REBAN);
	r.run.read_only = options->would_ban != NULL;
	if (options->list != NULL)
		escape_text(source, sizeof(source), options->list,
		    strlen(options->list));
	r.run.row.source = source;
	rc = with_archive(&r, e);
	run_close(&r.run);
	reban_batch_end(&r.batch);
	free(r.entries);
	close(turn);
	run_sum_up(&r.run, &summary->run);
	summary->sent = r.batch.sent;
	summary->server_has = r.batch.server_has;
	summary->refused = r.batch.refused;
	if (summary->sent > 0)
		summary->run.done = true;
	if (rc == 0 && r.run.cut_off)
		return err_set(e, EX_TEMPFAIL, "reban: interrupted");
	return rc < 0 ? err_wrap(e, "reban") : 0;
}
