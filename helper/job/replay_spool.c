/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file of a spool: one event that waits there. */
#include <string.h>
#include <sysexits.h>

#include "base/buffer.h"
#include "ingest/sightings.h"
#include "job/replay.h"

/* An event has any bytes, newlines too: all of the file. */
static int
read_all(struct replay *r, struct buffer *words, struct err *e)
{
	const char *line;
	size_t len;
	int rc;

	while ((rc = line_reader_next(&r->input, &line, &len, e)) == 1) {
		buffer_put(words, line, len);
		if (!r->input.unfinished)
			buffer_putc(words, '\n');
		if (words->failed || words->len > LINE_READER_LINE_MAX)
			return err_set(e, EX_DATAERR, "not an event");
	}
	return rc;
}

static int
write_event(struct replay *r, const struct event *event, struct err *e)
{
	struct merge merge;

	if (!replay_wants(r, event->at_us))
		return 0;
	if (run_begin(&r->run, &merge, e) != 0)
		return -1;
	/* A flush of another machine's is none of a jail of ours. */
	if ((r->run.host == NULL || event->kind != EVENT_FLUSH) &&
	    sightings_add_event(&merge, r->run.config, event, e) != 0) {
		run_rollback(&r->run);
		return -1;
	}
	return run_commit(&r->run, &merge, e);
}

int
replay_spool(struct replay *r, struct err *e)
{
	struct buffer words = { 0 };
	struct event event;
	int rc = read_all(r, &words, e);

	if (rc == 0)
		rc = event_from_words(&event, words.s, words.len, e);
	if (rc == 0) {
		r->run.row.rows = r->taken = 1;
		rc = write_event(r, &event, e);
		event_free(&event);
	}
	buffer_free(&words);
	return rc;
}
