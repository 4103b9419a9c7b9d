/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The spool into the archive: the oldest first, removed after the commit. */
#include <stdint.h>
#include <stdio.h>
#include <sysexits.h>

#include "ingest/sightings.h"
#include "os/log.h"
#include "job/reconcile_steps.h"
#include "event/spool.h"

/* Events of one transaction: an event that comes meanwhile waits for it. */
#define CHUNK 50
/* So many that the archive alone refuses: it is not the events. */
#define REFUSED_MAX 10

/* A file that is no event is kept under another name, and told of. */
static int
set_aside(struct run *run, const char *name, struct err *e)
{
	char text[600];

	snprintf(text, sizeof(text), "%s; kept as %s.bad", e->text, name);
	run_say(run, LOG_ERR, text);
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

/* Archive n events in one transaction, then remove them. */
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

/* Whether it is the state of the archive or the disk, not the event. */
static bool
is_for_all(const struct run *run, const struct err *e)
{
	return run->archive.db.corrupt || e->code == EX_TEMPFAIL ||
	    e->code == EX_IOERR || e->code == EX_NOPERM;
}

/*
 * Where the events of a chunk fail together, each is tried alone. Only what is
 * wrong whatever the archive is like is set aside: what the archive refuses
 * waits for a better day, and where it refuses many, so do the rest.
 */
static int
drain_chunk(struct run *run, char **names, size_t n, int *refused,
    struct err *e)
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
		run_say(run, LOG_ERR, e->text);
		run->row.bad++;
		if (++*refused >= REFUSED_MAX)
			return -1;
	}
	return 0;
}

int
reconcile_spool(struct run *run, struct err *e)
{
	char **names;
	size_t n, chunk;
	int rc = 0, refused = 0;

	if (spool_names(run->config->spool, SIZE_MAX, &names, &n, e) != 0)
		return -1;
	for (size_t i = 0; i < n && rc == 0 && !run_is_over(run); i += chunk) {
		chunk = n - i < CHUNK ? n - i : CHUNK;
		rc = drain_chunk(run, names + i, chunk, &refused, e);
	}
	spool_free_names(names, n);
	return rc;
}
