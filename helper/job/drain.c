/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The spool into the archive: the oldest first, removed after the commit. */
#include <stdint.h>
#include <stdio.h>
#include <sysexits.h>

#include "ingest/sightings.h"
#include "os/log.h"
#include "job/pass.h"
#include "event/spool.h"

/* Events of one transaction: an event that comes meanwhile waits for it. */
#define CHUNK 50
/* So many that the archive alone refuses: it is not the events. */
#define REFUSED_MAX 10

/* A file that is no event is kept under another name, and told of. */
static int
set_aside(struct pass *pass, const char *name, struct err *e)
{
	char text[600];

	snprintf(text, sizeof(text), "%s; kept as %s.bad", e->text, name);
	pass_say(pass, LOG_ERR, text);
	pass->run.bad++;
	return spool_set_aside(pass->config->spool, name, e);
}

static int
take_event(struct pass *pass, struct merge *merge, const char *name,
    struct err *e)
{
	struct event event;
	int rc;

	if (spool_read(pass->config->spool, name, &event, e) != 0) {
		if (e->code != EX_DATAERR)
			return -1;
		return set_aside(pass, name, e);
	}
	rc = sightings_add_event(merge, pass->config, &event, e);
	event_free(&event);
	if (rc == 0)
		pass->run.spooled++;
	return rc;
}

/* Archive n events in one transaction, then remove them. */
static int
archive_events(struct pass *pass, char **names, size_t n, struct err *e)
{
	int64_t spooled = pass->run.spooled;
	struct merge merge;
	int rc = 0;

	if (pass_begin(pass, &merge, e) != 0)
		return -1;
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = take_event(pass, &merge, names[i], e);
	if (rc == 0)
		rc = pass_commit(pass, &merge, e);
	if (rc != 0) {
		pass_rollback(pass);
		pass->run.spooled = spooled;
	}
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = spool_remove(pass->config->spool, names[i], e);
	return rc;
}

/* Whether it is the state of the archive or the disk, not the event. */
static bool
is_for_all(const struct pass *pass, const struct err *e)
{
	return pass->archive.db.corrupt || e->code == EX_TEMPFAIL ||
	    e->code == EX_IOERR || e->code == EX_NOPERM;
}

/*
 * Where the events of a chunk fail together, each is tried alone. Only what is
 * wrong whatever the archive is like is set aside: what the archive refuses
 * waits for a better day, and where it refuses many, so do the rest.
 */
static int
drain_chunk(struct pass *pass, char **names, size_t n, int *refused,
    struct err *e)
{
	int rc = archive_events(pass, names, n, e);

	if (rc == 0 || is_for_all(pass, e))
		return rc;
	for (size_t i = 0; i < n; i++) {
		if (archive_events(pass, &names[i], 1, e) == 0)
			continue;
		if (is_for_all(pass, e))
			return -1;
		if (e->code == EX_USAGE) {
			if (set_aside(pass, names[i], e) != 0)
				return -1;
			continue;
		}
		pass_say(pass, LOG_ERR, e->text);
		pass->run.bad++;
		if (++*refused >= REFUSED_MAX)
			return -1;
	}
	return 0;
}

int
drain(struct pass *pass, struct err *e)
{
	char **names;
	size_t n, chunk;
	int rc = 0, refused = 0;

	if (spool_names(pass->config->spool, SIZE_MAX, &names, &n, e) != 0)
		return -1;
	for (size_t i = 0; i < n && rc == 0 && !pass_is_over(pass);
	     i += chunk) {
		chunk = n - i < CHUNK ? n - i : CHUNK;
		rc = drain_chunk(pass, names + i, chunk, &refused, e);
	}
	spool_free_names(names, n);
	return rc;
}
