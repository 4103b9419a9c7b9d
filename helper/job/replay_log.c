/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fail2ban.log, and syslogs: what fail2ban wrote of bans, and the events of
 * ours that syslog had to keep. Lines are gathered, and written by the id.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "fail2ban/log.h"
#include "ingest/sightings.h"
#include "event/syslog_event.h"
#include "os/clock.h"
#include "job/replay.h"
#include "job/replay_sort.h"
#include "base/timestamp.h"

/* As long as one of fail2ban's database may be. */
#define IDENT_MAX ((size_t)4 * 1024 * 1024)

/* A log this much later does not go on from the one before. */
#define FAR_US (INT64_C(180) * 86400 * TIMESTAMP_US)

/* After so many ids it is looked who waits. */
#define LOOK_EVERY 8

struct reader {
	struct replay *r;
	struct replay_sort stage;
};

/* The lines of one id; jail is that of the id before, where it is the same. */
static int
write_ident(struct replay *r, struct merge *merge,
    const struct replay_sort_lines *of, char **jail, struct archive_jail *row,
    struct err *e)
{
	if (*jail == NULL || strcmp(*jail, of->jail) != 0) {
		free(*jail);
		if ((*jail = strdup(of->jail)) == NULL)
			return err_set(e, EX_OSERR, "out of memory");
		if (archive_jail_get(merge->archive, of->jail, row, e) != 0)
			return -1;
	}
	return merge_log_lines(merge, row, of->ident, of->lines, of->n,
	    &r->run.row.skipped, e);
}

/* All that was gathered, id by id. */
static int
write_lines(struct reader *reader, struct err *e)
{
	struct run *run = &reader->r->run;
	struct replay_sort_lines of = { 0 };
	struct archive_jail row;
	struct merge merge;
	char *jail = NULL;
	int64_t done = 0;
	int rc = 0, n = 0;

	if (replay_sort_begin(&reader->stage, e) != 0 ||
	    run_begin(run, &merge, e) != 0)
		return -1;
	reader->r->progress.begun_ms = clock_steady_ms();
	while (!run_is_over(run) &&
	    (rc = replay_sort_next(&reader->stage, &of, e)) == 1) {
		rc = write_ident(reader->r, &merge, &of, &jail, &row, e);
		done += (int64_t)of.n;
		progress_show_writing(&reader->r->progress, reader->r->source,
		    done, reader->stage.lines);
		if (rc == 0 && ++n % LOOK_EVERY == 0)
			rc = run_give_way(run, &merge, e);
		if (rc != 0)
			break;
	}
	replay_sort_free(&of);
	free(jail);
	if (run->cut_off || rc == 0)
		return run_commit(run, &merge, e);
	run_rollback(run);
	return -1;
}

static int
take_told(void *to, const struct fail2ban_log_line *line, struct err *e)
{
	static const enum logged_verb verbs[] = {
		[FAIL2BAN_LOG_BAN] = LOGGED_BAN,
		[FAIL2BAN_LOG_RESTORE] = LOGGED_RESTORE,
		[FAIL2BAN_LOG_UNBAN] = LOGGED_UNBAN,
		[FAIL2BAN_LOG_INCREASE] = LOGGED_INCREASE,
	};
	struct reader *reader = to;
	struct logged_line told;
	struct err why;

	if (reader->r->known || !replay_wants(reader->r, line->at_us))
		return 0;
	if (strlen(line->ident) > IDENT_MAX) {
		err_set(&why, EX_DATAERR, "an id of %zu bytes",
		    strlen(line->ident));
		replay_bad(reader->r, &why);
		return 0;
	}
	told = (struct logged_line){
		.verb = verbs[line->verb],
		.at_us = line->at_us,
		.found = line->found,
		.seconds = line->seconds,
		.bancount = line->bancount,
	};
	return replay_sort_put(&reader->stage, line->jail, line->ident, &told,
	    e);
}

/* An event of ours that syslog kept, once all its parts are there. */
static int
take_event(struct replay *r, struct event *event, struct err *e)
{
	struct merge merge;
	int rc;

	if (r->known || !replay_wants(r, event->at_us))
		return 0;
	if (run_begin(&r->run, &merge, e) != 0)
		return -1;
	/* A flush of another machine's is none of a jail of ours. */
	rc = r->run.host != NULL && event->kind == EVENT_FLUSH ?
	    0 :
	    sightings_add_event(&merge, r->run.config, event, e);
	if (rc == 0)
		return run_commit(&r->run, &merge, e);
	run_rollback(&r->run);
	if (e->code != EX_USAGE)
		return -1;
	replay_bad(r, e);
	return 0;
}

static int
take_line(struct replay *r, struct fail2ban_log *log, struct syslog_event *kept,
    const char *line, size_t len, struct err *e)
{
	struct err why = { .code = EX_DATAERR,
		.text = "a line of fail2ban's of a ban, and not well-formed" };
	enum fail2ban_log_class class;
	struct event event;
	int rc;

	/* A file that grows: its last line may be half of one. */
	if (r->input.unfinished && !r->input.stream && !r->input.gzipped) {
		r->run.row.skipped++;
		return 0;
	}

	switch (syslog_event_take(kept, line, len, &event, &why)) {
	case SYSLOG_EVENT_EVENT:
		r->taken++;
		rc = take_event(r, &event, e);
		event_free(&event);
		return rc;
	case SYSLOG_EVENT_PART:
		r->taken++;
		return 0;
	case SYSLOG_EVENT_BAD:
		if (!r->known)
			replay_bad(r, &why);
		return 0;
	case SYSLOG_EVENT_NONE:
		break;
	}
	if (fail2ban_log_feed(log, line, len, &class, e) != 0)
		return -1;
	if (class == FAIL2BAN_LOG_FOREIGN)
		r->run.row.skipped++;
	else
		r->taken++;
	if (class == FAIL2BAN_LOG_BAD && !r->known)
		replay_bad(r, &why);
	return 0;
}

/* All lines, and then what the reader of the log has held back. */
static int
read_lines(struct reader *reader, struct fail2ban_log *log, struct err *e)
{
	struct syslog_event kept = { 0 };
	struct replay *r = reader->r;
	const char *line;
	size_t len;
	int rc;

	while ((rc = replay_line(r, &line, &len, e)) == 1) {
		if (take_line(r, log, &kept, line, len, e) != 0) {
			rc = -1;
			break;
		}
	}
	/* Parts that never came. */
	r->run.row.bad += (int64_t)syslog_event_end(&kept);
	if (rc == 0)
		rc = fail2ban_log_end(log, e);
	/* What stands before damage is taken all the same. */
	if (!r->known && (rc == 0 || e->code == EX_DATAERR)) {
		struct err also;

		if (write_lines(reader, rc == 0 ? e : &also) != 0)
			rc = -1;
	}
	return rc;
}

/*
 * The reader of the logs before, or a new one: what was written half a year
 * later is not the next. NULL: no memory.
 */
static struct fail2ban_log *
find_log(struct replay *r, struct reader *reader)
{
	struct replay_context *context = r->context;
	int64_t mtime_us = r->input.mtime_us;

	if (mtime_us == UNKNOWN)
		mtime_us = r->run.row.started_us;
	if (context->log != NULL && mtime_us - context->mtime_us > FAR_US)
		replay_context_free(context);
	context->mtime_us = mtime_us;
	if (context->log == NULL)
		context->log = fail2ban_log_new(r->options->year,
		    mtime_us / TIMESTAMP_US, take_told, reader);
	if (context->log != NULL)
		fail2ban_log_redirect(context->log, take_told, reader);
	return context->log;
}

void
replay_context_free(struct replay_context *context)
{
	fail2ban_log_free(context->log);
	context->log = NULL;
}

int
replay_log(struct replay *r, struct err *e)
{
	struct reader reader = { .r = r };
	struct fail2ban_log *log = find_log(r, &reader);
	int rc = -1;

	if (log == NULL)
		err_set(e, EX_OSERR, "out of memory");
	else if (replay_sort_open(&reader.stage, e) == 0)
		rc = read_lines(&reader, log, e);
	/* What failed may have left it in the middle. */
	if (rc != 0)
		replay_context_free(r->context);
	replay_sort_close(&reader.stage);
	return rc;
}
