/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <sysexits.h>

#include "base/buffer.h"
#include "ingest/sightings.h"
#include "job/replay/spool.h"

/* Read all of the file into words: an event may have newlines. */
static int
read_all(struct replay_source *s, struct buffer *words, struct err *e)
{
	const char *line;
	size_t len;
	int rc;

	while ((rc = line_reader_next(&s->input, &line, &len, e)) == 1) {
		buffer_put(words, line, len);
		if (!s->input.unfinished)
			buffer_putc(words, '\n');
		if (words->failed || words->len > LINE_READER_LINE_MAX)
			return err_set(e, EX_DATAERR, "not an event");
	}
	return rc;
}

static int
write_event(struct replay_source *s, const struct event *event, struct err *e)
{
	struct merge merge;

	if (!replay_source_wants(s, event->at_us))
		return 0;
	if (run_begin(&s->run, &merge, e) != 0)
		return -1;
	/* A flush on another machine ends no ban of this one. */
	if ((s->run.host == NULL || event->kind != EVENT_FLUSH) &&
	    sightings_add_event(&merge, s->run.config, event, e) != 0) {
		run_rollback(&s->run);
		return -1;
	}
	return run_commit(&s->run, &merge, e);
}

int
replay_spool(struct replay_source *s, struct err *e)
{
	struct buffer words = { 0 };
	struct event event;
	int rc = read_all(s, &words, e);

	if (rc == 0)
		rc = event_from_words(&event, words.s, words.len, e);
	if (rc == 0) {
		s->run.row.rows = s->usable = 1;
		rc = write_event(s, &event, e);
		event_free(&event);
	}
	buffer_free(&words);
	return rc;
}
