/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A log has lines in which fail2ban reports bans, and a syslog also has events
 * that fail2ban-archive could store nowhere else. Lines about bans are gathered
 * in a temporary file first, and then archived id by id.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/timestamp.h"
#include "event/syslog_event.h"
#include "fail2ban/log.h"
#include "ingest/sightings.h"
#include "job/replay/log.h"
#include "job/replay/sort.h"

/* The longest id that is archived, as in fail2ban's database. */
#define IDENT_MAX ((size_t)4 * 1024 * 1024)

/* A log that is this much younger does not continue the one before. */
#define FAR_US (180 * TIMESTAMP_DAY_US)

/* The ids that are written before events may get in between. */
#define LOOK_EVERY 8

struct reader {
	struct replay_source *source;
	struct fail2ban_log *log;
	struct syslog_event kept; /* the event whose parts are being read */
	struct replay_sort sort;
};

/* The gathered lines on their way into the archive. */
struct writer {
	struct run *run;
	struct merge merge;
	struct replay_sort_lines lines; /* of one id */
	struct archive_jail jail;	/* of the id before, */
	struct buffer jail_name;	/* and its name */
};

/* Find the jail of the id; the ids of one jail follow each other. */
static int
find_jail(struct writer *w, struct err *e)
{
	if (w->jail_name.s != NULL &&
	    strcmp(w->jail_name.s, w->lines.jail) == 0)
		return 0;
	buffer_cut(&w->jail_name, 0);
	buffer_puts(&w->jail_name, w->lines.jail);
	if (w->jail_name.failed)
		return err_no_memory(e);
	return archive_jail_get(w->merge.archive, w->lines.jail, &w->jail, e);
}

static int
write_ident(struct writer *w, struct err *e)
{
	if (find_jail(w, e) != 0)
		return -1;
	return merge_log_lines(&w->merge, &w->jail, w->lines.ident,
	    w->lines.lines, w->lines.n, &w->run->row.skipped, e);
}

static int
write_idents(struct reader *reader, struct writer *w, struct err *e)
{
	int64_t done = 0, all = reader->sort.lines;
	int rc = 0, n = 0;

	replay_source_show_writing(reader->source, 0, all);
	while (!run_is_over(w->run) &&
	    (rc = replay_sort_next(&reader->sort, &w->lines, e)) == 1) {
		rc = write_ident(w, e);
		done += (int64_t)w->lines.n;
		replay_source_show_writing(reader->source, done, all);
		if (rc == 0 && ++n % LOOK_EVERY == 0)
			rc = run_give_way(w->run, &w->merge, e);
		if (rc != 0)
			break;
	}
	return rc;
}

/* Archive all lines that were gathered, id by id. */
static int
write_lines(struct reader *reader, struct err *e)
{
	struct writer w = { .run = &reader->source->run };
	int rc;

	/* From here on the run writes these lines, and then its end. */
	w.run->only_lines = true;
	if (replay_sort_begin(&reader->sort, e) != 0 ||
	    run_begin(w.run, &w.merge, e) != 0)
		return -1;
	rc = write_idents(reader, &w, e);
	replay_sort_free(&w.lines);
	buffer_free(&w.jail_name);
	if (w.run->cut_off || rc == 0)
		return run_commit(w.run, &w.merge, e);
	run_rollback(w.run);
	return -1;
}

/* Gather a line about a ban, a fail2ban_log_fn. */
static int
gather_line(void *to, const struct fail2ban_log_line *line, struct err *e)
{
	static const enum logged_verb verbs[] = {
		[FAIL2BAN_LOG_BAN] = LOGGED_BAN,
		[FAIL2BAN_LOG_RESTORE] = LOGGED_RESTORE,
		[FAIL2BAN_LOG_UNBAN] = LOGGED_UNBAN,
		[FAIL2BAN_LOG_INCREASE] = LOGGED_INCREASE,
		[FAIL2BAN_LOG_STOPPED] = LOGGED_OVER,
	};
	struct reader *reader = to;
	struct logged_line gathered;
	struct err why;

	if (reader->source->known ||
	    !replay_source_wants(reader->source, line->at_us))
		return 0;
	if (strlen(line->ident) > IDENT_MAX) {
		err_set(&why, EX_DATAERR, "an id of %zu bytes",
		    strlen(line->ident));
		replay_source_bad(reader->source, &why);
		return 0;
	}
	gathered = (struct logged_line){
		.verb = verbs[line->verb],
		.at_us = line->at_us,
		.found = line->found,
		.seconds = line->seconds,
		.bancount = line->bancount,
	};
	return replay_sort_put(&reader->sort, line->jail, line->ident,
	    &gathered, e);
}

/* Archive an event from syslog, all parts of which have been read. */
static int
take_event(struct replay_source *s, struct event *event, struct err *e)
{
	struct merge merge;
	int rc;

	if (s->known || !replay_source_wants(s, event->at_us))
		return 0;
	if (run_begin(&s->run, &merge, e) != 0)
		return -1;
	/* A flush on another machine ends no ban of this one. */
	rc = s->run.host != NULL && event->kind == EVENT_FLUSH ?
	    0 :
	    sightings_add_event(&merge, s->run.config, event, e);
	if (rc == 0)
		return run_commit(&s->run, &merge, e);
	run_rollback(&s->run);
	if (e->code != EX_USAGE)
		return -1;
	replay_source_bad(s, e);
	return 0;
}

/* Take what fail2ban-archive wrote to syslog: an event or something else. */
static int
take_own(struct reader *reader, struct err *e)
{
	struct replay_source *s = reader->source;
	struct event event;
	struct err why;
	int64_t pid;
	size_t len;
	const char *text = fail2ban_log_text(reader->log, &len, &pid);
	int rc = 0;

	switch (
	    syslog_event_take(&reader->kept, pid, text, len, &event, &why)) {
	case SYSLOG_EVENT_EVENT:
		s->usable++;
		s->run.events++;
		rc = take_event(s, &event, e);
		event_free(&event);
		break;
	case SYSLOG_EVENT_PART:
		s->usable++;
		break;
	case SYSLOG_EVENT_BAD:
		if (!s->known)
			replay_source_bad(s, &why);
		break;
	case SYSLOG_EVENT_NONE:
		s->run.row.skipped++;
		break;
	}
	return rc;
}

static int
take_line(struct reader *reader, const char *line, size_t len, struct err *e)
{
	struct replay_source *s = reader->source;
	const struct err why = { .code = EX_DATAERR,
		.text = "a line about a ban that cannot be read" };
	enum fail2ban_log_class class;

	if (!replay_source_is_whole(s))
		return 0;
	if (fail2ban_log_feed(reader->log, line, len, &class, e) != 0)
		return -1;
	switch (class) {
	case FAIL2BAN_LOG_ARCHIVE:
		return take_own(reader, e);
	case FAIL2BAN_LOG_FOREIGN:
		s->run.row.skipped++;
		break;
	case FAIL2BAN_LOG_BAD:
		if (!s->known)
			replay_source_bad(s, &why);
		s->usable++;
		break;
	case FAIL2BAN_LOG_TAKEN:
		s->usable++;
		break;
	}
	return 0;
}

/* Read all lines, then archive what was gathered. */
static int
read_lines(struct reader *reader, struct err *e)
{
	struct replay_source *s = reader->source;
	struct err also;
	const char *line;
	size_t len;
	int rc;

	while ((rc = replay_source_line(s, &line, &len, e)) == 1) {
		if (take_line(reader, line, len, e) != 0) {
			rc = -1;
			break;
		}
	}
	/* Events of which some parts are missing. */
	s->run.row.bad += (int64_t)syslog_event_end(&reader->kept);
	if (rc == 0)
		rc = fail2ban_log_end(reader->log, e);
	/* The lines before damage are archived all the same. */
	if (!s->known && (rc == 0 || e->code == EX_DATAERR) &&
	    write_lines(reader, rc == 0 ? e : &also) != 0)
		rc = -1;
	return rc;
}

/*
 * Return the context's reader of logs, which then hands its lines to this
 * reader. It is a new one for the first log, and for a log that is half a year
 * younger than the one before. Return NULL when there is no memory.
 */
static struct fail2ban_log *
find_log(struct reader *reader)
{
	struct replay_source *s = reader->source;
	struct replay_context *context = s->context;
	int64_t mtime_us = s->input.mtime_us;

	if (mtime_us == UNKNOWN)
		mtime_us = s->run.row.started_us;
	if (context->log != NULL && mtime_us - context->mtime_us > FAR_US)
		replay_context_free(context);
	context->mtime_us = mtime_us;
	if (context->log == NULL)
		context->log = fail2ban_log_new(s->options->year,
		    mtime_us / TIMESTAMP_US, gather_line, reader);
	if (context->log != NULL)
		fail2ban_log_redirect(context->log, gather_line, reader);
	return context->log;
}

int
replay_log(struct replay_source *s, struct err *e)
{
	struct reader reader = { .source = s };
	int rc = -1;

	reader.log = find_log(&reader);
	if (reader.log == NULL)
		err_no_memory(e);
	else if (replay_sort_open(&reader.sort, e) == 0)
		rc = read_lines(&reader, e);
	/* After a failure it may have stopped within a line. */
	if (rc != 0)
		replay_context_free(s->context);
	replay_sort_close(&reader.sort);
	return rc;
}
