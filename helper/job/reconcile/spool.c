/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The step that archives the spooled events, and then removes their files. */
#include <stdint.h>
#include <stdio.h>
#include <sysexits.h>

#include "event/spool.h"
#include "ingest/sightings.h"
#include "job/reconcile/steps.h"

/* Events in one transaction: an event that comes meanwhile waits for it. */
#define CHUNK 50
/*
 * The refused events that are reported, further ones are only counted; so many
 * are a failure of the run.
 */
#define REFUSED_MAX 10

/* Rename a file that is no event, so that it is kept, and report it. */
static int
set_aside(struct run *run, const char *name, struct err *e)
{
	char text[600];

	snprintf(text, sizeof(text), "%s; kept as %s.bad", e->text, name);
	run_report(run, LOG_ERR, text);
	run->row.bad++;
	return spool_set_aside(run->config->spool, name, e);
}

static int
take_event(struct run *run, struct merge *merge, const char *name,
    struct err *e)
{
	struct event event;
	int rc;

	if (spool_read(run->config->spool, name, &event, e) != 0) {
		if (e->code != EX_DATAERR)
			return -1;
		return set_aside(run, name, e);
	}
	rc = sightings_add_event(merge, run->config, &event, e);
	event_free(&event);
	if (rc == 0)
		run->row.spooled++;
	return rc;
}

/* Archive n events in one transaction, then remove their files. */
static int
archive_events(struct run *run, char **names, size_t n, struct err *e)
{
	int64_t spooled = run->row.spooled;
	struct merge merge;
	int rc = 0;

	if (run_begin(run, &merge, e) != 0)
		return -1;
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = take_event(run, &merge, names[i], e);
	if (rc == 0)
		rc = run_commit(run, &merge, e);
	if (rc != 0) {
		run_rollback(run);
		run->row.spooled = spooled;
	}
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = spool_remove(run->config->spool, names[i], e);
	return rc;
}

/* Return true when every event would fail: the archive or the disk is ill. */
static bool
is_for_all(const struct run *run, const struct err *e)
{
	return run->archive.db.corrupt || e->code == EX_TEMPFAIL ||
	    e->code == EX_IOERR || e->code == EX_NOPERM;
}

/*
 * Archive a chunk of events together, or each alone when that fails. An event
 * that is wrong in itself is set aside. One that the archive refuses stays for
 * the next run, and keeps none of the events after it; *refused counts those,
 * and why has the last reason.
 */
static int
archive_chunk(struct run *run, char **names, size_t n, int *refused,
    struct err *why, struct err *e)
{
	int rc = archive_events(run, names, n, e);

	if (rc == 0 || is_for_all(run, e))
		return rc;
	for (size_t i = 0; i < n; i++) {
		if (archive_events(run, &names[i], 1, e) == 0)
			continue;
		if (is_for_all(run, e))
			return -1;
		if (e->code == EX_USAGE) {
			if (set_aside(run, names[i], e) != 0)
				return -1;
			continue;
		}
		*why = *e;
		run->row.bad++;
		if (++*refused <= REFUSED_MAX)
			run_report(run, LOG_ERR, e->text);
	}
	return 0;
}

/* Show that done of n files were read. */
static void
show(const struct run *run, size_t done, size_t n)
{
	struct work work = {
		.name = "reconcile",
		.doing = "spool:",
		.count = (int64_t)done,
		.unit = "events",
		.done = (int64_t)done,
		.all = (int64_t)n,
	};

	work_show(run->watch, &work);
}

int
reconcile_spool(struct run *run, struct err *e)
{
	char **names;
	size_t n, chunk;
	struct err why;
	int rc = 0, refused = 0;

	if (spool_names(run->config->spool, SIZE_MAX, &names, &n, e) != 0)
		return -1;
	for (size_t i = 0; i < n && rc == 0 && !run_is_over(run); i += chunk) {
		show(run, i, n);
		chunk = n - i < CHUNK ? n - i : CHUNK;
		rc = archive_chunk(run, names + i, chunk, &refused, &why, e);
	}
	spool_free_names(names, n);
	if (rc == 0 && refused >= REFUSED_MAX)
		return err_set(e, why.code,
		    "the archive refused %d events of the spool: %s", refused,
		    why.text);
	return rc;
}
