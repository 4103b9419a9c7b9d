/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/forget.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "archive/history/spelling.h"
#include "base/escape.h"
#include "base/shell_word.h"
#include "job/retention.h"
#include "os/clock.h"

/*
 * Tickets that are found at a time, at first and at most: each time all bans of
 * the id are read, so each time there are twice as many.
 */
#define CHUNK 200
#define CHUNK_MAX 51200

struct forgetting {
	struct run run;
	const char *id;
	struct buffer ids; /* a JSON array of its spellings */
	bool dry_run;
	int64_t bans;
	int64_t version; /* of the archive, when it had no live ban of the id */
};

/* Fail while fail2ban has the id: its unban would archive the ban again. */
static int
check_ended(struct forgetting *f, struct err *e)
{
	char escaped[160], words[2][SHELL_WORD], *jail;
	int rc = prune_find_live(&f->run.archive, f->ids.s, &jail, e);

	if (rc == 1) {
		escape_text(escaped, sizeof(escaped), f->id, strlen(f->id));
		err_set(e, EX_DATAERR,
		    "%s is banned now: lift that first, with: fail2ban-client "
		    "set %s unbanip %s",
		    escaped, shell_text(words[0], jail, "JAIL"),
		    shell_text(words[1], f->id, "ID"));
	}
	free(jail);
	return rc == 0 ? 0 : -1;
}

/*
 * Remove a ticket, unless an event has come meanwhile. A retention_ticket_fn.
 */
static int
remove_ticket(void *context, const struct prune_ticket *t, struct err *e)
{
	struct forgetting *f = context;
	struct archive *a = &f->run.archive;
	int64_t n, version;

	/* To look for a live ban, all bans of the id are read. */
	if (prune_version(a, &version, e) != 0 ||
	    (version != f->version && check_ended(f, e) != 0))
		return -1;
	f->version = version;
	if (prune_remove(a, t, UNKNOWN, clock_wall_us(), PRUNE_FORGET, &n, e) !=
	    0)
		return -1;
	f->run.row.rows += n;
	return archive_run_save(a, &f->run.row, e);
}

/* Remove what is no ban, and let no ban of the id from before now come back. */
static int
remove_rest(struct forgetting *f, struct err *e)
{
	struct archive *a = &f->run.archive;
	struct merge merge;

	if (run_begin(&f->run, &merge, e) != 0)
		return -1;
	if (prune_rest_of_id(a, f->ids.s, e) == 0 &&
	    closed_past_forget(a, f->id, clock_wall_us(), e) == 0)
		return run_commit(&f->run, &merge, e);
	run_rollback(&f->run);
	return -1;
}

static int
work(void *job, struct err *e)
{
	struct forgetting *f = job;
	struct archive *a = &f->run.archive;
	struct prune_ticket *list;
	size_t n = 1, chunk = CHUNK;
	int rc = check_ended(f, e);

	if (rc == 0 && f->dry_run)
		return prune_count_id(a, f->ids.s, &f->bans, e);
	if (rc == 0)
		rc = archive_overwrite_removed(a, e);
	while (rc == 0 && n > 0 && !run_is_over(&f->run)) {
		rc = prune_find_id(a, f->ids.s, chunk, &list, &n, e);
		if (rc == 0 && n > 0)
			rc = retention_each(&f->run, list, n, remove_ticket, f,
			    e);
		if (list != NULL)
			prune_free(list, n);
		if (chunk < CHUNK_MAX)
			chunk *= 2;
	}
	f->bans = f->run.row.rows;
	return rc != 0 || run_is_over(&f->run) ? rc : remove_rest(f, e);
}

static int
run_alone(struct forgetting *f, struct err *e)
{
	int rc = run_open(&f->run, e);

	if (rc == 0)
		rc = run_main(&f->run, work, NULL, f, e);
	if (rc == 0 && f->run.cut_off)
		rc = err_set(e, EX_TEMPFAIL, "interrupted");
	run_close(&f->run);
	return rc;
}

int
forget(const struct run_caller *caller, const char *id, bool dry_run,
    int64_t *bans, struct err *e)
{
	struct forgetting f = { .id = id, .dry_run = dry_run };
	int turn, rc;

	*bans = 0;
	archive_spell_id(&f.ids, id);
	if (f.ids.failed)
		return err_no_memory(e);
	if ((turn = run_wait_turn(caller, RUN_FORGET, e)) < 0) {
		buffer_free(&f.ids);
		return -1;
	}
	run_init(&f.run, caller, RUN_FORGET);
	f.run.read_only = dry_run;
	rc = run_alone(&f, e);
	*bans = f.bans;
	buffer_free(&f.ids);
	close(turn);
	return rc;
}
